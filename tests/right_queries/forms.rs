//! The forms of a query: clauses in any order, functions with named rows, user-defined rows,
//! constants, parts of a macro.

use serenytics::prelude::*;

use crate::rows::Things;
use crate::{Run, grouped};

query! {
    /// Names with their number of things.
    #[derive(Eq)]
    fn top_texts(least: i64, texts: &[&str], rows: Option<usize>) -> Query<TopText> {
        from Things
        where id >= {least}, text !in {texts}
        group_by text
        select count() as things, max(id) as last
        order_by things desc, text
        limit {rows}?
    }
}

query! { fn all_things() -> Query<AnyThing> { from Things } }

query! {
    fn wholes<V>(value: V) -> Query<Whole>
    where
        V: serenytics::value::IntValue,
    {
        from Things where whole == {value} select whole, id as number
    }
}

/// A user-defined row.
#[derive(Debug, PartialEq, Row)]
struct Total {
    text: String,
    r#type: String,
    last: Option<i64>,
    things: i64,
}

const FRENCH: Query<French> = query! {
    from Things
    into French
    where text == "FR"
    select id, note
};

#[derive(Debug, PartialEq, Row)]
struct French {
    note: Option<String>,
    id: i64,
}

pub async fn run(run: &Run) {
    functions(run).await;
    own_rows(run).await;
    clauses(run).await;
    macros(run).await;
}

async fn functions(run: &Run) {
    let top = |least: i64, without: &[&str]| {
        let things = run.things.iter().filter(|thing| thing.id >= least && !without.contains(&&*thing.text));
        let mut top: Vec<TopText> = grouped(things, |thing| thing.text.clone())
            .into_iter()
            .map(|(text, rows)| TopText {
                text,
                things: i64::try_from(rows.len()).unwrap(),
                last: rows.iter().map(|thing| thing.id).max().unwrap(),
            })
            .collect();
        top.sort_by(|one, other| other.things.cmp(&one.things).then(one.text.cmp(&other.text)));
        top
    };
    run.in_order(top_texts(0, &[], None), |row| row, top(0, &[])).await;
    run.in_order(top_texts(1, &["US", "fr"], Some(2)), |row| row, top(1, &["US", "fr"]).into_iter().take(2)).await;
    let cells = |row: AnyThing| (row.id, row.text, row.part, row.seen, row.r#type, row.single);
    let expected = run.things.iter().cloned();
    let expected = expected.map(|thing| (thing.id, thing.text, thing.part, thing.seen, thing.r#type, thing.single));
    run.in_any_order(all_things(), cells, expected).await;
    let of =
        |whole: i64| run.things.iter().filter(move |thing| thing.whole == whole).map(|thing| (thing.whole, thing.id));
    run.in_any_order(wholes(3_u16), |row| (row.whole, row.number), of(3)).await;
    let largest = &i64::MAX;
    run.in_any_order(wholes(largest), |row| (row.whole, row.number), of(*largest)).await;
}

async fn own_rows(run: &Run) {
    let q: Query<Total> = query! {
        from Things
        group_by text, r#type
        select max(part) as last, count() as things
        into Total
    };
    let expected = grouped(&run.things, |thing| (thing.text.clone(), thing.r#type.clone())).into_iter();
    let expected = expected.map(|((text, r#type), rows)| Total {
        text,
        r#type,
        last: rows.iter().filter_map(|thing| thing.part).max(),
        things: i64::try_from(rows.len()).unwrap(),
    });
    run.in_any_order(q, |row| row, expected).await;
    let french = run.things.iter().filter(|thing| thing.text == "FR");
    run.in_any_order(FRENCH, |row| row, french.map(|thing| French { note: thing.note.clone(), id: thing.id })).await;
}

/// Clauses in other orders, with trailing commas.
async fn clauses(run: &Run) {
    let q = query! {
        from Things,
        limit 2,
        order_by id desc,
        select id, text,
        where text != "US", whole >= 0,
    };
    let expected = run.things.iter().rev().filter(|thing| thing.text != "US" && thing.whole >= 0).take(2);
    run.in_order(q, |row| (row.id, row.text), expected.map(|thing| (thing.id, thing.text.clone()))).await;
    let q = query! {
        from Things
        select sum(whole,) as total
        group_by r#type,
        where whole > -1000 and whole < 1000
    };
    let expected = grouped(
        run.things.iter().filter(|thing| thing.whole.checked_abs().is_some_and(|whole| whole < 1000)),
        |thing| thing.r#type.clone(),
    );
    let expected = expected.into_iter().map(|(key, rows)| (key, rows.iter().map(|thing| thing.whole).sum()));
    run.in_any_order(q, |row| -> (String, i64) { (row.r#type, row.total) }, expected).await;
}

/// Queries whose parts come from a user's macro, and sources by their paths.
async fn macros(run: &Run) {
    macro_rules! at_least {
        ($source:path, $column:ident, $value:literal, $other:expr) => {
            query! { from $source where $column >= $value, id < {$other} select id, $column as value }
        };
    }
    let expected = run.things.iter().filter(|thing| thing.whole >= 3 && thing.id < 10);
    let expected = expected.map(|thing| (thing.id, thing.whole));
    run.in_any_order(at_least!(Things, whole, 3, 4 + 6), |row| (row.id, row.value), expected).await;
    let expected = run.things.iter().filter(|thing| *thing.text >= *"US" && thing.id < 4);
    let expected = expected.map(|thing| (thing.id, thing.text.clone()));
    run.in_any_order(at_least!(Things, text, "US", 4_u8), |row| (row.id, row.value), expected).await;
    // A source by its path.
    let short = run.flights.iter().filter(|flight| flight.distance < 300 && flight.dep_delay.is_none());
    let q = query! { from crate::rows::Flights where distance < 300, dep_delay is_not_defined select flight, dest };
    run.in_any_order(q, |row| (row.flight, row.dest), short.map(|flight| (flight.flight, flight.dest.clone()))).await;
}
