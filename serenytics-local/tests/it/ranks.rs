//! `rank` and `dense_rank` in every clause of a query, compared with plain loops over the same rows.

use serde_json::{Value, json};

use crate::measures::named;
use crate::support::{LocalEngine, TestServer};

/// The last rows are in the write-ahead log, the others in a file.
const ROWS: usize = 60;
const FILED: usize = 50;

const COUNTRIES: [Option<&str>; 5] = [Some("FR"), Some("de"), None, Some("Réunion"), Some("fr")];
/// Equal prices, zeros of both signs, and NULL.
const PRICES: [Option<f64>; 7] = [Some(-1.5), Some(0.0), Some(-0.0), None, Some(7.25), Some(7.25), Some(100.0)];

#[derive(Clone)]
struct Sale {
    id: i64,
    country: Option<&'static str>,
    price: Option<f64>,
    /// Names that look like expressions of DataFusion.
    trap: &'static str,
}

fn sales() -> Vec<Sale> {
    let sale = |id: usize| Sale {
        id: i64::try_from(id).unwrap(),
        country: COUNTRIES[id % COUNTRIES.len()],
        price: PRICES[id * 3 % 13 % PRICES.len()],
        trap: ["u", "v"][id % 2],
    };
    (0..ROWS).map(sale).collect()
}

fn lower(country: Option<&str>) -> Option<String> {
    country.map(str::to_lowercase)
}

/// Returns the ranks by price among the rows that are `alike`, by counting the rows before each row.
fn places(is_dense: bool, is_descending: bool, alike: impl Fn(&Sale, &Sale) -> bool) -> Vec<Option<usize>> {
    let sales = sales();
    let place = |sale: &Sale| {
        let price = sale.price?;
        let before = |other: &f64| if is_descending { *other > price } else { *other < price };
        let others = sales.iter().filter(|other| alike(other, sale)).filter_map(|other| other.price);
        let mut before: Vec<f64> = others.filter(before).collect();
        if is_dense {
            before.sort_by(f64::total_cmp);
            before.dedup();
        }
        Some(before.len() + 1)
    };
    sales.iter().map(place).collect()
}

async fn loaded(engine: &LocalEngine, measures: &[(&str, &str, &str)]) -> String {
    let uuid = engine.storage().await;
    let row =
        |sale: &Sale| json!({"id": sale.id, "country": sale.country, "price": sale.price, "lower(country)": sale.trap});
    let rows: Vec<Value> = sales().iter().map(row).collect();
    engine.insert(&uuid, json!(rows[..FILED])).await;
    for row in &rows[FILED..] {
        engine.push(&uuid, row.clone()).await;
    }
    engine.save_measures(&uuid, measures).await;
    uuid
}

#[tokio::test]
async fn rank_matches_a_plain_loop_under_any_condition() {
    let engine = LocalEngine::start().await;
    let all = |_: &Sale, _: &Sale| true;
    let country = |one: &Sale, other: &Sale| one.country == other.country;
    let lowered = |one: &Sale, other: &Sale| lower(one.country) == lower(other.country);
    let cases = [
        ("rank([price])", places(false, false, all)),
        ("RANK([price], \"ASC\")", places(false, false, all)),
        ("rank([price], \"desc\")", places(false, true, all)),
        ("rank([price], \"asc\", [country])", places(false, false, country)),
        ("rank([price] * 2 + 1, \"desc\", [country], true)", places(false, true, country)),
        ("dense_rank([price])", places(true, false, all)),
        ("dense_rank([price], \"desc\", lower_case([country]))", places(true, true, lowered)),
        ("rank([price], \"desc\", lower_case([country]))", places(false, true, lowered)),
    ];
    assert_ne!(cases[3].1, cases[0].1);
    assert_ne!(cases[7].1, places(false, true, country), "groups that differ when they are computed");
    let names: Vec<String> = (0..cases.len()).map(|index| format!("m{index}")).collect();
    let measures: Vec<_> =
        names.iter().zip(&cases).map(|(name, (formula, _))| (name.as_str(), name.as_str(), *formula)).collect();
    let uuid = loaded(&engine, &measures).await;
    type Met = fn(&Sale) -> bool;
    let conditions: [(Value, Met); 5] = [
        (json!([]), |_| true),
        (json!([{"name": "country", "op": "==", "value": "fr"}]), |sale| sale.country == Some("fr")),
        (json!([{"name": "country", "op": "is_not_defined"}]), |sale| sale.country.is_none()),
        (json!([{"name": "lower(country)", "op": "==", "value": "u"}]), |sale| sale.trap == "u"),
        (json!([{"name": "price", "op": ">", "value": 0}]), |sale| sale.price > Some(0.0)),
    ];
    for (condition, is_met) in conditions {
        for (index, (formula, places)) in cases.iter().enumerate() {
            let select = json!(["id", named(&names[index], &names[index])]);
            let stage = json!({"select": select, "where": condition, "order_by": ["id"]});
            let met = sales().into_iter().filter(is_met).map(|sale| sale.id);
            let expected: Vec<Value> = met.map(|id| json!([id, places[usize::try_from(id).unwrap()]])).collect();
            assert!(expected.len() > 5, "{condition}");
            assert_eq!(engine.rows(&uuid, stage).await, json!(expected), "{formula} where {condition}");
        }
    }
    let together: Vec<Value> = names.iter().map(|name| named(name, name)).collect();
    let answer = engine.query(&uuid, json!({"select": together, "order_by": ["id"]})).await;
    assert_eq!(answer["columns_titles"][0], json!({"name": "m0", "type": "int"}));
    let expected: Vec<Value> =
        (0..ROWS).map(|row| cases.iter().map(|(_, places)| json!(places[row])).collect()).collect();
    assert_eq!(answer["data"], json!(expected), "all in one query");
}

