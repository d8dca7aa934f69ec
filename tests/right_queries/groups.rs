//! `group_by`: keys of every type, NULL among them, every time slot, and aggregates of groups.

use jiff::civil::{Date, Time, Weekday};
use serenytics::SlotValue;
use serenytics::prelude::*;

use crate::rows::Things;
use crate::{Run, distinct, grouped, largest, mean, smallest};

pub async fn run(run: &Run) {
    keys(run).await;
    sums(run).await;
    slots(run).await;
    several_slots(run).await;
}

async fn keys(run: &Run) {
    let things = &run.things;
    let count = |rows: &Vec<&Things>| i64::try_from(rows.len()).unwrap();
    let q = query! { from Things group_by text };
    run.in_any_order(q, |row| row.text, grouped(things, |thing| thing.text.clone()).into_iter().map(|(key, _)| key))
        .await;
    let expected = grouped(things, |thing| thing.note.clone()).into_iter().map(|(key, rows)| (key, count(&rows)));
    run.in_any_order(query! { from Things group_by note select count() }, |row| (row.note, row.count), expected).await;
    let expected = grouped(things, |thing| thing.number).into_iter().map(|(key, rows)| (key, count(&rows)));
    run.in_any_order(query! { from Things group_by number select count() }, |row| (row.number, row.count), expected)
        .await;
    let expected = grouped(things, |thing| thing.ratio).into_iter().map(|(key, rows)| (key, count(&rows)));
    let q = query! { from Things group_by ratio as share select count() as rows };
    run.in_any_order(q, |row| (row.share, row.rows), expected).await;
    let expected = grouped(things, |thing| (thing.whole, thing.part));
    let q = query! { from Things group_by whole, part };
    run.in_any_order(q, |row| (row.whole, row.part), expected.into_iter().map(|(key, _)| key)).await;
    let expected = grouped(things, |thing| (thing.sold, thing.seen)).into_iter();
    let q = query! { from Things group_by sold, seen as last select count() };
    run.in_any_order(q, |row| ((row.sold, row.last), row.count), expected.map(|(key, rows)| (key, count(&rows)))).await;
    let expected = grouped(things, |thing| (thing.limit, thing.r#in.clone(), thing.odd.clone())).into_iter();
    let q = query! { from Things group_by r#limit, r#in, odd select count() as r#where };
    run.in_any_order(
        q,
        |row| ((row.limit, row.r#in, row.odd), row.r#where),
        expected.map(|(key, rows)| (key, count(&rows))),
    )
    .await;
    let expected = grouped(things, |thing| (thing.count, thing.r#type.clone())).into_iter();
    let q = query! { from Things group_by count as one, r#type select count() };
    run.in_any_order(q, |row| ((row.one, row.r#type), row.count), expected.map(|(key, rows)| (key, count(&rows))))
        .await;
}

async fn sums(run: &Run) {
    let small = || run.things.iter().filter(|thing| thing.number.abs() <= 100.0);
    let parts = |rows: &[&Things]| rows.iter().filter_map(|thing| thing.part).collect::<Vec<_>>();
    let q = query! {
        from Things where number <= 100, number >= -100
        group_by text
        select sum(number), avg(number) as mean, min(number), max(sold), sum(whole)
    };
    run.in_any_order(
        q,
        |row| (row.text, row.sum_number, row.mean, row.min_number, row.max_sold, row.sum_whole),
        grouped(small(), |thing| thing.text.clone()).into_iter().map(|(text, rows)| {
            let numbers = || rows.iter().map(|thing| thing.number);
            let [mean, least] = [mean(numbers()), smallest(numbers())].map(Option::unwrap);
            let sold = largest(rows.iter().map(|thing| thing.sold)).unwrap();
            (text, numbers().sum::<f64>(), mean, least, sold, rows.iter().map(|thing| thing.whole).sum::<i64>())
        }),
    )
    .await;
    let q = query! {
        from Things where number <= 100, number >= -100
        group_by r#type
        select sum(part), avg(part), min(part), max(part), dcount(part), dcount(seen), max(note)
    };
    run.in_any_order(
        q,
        |row| {
            let parts = (row.sum_part, row.avg_part, row.min_part, row.max_part, row.dcount_part);
            (row.r#type, parts, row.dcount_seen, row.max_note)
        },
        grouped(small(), |thing| thing.r#type.clone()).into_iter().map(|(key, rows)| {
            let parts = || parts(&rows).into_iter();
            let sum = (!parts().as_slice().is_empty()).then(|| parts().sum::<i64>());
            let mean = mean(parts().map(|part| part as f64));
            let parts = (sum, mean, smallest(parts()), largest(parts()), distinct(parts()));
            let seen = distinct(rows.iter().filter_map(|thing| thing.seen));
            (key, parts, seen, largest(rows.iter().filter_map(|thing| thing.note.clone())))
        }),
    )
    .await;
    // A group whose values are all NULL has neither a sum nor a mean, and zero distinct values.
    let q =
        query! { from Things where text == "É" group_by text select sum(part), avg(ratio), max(part), dcount(part) };
    run.in_order(
        q,
        |row| (row.text, row.sum_part, row.avg_ratio, row.max_part, row.dcount_part),
        [("É".to_owned(), None, None, None, 0)],
    )
    .await;
    let q = query! { from Things group_by note select min(text), max(text), dcount(whole), min(count), max(single) };
    run.in_any_order(
        q,
        |row| (row.note, row.min_text, row.max_text, row.dcount_whole, row.min_count, row.max_single),
        grouped(&run.things, |thing| thing.note.clone()).into_iter().map(|(note, rows)| {
            let texts = || rows.iter().map(|thing| thing.text.clone());
            let wholes = distinct(rows.iter().map(|thing| thing.whole));
            let count = smallest(rows.iter().map(|thing| thing.count)).unwrap();
            let single = largest(rows.iter().filter_map(|thing| thing.single));
            (note, smallest(texts()).unwrap(), largest(texts()).unwrap(), wholes, count, single)
        }),
    )
    .await;
}

/// Runs a query grouped by one slot, in the slot's order, and compares its groups with those of a
/// function.
macro_rules! slot {
    ($run:ident, $slot:ident, $output:ident, $value:expr) => {
        let mut expected: Vec<(SlotValue, i64)> = grouped(&$run.things, |thing| $value(thing.sold))
            .into_iter()
            .map(|(slot, rows)| (slot, i64::try_from(rows.len()).unwrap()))
            .collect();
        expected.sort();
        let q = query! { from Things group_by $slot(sold) select count() order_by $slot(sold) };
        $run.in_order(q, |row| (row.$output, row.count), expected).await;
    };
}

/// A day's midnight.
fn midnight(date: Date) -> SlotValue {
    SlotValue::Start(date.to_datetime(Time::midnight()))
}

/// The Monday of a day's week.
fn monday(mut date: Date) -> Date {
    while date.weekday() != Weekday::Monday {
        date = date.yesterday().unwrap();
    }
    date
}

async fn slots(run: &Run) {
    slot!(run, year, year_sold, |sold: DateTime| midnight(sold.date().first_of_year()));
    slot!(run, quarter, quarter_sold, |sold: DateTime| {
        midnight(Date::new(sold.year(), (sold.month() - 1) / 3 * 3 + 1, 1).unwrap())
    });
    slot!(run, month, month_sold, |sold: DateTime| midnight(sold.date().first_of_month()));
    slot!(run, week, week_sold, |sold: DateTime| midnight(monday(sold.date())));
    slot!(run, weekday, weekday_sold, |sold: DateTime| {
        SlotValue::Number(i64::from(sold.date().weekday().to_monday_one_offset()))
    });
    slot!(run, day, day_sold, |sold: DateTime| midnight(sold.date()));
    slot!(run, hour, hour_sold, |sold: DateTime| SlotValue::Start(sold.date().at(sold.hour(), 0, 0, 0)));
    slot!(run, minute, minute_sold, |sold: DateTime| {
        SlotValue::Start(sold.date().at(sold.hour(), sold.minute(), 0, 0))
    });
}

async fn several_slots(run: &Run) {
    let year = |thing: &Things| thing.seen.map(|seen| midnight(seen.date().first_of_year()));
    let q = query! { from Things group_by year(seen) as year select dcount(text), max(seen) as last };
    run.in_any_order(
        q,
        |row| (row.year, row.dcount_text, row.last),
        grouped(&run.things, year).into_iter().map(|(year, rows)| {
            let texts = distinct(rows.iter().map(|thing| &thing.text));
            (year, texts, largest(rows.iter().filter_map(|thing| thing.seen)))
        }),
    )
    .await;
    let both = |thing: &Things| {
        let weekday = thing.seen.map(|seen| SlotValue::Number(i64::from(seen.date().weekday().to_monday_one_offset())));
        (thing.text.clone(), midnight(thing.sold.date().first_of_month()), weekday)
    };
    let q = query! { from Things where id < 8 group_by text, month(sold), weekday(seen) };
    run.in_any_order(
        q,
        |row| (row.text, row.month_sold, row.weekday_seen),
        grouped(run.things.iter().take(8), both).into_iter().map(|(key, _)| key),
    )
    .await;
    // A datetime together with its time slot.
    let q =
        query! { from Things where sold >= "2013-01-01", sold < "2014-01-01" group_by sold, day(sold) select count() };
    let of_2013 = run.things.iter().filter(|thing| thing.sold.year() == 2013);
    run.in_any_order(
        q,
        |row| (row.sold, row.day_sold.start(), row.count),
        grouped(of_2013, |thing| thing.sold).into_iter().map(|(sold, rows)| {
            let day = sold.date().to_datetime(Time::midnight());
            (sold, Some(day), i64::try_from(rows.len()).unwrap())
        }),
    )
    .await;
}
