//! New uuids for files and measures that the client creates.

use std::hash::{BuildHasher, RandomState};

/// Creates a uuid that cannot be guessed, from the random seeds of the standard library's hash
/// maps.
pub(crate) fn new_uuid() -> String {
    let bits = || RandomState::new().hash_one(0);
    let (high, low) = (bits() & !0xf000 | 0x4000, bits() & !(0b11 << 62) | (0b10 << 62));
    let (high, low) = (format!("{high:016x}"), format!("{low:016x}"));
    [&high[..8], &high[8..12], &high[12..], &low[..4], &low[4..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_random() {
        let created: Vec<_> = (0..100).map(|_| new_uuid()).collect();
        for uuid in &created {
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
        let distinct: std::collections::HashSet<_> = created.iter().collect();
        assert_eq!(distinct.len(), created.len());
    }
}
