//! The places of columns that the parser reports for editors: all of them, in their order,
//! including empty ones.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

#[allow(dead_code, reason = "each test uses a part")]
mod support;

use support::read;

/// Queries with `_` at each empty place and `'` after each column.
const QUERIES: &[&str] = &[
    "from Sales where _",
    "from Sales where _ group_by country' select count()",
    "from Sales where coun'",
    "from Sales where coun' == \"FR\", _",
    "from Sales where country' == \"FR\" and _ select revenue'",
    "from Sales where country' in [\"FR\", {}], revenue' > 2 and limit_' is_defined, ..{}",
    "from Sales where contry' = 3, _",
    "from Sales where country' ==",
    "from Sales select _",
    "from Sales select _, country'",
    "from Sales select sum(_), country'",
    "from Sales select sum(rev') as total, count() as rows, smu(_), smu(rev')",
    "from Sales select country', _ limit 3",
    "from Sales group_by _ select count()",
    "from Sales group_by month(_), country' as place",
    "from Sales order_by _",
    "from Sales order_by total' desc, count', sum(revenue') asc, _",
    "from Sales group_by country' order_by _ limit {} into Row",
    "from Sales",
];

#[test]
fn parse_reports_each_place_of_a_column() {
    for query in QUERIES {
        // The marks become spaces for the grammar, so that the offsets stay the same.
        let is_place = |at: usize| query[at..].starts_with('_') && !query[..at].ends_with(char::is_alphanumeric);
        let text: String =
            query.char_indices().map(|(at, c)| if c == '\'' || is_place(at) { ' ' } else { c }).collect();
        let places: Vec<Option<&str>> = query
            .char_indices()
            .filter_map(|(at, c)| match c {
                '\'' => Some(query[..at].rsplit([' ', '(', '[']).next()),
                _ if is_place(at) => Some(None),
                _ => None,
            })
            .collect();
        let written = read(&text).columns.into_iter().map(|place| {
            let rest = &text[place?.0 as usize..];
            rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
        });
        assert_eq!(written.collect::<Vec<_>>(), places, "{query}");
    }
}

/// An editor finds the completed column by comparing the places before it.
#[test]
fn a_name_at_an_empty_place_does_not_change_the_places_before_it() {
    for query in QUERIES {
        let text = query.replace('\'', " ");
        for (at, _) in text.match_indices(" _").chain(text.match_indices("(_")) {
            let blank = text.replace("(_", "( ").replace(" _", "  ");
            let typed = format!("{}typed{}", &blank[..=at], &blank[at + 2..]);
            let (before, after) = (read(&blank).columns, read(&typed).columns);
            let index = after.iter().position(|place| place.is_some_and(|place| place.0 as usize == at + 1));
            let index = index.unwrap_or_else(|| panic!("{typed}: {after:?}"));
            assert_eq!(before[..index], after[..index], "{typed}");
            assert_eq!(before[index], None, "{typed}");
        }
    }
}
