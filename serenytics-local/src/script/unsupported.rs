//! Replaces `process.rs` on systems other than Unix, where scripts are not supported.

use std::path::Path;

use serde_json::{Map, Value};

use super::ScriptSettings;
use crate::base::Error;
use crate::catalogue::RunEnd;

pub(super) async fn check(_: &Path) -> Result<(), Error> {
    Err(Error::not_emulated("running scripts on this operating system"))
}

pub(super) async fn run(
    _: &ScriptSettings,
    python: &Path,
    _: &Path,
    _: &str,
    _: &str,
    _: &Map<String, Value>,
) -> Result<RunEnd, Error> {
    check(python).await?;
    Err(Error::not_emulated("running scripts on this operating system"))
}
