//! The names of columns that are loaded: the warehouse takes those in lower case and without accents.

use serenytics_query::suggest::listed;

use crate::transport::cut;

/// How much of a name stands in a message.
const LONGEST_SHOWN: usize = 100;

/// Letters with accents, and what stands for them.
const PLAIN: &[(&str, &str)] = &[
    ("àáâãäåāăą", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉ", "n"),
    ("òóôõöøōŏő", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("þ", "th"),
    ("ùúûüũūŭůűų", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
];

/// The accents that Unicode has as characters of their own.
const ACCENTS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// Why a name cannot be that of a column; `None` if it can.
pub(crate) fn problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a column has no name".to_owned());
    }
    if name.chars().any(char::is_control) {
        return Some(format!("the name of the column `{}` has a control character in it", cut(name, LONGEST_SHOWN)));
    }
    let plain = plain(name);
    (plain != name).then(|| {
        let (name, plain) = (cut(name, LONGEST_SHOWN), cut(&plain, LONGEST_SHOWN));
        format!(
            "the column `{name}` has to be called `{plain}`: the warehouse takes names in lower case and without accents, and shows another one if \
             it is set in the source's configuration"
        )
    })
}

/// Why these names cannot be those of a row's columns; `None` if they can.
pub(crate) fn problems<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Option<String> {
    let told: Vec<_> = names.clone().filter_map(problem).collect();
    if !told.is_empty() {
        return Some(told.join("; "));
    }
    let mut seen = std::collections::BTreeSet::new();
    let twice: Vec<_> = names.filter(|name| !seen.insert(*name)).collect();
    (!twice.is_empty()).then(|| format!("columns stand twice: {}", listed(twice)))
}

/// The name that the warehouse takes. Letters of other scripts have no accents here.
fn plain(name: &str) -> String {
    if name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return name.to_owned();
    }
    let mut plain = String::with_capacity(name.len());
    for letter in name.to_lowercase().chars() {
        match PLAIN.iter().find(|(accented, _)| accented.contains(letter)) {
            Some((_, instead)) => plain.push_str(instead),
            None if ACCENTS.contains(&letter) => {}
            None => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_lower_case_without_accents_are_taken() {
        for name in ["country", "order date", "a_1", "a.b", "price (€)", "名前"] {
            assert_eq!(problem(name), None, "{name}");
        }
    }

    #[test]
    fn other_names_are_told_with_what_to_write() {
        for (name, instead) in [
            ("Country", "country"),
            ("prénom", "prenom"),
            ("Größe", "grosse"),
            ("e\u{301}te\u{301}", "ete"),
            ("İ", "i"),
        ] {
            let told = problem(name).unwrap();
            assert!(told.starts_with(&format!("the column `{name}` has to be called `{instead}`")), "{told}");
        }
        assert!(problem("").is_some() && problem("a\nb").is_some());
        assert_eq!(problems(["a", "b", "a"].into_iter()).unwrap(), "columns stand twice: `a`");
        assert_eq!(problems(["A", "É"].into_iter()).unwrap().matches("has to be called").count(), 2);
    }
}
