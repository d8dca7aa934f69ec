//! Which calls are retried, and after which wait.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tracing::debug;

use crate::error::Error;
use crate::transport::Deadline;

/// Maximum number of attempts.
pub(crate) const ATTEMPTS: u32 = 4;

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Returns true if a status is temporary, so that a retry may succeed.
pub(crate) fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Returns true if the server certainly did not carry out a request that it answered like this, and
/// says when to send it again. Such a request may be sent again even if it changes data.
pub(crate) fn is_turned_away(status: StatusCode, retry_after: Option<Duration>) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) && retry_after.is_some()
}

/// Returns true if the server may have carried out a request that it answered with this unexpected
/// status.
pub(crate) fn is_uncertain(status: StatusCode, retry_after: Option<Duration>) -> bool {
    let is_rejection = status.is_client_error() || status.is_redirection() || status == StatusCode::NOT_IMPLEMENTED;
    status == StatusCode::REQUEST_TIMEOUT || !is_rejection && !is_turned_away(status, retry_after)
}

/// The attempts of a call whose response is read while it arrives, and of which nothing was returned
/// yet.
#[derive(Debug)]
pub(crate) struct Attempts {
    failed: u32,
    deadline: Deadline,
}

impl Attempts {
    /// Creates attempts that end at a deadline.
    pub(crate) fn until(deadline: Deadline) -> Attempts {
        Attempts { failed: 0, deadline }
    }

    /// Waits before the next attempt. Returns the error if it is not that of a truncated response,
    /// or there are no attempts left.
    pub(crate) async fn again(&mut self, error: Error) -> Result<(), Error> {
        self.failed += 1;
        let wait = wait(self.failed, None);
        if !error.is_truncated() || self.failed >= ATTEMPTS || wait >= self.deadline.remaining() {
            return Err(if self.failed > 1 { error.after(self.failed) } else { error });
        }
        debug!(%error, attempts = self.failed, ?wait, "trying again");
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Returns the wait after this many attempts: what the server asks for, or twice as long each time
/// up to a limit. Part of it is random, so that many clients do not retry together.
pub(crate) fn wait(attempts: u32, retry_after: Option<Duration>) -> Duration {
    let wait = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    let chance = (RandomState::new().hash_one(attempts) % 1000) as f64 / 1000.0;
    match retry_after {
        Some(retry_after) => retry_after.saturating_add(FIRST_WAIT.mul_f64(chance)),
        None => wait.mul_f64(0.5 + chance / 2.0),
    }
}

/// Returns the wait in the header `Retry-After`: seconds, or a date in one of the three forms of
/// HTTP. A date in the past is no wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit into 64 bits is longer than any deadline.
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let now = Timestamp::now();
    let date = http_date(text, now)?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Reads a date: `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the obsolete forms
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
fn http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    static FIXED: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    if let Ok(date) = FIXED.parse_timestamp(text) {
        return Some(date);
    }
    if let Ok(date) = strtime::parse("%a %b %e %H:%M:%S %Y", text).and_then(|parts| parts.to_datetime()) {
        return Offset::UTC.to_timestamp(date).ok();
    }
    let (_, date) = text.split_once(", ")?;
    let parts = strtime::parse("%d-%b-%y %H:%M:%S GMT", date).ok()?;
    let (year, month, day) = (parts.year()?, parts.month()?, parts.day()?);
    let time = Time::new(parts.hour()?, parts.minute()?, parts.second()?, 0).ok()?;
    // A year of two digits is at most 50 years ahead.
    let today = Offset::UTC.to_datetime(now);
    let in_century = today.year() - today.year() % 100 + year % 100;
    let date = |year: i16| Date::new(year, month, day).ok().map(|date| DateTime::from_parts(date, time));
    let date = date(in_century).filter(|date| *date <= today + 50.years()).or_else(|| date(in_century - 100))?;
    Offset::UTC.to_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_waits_grow_up_to_a_limit() {
        for attempts in 1..40 {
            let wait = wait(attempts, None);
            let full = FIRST_WAIT.saturating_mul(1 << (attempts - 1).min(16)).min(LONGEST_WAIT);
            assert!(wait <= full && wait >= full / 2, "{attempts}: {wait:?}");
        }
    }

    #[test]
    fn retry_after_sets_the_wait() {
        let header = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(header("3"), Some(Duration::from_secs(3)));
        assert_eq!(header("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(header("Fri, 01 Jan 2100 00:00:00 GMT").unwrap() > Duration::from_secs(3600));
        for text in ["soon", "", "-1", "1.5", "6 Nov", "Sun, 41-Nov-94 08:49:37 GMT"] {
            assert_eq!(header(text), None, "{text}");
        }
        assert!(wait(1, header("3")) >= Duration::from_secs(3));
    }

    #[test]
    fn retry_after_of_any_length_does_not_overflow() {
        for text in ["18446744073709551615", "99999999999999999999999"] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            assert!(wait(1, retry_after(&headers)) >= Duration::from_secs(u64::MAX), "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_the_three_forms_of_http() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let read = |text| http_date(text, now).map(|date| date.to_string());
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Wed Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z"),
            ("Sunday, 29-Nov-26 12:00:05 GMT", "2026-11-29T12:00:05Z"),
            // At most 50 years ahead.
            ("Friday, 27-Nov-76 12:00:00 GMT", "2076-11-27T12:00:00Z"),
            ("Tuesday, 30-Nov-76 12:00:00 GMT", "1976-11-30T12:00:00Z"),
            // The weekday does not count.
            ("Mon, 29 Nov 2026 12:00:05 GMT", "2026-11-29T12:00:05Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn only_rejected_requests_are_certainly_not_carried_out() {
        let after = Some(Duration::ZERO);
        let of = |status: u16| StatusCode::from_u16(status).unwrap();
        assert!(is_turned_away(of(429), after) && is_turned_away(of(503), after));
        for (status, retry_after) in [(429, None), (503, None), (502, after), (504, after), (408, after)] {
            assert!(!is_turned_away(of(status), retry_after), "{status}");
        }
        for (status, retry_after) in [(503, None), (500, None), (502, after), (504, None), (408, None), (202, None)] {
            assert!(is_uncertain(of(status), retry_after), "{status}");
        }
        for (status, retry_after) in [(429, None), (503, after), (400, None), (401, None), (302, None), (501, None)] {
            assert!(!is_uncertain(of(status), retry_after), "{status}");
        }
    }
}
