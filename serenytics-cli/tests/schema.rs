//! `serenytics schema pull` and `serenytics schema check` against a server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use serenytics_core::{Client, DataSource};
use serenytics_query::schema_file::SchemaFile;
use support::{Serving, serenytics};
use tempfile::TempDir;

const KEY: &str = "canary-5b1c";

/// A server, a client of it, and the folder that the command runs in.
struct World {
    serving: Serving,
    client: Client,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn start() -> World {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start(&folder.path().join("data"), &["--api-key", KEY]);
        let client = Client::builder().url(&serving.url).api_key(KEY).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        World { serving, client, folder, runtime }
    }

    /// Runs `serenytics schema` and returns its exit code, standard output and standard error.
    fn schema(&self, arguments: &[&str]) -> (i32, String, String) {
        printed(
            serenytics()
                .arg("schema")
                .args(arguments)
                .env("SERENYTICS_API_KEY", KEY)
                .env("SERENYTICS_API_DOMAIN", &self.serving.url)
                .current_dir(self.folder.path())
                .output()
                .unwrap(),
        )
    }

    /// Reloads a storage from CSV.
    fn load(&self, name: &str, csv: &str) -> DataSource {
        let file = self.folder.path().join("load.csv");
        std::fs::write(&file, csv).unwrap();
        self.runtime.block_on(async {
            let source = self.client.get_or_create_storage(name).await.unwrap();
            source.reload_from_csv(&file).send().await.unwrap();
            source
        })
    }

    /// Saves fields of a source.
    fn save(&self, source: &DataSource, body: &Value) {
        let url = format!("{}/api/data_source/{}", self.serving.url, source.uuid());
        let request = reqwest::Client::new().put(url).header("x-api-key", KEY).body(body.to_string());
        assert_eq!(self.runtime.block_on(request.send()).unwrap().status(), 200);
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn printed(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, errors) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains(KEY) && !errors.contains(KEY), "{out} {errors}");
    (output.status.code().unwrap(), out, errors)
}