#[tokio::test]
async fn rank_is_the_same_in_every_clause() {
    let engine = LocalEngine::start().await;
    let measures = [
        ("place", "place", "rank([price], \"desc\")"),
        ("best", "best", "[place] <= 8"),
        ("sum", "sum of the best", "sum_if([price], [best]) / count()"),
    ];
    let uuid = loaded(&engine, &measures).await;
    let places = places(false, true, |_, _| true);
    let of = |sale: &Sale| places[usize::try_from(sale.id).unwrap()];
    let is_best = |sale: &Sale| of(sale).is_some_and(|place| place <= 8);

    let stage = json!({
        "select": ["id"], "order_by": ["id"],
        "where": [{"name": "place", "measureUuid": "place", "op": "<=", "value": 8}],
    });
    let expected: Vec<Value> = sales().iter().filter(|sale| is_best(sale)).map(|sale| json!([sale.id])).collect();
    assert_eq!(engine.rows(&uuid, stage).await, json!(expected), "in a condition");

    let stage = json!({
        "group_by": [named("best", "best")], "select": [{"name": "$$count$$", "agg_function": "sum"}],
        "order_by": [named("best", "best")],
    });
    let count = |best| sales().iter().filter(|sale| of(sale).is_some() && is_best(sale) == best).count();
    let nulls = sales().iter().filter(|sale| of(sale).is_none()).count();
    assert_eq!(engine.rows(&uuid, stage).await, json!([[0, count(false)], [1, count(true)], [null, nulls]]));

    let largest = json!({"name": "place", "measureUuid": "place", "agg_function": "max"});
    let expected = json!([[places.iter().flatten().max()]]);
    assert_eq!(engine.rows(&uuid, json!({"select": [largest]})).await, expected, "in an aggregate");

    let ordered = json!({"select": ["id"], "order_by": [named("place", "place"), "id"], "limit": 5});
    let mut sorted: Vec<Sale> = sales().into_iter().filter(|sale| of(sale).is_some()).collect();
    sorted.sort_by_key(|sale| (of(sale), sale.id));
    let expected: Vec<Value> = sorted[..5].iter().map(|sale| json!([sale.id])).collect();
    assert_eq!(engine.rows(&uuid, ordered).await, json!(expected), "in an order");

    let limited = engine.rows(&uuid, json!({"select": ["id", named("place", "place")], "limit": 5})).await;
    let limited = limited.as_array().unwrap();
    assert_eq!(limited.len(), 5);
    for row in limited {
        let id = usize::try_from(row[0].as_u64().unwrap()).unwrap();
        assert_eq!(row[1], json!(places[id]), "below a limit");
    }

    let best: f64 = sales().iter().filter(|sale| is_best(sale)).filter_map(|sale| sale.price).sum();
    let expected = json!([[best / ROWS as f64]]);
    assert_eq!(engine.rows(&uuid, json!({"select": [named("sum of the best", "sum")]})).await, expected);
    let formula = "sum_if([price], rank([price], \"desc\") <= 8) / count()";
    assert_eq!(engine.rows(&uuid, json!({"select": [formula]})).await, expected, "in a value formula");
    assert_eq!(engine.rows(&uuid, json!({})).await.as_array().unwrap().len(), ROWS);
}

#[tokio::test]
async fn rank_over_a_join() {
    let engine = LocalEngine::start().await;
    let sold = loaded(&engine, &[]).await;
    let regions = engine.storage().await;
    engine
        .insert(&regions, json!([{"code": "FR", "area": 1}, {"code": "de", "area": 2}, {"code": "fr", "area": 1}]))
        .await;
    let on = json!([{"left": format!("{sold}.country"), "right": "code"}]);
    let joined = json!({"name": "joined", "type": "InnerJoin", "jsonContent": {"joinConfig": [
        {"uuid": sold, "prefix": "s"}, {"uuid": regions, "prefix": "r", "on": on},
    ]}});
    let (status, join) = engine.call("POST", "/api/data_source", joined.to_string()).await;
    assert_eq!(status, 201, "{join}");
    let join = join["uuid"].as_str().unwrap();
    let formula = format!("rank([{sold}.price], \"desc\", [{regions}.area])");
    engine.save_measures(join, &[("place", "place", formula.as_str())]).await;
    let stage = json!({"select": [format!("{sold}.id"), named("place", "place")], "order_by": [format!("{sold}.id")]});
    let area = |sale: &Sale| ["FR", "fr"].contains(&sale.country.unwrap_or_default());
    let is_in = |sale: &Sale| area(sale) || sale.country == Some("de");
    let places = places(false, true, |one, other| is_in(one) && area(one) == area(other));
    let expected: Vec<Value> = sales()
        .iter()
        .zip(places)
        .filter(|(sale, _)| is_in(sale))
        .map(|(sale, place)| json!([sale.id, place]))
        .collect();
    assert_eq!(engine.rows(join, stage).await, json!(expected));
}

