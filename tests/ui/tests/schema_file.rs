//! A source whose columns a file declares: its queries, and a rebuild after a change of the file.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::path::Path;
use std::process::Command;

use serenytics::prelude::*;

/// Sales, as the file has them.
#[derive(Source)]
#[source(file = "schemas/sales.json")]
pub struct Sales;

fn rows<R>(_: &Query<R>) -> Vec<R> {
    Vec::new()
}

#[test]
fn a_query_sees_the_columns_of_the_file() {
    let q = query! {
        from Sales
        where order_date >= "2013-01-01", region == "north", margin > 2
        group_by country, month(order_date)
        select sum(revenue) as total, max(margin)
    };
    assert_eq!(q.measures(), ["margin"]);
    assert!(q.to_json().contains(r#""name":"182018f9-a18a-4cf0-993f-9e3fa45d3f61.region""#), "{}", q.to_json());
    for row in rows(&q) {
        let _: (String, Option<f64>, f64) = (row.country, row.total, row.max_margin);
    }
    let filter = Sales::filter(|s| s.order_date.gt("2013-01-31".parse::<DateTime>().unwrap()));
    assert!(query! { from Sales where ..{filter} }.problems().is_empty());
}

/// A source whose columns are named like keywords of Rust and of the language.
#[derive(Source)]
#[source(file = "schemas/keywords.json")]
pub struct Keywords;

#[test]
fn a_column_may_be_named_like_a_keyword() {
    let q = query! { from Keywords where r#type == "x", r#gen > 1 select gen, r#limit };
    let by_hand = Keywords::query()
        .filter(|k| k.r#type.eq("x").and(k.r#gen.gt(1)))
        .select(|k| k.r#gen)
        .select(|k| k.limit)
        .build::<Vec<serde_json::Value>>()
        .unwrap();
    assert_eq!(q.to_json(), by_hand.to_json());
}

/// Checks a crate, and returns the compiler's output.
fn check(folder: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema_file"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_change_of_the_file_triggers_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"consumer\"\nedition = \"2024\"\n[dependencies]\nserenytics = {{ path = {root:?} }}\n[workspace]\n"
        ),
    );
    std::fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    write(
        "src/lib.rs",
        "use serenytics::prelude::*;\n#[derive(Source)]\n#[source(file = \"sales.json\")]\npub struct Sales;\npub fn revenue() -> String { query! { from Sales select sum(revenue) }.to_json() }\n",
    );
    let schema = std::fs::read_to_string("schemas/sales.json").unwrap();
    write("sales.json", &schema);
    let (right, said) = check(folder.path());
    assert!(right, "{said}");

    write("sales.json", &schema.replace("revenue", "turnover"));
    let (right, said) = check(folder.path());
    assert!(!right && said.contains("no column `revenue` in `sales`"), "{said}");
    assert_eq!(
        said.matches("\nerror").count() + usize::from(said.starts_with("error")),
        2,
        "the mistake and the end: {said}"
    );

    write("sales.json", "{");
    let (right, said) = check(folder.path());
    assert!(!right && said.contains("`sales.json` is not a valid schema file: EOF"), "{said}");

    write("sales.json", "[]");
    let (right, said) = check(folder.path());
    assert!(!right && said.contains("a schema file must be an object"), "{said}");
    assert!(said.contains("found a list at line 1 column 1 [SRN064]"), "{said}");

    let wrong = schema.replace("\"source\"", "\"sorce\"").replace("\"type\": \"float\"", "\"type\": \"flaot\"");
    write("sales.json", &wrong);
    let (right, said) = check(folder.path());
    assert!(!right && said.contains("unknown field `sorce` in a schema file at line 2 column 3"), "{said}");
    assert_eq!(said.matches("[SRN064]").count(), 1 + wrong.matches("flaot").count(), "one error each: {said}");

    let formulas = r#"{"name": "a", "type": "int", "kind": "measure", "formula": "[revenu] * 2"},
        {"name": "b", "type": "int", "kind": "measure", "formula": "[revenue] * 2"}, {"name": "revenue","#;
    write("sales.json", &schema.replacen("{\n      \"name\": \"revenue\",", formulas, 1));
    let (right, said) = check(folder.path());
    assert!(
        !right && said.contains("column `a` of the file: there is no column or measure `revenu`; did you mean"),
        "{said}"
    );
    assert!(said.contains("column `b` of the file: the formula of `b` is a float"), "{said}");
    assert!(said.contains("help: write `\"type\": \"float\"") && !said.contains("SRN064"), "{said}");

    std::fs::remove_file(folder.path().join("sales.json")).unwrap();
    let (right, said) = check(folder.path());
    assert!(!right && said.contains("no file `sales.json`") && said.contains("schema pull NAME"), "{said}");

    write("sales.json", &schema);
    let (right, said) = check(folder.path());
    assert!(right, "{said}");
}
