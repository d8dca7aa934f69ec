//! Joins: rows of several storages as one source.

use serde_json::{Value, json};

use crate::support::{LocalEngine, empty};

/// Orders: customer, product, quantity.
type Order = (Option<&'static str>, Option<i64>, Option<i64>);
const ORDERS: [Order; 7] = [
    (Some("ann"), Some(1), Some(3)),
    (Some("ann"), Some(2), Some(1)),
    (Some("bob"), Some(1), None),
    (Some("o'neil"), Some(3), Some(4)),
    (Some(""), Some(2), Some(5)),
    (None, Some(1), Some(6)),
    (Some("zoe"), None, Some(7)),
];
/// Customers: name and country. One name is repeated, one is missing.
const CUSTOMERS: [(Option<&str>, Option<&str>); 6] = [
    (Some("ann"), Some("FR")),
    (Some("bob"), Some("US")),
    (Some("bob"), Some("UK")),
    (Some("o'neil"), None),
    (Some(""), Some("")),
    (None, Some("??")),
];
/// Products: id, price.
const PRODUCTS: [(f64, f64); 3] = [(1.0, 2.5), (2.0, 0.0), (4.0, 9.0)];

struct Shop {
    engine: LocalEngine,
    orders: String,
    customers: String,
    products: String,
}

impl Shop {
    async fn start() -> Shop {
        let engine = LocalEngine::start().await;
        let (orders, customers, products) = (engine.storage().await, engine.storage().await, engine.storage().await);
        engine.insert(&orders, ORDERS.map(|(c, p, q)| json!({"who": c, "product": p, "quantity": q})).into()).await;
        engine.insert(&customers, CUSTOMERS.map(|(n, c)| json!({"name": n, "country": c})).into()).await;
        engine.insert(&products, PRODUCTS.map(|(id, price)| json!({"id": id, "price": price})).into()).await;
        Shop { engine, orders, customers, products }
    }

    async fn create(&self, config: Value) -> (u16, Value) {
        let body = json!({"name": "joined", "type": "InnerJoin", "jsonContent": {"joinConfig": config}});
        self.engine.call("POST", "/api/data_source", body.to_string()).await
    }

    /// Creates an invalid join and returns the error.
    async fn rejection(&self, config: Value) -> String {
        let (status, answer) = self.create(config.clone()).await;
        assert_eq!((status, &answer["status"]), (400, &json!("error")), "{config}: {answer}");
        answer["errors"][0].as_str().unwrap().to_owned()
    }

    fn two(&self) -> Value {
        json!([
            {"uuid": self.orders, "prefix": "o"},
            {"uuid": self.customers, "prefix": "c", "on": [{"left": format!("{}.who", self.orders), "right": "name"}]},
        ])
    }

    fn three(&self) -> Value {
        let mut config = self.two();
        let on = json!([{"left": format!("{}.product", self.orders), "right": "id"}]);
        config.as_array_mut().unwrap().push(json!({"uuid": self.products, "prefix": "p", "on": on}));
        config
    }

    async fn joined(&self, config: Value) -> String {
        let (status, source) = self.create(config).await;
        assert_eq!(status, 201, "{source}");
        source["uuid"].as_str().unwrap().to_owned()
    }

    /// The name of a column in the join.
    fn order(&self, column: &str) -> String {
        format!("{}.{column}", self.orders)
    }

    fn customer(&self, column: &str) -> String {
        format!("{}.{column}", self.customers)
    }

    fn product(&self, column: &str) -> String {
        format!("{}.{column}", self.products)
    }
}

/// The pairs of orders and customers whose names are equal, computed row by row.
fn pairs() -> Vec<(Order, Option<&'static str>)> {
    let pair = |order: Order| {
        CUSTOMERS.into_iter().filter(move |(name, _)| name.is_some() && *name == order.0).map(move |(_, c)| (order, c))
    };
    ORDERS.into_iter().flat_map(pair).collect()
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

fn list(rows: Value) -> Vec<Value> {
    sorted(rows.as_array().unwrap().clone())
}

#[tokio::test]
async fn join_matches_equal_keys_and_never_null() {
    let shop = Shop::start().await;
    let join = shop.joined(shop.two()).await;
    let expected: Vec<_> = pairs().iter().map(|((who, p, q), country)| json!([who, p, q, country, who])).collect();
    assert_eq!(expected.len(), 6);
    let titles = [
        (shop.order("product"), "int"),
        (shop.order("quantity"), "int"),
        (shop.order("who"), "str"),
        (shop.customer("country"), "str"),
        (shop.customer("name"), "str"),
    ];
    let titles: Vec<_> = titles.map(|(name, column_type)| format!("{name} {column_type}")).into();
    assert_eq!(shop.engine.columns(&join).await, titles);
    let answer = shop.engine.query(&join, json!({})).await;
    assert_eq!(answer["columns_titles"][0], json!({"name": shop.order("product"), "type": "int"}));
    let select = [
        shop.order("who"),
        shop.order("product"),
        shop.order("quantity"),
        shop.customer("country"),
        shop.customer("name"),
    ];
    assert_eq!(list(shop.engine.rows(&join, json!({"select": select})).await), sorted(expected));
    let count = json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]});
    assert_eq!(shop.engine.rows(&join, count).await, json!([[6]]));
}

