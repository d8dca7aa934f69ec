//! Arrow record batches: answers and exports as them, and loads from them.
//!
//! | a column | is in Arrow |
//! | --- | --- |
//! | text | `Utf8` |
//! | integer, `weekday` slot | `Int64` |
//! | number | `Float64` |
//! | datetime, other time slot | `Timestamp(Microsecond, None)` |

mod answer;
mod build;
mod export;
mod load;
mod stream;

pub use load::IntoBatch;
pub use stream::BatchStream;
