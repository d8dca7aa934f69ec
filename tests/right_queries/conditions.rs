//! `where`: every operator on every type that it fits, with and without NULLs, and literals of
//! every form.

use serenytics::prelude::*;

use crate::Run;
use crate::rows::Things;

/// Runs a query with some conditions, and compares its rows with those of a predicate.
macro_rules! found {
    ($run:ident, |$thing:ident| $met:expr, $($conditions:tt)+) => {
        let expected = $run.things.iter().filter(|$thing| $met).map(|thing| thing.id);
        $run.in_any_order(query! { from Things where $($conditions)+ select id }, |row| row.id, expected).await;
    };
}

pub async fn run(run: &Run) {
    texts(run).await;
    integers(run).await;
    numbers(run).await;
    datetimes(run).await;
    several(run).await;
}

async fn texts(run: &Run) {
    found!(run, |thing| thing.text == "FR", text == "FR");
    found!(run, |thing| thing.text != "FR", text != "FR");
    found!(run, |thing| *thing.text < *"FR", text < "FR");
    found!(run, |thing| *thing.text > *"FR", text > "FR");
    found!(run, |thing| *thing.text <= *"FR", text <= "FR");
    found!(run, |thing| *thing.text >= *"FR", text >= "FR");
    found!(run, |thing| thing.text == "it's \"é\"\n\\", text == "it's \"é\"\n\\");
    found!(
        run,
        |thing| thing.text == "it's \"é\"\n\\",
        odd == r#"it's "é"
\:0"#
    );
    found!(run, |thing| thing.text == "😀 %_", text == "😀 %_");
    found!(run, |thing| thing.text.is_empty(), text == "");
    found!(run, |thing| thing.text.is_empty(), text is_empty);
    found!(run, |thing| !thing.text.is_empty(), text is_not_empty);
    found!(run, |thing| ["FR", "", "NULL"].contains(&&*thing.text), text in ["FR", "", "NULL"]);
    found!(run, |thing| !["FR", "fr"].contains(&&*thing.text), text !in ["FR", "fr",]);
    found!(run, |thing| thing.note.as_ref().is_some_and(|note| note != "a"), note != "a");
    found!(run, |thing| thing.note.as_ref().is_some_and(|note| **note >= *"b"), note >= "b");
    found!(run, |thing| thing.note.as_ref().is_none_or(String::is_empty), note is_empty);
    found!(run, |thing| thing.note.as_ref().is_some_and(|note| !note.is_empty()), note is_not_empty);
    found!(run, |thing| thing.note.is_some(), note is_defined);
    found!(run, |thing| thing.note.is_none(), note is_not_defined);
    found!(run, |thing| thing.note.as_ref().is_some_and(|note| note != "a" && note != "NA"), note not in ["a", "NA"]);
    found!(run, |thing| thing.note.as_ref().is_some_and(|note| note == "a,b" || note == "b"), note in ["a,b", "b"]);
}

async fn integers(run: &Run) {
    found!(run, |thing| thing.whole == 3, whole == 3);
    found!(run, |thing| thing.whole != 3, whole != 3);
    found!(run, |thing| thing.whole < -1, whole < -1);
    found!(run, |thing| thing.whole > -1, whole > -1);
    found!(run, |thing| thing.whole <= 0x2A, whole <= 0x2A);
    found!(run, |thing| thing.whole == i64::MAX, whole >= 9_223_372_036_854_775_807);
    found!(run, |thing| thing.whole == i64::MIN, whole == -9223372036854775808);
    found!(run, |thing| [1, -7, 42].contains(&thing.whole), whole in [1, -7, 42]);
    found!(run, |thing| thing.part.is_some_and(|part| part != 3), part != 3);
    found!(run, |thing| thing.part.is_some_and(|part| part <= 3), part <= 3);
    found!(run, |thing| thing.part.is_some_and(|part| part > i64::MIN), part > -9223372036854775808);
    found!(run, |thing| thing.part.is_some_and(|part| ![3, 8].contains(&part)), part !in [3, 8]);
    found!(run, |thing| thing.part.is_none(), part is_not_defined);
    found!(run, |thing| thing.part.is_some(), part is_defined);
}