#[tokio::test]
async fn join_columns_of_both_sides_work_in_every_clause() {
    let shop = Shop::start().await;
    let join = shop.joined(shop.two()).await;
    let stage = json!({
        "where": [
            {"name": shop.order("quantity"), "op": "is_defined"},
            {"name": shop.customer("country"), "op": "in", "value": "[\"FR\", \"\"]"},
        ],
        "group_by": [shop.customer("country")],
        "select": [{"name": shop.order("quantity"), "agg_function": "sum"}, {"name": shop.order("product"), "agg_function": "dcount"}],
        "order_by": [{"name": shop.order("quantity"), "agg_function": "sum", "direction": "desc"}],
    });
    let answer = shop.engine.query(&join, stage).await;
    assert_eq!(answer["data"], json!([["", 5, 1], ["FR", 4, 2]]));
    assert_eq!(answer["columns_titles"][1]["name"], json!(format!("sum({})", shop.order("quantity"))));
    let ordered = json!({
        "select": [shop.customer("country")],
        "order_by": [shop.order("quantity"), shop.customer("country")],
        "limit": 3,
    });
    assert_eq!(shop.engine.rows(&join, ordered).await, json!([["FR"], ["FR"], [null]]));
    let none = json!([{"name": shop.customer("name"), "op": "==", "value": "amy"}]);
    assert_eq!(shop.engine.rows(&join, json!({"where": none})).await, json!([]));
    let dcount = json!({"select": [{"name": shop.order("who"), "agg_function": "dcount"}], "where": none});
    assert_eq!(shop.engine.rows(&join, dcount).await, json!([[0]]));
    let error = shop.engine.rejection(&join, json!({"select": ["o.who"]})).await;
    assert!(error.contains("no column `o.who` in `joined`"), "{error}");
    let error = shop.engine.rejection(&join, json!({"select": [shop.order("whom")]})).await;
    assert!(error.contains(&format!("did you mean `{}`?", shop.order("who"))), "{error}");
}