/// Lists the files of a folder, including hidden ones.
fn files(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

const SALES: &str = "country,order date,revenue,n\nFR,2013-01-05T10:00:00,12.5,3\n";

#[test]
fn schema_check_reports_changes_since_the_pull() {
    let world = World::start();
    let sales = world.load("sales", SALES);
    world.save(&sales, &json!({"jsonContent": {"measures": {"m1": {"name": "margin", "type": "formula", "data": {"formula": "2 * [revenue]"}}}}}));
    let (code, out, errors) = world.schema(&["pull", "sales"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(out, "schemas/sales.json: written: source `sales`, 5 columns\n");
    assert_eq!(files(&world.folder.path().join("schemas")), ["sales.json"]);
    let file = SchemaFile::from_json(&world.read("schemas/sales.json")).unwrap();
    let columns: Vec<_> = file.columns.iter().map(|column| (column.field(), column.column_type.word())).collect();
    let expected =
        [("country", "str"), ("order_date", "datetime"), ("revenue", "float"), ("n", "int"), ("margin", "float")];
    assert_eq!(columns, expected);
    assert!(file.columns.iter().all(|column| column.nullable));

    let (code, out, errors) = world.schema(&["check"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(out, "schemas/sales.json: source `sales`: no differences\n");
    assert_eq!(world.schema(&["check", "--strict", "schemas/sales.json"]), (0, out, errors));

    // A new column, a new measure, and integers that became floats.
    world.load("sales", "country,order date,revenue,n,city\nFR,2013-01-05T10:00:00,12.5,3.5,Nice\n");
    let (code, out, _) = world.schema(&["check"]);
    assert_eq!(
        out,
        "schemas/sales.json: source `sales`\n  \
         additive: column `n` is declared as int but the source has float: rows can be read as long as no number has a fraction\n  \
         additive: the source has a column `city` of type str that is not declared\n"
    );
    assert_eq!(code, 0);
    assert_eq!(world.schema(&["check", "--strict"]).0, 1);

    // A changed type, a renamed column, a removed measure.
    world.save(
        &sales,
        &json!({"jsonContent": {"measures": {"m2": {"name": "margins", "type": "formula", "data": {"formula": "1"}}}}}),
    );
    world.load("sales", "country,order date,revenues,n\nFR,none,12.5,3\n");
    let (code, out, _) = world.schema(&["check"]);
    assert_eq!(
        out,
        "schemas/sales.json: source `sales`\n  \
         breaking: column `order_date` (`order date`) is declared as datetime but the source has str\n  \
         breaking: the source has no column `revenue`; did you mean `revenues`?\n  \
         breaking: the source has no measure `margin`; did you mean `margins`?\n  \
         additive: the source has a column `revenues` of type float that is not declared\n  \
         additive: the source has a measure `margins` that is not declared\n"
    );
    assert_eq!(code, 1);

    let (code, pulled, _) = world.schema(&["pull", "sales"]);
    assert_eq!(code, 0);
    assert_eq!(
        pulled,
        out.replace(": source `sales`\n", ": written: source `sales`, 5 columns\n"),
        "expected the changes since the file was written"
    );
    assert_eq!(world.schema(&["check", "--strict"]).0, 0);
}

#[test]
fn schema_pull_keeps_manual_edits() {
    let world = World::start();
    let sales = world.load("sales", SALES);
    world.save(
        &sales,
        &json!({"jsonContent": {"measures": {"m1": {"name": "half", "type": "formula", "data": {"formula": "1"}}}}}),
    );
    world.write(
        "schemas/sales.json",
        r#"{"source": "sales", "columns": [
            {"name": "count() / 2", "field": "pairs", "type": "float", "kind": "formula"},
            {"name": "gone", "type": "str"},
            {"name": "order date", "field": "at", "type": "datetime"},
            {"name": "country", "type": "str"},
            {"name": "half", "field": "one", "type": "int", "kind": "measure"}]}"#,
    );
    let (code, out, errors) = world.schema(&["pull", "sales"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(out.contains("breaking: the source has no column `gone`"), "{out}");
    let file: Value = serde_json::from_str(&world.read("schemas/sales.json")).unwrap();
    assert_eq!(
        file["columns"],
        json!([
            {"name": "country", "type": "str"},
            {"name": "order date", "field": "at", "type": "datetime"},
            {"name": "revenue", "type": "float", "nullable": true},
            {"name": "n", "type": "int", "nullable": true},
            {"name": "half", "field": "one", "type": "int", "kind": "measure", "formula": "1"},
            {"name": "count() / 2", "field": "pairs", "type": "float", "kind": "formula"},
        ])
    );
    let (_, out, _) = world.schema(&["pull", "sales"]);
    assert_eq!(out, "schemas/sales.json: already up to date: source `sales`, 6 columns\n");
}

#[test]
fn schema_pull_and_check_include_the_formulas_of_measures() {
    let world = World::start();
    let sales = world.load("sales", SALES);
    let measures = |tax: &str| {
        let measure =
            |name: &str, formula: &str| json!({"name": name, "type": "formula", "data": {"formula": formula}});
        json!({"jsonContent": {"measures": {
            "m1": measure("tax", tax),
            "m2": measure("is big", "[n] > 2"),
            "m3": measure("label", "if([tax] > 1, concat([country], '!'))"),
            "m4": measure("total", "sum([revenue])"),
            "m5": measure("wrong", "[revenu]"),
            "m6": {"name": "other", "type": "sql"},
        }}})
    };
    world.save(&sales, &measures("[revenue] * 0.2"));
    assert_eq!(world.schema(&["pull", "sales"]).0, 0);
    let file: Value = serde_json::from_str(&world.read("schemas/sales.json")).unwrap();
    assert_eq!(
        file["columns"].as_array().unwrap()[4..],
        [
            json!({"name": "is big", "field": "is_big", "type": "int", "nullable": true, "kind": "measure", "formula": "[n] > 2"}),
            json!({"name": "label", "type": "str", "nullable": true, "kind": "measure",
                "formula": "if([tax] > 1, concat([country], '!'))"}),
            // The formulas of the other ones are not valid or have no value for each row.
            json!({"name": "other", "type": "float", "nullable": true, "kind": "measure"}),
            json!({"name": "tax", "type": "float", "nullable": true, "kind": "measure", "formula": "[revenue] * 0.2"}),
            json!({"name": "total", "type": "float", "nullable": true, "kind": "measure"}),
            json!({"name": "wrong", "type": "float", "nullable": true, "kind": "measure"}),
        ]
    );
    assert_eq!(world.schema(&["check", "--strict"]).0, 0);

    world.save(&sales, &measures("[revenue]*0.2"));
    assert_eq!(world.schema(&["check", "--strict"]).0, 0, "spaces are not a difference");
    world.save(&sales, &measures("[revenue] * 0.3"));
    let (code, out, _) = world.schema(&["check"]);
    assert_eq!(
        (code, out.as_str()),
        (
            1,
            "schemas/sales.json: source `sales`\n  breaking: measure `tax` is declared as `[revenue] * 0.2` but the source has \
             `[revenue] * 0.3`: `apply_measures` updates the source\n"
        )
    );
    assert_eq!(world.schema(&["pull", "sales"]).0, 0);
    assert!(world.read("schemas/sales.json").contains("[revenue] * 0.3"));
}

#[test]
fn schema_pull_and_check_by_uuid() {
    let world = World::start();
    let sales = world.load("sales", SALES);
    let other = world.load("other", "a\n1\n");
    world.save(&other, &json!({"name": "sales"}));
    let (code, _, errors) = world.schema(&["pull", "sales"]);
    assert_eq!(code, 1);
    assert!(errors.contains("2 sources are named `sales`") && errors.contains(other.uuid()), "{errors}");

    for source in [&sales, &other] {
        let file = format!("{}.json", source.uuid());
        let (code, out, errors) = world.schema(&["pull", source.uuid(), "--uuid", "--output", &file]);
        assert_eq!((code, errors.as_str()), (0, ""), "{out}");
        let pulled = SchemaFile::from_json(&world.read(&file)).unwrap();
        assert_eq!((pulled.uuid.as_deref(), pulled.source.as_str()), (Some(source.uuid()), "sales"));
        assert_eq!(world.schema(&["check", &file]).0, 0);
    }
    // Pulling another source does not overwrite the file.
    let file = format!("{}.json", sales.uuid());
    let before = world.read(&file);
    let (code, _, errors) = world.schema(&["pull", other.uuid(), "--uuid", "--output", &file]);
    assert_eq!(code, 1);
    assert!(errors.contains(&format!("describes another source, source with uuid {}", sales.uuid())), "{errors}");
    assert_eq!(world.read(&file), before);

    // After a rename, the file still matches by uuid.
    world.save(&other, &json!({"name": "renamed"}));
    let file = format!("{}.json", other.uuid());
    assert_eq!(world.schema(&["pull", "renamed", "--output", &file]).0, 0);
    let pulled = SchemaFile::from_json(&world.read(&file)).unwrap();
    assert_eq!((pulled.uuid.as_deref(), pulled.source.as_str()), (Some(other.uuid()), "renamed"));
}

#[test]
fn schema_of_a_join_names_the_joined_sources() {
    let world = World::start();
    let sales = world.load("sales", "country,revenue\nFR,1.5\n");
    let regions = world.load("regions", "country,region\nFR,EU\n");
    let join = json!({"name": "joined", "type": "InnerJoin", "jsonContent": {"joinConfig": [
        {"uuid": sales.uuid(), "prefix": "s"},
        {"uuid": regions.uuid(), "prefix": "r", "on": [{"left": format!("{}.country", sales.uuid()), "right": "country"}]},
    ]}});
    let url = format!("{}/api/data_source", world.serving.url);
    let request = reqwest::Client::new().post(url).header("x-api-key", KEY).body(join.to_string());
    assert_eq!(world.runtime.block_on(request.send()).unwrap().status(), 201);
    let (code, out, errors) = world.schema(&["pull", "joined"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    let file = SchemaFile::from_json(&world.read("schemas/joined.json")).unwrap();
    let columns: Vec<_> = file.columns.iter().map(|column| (column.field(), column.join.as_deref())).collect();
    let (first, second) = (Some(sales.uuid()), Some(regions.uuid()));
    assert_eq!(columns, [("country", first), ("revenue", first), ("country_2", second), ("region", second)]);
    assert_eq!(world.schema(&["check"]).0, 0);
    world.load("regions", "country,regions\nFR,EU\n");
    let (code, out, _) = world.schema(&["check"]);
    assert_eq!(code, 1);
    let uuid = regions.uuid();
    let message = format!(
        "breaking: the source has no column `region` of the joined source {uuid}; did you mean `regions` of the joined source {uuid}?"
    );
    assert!(out.contains(&message), "{out}");
}

#[test]
fn schema_pull_reports_errors_and_writes_nothing() {
    let world = World::start();
    world.load("sales", SALES);
    world.runtime.block_on(world.client.get_or_create_storage("empty")).unwrap();
    world.write("notes.json", "{\"a\": 1}");
    world.write("other.json", r#"{"source": "other", "columns": [{"name": "a", "type": "str"}]}"#);
    for (arguments, expected) in [
        (vec!["pull", "sale"], "there is no source named `sale`; did you mean `sales`?"),
        (vec!["pull", "sale", "--uuid"], "there is no source named `sale`; did you mean `sales`?"),
        (vec!["pull", "empty"], "source `empty` has no columns yet"),
        (vec!["pull", "sales", "--output", "notes.json"], "notes.json is not a schema file: unknown field `a`"),
        (
            vec!["pull", "sales", "--output", "other.json"],
            "other.json describes another source, source `other`; remove it",
        ),
        (vec!["pull", "sales", "--output", "notes.json/sales.json"], "notes.json/sales.json"),
        (vec!["pull", "sales", "--output", "data"], "could not read data: "),
    ] {
        let (code, out, errors) = world.schema(&arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {errors}");
        assert!(errors.starts_with("error: ") && errors.contains(expected), "{arguments:?}: {errors}");
    }
    assert_eq!(files(world.folder.path()), ["data", "load.csv", "notes.json", "other.json"]);
}

#[test]
fn schema_check_exits_with_2_if_a_file_cannot_be_checked() {
    let world = World::start();
    let (code, _, errors) = world.schema(&["check"]);
    assert_eq!(code, 2);
    assert!(errors.contains("no schema files found in `schemas/*.json`"), "{errors}");
    world.load("sales", SALES);
    world.write("schemas/notes.txt", "");
    world.write("schemas/a.json", "{");
    world.write("schemas/b.json", r#"{"source": "sale", "columns": [{"name": "a", "type": "str"}]}"#);
    world.write("schemas/c.json", r#"{"source": "sales", "columns": [{"name": "n", "type": "str"}]}"#);
    let (code, out, errors) = world.schema(&["check", "--strict"]);
    assert_eq!(code, 2, "the other differences are printed too");
    assert!(out.starts_with("schemas/c.json: source `sales`\n  breaking: column `n` is declared as str"), "{out}");
    assert!(errors.contains("schemas/a.json is not a schema file: "), "{errors}");
    assert!(
        errors.contains("could not check schemas/b.json: there is no source named `sale`; did you mean"),
        "{errors}"
    );
    let (code, _, errors) = world.schema(&["check", "schemas/d.json"]);
    assert_eq!((code, errors.as_str()), (2, "error: file not found: schemas/d.json\n"));

    let folder = world.folder.path();
    let check = |variables: &[(&str, &str)]| {
        let mut command = serenytics();
        command.args(["schema", "check"]).envs(variables.iter().copied()).current_dir(folder);
        printed(command.output().unwrap())
    };
    world.write("schemas/a.json", &world.read("schemas/c.json"));
    let (code, _, errors) = check(&[("SERENYTICS_API_DOMAIN", &world.serving.url)]);
    assert_eq!(code, 2);
    assert!(errors.contains("no API key: set the environment variable SERENYTICS_API_KEY"), "{errors}");
    assert!(errors.contains(&world.serving.url) && !errors.contains("app.serenytics.com"), "{errors}");
    let (code, _, errors) =
        check(&[("SERENYTICS_API_DOMAIN", &world.serving.url), ("SERENYTICS_API_KEY", "another-canary")]);
    assert_eq!(code, 2);
    assert!(errors.contains("check your API key") && !errors.contains("another-canary"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "expected one error, as no other file can be checked: {errors}");

    let url = world.serving.url.clone();
    world.serving.stop("TERM");
    let (code, _, errors) = check(&[("SERENYTICS_API_DOMAIN", &url), ("SERENYTICS_API_KEY", KEY)]);
    assert_eq!(code, 2);
    assert!(errors.contains("could not check schemas/a.json: ") && errors.lines().count() == 1, "{errors}");
}

#[test]
fn schema_pull_writes_a_file_for_each_source_and_creates_no_other_folder() {
    let world = World::start();
    let (one, other) = (world.load("a/b", SALES), world.load("a:b", SALES));
    let (code, out, errors) = world.schema(&["pull", "a/b"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    let second = format!("schemas/a_b-{}.json", &other.uuid()[..8]);
    for _ in 0..2 {
        let (code, out, errors) = world.schema(&["pull", "a:b"]);
        assert_eq!((code, errors.as_str()), (0, ""), "{out}");
        assert!(out.starts_with(&second), "{out}");
    }
    let source = |file: &str| SchemaFile::from_json(&world.read(file)).unwrap().source;
    assert_eq!((source("schemas/a_b.json"), source(&second)), ("a/b".to_owned(), "a:b".to_owned()));
    assert_ne!(one.uuid(), other.uuid());

    for output in ["missing/a.json", "../missing/a/b.json"] {
        let (code, _, errors) = world.schema(&["pull", "a/b", "--output", output]);
        assert_eq!(code, 1);
        assert!(errors.contains("does not exist: create it first"), "{errors}");
        assert!(!world.folder.path().join("missing").exists());
    }
}

#[cfg(unix)]
#[test]
fn commands_end_normally_if_the_reader_has_gone() {
    use std::process::Stdio;

    let world = World::start();
    world.load("sales", SALES);
    assert_eq!(world.schema(&["pull", "sales"]).0, 0);
    // A file that differs, one that does not exist, and an unknown command.
    world.write("schemas/b.json", r#"{"source": "sales", "columns": [{"name": "gone", "type": "str"}]}"#);
    for (arguments, expected) in [
        (vec!["schema", "check"], 1),
        (vec!["schema", "check", "missing.json"], 2),
        (vec!["schema", "pull", "sales"], 0),
        (vec!["schema", "pull", "unknown"], 1),
        (vec!["serve", "--data", "x"], 1),
        (vec!["--help"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = serenytics();
        command.args(&arguments).env("SERENYTICS_API_KEY", KEY).env("SERENYTICS_API_DOMAIN", &world.serving.url);
        if arguments[0] == "serve" {
            command.env_remove("SERENYTICS_API_KEY");
        }
        command.current_dir(world.folder.path()).stdin(Stdio::null());
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        assert_eq!(command.status().unwrap().code(), Some(expected), "{arguments:?}");
    }
}