async fn numbers(run: &Run) {
    found!(run, |thing| thing.number == 1.5, number == 1.5);
    found!(run, |thing| thing.number != 1.5, number != 1.5);
    found!(run, |thing| thing.number < 0.0, number < 0);
    found!(run, |thing| thing.number > 1e299, number > 1e299);
    found!(run, |thing| thing.number <= -0.5, number <= -0.5);
    found!(run, |thing| thing.number >= 100.0, number >= 100);
    found!(run, |thing| [1.5, 8.0, -1e300].contains(&thing.number), number in [1.5, 8, -1e300]);
    found!(run, |thing| ![0.0, 2.0].contains(&thing.number), number !in [0, 2.0]);
    found!(run, |thing| thing.ratio.is_some_and(|ratio| ratio != 0.5), ratio != 0.5);
    found!(run, |thing| thing.ratio.is_some_and(|ratio| ratio > 1e-301), ratio > 1e-301);
    found!(run, |thing| thing.ratio.is_none(), ratio is_not_defined);
    found!(run, |thing| thing.ratio.is_some(), ratio is_defined);
    found!(run, |thing| thing.single.is_some_and(|single| single >= 1.25), single >= 1.25);
}

async fn datetimes(run: &Run) {
    let at = |text: &str| -> DateTime { text.parse().unwrap() };
    found!(run, |thing| thing.sold == at("2013-01-31T12:30:00"), sold == "2013-01-31T12:30:00");
    found!(run, |thing| thing.sold != at("2024-02-29T00:00:00"), sold != "2024-02-29");
    found!(run, |thing| thing.sold < at("1970-01-01T00:00:00"), sold < "1970-01-01");
    found!(run, |thing| thing.sold > at("2013-01-31T12:30:59.5"), sold > "2013-01-31 12:30:59.5");
    found!(run, |thing| thing.sold <= at("0001-01-01T00:00:00"), sold <= "0001-01-01");
    found!(run, |thing| thing.sold >= at("2013-04-01T08:00:00"), sold >= "2013-04-01T10:00:00+02:00");
    let days = ["2013-07-14T00:00:00", "2013-01-31T12:30:00"].map(at);
    found!(run, |thing| days.contains(&thing.sold), sold in ["2013-07-14", "2013-01-31T12:30"]);
    found!(run, |thing| !days.contains(&thing.sold), sold !in ["2013-07-14", "2013-01-31T12:30"]);
    found!(run, |thing| thing.seen.is_some_and(|seen| seen != at("2013-07-14T00:00:00")), seen != "2013-07-14");
    found!(
        run,
        |thing| thing.seen.is_some_and(|seen| seen >= at("2013-12-31T23:59:59")),
        seen >= "2013-12-31T23:59:59Z"
    );
    found!(run, |thing| thing.seen.is_none(), seen is_not_defined);
    found!(run, |thing| thing.seen.is_some(), seen is_defined);
}

async fn several(run: &Run) {
    found!(run, |thing| thing.number > 0.0 && thing.number < 8.0, number > 0, number < 8);
    found!(run, |thing| thing.text == "FR" && thing.part.is_none(), text == "FR" and part is_not_defined);
    found!(run, |thing| thing.whole == 3 && thing.text != "FR" && thing.seen.is_some(),
        whole == 3, text != "FR" and seen is_defined,);
    found!(run, |_thing| false, text == "FR", text == "US");
    found!(run, |thing| thing.limit == 0, r#limit == 0);
    found!(run, |thing| thing.r#in.as_deref() == Some("A"), r#in in ["A"]);
    found!(run, |thing| thing.r#type == "even" && thing.count == u32::MAX, r#type == "even", count == 4294967295);
    found!(run, |thing| thing.month < 0, month < 0);
    found!(run, |thing| thing.odd == "FR:1", odd == "FR:1");
}