#[tokio::test]
async fn join_of_three_storages_with_measures_and_value_formulas() {
    let shop = Shop::start().await;
    let join = shop.joined(shop.three()).await;
    let total = format!("[{}] * [{}]", shop.order("quantity"), shop.product("price"));
    shop.engine.save_measures(&join, &[("u", "total", &total), ("v", "twice", "2 * [total]")]).await;
    let mut expected = Vec::new();
    for ((who, product, quantity), country) in pairs() {
        for (_, price) in PRODUCTS.into_iter().filter(|(id, _)| product.is_some_and(|product| product as f64 == *id)) {
            expected.push(json!([who, country, quantity.map(|quantity| 2.0 * quantity as f64 * price)]));
        }
    }
    assert_eq!(expected.len(), 5, "an integer key meets a float that is the same number");
    let twice = json!({"name": "twice", "measureUuid": "v"});
    let stage = json!({"select": [shop.order("who"), shop.customer("country"), twice]});
    assert_eq!(list(shop.engine.rows(&join, stage).await), sorted(expected.clone()));
    let sum: f64 = expected.iter().filter_map(|row| row[2].as_f64()).sum();
    let stage = json!({"select": ["sum([twice]) / count()"]});
    assert_eq!(shop.engine.rows(&join, stage).await, json!([[sum / 5.0]]));
    let formula = format!("sum([{}]) + 0", shop.order("quantity"));
    assert_eq!(shop.engine.rows(&join, json!({"select": [formula]})).await, json!([[9]]));
    assert_eq!(shop.engine.columns(&join).await.len(), 7, "measures are not listed");
}

#[tokio::test]
async fn join_by_several_keys_of_every_type() {
    let shop = Shop::start().await;
    let engine = &shop.engine;
    let (left, right) = (engine.storage().await, engine.storage().await);
    let rows = json!([
        {"a.b": "x", "n": 1, "z": 0.0, "t": "2013-01-01T00:00:00", "left": 1},
        {"a.b": "x", "n": 1, "z": -0.0, "t": "2013-01-01T00:00:00", "left": 2},
        {"a.b": "x", "n": 2, "z": 0.0, "t": "2013-01-01T00:00:00", "left": 3},
        {"a.b": "y\"]", "n": 2, "z": 1.5, "t": "2013-01-02T00:00:00", "left": 4},
    ]);
    engine.insert(&left, rows).await;
    let rows = json!([
        {"s [q]": "x", "n": 1, "z": 0.0, "t": "2013-01-01", "right": 10},
        {"s [q]": "x", "n": 1, "z": 0.0, "t": "2013-01-02", "right": 20},
        {"s [q]": "y\"]", "n": 2, "z": 1.5, "t": "2013-01-02", "right": 30},
    ]);
    engine.insert(&right, rows).await;
    let on: Vec<_> = [("a.b", "s [q]"), ("n", "n"), ("z", "z"), ("t", "t")]
        .iter()
        .map(|(from, to)| json!({"left": format!("{left}.{from}"), "right": to}))
        .collect();
    let upper = left.to_uppercase();
    let join = shop.joined(json!([{"uuid": upper, "prefix": "l"}, {"uuid": right, "prefix": "r", "on": on}])).await;
    let stage = json!({
        "select": [format!("{left}.left"), format!("{right}.right"), format!("{right}.s [q]")],
        "order_by": [format!("{left}.left")],
    });
    assert_eq!(engine.rows(&join, stage).await, json!([[1, 10, "x"], [2, 10, "x"], [4, 30, "y\"]"]]));
}

