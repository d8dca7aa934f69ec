//! `order_by` and `limit`: by outputs, keys, aggregates, columns that are not selected, with NULLs
//! at their end.

use std::cmp::{Ordering, Reverse};

use serenytics::prelude::*;

use crate::rows::Things;
use crate::{Run, grouped};

pub async fn run(run: &Run) {
    columns(run).await;
    nulls(run).await;
    groups(run).await;
}

/// The things in an order. Equal ones are ordered by their number, as in every query here.
fn sorted(run: &Run, order: impl Fn(&Things, &Things) -> Ordering) -> Vec<Things> {
    let mut things = run.things.clone();
    things.sort_by(|one, other| order(one, other).then(one.id.cmp(&other.id)));
    things
}

async fn columns(run: &Run) {
    let ids = |things: Vec<Things>| things.into_iter().map(|thing| thing.id).collect::<Vec<_>>();
    let q = query! { from Things select id, text order_by text, id };
    run.in_order(q, |row| row.id, ids(sorted(run, |one, other| one.text.cmp(&other.text)))).await;
    let q = query! { from Things select id, text as name order_by name desc, id asc };
    run.in_order(q, |row| row.id, ids(sorted(run, |one, other| other.text.cmp(&one.text)))).await;
    // The column by its name, although the output has an alias.
    let q = query! { from Things select id, number as amount order_by number desc, id };
    run.in_order(q, |row| row.id, ids(sorted(run, |one, other| other.number.total_cmp(&one.number)))).await;
    // Columns that are not selected.
    let q = query! { from Things select id order_by whole, sold desc, id };
    let by_whole = |one: &Things, other: &Things| one.whole.cmp(&other.whole).then(other.sold.cmp(&one.sold));
    run.in_order(q, |row| row.id, ids(sorted(run, by_whole))).await;
    let q = query! { from Things select text order_by sold, odd desc, id };
    let by_sold = |one: &Things, other: &Things| one.sold.cmp(&other.sold).then(other.odd.cmp(&one.odd));
    run.in_order(q, |row| row.text, sorted(run, by_sold).into_iter().map(|thing| thing.text)).await;
    // An output's name comes before a column's.
    let q = query! { from Things select id as whole, whole as id order_by whole desc };
    run.in_order(q, |row| row.whole, run.things.iter().map(|thing| thing.id).rev()).await;
    // Without `select`, by columns that are named like keywords.
    let q = query! { from Things order_by r#limit desc, r#type, id limit 7 };
    let by_limit = |one: &Things, other: &Things| other.limit.cmp(&one.limit).then(one.r#type.cmp(&other.r#type));
    run.in_order(q, |row| row.id, ids(sorted(run, by_limit)).into_iter().take(7)).await;
    let q = query! { from Things where text == "FR" select id order_by month desc, id desc limit 3, };
    let mut french: Vec<_> = run.things.iter().filter(|thing| thing.text == "FR").collect();
    french.sort_by_key(|thing| Reverse((thing.month, thing.id)));
    run.in_order(q, |row| row.id, french.iter().map(|thing| thing.id).take(3)).await;
    let q = query! { from Things select id order_by id limit 1000 };
    run.in_order(q, |row| row.id, run.things.iter().map(|thing| thing.id)).await;
}

/// NULLs come last in `asc` and first in `desc`.
async fn nulls(run: &Run) {
    fn last<T: PartialOrd>(one: &Option<T>, other: &Option<T>) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) => one.partial_cmp(other).unwrap(),
            _ => other.is_some().cmp(&one.is_some()),
        }
    }
    let q = query! { from Things select note, id order_by note, id };
    let expected = sorted(run, |one, other| last(&one.note, &other.note));
    run.in_order(q, |row| (row.note, row.id), expected.into_iter().map(|thing| (thing.note, thing.id))).await;
    let q = query! { from Things select part, id order_by part desc, id };
    let expected = sorted(run, |one, other| last(&other.part, &one.part));
    run.in_order(q, |row| (row.part, row.id), expected.into_iter().map(|thing| (thing.part, thing.id))).await;
    let q = query! { from Things select ratio, id order_by ratio desc, id };
    let expected = sorted(run, |one, other| last(&other.ratio, &one.ratio));
    run.in_order(q, |row| (row.ratio, row.id), expected.into_iter().map(|thing| (thing.ratio, thing.id))).await;
    let q = query! { from Things select seen, id order_by seen asc, id };
    let expected = sorted(run, |one, other| last(&one.seen, &other.seen));
    run.in_order(q, |row| (row.seen, row.id), expected.into_iter().map(|thing| (thing.seen, thing.id))).await;
}

async fn groups(run: &Run) {
    let mut texts: Vec<(String, i64)> = grouped(&run.things, |thing| thing.text.clone())
        .into_iter()
        .map(|(text, rows)| (text, i64::try_from(rows.len()).unwrap()))
        .collect();
    texts.sort_by(|one, other| one.0.cmp(&other.0));
    let q = query! { from Things group_by text select count() order_by text };
    run.in_order(q, |row| (row.text, row.count), texts.clone()).await;
    let q = query! { from Things group_by text as name select count() order_by name desc limit 3 };
    run.in_order(q, |row| (row.name, row.count), texts.clone().into_iter().rev().take(3)).await;
    texts.sort_by_key(|(_, count)| Reverse(*count));
    let q = query! { from Things group_by text select count() order_by count() desc, text };
    run.in_order(q, |row| (row.text, row.count), texts.clone()).await;
    let q = query! { from Things group_by text select count() as rows order_by rows desc, text limit 2 };
    run.in_order(q, |row| (row.text, row.rows), texts.into_iter().take(2)).await;

    let mut latest: Vec<(i32, DateTime)> = grouped(&run.things, |thing| thing.limit)
        .into_iter()
        .map(|(limit, rows)| (limit, rows.iter().map(|thing| thing.sold).max().unwrap()))
        .collect();
    latest.sort_by_key(|(_, sold)| *sold);
    let q = query! { from Things group_by r#limit select max(sold) as last order_by last };
    run.in_order(q, |row| (row.limit, row.last), latest.clone()).await;
    let q = query! { from Things select max(sold) as last group_by r#limit order_by max(sold) desc limit 1 };
    run.in_order(q, |row| (row.limit, row.last), latest.into_iter().rev().take(1)).await;

    // By a slot: by its name, by its call, by its column.
    let mut years: Vec<i16> =
        grouped(&run.things, |thing| thing.sold.year()).into_iter().map(|(year, _)| year).collect();
    years.sort_unstable();
    let q = query! { from Things group_by year(sold) order_by year_sold };
    run.in_order(q, |row| row.year_sold.start().map(|start| start.year()), years.iter().map(|year| Some(*year))).await;
    let q = query! { from Things group_by year(sold) as year order_by sold desc };
    run.in_order(q, |row| row.year.start().map(|start| start.year()), years.iter().rev().map(|year| Some(*year))).await;

    // By the mean and the sum of a nullable column.
    let parts = || run.things.iter().filter(|thing| thing.number.abs() <= 100.0);
    let mut sums: Vec<(String, Option<i64>)> = grouped(parts(), |thing| thing.r#type.clone())
        .into_iter()
        .map(|(key, rows)| (key, Some(rows.iter().filter_map(|thing| thing.part).sum())))
        .collect();
    sums.sort_by_key(|(_, sum)| *sum);
    let q = query! {
        from Things where number <= 100, number >= -100 group_by r#type select sum(part) as total order_by total, r#type
    };
    run.in_order(q, |row| (row.r#type, row.total), sums).await;
}
