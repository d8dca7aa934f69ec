//! `rank` and `dense_rank`, held against plain loops over the same rows, in every clause of a query.

use serde_json::{Value, json};

use crate::measures::named;
use crate::support::Engine;

#[derive(Clone)]
struct Sale {
    id: i64,
    country: Option<&'static str>,
    price: Option<f64>,
}

/// Rows with equal prices, zeros of both signs, and NULLs in both columns.
fn sales() -> Vec<Sale> {
    let countries = [Some("FR"), Some("DE"), None, Some("Réunion"), Some("FR")];
    let prices = [Some(-1.5), Some(0.0), Some(-0.0), None, Some(7.25), Some(7.25), Some(100.0)];
    let sale = |id: usize| Sale {
        id: i64::try_from(id).unwrap(),
        country: countries[id * id % countries.len()],
        price: prices[id * 3 % 13 % prices.len()],
    };
    (0..60).map(sale).collect()
}

/// The places by the price, counted from what comes before each row.
fn places(is_dense: bool, is_descending: bool, is_grouped: bool) -> Vec<Option<usize>> {
    let sales = sales();
    let place = |sale: &Sale| {
        let price = sale.price?;
        let rivals = sales.iter().filter(|other| !is_grouped || other.country == sale.country);
        let before = |other: &f64| if is_descending { *other > price } else { *other < price };
        let mut before: Vec<f64> = rivals.filter_map(|other| other.price).filter(before).collect();
        if is_dense {
            before.sort_by(f64::total_cmp);
            before.dedup();
        }
        Some(before.len() + 1)
    };
    sales.iter().map(place).collect()
}

/// A source whose rows lie in a file and, the last of them, in the journal.
async fn loaded(engine: &Engine, measures: &[(&str, &str, &str)]) -> String {
    let uuid = engine.storage().await;
    let rows: Vec<Value> =
        sales().iter().map(|sale| json!({"id": sale.id, "country": sale.country, "price": sale.price})).collect();
    let (filed, pushed) = rows.split_at(50);
    engine.insert(&uuid, json!(filed)).await;
    for row in pushed {
        engine.push(&uuid, row.clone()).await;
    }
    engine.save_measures(&uuid, measures).await;
    uuid
}

#[tokio::test]
async fn places_are_those_of_plain_loops() {
    let engine = Engine::start().await;
    let cases = [
        ("rank([price])", places(false, false, false)),
        ("RANK([price], \"ASC\")", places(false, false, false)),
        ("rank([price], \"desc\")", places(false, true, false)),
        ("rank([price], \"asc\", [country])", places(false, false, true)),
        ("rank([price] * 2 + 1, \"desc\", [country], true)", places(false, true, true)),
        ("dense_rank([price])", places(true, false, false)),
        ("dense_rank([price], \"desc\")", places(true, true, false)),
        ("dense_rank([price], \"desc\", lower_case([country]))", places(true, true, true)),
    ];
    let names: Vec<String> = (0..cases.len()).map(|index| format!("m{index}")).collect();
    let measures: Vec<_> =
        names.iter().zip(&cases).map(|(name, (formula, _))| (name.as_str(), name.as_str(), *formula)).collect();
    let uuid = loaded(&engine, &measures).await;
    let select: Vec<Value> = names.iter().map(|name| named(name, name)).collect();
    let answer = engine.query(&uuid, json!({"select": select, "order_by": ["id"]})).await;
    assert_eq!(answer["columns_titles"][0], json!({"name": "m0", "type": "int"}));
    for (index, (formula, places)) in cases.iter().enumerate() {
        let given: Vec<Value> = answer["data"].as_array().unwrap().iter().map(|row| row[index].clone()).collect();
        assert_eq!(json!(given), json!(places), "{formula}");
    }
}

#[tokio::test]
async fn a_place_is_the_same_in_every_query() {
    let engine = Engine::start().await;
    let measures = [
        ("place", "place", "rank([price], \"desc\")"),
        ("best", "best", "[place] <= 8"),
        ("sum", "sum of the best", "sum_if([price], [best]) / count()"),
    ];
    let uuid = loaded(&engine, &measures).await;
    let places = places(false, true, false);
    let of = |sale: &Sale| places[usize::try_from(sale.id).unwrap()];
    let is_best = |sale: &Sale| of(sale).is_some_and(|place| place <= 8);

    let stage = json!({
        "select": ["id", named("place", "place")], "order_by": ["id"],
        "where": [{"name": "country", "op": "==", "value": "DE"}],
    });
    let expected: Vec<Value> =
        sales().iter().filter(|sale| sale.country == Some("DE")).map(|sale| json!([sale.id, of(sale)])).collect();
    assert_eq!(engine.rows(&uuid, stage).await, json!(expected), "beside a condition on something else");

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

    let best: f64 = sales().iter().filter(|sale| is_best(sale)).filter_map(|sale| sale.price).sum();
    let expected = json!([[best / sales().len() as f64]]);
    assert_eq!(engine.rows(&uuid, json!({"select": [named("sum of the best", "sum")]})).await, expected);
    let formula = "sum_if([price], rank([price], \"desc\") <= 8) / count()";
    assert_eq!(engine.rows(&uuid, json!({"select": [formula]})).await, expected, "in a value formula");
    assert_eq!(engine.rows(&uuid, json!({})).await.as_array().unwrap().len(), sales().len());
}

#[tokio::test]
async fn places_that_cannot_be_are_told() {
    let engine = Engine::start().await;
    let many: Vec<String> = (0..33).map(|index| format!("rank([price] + {index})")).collect();
    let many = many.join(" + ");
    let measures = [
        ("place", "place", "rank([price])"),
        ("nested", "nested", "rank([id] + [place])"),
        ("word", "word", "dense_rank([id], \"dsc\")"),
        ("many", "many", many.as_str()),
    ];
    let uuid = loaded(&engine, &measures).await;
    let cases = [
        (
            named("nested", "nested"),
            "at character 6, `rank` is a place among all rows and cannot depend on such a place",
        ),
        (
            named("word", "word"),
            "at character 18, this is no `direction` of `dense_rank(value, [direction], [group], ..)`",
        ),
        (named("many", "many"), "call `rank` and `dense_rank` in 33 ways, and may in 32"),
        (
            json!("1 + rank([price])"),
            "at character 5, `rank` has a value for each row, and a value formula is one number",
        ),
    ];
    for (item, expected) in cases {
        let refusal = engine.refusal(&uuid, json!({"select": [item]})).await;
        assert!(refusal.contains(expected), "{refusal}");
    }
}