#[tokio::test]
async fn join_is_listed_saved_and_deleted_like_other_sources() {
    let shop = Shop::start().await;
    let (status, made) = shop.create(shop.two()).await;
    assert_eq!((status, &made["type"]), (201, &json!("InnerJoin")));
    assert_eq!(made["jsonContent"]["joinConfig"], shop.two());
    let join = made["uuid"].as_str().unwrap();
    let path = format!("/api/data_source/{join}");
    assert_eq!(shop.engine.call("GET", &path, "").await, (200, made.clone()));
    let (_, all) = shop.engine.call("GET", "/api/data_source", "").await;
    assert_eq!((&all["num_results"], &all["objects"][3]), (&json!(4), &made));
    let body = json!({"jsonContent": {"joinConfig": shop.three()}}).to_string();
    assert_eq!(shop.engine.call("PUT", &path, body).await.0, 200);
    assert_eq!(shop.engine.columns(join).await.len(), 7);
    let error = shop.engine.call("PUT", &path, json!({"type": "Storage"}).to_string()).await;
    assert_eq!(error.0, 400);
    for (config, expected) in [
        (
            json!([{"uuid": join}, {"uuid": shop.orders, "on": [{"left": format!("{join}.x"), "right": "who"}]}]),
            "cannot join itself",
        ),
        (json!(null), "needs `jsonContent.joinConfig`"),
    ] {
        let body = json!({"jsonContent": {"joinConfig": config}}).to_string();
        let (status, answer) = shop.engine.call("PUT", &path, body).await;
        assert_eq!(status, 400);
        assert!(answer["errors"][0].as_str().unwrap().contains(expected), "{answer}");
    }
    assert_eq!(shop.engine.columns(join).await.len(), 7, "a rejected join is not saved");

    for (method, what, body) in [
        ("POST", "/batch", r#"{"operations": [{"action": "insert", "rows": [{"a": 1}]}]}"#),
        ("POST", "/file", "a\n1\n"),
        ("POST", "/reload_from_file", "{}"),
        ("POST", &format!("/push/{}", made["token"].as_str().unwrap()), r#"{"a": 1}"#),
    ] {
        let (status, answer) = shop.engine.call(method, &format!("{path}{what}"), body).await;
        assert_eq!(status, 400, "{what}: {answer}");
        assert!(
            answer["errors"][0].as_str().unwrap().contains("is a join and cannot contain rows"),
            "{what}: {answer}"
        );
    }
    assert_eq!(shop.engine.call("POST", &format!("{path}/push/wrong"), r#"{"a": 1}"#).await.0, 401);
    assert_eq!(shop.engine.call("POST", &format!("{path}/invalidate_cache"), "").await.0, 200);
    assert_eq!(shop.engine.call("DELETE", &path, "").await, (204, Value::Null));
    assert_eq!(shop.engine.call("GET", &path, "").await.0, 404);
    assert_eq!(shop.engine.columns(&shop.orders).await.len(), 3, "the storages stay");
}

#[tokio::test]
async fn join_with_mistakes_is_rejected() {
    let shop = Shop::start().await;
    let (orders, customers) = (&shop.orders, &shop.customers);
    let unknown = "00000000-0000-4000-8000-000000000000";
    let join = shop.joined(shop.two()).await;
    let with = |uuid: &str, left: &str, right: &str| json!([{"uuid": orders, "prefix": "o"}, {"uuid": uuid, "prefix": "x", "on": [{"left": left, "right": right}]}]);
    let who = shop.order("who");
    let cases = [
        (json!("x"), "needs `jsonContent.joinConfig` as"),
        (json!([1]), "needs `jsonContent.joinConfig` as"),
        (json!([]), "expected 2 to 16 storages in `joinConfig`, found 0"),
        (json!([{"uuid": orders}]), "in `joinConfig`, found 1"),
        (vec![json!({"uuid": orders}); 20].into(), "in `joinConfig`, found 20"),
        (json!([{"uuid": orders}, {"uuid": customers}]), "every source of `joinConfig` except the first needs `on`"),
        (
            json!([{"uuid": orders, "on": [{"left": who, "right": "x"}]}, {"uuid": customers}]),
            "except the first needs `on`",
        ),
        (json!([{"uuid": orders}, {"uuid": customers, "on": [{"left": who}]}]), "missing field `right`"),
        (with("nope", &who, "name"), "invalid uuid \"nope\" in `joinConfig`"),
        (with(unknown, &who, "name"), &format!("joins the source {unknown}, which does not exist")),
        (with(&join, &who, "name"), "which is not a storage"),
        (with(orders, &who, "who"), "twice"),
        (with(customers, "who", "name"), "\"who\": expected a column as \"<uuid>.<column>\""),
        (with(customers, &shop.product("id"), "name"), "no earlier source in `joinConfig`"),
        (with(customers, &shop.customer("name"), "name"), "no earlier source in `joinConfig`"),
        (with(customers, &shop.order("whom"), "name"), "is not a column of the joined storage; did you mean `who`?"),
        (with(customers, &who, "nmae"), "did you mean `name`?"),
        (with(customers, &shop.order("quantity"), "name"), "(an integer) and"),
        (with(&shop.products, &who, "id"), "(a number) are never equal"),
    ];
    for (config, expected) in cases {
        let error = shop.rejection(config.clone()).await;
        assert!(error.contains(expected), "{config}: {error}");
    }
    assert_eq!(shop.engine.call("GET", "/api/data_source", "").await.1["num_results"], 4, "no join was created");
}

#[tokio::test]
async fn join_follows_changes_of_its_storages() {
    let shop = Shop::start().await;
    let engine = &shop.engine;
    let new = engine.storage().await;
    let on = json!([{"left": shop.order("who"), "right": "name"}]);
    let join = shop.joined(json!([{"uuid": shop.orders}, {"uuid": new, "on": on}])).await;
    assert_eq!(engine.ask(&join, json!({"only_headers": true})).await, empty());
    assert_eq!(engine.ask(&join, json!({"data_processing_pipeline": [{"select": ["x"]}]})).await, empty());
    engine.load(&new, "name\nann\n").await.unwrap();
    let count = json!({"select": [{"name": "$$count$$", "agg_function": "sum"}]});
    assert_eq!(engine.rows(&join, count.clone()).await, json!([[2]]));
    engine.load(&new, "name\n1\n").await.unwrap();
    let error = engine.rejection(&join, count.clone()).await;
    assert!(error.contains("(an integer) are never equal"), "{error}");
    engine.load(&new, "other\nann\n").await.unwrap();
    let error = engine.rejection(&join, count.clone()).await;
    assert!(
        error.contains(&format!("the key `{new}.name` is not a column of the joined storage; it has `other`")),
        "{error}"
    );
    assert_eq!(engine.call("DELETE", &format!("/api/data_source/{new}"), "").await.0, 204);
    let error = engine.rejection(&join, count).await;
    assert!(error.contains(&format!("the join `joined` joins the source {new}, which does not exist")), "{error}");
    let body = json!({"name": "renamed"}).to_string();
    assert_eq!(engine.call("PUT", &format!("/api/data_source/{join}"), body).await.0, 200);
    assert!(!engine.folder.path().join("storages").join(&new).exists());
    let Shop { engine, orders, .. } = shop;
    let engine = engine.restart().await;
    assert_eq!(engine.call("GET", &format!("/api/data_source/{join}"), "").await.1["name"], "renamed");
    assert_eq!(engine.columns(&orders).await.len(), 3);
}

#[tokio::test]
async fn join_sum_overflow_is_an_error() {
    let shop = Shop::start().await;
    let engine = &shop.engine;
    let (left, right) = (engine.storage().await, engine.storage().await);
    engine.insert(&left, json!([{"k": 1, "n": i64::MAX / 2}])).await;
    engine.insert(&right, json!([{"k": 1}, {"k": 1}, {"k": 1}])).await;
    let on = json!([{"left": format!("{left}.k"), "right": "k"}]);
    let join = shop.joined(json!([{"uuid": left}, {"uuid": right, "on": on}])).await;
    let n = format!("{left}.n");
    let error = engine.rejection(&join, json!({"select": [{"name": n, "agg_function": "sum"}]})).await;
    assert!(error.contains("a sum is 13835058055282163709"), "{error}");
    assert_eq!(
        engine.rows(&join, json!({"select": [format!("sum([{n}]) / 3")]})).await,
        json!([[(i64::MAX / 2) as f64]])
    );
}
