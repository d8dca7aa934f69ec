//! "Did you mean": finds the name that was probably meant, for every kind of name.

use std::cell::Cell;

/// The maximum length of a name that gets suggestions, in characters.
const LONGEST: usize = 255;
/// The maximum number of character comparisons for the suggestions of one query.
const EFFORT: usize = 4_000_000;

/// Returns the candidate that is nearest to `name`, if one is near.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    Suggestions::default().nearest(name, candidates)
}

/// The suggestions for all names of one query. Their total work is limited, so that a query with
/// thousands of wrong names cannot keep a server busy.
#[derive(Debug, Clone)]
pub struct Suggestions {
    left: Cell<usize>,
}

impl Default for Suggestions {
    fn default() -> Suggestions {
        Suggestions { left: Cell::new(EFFORT) }
    }
}

impl Suggestions {
    /// Returns the candidate that is nearest to `name`, if one is near and the work limit is not
    /// reached.
    #[must_use]
    pub fn nearest<'a>(&self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        if self.have_ended() || name.chars().nth(LONGEST).is_some() {
            return None;
        }
        let folded = fold(name);
        let length = folded.chars().count();
        let mut best = None;
        for candidate in candidates {
            if candidate == name || candidate.chars().nth(LONGEST).is_some() {
                continue;
            }
            let other = fold(candidate);
            let other_length = other.chars().count();
            self.spend(length.saturating_mul(other_length).max(1))?;
            let near = !folded.is_empty() && (other.starts_with(&folded) || folded.starts_with(&other));
            let limit = length.max(other_length).div_ceil(3);
            // The distance is at least the difference of the lengths.
            let may_be_near = length.abs_diff(other_length) <= limit;
            let distance = if may_be_near { strsim::damerau_levenshtein(&folded, &other) } else { usize::MAX };
            let rank = if distance <= limit {
                distance
            } else if near && folded.len().min(other.len()) >= 3 {
                limit + 1
            } else {
                continue;
            };
            // At the same distance, prefer the same first letter: `dsc` is `desc`, not `asc`.
            let rank = (rank, folded.chars().next() != other.chars().next());
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }

    /// Returns true if the work limit is reached.
    #[must_use]
    pub fn have_ended(&self) -> bool {
        self.left.get() == 0
    }

    /// Spends a part of the work limit; `None` if the rest is too small.
    fn spend(&self, effort: usize) -> Option<()> {
        let left = self.left.get().checked_sub(effort);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ())
    }
}

/// Normalizes a name: ignores case, underscores, hyphens and spaces.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Lists names for a message: `` `a`, `b` and 3 more ``.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let mut names = names.into_iter();
    let shown: Vec<_> = names.by_ref().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match (shown.len(), names.count()) {
        (0, _) => "none".to_owned(),
        (_, 0) => shown.join(", "),
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_only_near_names() {
        let names = ["country", "revenue", "dep_delay", "carrier"];
        assert_eq!(nearest("contry", names), Some("country"));
        assert_eq!(nearest("depDelay", names), Some("dep_delay"));
        assert_eq!(nearest("Revenue", names), Some("revenue"));
        assert_eq!(nearest("rev", names), Some("revenue"));
        assert_eq!(nearest("dsc", ["asc", "desc"]), Some("desc"));
        assert_eq!(nearest("tailnum", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn suggestions_stop_at_their_work_limit() {
        let long = "x".repeat(LONGEST);
        let close = format!("{}y", &long[1..]);
        assert_eq!(nearest(&close, [long.as_str()]), Some(long.as_str()));
        assert_eq!(nearest(&format!("{long}x"), [long.as_str()]), None, "the name is too long");
        assert_eq!(nearest(&close, [format!("{close}y").as_str()]), None, "the candidate is too long");

        let suggestions = Suggestions::default();
        let candidates: Vec<String> = (0..2000).map(|n| format!("{n:0>255}")).collect();
        let all = || candidates.iter().map(String::as_str);
        assert_eq!(suggestions.nearest("count", ["country"]), Some("country"));
        assert_eq!(suggestions.nearest(&candidates[7].replace('7', "x"), all()), None, "they are too many");
        assert!(suggestions.have_ended());
        assert_eq!(suggestions.nearest("count", ["country"]), None);
    }

    #[test]
    fn long_lists_are_shortened() {
        let names: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
        assert!(listed(names.iter().map(String::as_str)).ends_with("`c11` and 8 more"));
    }
}
