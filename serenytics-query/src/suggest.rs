//! "Did you mean": the one function that finds the name that was probably meant, for every kind of name.

/// The candidate that is nearest to `name`, if one is near.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(name);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| {
            let other = fold(candidate);
            let near = !folded.is_empty() && (other.starts_with(&folded) || folded.starts_with(&other));
            let distance = strsim::damerau_levenshtein(&folded, &other);
            let limit = (folded.chars().count().max(other.chars().count())).div_ceil(3);
            let rank = if distance <= limit {
                distance
            } else if near && folded.len().min(other.len()) >= 3 {
                limit + 1
            } else {
                usize::MAX
            };
            // Of two that are as near, the one that begins alike was meant: `dsc` is `desc`, not `asc`.
            let begins_unlike = folded.chars().next() != other.chars().next();
            ((rank, begins_unlike), candidate)
        })
        .filter(|((rank, _), _)| *rank < usize::MAX)
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

/// A name without the differences that people do not see: case, underscores, spaces.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// A list of names for a message: `` `a`, `b` and 3 more ``.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count <= SHOWN => names.join(", "),
        count => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
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
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
        assert!(listed(names.iter().map(String::as_str)).ends_with("`c11` and 8 more"));
    }
}
