//! The checks of literal arguments that need the engine: regular expressions and time zones.

use std::str::FromStr;

use datafusion::arrow::array::timezone::Tz;
use datafusion::functions::regex::compile_regex;

/// Checks that DataFusion can compile a regular expression. The error is the reason why it cannot.
pub(crate) fn check_regex(pattern: &str) -> Result<(), String> {
    compile_regex(pattern, None).map(|_| ()).map_err(|error| error.to_string())
}

/// Returns true if Arrow knows a time zone with this name.
pub(crate) fn is_time_zone(name: &str) -> bool {
    Tz::from_str(name).is_ok()
}
