//! `select`: bare columns, and every aggregate on every type, over all rows, some rows and no rows.

use serenytics::prelude::*;

use crate::rows::Things;
use crate::{Run, distinct, largest, mean, smallest};

pub async fn run(run: &Run) {
    columns(run).await;
    integers(run).await;
    numbers(run).await;
    text_and_datetimes(run).await;
    nothing(run).await;
}

async fn columns(run: &Run) {
    let things = || run.things.iter().cloned();
    let q = query! { from Things select text, note, number, ratio };
    run.in_any_order(
        q,
        |row| (row.text, row.note, row.number, row.ratio),
        things().map(|thing| (thing.text, thing.note, thing.number, thing.ratio)),
    )
    .await;
    let q = query! { from Things select whole, part, sold, seen };
    run.in_any_order(
        q,
        |row| (row.whole, row.part, row.sold, row.seen),
        things().map(|thing| (thing.whole, thing.part, thing.sold, thing.seen)),
    )
    .await;
    let q = query! { from Things select month, r#limit as bound, count as number, single };
    run.in_any_order(
        q,
        |row| -> (i8, i32, u32, Option<f32>) { (row.month, row.bound, row.number, row.single) },
        things().map(|thing| (thing.month, thing.limit, thing.count, thing.single)),
    )
    .await;
    // No `select`: every column.
    let q = query! { from Things where id <= 3 };
    run.in_any_order(
        q,
        |row| (row.id, row.odd, row.r#in, row.r#type, row.limit, row.seen),
        things().take(4).map(|thing| (thing.id, thing.odd, thing.r#in, thing.r#type, thing.limit, thing.seen)),
    )
    .await;
}

async fn integers(run: &Run) {
    // The rows contain the smallest and the largest integer, so an intermediate sum may exceed 64
    // bits.
    let sum: i128 = run.things.iter().map(|thing| i128::from(thing.whole)).sum();
    let q = query! { from Things select sum(whole), min(whole), max(whole), dcount(whole), count() };
    run.in_order(
        q,
        |row| (row.sum_whole, row.min_whole, row.max_whole, row.dcount_whole, row.count),
        [(
            Some(i64::try_from(sum).unwrap()),
            Some(i64::MIN),
            Some(i64::MAX),
            distinct(run.things.iter().map(|thing| thing.whole)),
            13,
        )],
    )
    .await;
    let small = || run.things.iter().filter(|thing| thing.whole > -1000 && thing.whole < 1000);
    let parts = || small().filter_map(|thing| thing.part);
    let q = query! {
        from Things where whole > -1000, whole < 1000
        select sum(part), min(part) as least, max(part), avg(part), dcount(part), count() as rows
    };
    run.in_order(
        q,
        |row| (row.sum_part, row.least, row.max_part, row.avg_part, row.dcount_part, row.rows),
        [(
            Some(parts().sum::<i64>()),
            smallest(parts()),
            largest(parts()),
            mean(parts().map(|part| part as f64)),
            distinct(parts()),
            i64::try_from(small().count()).unwrap(),
        )],
    )
    .await;
    let q = query! { from Things select avg(month), sum(month), min(month), max(count), sum(count), min(r#limit) };
    let months = || run.things.iter().map(|thing| i64::from(thing.month));
    run.in_order(
        q,
        |row| (row.avg_month, row.sum_month, row.min_month, row.max_count, row.sum_count, row.min_limit),
        [(
            mean(months().map(|month| month as f64)),
            Some(months().sum::<i64>()),
            Some(-2_i8),
            Some(u32::MAX),
            Some(run.things.iter().map(|thing| i64::from(thing.count)).sum::<i64>()),
            Some(-1_i32),
        )],
    )
    .await;
}

async fn numbers(run: &Run) {
    let small = || run.things.iter().map(|thing| thing.number).filter(|number| number.abs() <= 100.0);
    let q = query! {
        from Things where number >= -100, number <= 100
        select sum(number) as total, avg(number), min(number), max(number), dcount(number)
    };
    run.in_order(
        q,
        |row| (row.total, row.avg_number, row.min_number, row.max_number, row.dcount_number),
        [(Some(small().sum::<f64>()), mean(small()), smallest(small()), largest(small()), distinct(small()))],
    )
    .await;
    let ratios = || run.things.iter().filter_map(|thing| thing.ratio);
    let q =
        query! { from Things select min(ratio), max(ratio), dcount(ratio), min(number) as least, max(number) as most };
    run.in_order(
        q,
        |row| (row.min_ratio, row.max_ratio, row.dcount_ratio, row.least, row.most),
        [(smallest(ratios()), largest(ratios()), distinct(ratios()), Some(-1e300), Some(1e300))],
    )
    .await;
    let singles = || run.things.iter().filter_map(|thing| thing.single);
    let q = query! { from Things select max(single), sum(single), avg(single) };
    run.in_order(
        q,
        |row| (row.max_single, row.sum_single, row.avg_single),
        [(largest(singles()), Some(singles().map(f64::from).sum::<f64>()), mean(singles().map(f64::from)))],
    )
    .await;
}

async fn text_and_datetimes(run: &Run) {
    let texts = || run.things.iter().map(|thing| thing.text.clone());
    let notes = || run.things.iter().filter_map(|thing| thing.note.clone());
    let q = query! { from Things select min(text), max(text), dcount(text), min(note), max(note), dcount(note) };
    run.in_order(
        q,
        |row| (row.min_text, row.max_text, row.dcount_text, row.min_note, row.max_note, row.dcount_note),
        [(
            smallest(texts()),
            largest(texts()),
            distinct(texts()),
            smallest(notes()),
            largest(notes()),
            distinct(notes()),
        )],
    )
    .await;
    let sold = || run.things.iter().map(|thing| thing.sold);
    let seen = || run.things.iter().filter_map(|thing| thing.seen);
    let q = query! { from Things select min(sold), max(sold), dcount(sold), min(seen), max(seen), dcount(seen) };
    run.in_order(
        q,
        |row| (row.min_sold, row.max_sold, row.dcount_sold, row.min_seen, row.max_seen, row.dcount_seen),
        [(smallest(sold()), largest(sold()), distinct(sold()), smallest(seen()), largest(seen()), distinct(seen()))],
    )
    .await;
    let q = query! { from Things select count() };
    run.in_order(q, |row| row.count, [13]).await;
    let q = query! { from Things where text == "FR" select count() as rows, max(r#in), dcount(odd), min(r#type) };
    run.in_order(
        q,
        |row| (row.rows, row.max_in, row.dcount_odd, row.min_type),
        [(4, Some("B".to_owned()), 2, Some("even".to_owned()))],
    )
    .await;
}

/// Aggregates over no rows return one row, of NULLs and zeros.
async fn nothing(run: &Run) {
    let q = query! {
        from Things where text == "missing"
        select sum(whole), sum(number), min(text), max(sold), avg(part), dcount(note), count()
    };
    run.in_order(
        q,
        |row| {
            let sums = (row.sum_whole, row.sum_number, row.avg_part);
            (sums, row.min_text, row.max_sold, row.dcount_note, row.count)
        },
        [((None, None, None), None, None, 0, 0)],
    )
    .await;
    // The sum of only NULLs is NULL.
    let q =
        query! { from Things where part is_not_defined select sum(part), avg(part), min(part), dcount(part), count() };
    let rows = i64::try_from(run.things.iter().filter(|thing| thing.part.is_none()).count()).unwrap();
    run.in_order(
        q,
        |row| (row.sum_part, row.avg_part, row.min_part, row.dcount_part, row.count),
        [(None, None, None, 0, rows)],
    )
    .await;
    let q = query! { from Things where text == "missing" group_by text select sum(whole), count() };
    run.in_order(q, |row| (row.text, row.sum_whole, row.count), []).await;
    let q = query! { from Things where text == "missing" select text, whole };
    run.in_order(q, |row| (row.text, row.whole), []).await;
}
