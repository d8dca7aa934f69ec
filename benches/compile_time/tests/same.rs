//! Checks that the compared kinds of crates contain the same queries.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

#[path = "../kinds/hand.rs"]
mod hand;
#[path = "../kinds/macros.rs"]
mod macros;

#[test]
fn macro_and_handwritten_queries_are_equal() {
    let date = "2013-01-05T10:00:00".parse().unwrap();
    assert_eq!(macros::grouped_1000(), hand::grouped_1000());
    assert_eq!(macros::valued_1000(20.5, &["FR", "it's"], 7), hand::valued_1000(20.5, &["FR", "it's"], 7));
    assert_eq!(macros::listed_1000(), hand::listed_1000());
    assert_eq!(macros::monthly_1000(date), hand::monthly_1000(date));
}
