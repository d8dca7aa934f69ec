//! Run-time values in every form, of every type that a column accepts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serenytics::prelude::*;

use crate::Run;
use crate::rows::Things;

/// Runs a query with some conditions, and compares its rows with those of a predicate.
macro_rules! found {
    ($run:ident, |$thing:ident| $met:expr, $($conditions:tt)+) => {
        let expected = $run.things.iter().filter(|$thing| $met).map(|thing| thing.id);
        $run.in_any_order(query! { from Things where $($conditions)+ select id, whole }, |row| row.id, expected).await;
    };
}

pub async fn run(run: &Run) {
    scalars(run).await;
    options(run).await;
    lists(run).await;
    limits(run).await;
    empty_lists(run).await;
}

async fn scalars(run: &Run) {
    let text = "it's \"é\"\n\\".to_owned();
    found!(run, |thing| thing.text == text, text == { &text });
    found!(run, |thing| thing.text != text, text != { text.as_str() });
    found!(run, |thing| thing.text == "É", text == { Cow::Borrowed("É") });
    found!(run, |thing| thing.text == " FR ", text == { format!(" {} ", "FR") });
    found!(run, |thing| thing.whole == i64::MIN, whole == { i64::MIN });
    found!(run, |thing| thing.whole > 2, whole > { 2_u8 });
    found!(run, |thing| thing.part.is_some_and(|part| part >= 8), part >= { run.things.len() - 5 });
    let least = 1.5;
    found!(run, |thing| thing.number >= least, number >= { least });
    found!(run, |thing| thing.number < -0.5, number < { -0.5_f32 });
    found!(run, |thing| thing.ratio.is_some_and(|ratio| ratio <= 2.0), ratio <= { 2 });
    let sold = run.things[0].sold;
    found!(run, |thing| thing.sold > sold, sold > { sold });
    found!(run, |thing| thing.seen.is_some_and(|seen| seen.date() < sold.date()), seen < { sold.date() });
    found!(
        run,
        |thing| thing.limit == -1,
        r#limit == {
            {
                let two = 2;
                1 - two
            }
        }
    );
}

async fn options(run: &Run) {
    let wanted = Some("FR");
    let nothing: Option<String> = None;
    found!(run, |thing| thing.text == "FR", text == { wanted }?);
    found!(run, |thing| thing.number > 1.0, text == { &nothing }?, number > { Some(1.0) }?);
    found!(run, |thing| thing.whole <= 3, whole <= { Some(3_i32) }?, part == { None::<i64> }?);
    found!(run, |thing| thing.sold < run.things[0].sold, sold < { Some(run.things[0].sold) }?);
    found!(run, |_thing| true, text == { nothing }?, number > { None::<f64> }?);
}

async fn lists(run: &Run) {
    let texts = vec!["FR".to_owned(), "É".to_owned()];
    found!(run, |thing| texts.contains(&thing.text), text in {&texts});
    found!(run, |thing| !texts.contains(&thing.text), text !in {texts.iter().map(String::as_str)});
    let other = "US";
    found!(run, |thing| ["FR", "US", ""].contains(&&*thing.text), text in ["FR", {other}, {String::new()}]);
    found!(run, |thing| ![3, 2, -1].contains(&thing.whole), whole not in [3, {texts.len()}, -1]);
    found!(run, |thing| thing.whole < 0 && thing.whole > i64::MIN, whole in {-10..0});
    found!(run, |thing| thing.part.is_some_and(|part| part == 3 || part == 8), part in {BTreeSet::from([3, 8])});
    found!(run, |thing| [0.125, 8.0].contains(&thing.number), number in {[0.125, 8.0]});
    let days = [run.things[0].sold, run.things[3].sold];
    found!(run, |thing| days.contains(&thing.sold), sold in {days});
    found!(run, |thing| days.contains(&thing.sold) || thing.id == 11, sold in [{days[0]}, "2013-07-14", {days[1]}]);
    found!(run, |thing| ["a", "b"].iter().any(|note| thing.note.as_deref() == Some(*note)), note in {Some(["a", "b"])}?);
    found!(run, |thing| thing.id > 5, note in {None::<Vec<String>>}?, id > 5);
}

async fn limits(run: &Run) {
    let ids = || run.things.iter().map(|thing| thing.id);
    let rows = 4;
    run.in_order(query! { from Things select id order_by id limit {rows} }, |row| row.id, ids().take(4)).await;
    run.in_order(query! { from Things select id order_by id limit {Some(2_u8)}? }, |row| row.id, ids().take(2)).await;
    run.in_order(query! { from Things select id order_by id limit {None::<usize>}? }, |row| row.id, ids()).await;
    let q = query! { from Things select id order_by id desc limit {usize::MAX / 2} };
    run.in_order(q, |row| row.id, ids().rev()).await;
}

/// An empty list: no row meets `in`, and every row meets `!in`, also with NULL.
async fn empty_lists(run: &Run) {
    found!(run, |_thing| false, text in {Vec::<String>::new()});
    found!(run, |_thing| true, text !in {[""; 0]});
    found!(run, |_thing| false, part in {Vec::<i64>::new()});
    found!(run, |_thing| true, part !in {std::iter::empty::<i64>()});
    found!(run, |thing| thing.ratio.is_some(), ratio !in {[0.0; 0]}, ratio is_defined);
    found!(run, |_thing| false, seen in {Some(Vec::<DateTime>::new())}?);
}
