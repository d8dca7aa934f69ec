//! Arrow record batches: query results, exports and loads.
//!
//! | column | Arrow type |
//! | --- | --- |
//! | string | `Utf8` |
//! | integer, `weekday` slot | `Int64` |
//! | float | `Float64` |
//! | datetime, other time slot | `Timestamp(Microsecond, None)` |

mod answer;
mod build;
mod export;
mod load;
mod stream;

pub use load::IntoBatch;
pub use stream::BatchStream;
