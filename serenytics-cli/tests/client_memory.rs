//! Memory of the client while it loads, streams and exports a million rows. The server is another process, and this
//! test program has no other test.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serenytics::prelude::*;
use serenytics::{ExportFormat, RowStream};
use support::{Serving, memory};

/// Number of rows.
const ROWS: i64 = 1_000_000;
/// Memory that the client may use in addition at any time. The rows are larger.
const ALLOWED: usize = 32 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Source, Row)]
#[source(name = "orders")]
struct Order {
    id: i64,
    customer: String,
    country: String,
    revenue: f64,
    invoice: Option<i64>,
    date: DateTime,
}

fn order(id: i64) -> Order {
    let part = |size: i64, of: i64| i8::try_from(id / size % of).unwrap();
    let date = DateTime::new(2024, part(86_400, 12) + 1, 17, part(3600, 24), part(60, 60), part(1, 60), 0);
    Order {
        id,
        customer: format!("the customer {id}, whose name is long enough to make the answer a large one"),
        country: ["FR", "DE", "Réunion"][usize::try_from(id % 3).unwrap()].to_owned(),
        revenue: id as f64 * 0.25 - 1000.0,
        invoice: (id % 7 > 0).then_some(id * 3),
        date: date.unwrap(),
    }
}

/// Reads the rows one by one and checks that each arrives once and unchanged, and that together they exceed the limit.
async fn check_rows(mut rows: RowStream<Order>) {
    let (mut count, mut ids, mut text) = (0, 0, 0);
    while let Some(row) = rows.try_next().await.unwrap() {
        assert_eq!(row, order(row.id));
        count += 1;
        ids += row.id;
        text += row.customer.len();
    }
    assert_eq!((count, ids), (ROWS, ROWS * (ROWS - 1) / 2));
    assert!(text > 2 * ALLOWED, "the test proves nothing: the rows have only {text} bytes of text");
}

#[tokio::test]
async fn load_stream_and_export_of_a_million_rows_use_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--api-key", "key"]);
    let client = Client::builder().url(&serving.url).api_key("key").build().unwrap();
    let orders = client.get_or_create_storage("orders").await.unwrap();
    let query = query! { from Order select id, customer, country, revenue, invoice, date into Order };
    let process = std::process::id();
    let peak_of = |doing: &str, before: usize| {
        let used = memory(process, "VmHWM").saturating_sub(before);
        assert!(used < ALLOWED, "{used} bytes of memory while {doing}");
    };
    let before = memory(process, "VmRSS");

    orders.reload((0..ROWS).map(order)).send().await.unwrap();
    peak_of("a million rows were loaded", before);

    check_rows(client.stream(&query).await.unwrap()).await;
    peak_of("a million rows were streamed", before);

    check_rows(orders.export().format(ExportFormat::Csv).rows::<Order, Order>().await.unwrap()).await;
    peak_of("a million rows were exported", before);

    let countries = query! {
        from Order where id >= 10, invoice is_defined
        group_by country
        select count(), sum(id) as ids, dcount(customer) as customers
        order_by country
    };
    let found = client.fetch(&countries).await.unwrap();
    let found = found.into_iter().map(|row| (row.country, row.count, row.ids, row.customers));
    let expected = [1, 0, 2].map(|country| {
        let ids = (10..ROWS).filter(|id| id % 3 == country && id % 7 > 0);
        let count = ids.clone().count() as i64;
        (order(country).country, count, ids.sum::<i64>(), count)
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!(orders.row_count().await.unwrap(), ROWS as u64);
    serving.stop("TERM");
}
