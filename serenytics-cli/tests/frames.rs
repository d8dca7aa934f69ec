//! Data frames that the official client uploads as pickles: their column types, rejected frames, and malicious pickles.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::Serving;
use support::python::{environment, python, script};

/// A datetime with a fraction of a second, in the format of a response.
const QUARTER: &str = "2013-01-01T05:00:00.25";

#[test]
fn data_frame_keeps_its_types_and_its_pickle_runs_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().join("proof");
    let python = python();
    let arguments = ["--api-key", "key", "--python", python.to_str().unwrap(), "--python-memory", "700"];
    let serving = Serving::start(&folder.path().join("data"), &arguments);
    let seen = script("frames.py", &serving.url, "key", &[("CHECK_PROOF", proof.to_str().unwrap())]);
    assert!(!proof.exists(), "a pickle ran code");

    let loaded = |columns: &[&str], rows: Value| json!({"columns": columns, "rows": rows});
    let right = [
        (
            "plain",
            loaded(
                &["i int", "x float", "s str", "e str", "b str", "t datetime", "z datetime", "u datetime"],
                json!([
                    [1, 0.5, "a", "", "true", QUARTER, "2013-01-01T04:00:00.25", "2013-01-01T04:00:00.25"],
                    [2, null, null, "b", "false", null, null, null],
                ]),
            ),
        ),
        (
            "nullable",
            loaded(
                &["i int", "x float", "b str", "s str", "n float", "w str", "f float"],
                json!([
                    [1, 0.5, "true", "a", 1.0, "18446744073709551615", 1.5],
                    [null, null, null, null, null, "1", 2.0],
                ]),
            ),
        ),
        (
            "objects",
            loaded(
                &["time datetime", "iso datetime", "number float", "mixed str", "none str"],
                json!([
                    ["2013-01-01T05:00:00", "2016-06-28T12:46:33", 1.5, "1", null],
                    ["2013-01-02T00:00:00", "2016-06-29T00:00:00", 2.0, "a", null],
                ]),
            ),
        ),
        (
            "long",
            loaded(
                &["big str", "long str", "decimal str", "exact float", "null float"],
                json!([
                    ["1180591620717411303425", "9007199254740993", "9007199254740993", 9_007_199_254_740_992.0, null],
                    ["1", "1.5", "1.5", 0.1, 1.5],
                ]),
            ),
        ),
        (
            "kinds",
            loaded(&["category str", "numbers int", "arrow int", "7 int"], json!([["a", 2, 1, 1], ["b", 1, null, 2]])),
        ),
        (
            "forced",
            loaded(
                &["zip str", "sales float", "day datetime"],
                json!([["1000", 1.0, "2013-01-01T00:00:00"], ["2", 2.0, null]]),
            ),
        ),
        ("plain pickle", json!("loaded")),
        ("at last", loaded(&["a int"], json!([[5]]))),
    ];
    for (name, expected) in right {
        assert_eq!(seen[name], expected, "{name}");
    }
    let rejected = [
        ("no rows", "Storage source is empty"),
        ("no columns", "the data frame has no columns"),
        ("levels", "the columns have several levels"),
        ("span", "column 'span' is a timedelta64"),
        ("list", "column 'list', in the rows 1 to 1: a cell is a list"),
        ("infinite", "column 'x', in the rows 1 to 2: a cell is an infinite number"),
        ("twice", "columns 1 and 2 are both named \"a\""),
        ("misfit", "row 1, column \"a\": \"x\" is not an integer"),
        ("os.system", "the pickle names posix.system, which a data frame does not need"),
        ("eval", "the pickle names builtins.eval"),
        ("exec", "the pickle names builtins.exec"),
        ("pandas.eval", "eval, which a data frame does not need"),
        ("read_pickle", "read_pickle, which a data frame does not need"),
        ("to_csv", "the pickle names pandas.DataFrame.to_csv"),
        ("getattr", "the attribute 'format', which no data frame needs"),
        ("import", "the pickle names builtins.__import__"),
        ("numpy.load", "load, which a data frame does not need"),
        ("memmap", "the pickle names numpy.memmap"),
        ("pyarrow", "the pickle names pyarrow.lib.memory_map"),
        ("address", "the pickle modifies a NumPy type"),
        ("wild", "the file is not a pandas pickle"),
        ("series", "the pickle names pandas.Series, which a data frame does not need"),
        ("index", "the pickle contains a Index, expected a DataFrame"),
        ("cut", "the file is not a pandas pickle"),
        ("text", "the file is not a pandas pickle"),
        ("large", "the data frame needs more than the limit of 700 MiB"),
    ];
    for (name, expected) in rejected {
        assert!(seen[name].as_str().unwrap_or_default().contains(expected), "{name}: {}", seen[name]);
    }
    serving.stop("TERM");
}

#[test]
fn data_frame_without_pandas_or_python_is_an_error() {
    let without = environment("python-alone", &[]);
    for (program, expected) in [
        (without.to_str().unwrap(), "has no pandas"),
        ("/no/such/python", "could not be started (not found)"),
        ("/bin/false", "/bin/false ended"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start(folder.path(), &["--api-key", "key", "--python", program]);
        let seen = script("one_frame.py", &serving.url, "key", &[]);
        let message = seen.as_str().unwrap();
        assert!(message.contains(expected), "{program}: {message}");
        serving.stop("TERM");
    }
}
