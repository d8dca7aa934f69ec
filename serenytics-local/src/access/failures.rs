//! Failed log-ins: each wrong password makes the next attempt from the same address wait longer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// The number of wrong passwords without a wait.
const FREE: u32 = 3;
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// How long a wrong password counts.
const TTL: Duration = Duration::from_secs(15 * 60);
/// The maximum number of logins and addresses that are remembered.
const MAX_ENTRIES: usize = 10_000;

/// The address of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// Returns the address of the client. A proxy on this machine puts it at the end of the header `X-Forwarded-For`.
    pub(crate) fn behind_proxy(self, forwarded_for: Option<&str>) -> Peer {
        let last = forwarded_for.and_then(|addresses| addresses.rsplit(',').next()?.trim().parse().ok());
        if self.0.is_loopback() { last.map_or(self, Peer) } else { self }
    }

    /// Returns the part of the address that one client cannot change: of an IPv6 address the first 64 bits.
    fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => address.into(),
                None => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            },
        }
    }
}

/// The failed log-ins of each login and address. Only the same address waits: others cannot lock a user out.
#[derive(Default)]
pub(super) struct Failures {
    entries: HashMap<(String, IpAddr), Failure>,
}

struct Failure {
    count: u32,
    last: Instant,
}

impl Failure {
    fn wait(&self) -> Duration {
        match self.count.checked_sub(FREE) {
            None | Some(0) => Duration::ZERO,
            Some(more) => Duration::from_secs(1u64.checked_shl(more - 1).unwrap_or(u64::MAX)).min(MAX_WAIT),
        }
    }
}

impl Failures {
    /// Returns how long the next attempt has to wait.
    pub(super) fn wait(&self, login: &str, peer: Peer, now: Instant) -> Duration {
        let failure = self.entries.get(&(login.to_owned(), peer.network()));
        failure.map_or(Duration::ZERO, |failure| failure.wait().saturating_sub(now.duration_since(failure.last)))
    }

    /// Records the result of an attempt.
    pub(super) fn record(&mut self, login: &str, peer: Peer, succeeded: bool, now: Instant) {
        let key = (login.to_owned(), peer.network());
        if succeeded {
            self.entries.remove(&key);
            return;
        }
        self.entries.retain(|_, failure| now.duration_since(failure.last) < TTL);
        if self.entries.len() >= MAX_ENTRIES && !self.entries.contains_key(&key) {
            let oldest = self.entries.iter().min_by_key(|(_, failure)| failure.last).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        let failure = self.entries.entry(key).or_insert(Failure { count: 0, last: now });
        failure.count = failure.count.saturating_add(1);
        failure.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer(address.parse().unwrap())
    }

    #[test]
    fn wait_grows_with_each_wrong_password_and_ends_with_the_right_one() {
        let mut failures = Failures::default();
        let (now, here) = (Instant::now(), peer("192.0.2.1"));
        let mut waits = Vec::new();
        for _ in 0..12 {
            failures.record("ada", here, false, now);
            waits.push(failures.wait("ada", here, now).as_secs());
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(failures.wait("ada", here, now + Duration::from_secs(59)).as_secs(), 1);
        assert_eq!(failures.wait("ada", here, now + MAX_WAIT), Duration::ZERO);
        assert_eq!(failures.wait("ada", peer("192.0.2.2"), now), Duration::ZERO, "another address waits");
        assert_eq!(failures.wait("bob", here, now), Duration::ZERO, "another user waits");
        failures.record("ada", here, true, now);
        assert_eq!(failures.wait("ada", here, now), Duration::ZERO);
    }

    #[test]
    fn failures_are_forgotten_and_limited_in_number() {
        let mut failures = Failures::default();
        let (now, here) = (Instant::now(), peer("192.0.2.1"));
        for n in 0..u32::try_from(MAX_ENTRIES).unwrap() + 10 {
            failures.record(&n.to_string(), here, false, now + Duration::from_millis(n.into()));
        }
        assert_eq!(failures.entries.len(), MAX_ENTRIES);
        failures.record("ada", here, false, now + TTL + Duration::from_secs(60));
        assert_eq!(failures.entries.len(), 1);
    }

    #[test]
    fn address_is_that_of_the_client_behind_a_local_proxy() {
        let local = peer("127.0.0.1");
        assert_eq!(local.behind_proxy(Some("198.51.100.1, 192.0.2.7")), peer("192.0.2.7"));
        assert_eq!(local.behind_proxy(Some("x")), local);
        assert_eq!(local.behind_proxy(None), local);
        assert_eq!(peer("192.0.2.1").behind_proxy(Some("192.0.2.7")), peer("192.0.2.1"));
        assert_eq!(peer("2001:db8::1:2:3:4").network(), peer("2001:db8::").network());
        assert_ne!(peer("2001:db8::1").network(), peer("2001:db8:0:1::1").network());
        assert_eq!(peer("::ffff:192.0.2.1").network(), peer("192.0.2.1").0);
    }
}
