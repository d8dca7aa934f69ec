//! Loads.

mod s3;

pub(crate) use s3::{S3, S3Object};
