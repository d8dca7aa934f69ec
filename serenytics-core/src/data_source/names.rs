//! Names of loaded columns: the warehouse requires lower case without accents.

use serenytics_query::suggest::listed;
use serenytics_query::wire::COUNT_COLUMN;

use crate::transport::truncated;

/// Maximum length of a name in a message.
const LONGEST_SHOWN: usize = 100;

/// Letters with accents, and their replacements.
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

/// The combining accents of Unicode.
const ACCENTS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// Returns why a name is not a valid column name, or `None` if it is.
pub(crate) fn problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a column has no name".to_owned());
    }
    if name == COUNT_COLUMN {
        return Some(format!("the column `{name}` has to be renamed: this name means the number of rows in a query"));
    }
    if name.contains('\t') {
        let name = truncated(&name.replace('\t', "\\t"), LONGEST_SHOWN);
        return Some(format!("the name of the column `{name}` contains a tab: is the separator a tab?"));
    }
    if name.chars().any(char::is_control) {
        return Some(format!(
            "the name of the column `{}` contains a control character",
            truncated(name, LONGEST_SHOWN)
        ));
    }
    let plain = plain(name);
    (plain != name).then(|| {
        let (name, plain) = (truncated(name, LONGEST_SHOWN), truncated(&plain, LONGEST_SHOWN));
        format!(
            "the column `{name}` has to be called `{plain}`: the warehouse requires names in lower case without accents, and shows another name if \
             one is set in the source's configuration"
        )
    })
}

/// Returns why these names are not valid for the columns of a row, or `None` if they are.
pub(crate) fn problems<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Option<String> {
    let problems: Vec<_> = names.clone().filter_map(problem).collect();
    if !problems.is_empty() {
        return Some(problems.join("; "));
    }
    let mut seen = std::collections::BTreeSet::new();
    let repeated: Vec<_> = names.filter(|name| !seen.insert(*name)).collect();
    (!repeated.is_empty()).then(|| format!("repeated columns: {}", listed(repeated)))
}

/// Converts a name to one that the warehouse accepts. Only Latin letters lose their accents.
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
    fn column_name_in_lower_case_without_accents_is_valid() {
        for name in ["country", "order date", "a_1", "a.b", "price (€)", "名前"] {
            assert_eq!(problem(name), None, "{name}");
        }
    }

    #[test]
    fn invalid_column_name_error_suggests_a_valid_name() {
        for (name, instead) in [
            ("Country", "country"),
            ("prénom", "prenom"),
            ("Größe", "grosse"),
            ("e\u{301}te\u{301}", "ete"),
            ("İ", "i"),
        ] {
            let message = problem(name).unwrap();
            assert!(message.starts_with(&format!("the column `{name}` has to be called `{instead}`")), "{message}");
        }
        assert!(problem("").is_some() && problem("a\nb").is_some());
        assert_eq!(problem("a\tb").unwrap(), "the name of the column `a\\tb` contains a tab: is the separator a tab?");
        assert!(problem("$$count$$").unwrap().contains("has to be renamed"));
        assert_eq!(problems(["a", "b", "a"].into_iter()).unwrap(), "repeated columns: `a`");
        assert_eq!(problems(["A", "É"].into_iter()).unwrap().matches("has to be called").count(), 2);
    }
}
