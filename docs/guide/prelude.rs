// Shared by the code blocks of the guide: the source `sales`, its five rows, and an engine that contains them.

pub use serenytics::prelude::*;

pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The source that the chapters query.
#[derive(Debug, Clone, PartialEq, Source, Row)]
#[source(name = "sales")]
pub struct Sales {
    pub country: String,
    pub revenue: f64,
    pub invoice: Option<i64>,
    #[column(name = "order date")]
    pub date: DateTime,
}

/// The five rows that the chapters query.
pub fn five_sales() -> Vec<Sales> {
    let row = |country: &str, revenue, invoice, date: &str| Sales {
        country: country.to_owned(),
        revenue,
        invoice,
        date: date.parse().unwrap(),
    };
    vec![
        row("FR", 120.0, Some(1), "2013-01-05T10:00:00"),
        row("FR", 80.5, None, "2013-01-09T12:30:00"),
        row("US", 15.0, Some(2), "2013-02-01T09:00:00"),
        row("DE", 42.0, Some(3), "2013-02-03T18:45:00"),
        row("DE", 7.5, None, "2013-02-17T08:15:00"),
    ]
}

/// Tokio, whose tests run as programs here.
pub mod tokio {
    pub use ::tokio::{main as test, runtime};
}

thread_local! {
    static PRINTED: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

/// Keeps a printed line until the end of the code block.
pub fn keep(line: std::fmt::Arguments<'_>) {
    PRINTED.with_borrow_mut(|printed| {
        printed.push_str(line.to_string().trim_end());
        printed.push('\n');
    });
}

macro_rules! print_line {
    ($($line:tt)*) => { guide::keep(format_args!($($line)*)) };
}
pub(crate) use print_line as println;

/// Fails unless the chapter shows the lines that the code block printed.
pub fn check_result(chapter: &str) -> Outcome {
    let printed = PRINTED.take();
    let path = format!("{}/docs/guide/{chapter}.md", env!("CARGO_MANIFEST_DIR"));
    let is_shown = std::fs::read_to_string(path)?.contains(&format!("\n```text\n{printed}```\n"));
    assert!(printed.is_empty() || is_shown, "{chapter}.md does not show this result:\n{printed}");
    Ok(())
}

/// Runs a code block on an engine that contains the five sales, and compares its output with the chapter.
pub fn run(chapter: &str, block: impl AsyncFnOnce(Client) -> Outcome) -> Outcome {
    let folder = tempfile::tempdir()?;
    ::tokio::runtime::Runtime::new()?.block_on(async {
        let engine = serenytics_local::Local::open(folder.path()).await?;
        let client = engine.client();
        client.get_or_create_storage("sales").await?.insert(five_sales()).await?;
        block(client).await
    })?;
    check_result(chapter)
}