/// Different formulas that DataFusion prints in the same way must stay different.
#[tokio::test]
async fn rank_of_formulas_that_differ_only_in_parentheses() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let rows: Vec<Value> = (0..6).map(|a| json!({"a": a, "b": a * 7 % 5, "c": a * 3 % 4, "a + b": -a})).collect();
    engine.insert(&uuid, json!(rows)).await;
    let cases = [
        ("rank([a] - ([b] + [c]))", json!([3, 1, 1, 4, 4, 6])),
        ("rank([a] - [b] + [c])", json!([1, 4, 1, 5, 3, 6])),
        ("rank([a + b])", json!([6, 5, 4, 3, 2, 1])),
        ("rank([a] + [b])", json!([1, 2, 5, 3, 6, 4])),
    ];
    let measures: Vec<_> = cases.iter().map(|(formula, _)| (*formula, *formula, *formula)).collect();
    engine.save_measures(&uuid, &measures).await;
    let select: Vec<Value> = cases.iter().map(|(formula, _)| named(formula, formula)).collect();
    let together = engine.rows(&uuid, json!({"select": select, "order_by": ["a"]})).await;
    for (index, (formula, places)) in cases.iter().enumerate() {
        let given: Vec<&Value> = together.as_array().unwrap().iter().map(|row| &row[index]).collect();
        assert_eq!(json!(given), *places, "{formula}");
    }
}

#[tokio::test]
async fn rank_with_mistakes_is_rejected() {
    let engine = LocalEngine::start().await;
    let many =
        |count: usize| (0..count).map(|index| format!("rank([price] + {index})")).collect::<Vec<_>>().join(" + ");
    // Ranks with the same order are sorted once and count once.
    let (most, more) = (format!("{0} + {0} - dense_{0}", many(8)), many(9));
    let grouped = format!("rank([price], \"asc\"{})", ", [id]".repeat(9));
    let measures = [
        ("place", "place", "rank([price])"),
        ("nested", "nested", "rank([id] + [place])"),
        ("word", "word", "dense_rank([id], \"dsc\")"),
        ("grouped", "grouped", grouped.as_str()),
        ("total", "total", "rank(sum([price]))"),
        ("most", "most", most.as_str()),
        ("more", "more", more.as_str()),
    ];
    let uuid = loaded(&engine, &measures).await;
    let cases = [
        (named("nested", "nested"), "at character 6, `rank` compares all rows and cannot depend on another rank"),
        (
            named("word", "word"),
            "at character 18, unknown `direction` of `dense_rank(value, [direction], [group], ..)`",
        ),
        (
            named("more", "more"),
            "need 9 different orders or groups for `rank` and `dense_rank`, but may need at most 8",
        ),
        (named("grouped", "grouped"), "has 9 groups; the limit is 8"),
        (named("total", "total"), "at character 1, `rank` compares all rows and cannot depend on an aggregate"),
        (
            json!("1 + rank([price])"),
            "at character 5, `rank` has a value for each row, but a value formula is one number",
        ),
    ];
    for (item, expected) in cases {
        let rejection = engine.rejection(&uuid, json!({"select": [item]})).await;
        assert!(rejection.contains(expected), "{rejection}");
    }
    let most = engine.rows(&uuid, json!({"select": [named("most", "most")]})).await;
    assert_eq!(most.as_array().unwrap().len(), ROWS);
}

#[tokio::test]
async fn rank_at_the_limit_per_query_uses_little_memory() {
    let server = TestServer::start(|server| server.api_key("key").query_memory(128 << 20)).await;
    let rows: Vec<Value> = (0..20_000).map(|id| json!({"id": id, "k": id * 7919 % 1000})).collect();
    let uuid = server.storage("key", json!(rows)).await;
    let ranks: Vec<String> = (1..9).map(|factor| format!("rank([k] * {factor}, \"desc\", [id] % {factor})")).collect();
    let formula = format!("max({})", ranks.join(" + "));
    let body = json!({"order": "row_by_row", "data_processing_pipeline": [{"select": [{"name": formula}]}]});
    let (path, body) = (format!("/api/formatted_data/{uuid}"), body.to_string());
    let ask = || server.call("key", "POST", &path, &body);
    for (status, answer) in <[_; 4]>::from(tokio::join!(ask(), ask(), ask(), ask())) {
        assert_eq!(status, 200, "{answer}");
        assert!(answer["data"][0][0].as_i64().unwrap() > 8, "{answer}");
    }
}
