//! Checks that each crate's folders import downwards only: every folder belongs to a floor, and imports from lower floors.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// The sources of a crate, and its floors from top to bottom. Each is a list of folders and files of the sources.
type Crate = (&'static str, &'static [&'static [&'static str]]);

const CRATES: &[Crate] = &[
    (
        "serenytics-query/src",
        &[
            &["source"],
            &["query"],
            &["lower"],
            &["check"],
            &["schemas"],
            &["rows"],
            &["formula"],
            &["values"],
            &["wire"],
            &["syntax"],
        ],
    ),
    (
        "serenytics-core/src",
        &[
            &["blocking"],
            &["arrow"],
            &["fetch", "load", "export", "message"],
            &["data_source", "script", "web_app", "data_api", "account"],
            &["client", "answer", "resource", "task"],
            &["session"],
            &["transport"],
            &["error", "api_key", "io"],
        ],
    ),
    ("serenytics-engine/src", &[&["warehouse"], &["load", "query"], &["storage"], &["rows"], &["session"], &["base"]]),
    (
        "serenytics-local/src",
        &[
            &["local"],
            &["server"],
            &["api"],
            &["platform"],
            &["loads", "mail", "script", "web_app", "data_api", "health"],
            &["sources", "tasks"],
            &["catalogue"],
            &["access"],
            &["base"],
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn folders_import_only_from_lower_floors() {
    let mut wrong = Vec::new();
    let mut found = 0;
    for (sources, floors) in CRATES {
        for file in source_files(&root().join(sources)) {
            let path = file.strip_prefix(root()).unwrap().display().to_string();
            let module = module_of(&file, &root().join(sources));
            let Some(own) = module.first() else { continue };
            for import in imports(&without_tests(&fs::read_to_string(&file).unwrap()), &module) {
                found += 1;
                let (from, to) = (floor_of(floors, own), floor_of(floors, &import[0]));
                // The top floor may also use what `lib.rs` exports.
                if to.is_none() && from != Some(0) {
                    wrong.push(format!("{path} imports `crate::{}`, which is not on a floor", import.join("::")));
                }
                if import[0] != *own && to.is_some() && to <= from {
                    wrong.push(format!("{path} (`{own}`) imports {} (`{}`)", file_of(sources, &import), import[0]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports that do not go to a lower floor:\n{}", wrong.join("\n"));
    assert!(found > 300, "only {found} imports were found");
}

#[test]
fn every_folder_belongs_to_a_floor() {
    for (sources, floors) in CRATES {
        let entries = fs::read_dir(root().join(sources)).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> = entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.retain(|name| name != "lib" && name != "tests");
        names.sort_unstable();
        let mut listed: Vec<_> = floors.iter().flat_map(|floor| floor.iter().copied()).collect();
        listed.sort_unstable();
        assert_eq!(names, listed, "the folders and files of {sources}, and those of its floors in this test");
    }
}

#[test]
fn documentation_of_the_query_crate_lists_the_folders_in_order() {
    let (sources, floors) = CRATES[0];
    let lib = fs::read_to_string(root().join(sources).join("lib.rs")).unwrap();
    let rows: Vec<_> = lib.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next()).collect();
    let upwards: Vec<_> = floors.iter().rev().flat_map(|floor| floor.iter().copied()).collect();
    assert_eq!(rows, upwards);
}

#[test]
fn imports_are_found_in_every_form() {
    let code = "
        use crate::a::B;
        use crate::{b::{C, D}, c};
        use super::d;
        use super::super::e::F;
        // use crate::comment::G;
        fn f() -> crate::g::H {
            super::super::super::outside
        }
        #[cfg(test)]
        mod tests {
            use crate::h::I;
        }
        #[cfg(test)]
        use crate::i::J;
        use crate::j::K;";
    let module = ["own".to_owned(), "inner".to_owned()];
    let mut names: Vec<_> = imports(&without_tests(code), &module).iter().map(|path| path.join("::")).collect();
    names.sort_unstable();
    assert_eq!(names, ["a::B", "b::C", "b::D", "c", "e::F", "g::H", "j::K", "own::d"]);
}

/// Returns the number of the floor of a folder, counted from the top.
fn floor_of(floors: &[&[&str]], folder: &str) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&folder))
}

/// Returns the files of a folder and of its subfolders, without tests.
fn source_files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = paths.filter(|path| path.file_stem().is_some_and(|name| name != "tests"));
    sources
        .flat_map(|path| if path.is_dir() { source_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// Returns the module path of a source file; it is empty for `lib.rs`.
fn module_of(file: &Path, sources: &Path) -> Vec<String> {
    let path = file.strip_prefix(sources).unwrap().with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "mod" && name != "lib").collect()
}

/// Returns the path of the file that defines an imported item.
fn file_of(sources: &str, import: &[String]) -> String {
    let mut names = import;
    while let Some((_, parent)) = names.split_last() {
        let module = format!("{sources}/{}", names.join("/"));
        let mut files = [format!("{module}.rs"), format!("{module}/mod.rs")].into_iter();
        if let Some(file) = files.find(|file| root().join(file).is_file()) {
            return file;
        }
        names = parent;
    }
    format!("{sources}/lib.rs")
}

/// Removes comments, and items that are only compiled for tests. The code must be formatted by rustfmt.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut test_item = None;
    for line in code.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if test_item.is_none() && text == "#[cfg(test)]" {
            test_item = Some(indent);
        } else if test_item.is_none() && !text.starts_with("//") {
            kept.push_str(line.split(" // ").next().unwrap());
            kept.push('\n');
        } else if test_item == Some(indent) && text.ends_with([';', '}']) {
            test_item = None;
        }
    }
    kept
}

/// Returns the paths in code that begin with `crate::` or `super::`, from the root of the crate. `module` is the module path
/// of the file.
fn imports(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some(start) = [rest.find("crate::"), rest.find("super::")].into_iter().flatten().min() {
        let (before, found) = rest.split_at(start);
        rest = &found["crate::".len()..];
        // A part of a longer name, or of a path that was read already.
        if before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let mut prefix = Vec::new();
        if found.starts_with("super::") {
            let mut parents = module.len().checked_sub(1);
            while let Some(next) = rest.strip_prefix("super::") {
                (rest, parents) = (next, parents.and_then(|count| count.checked_sub(1)));
            }
            let Some(parents) = parents else { continue };
            prefix = module[..parents].to_vec();
        }
        read_tree(rest, &prefix, &mut paths);
    }
    paths
}

/// Reads a path, or a list of paths in braces, and returns the code after it.
fn read_tree<'c>(code: &'c str, prefix: &[String], paths: &mut Vec<Vec<String>>) -> &'c str {
    let code = code.trim_start();
    if let Some(mut list) = code.strip_prefix('{') {
        loop {
            list = list.trim_start();
            if let Some(after) = list.strip_prefix('}') {
                return after;
            }
            list = read_tree(list, prefix, paths);
            list = list.trim_start().strip_prefix(',').unwrap_or(list);
            if list.is_empty() {
                return list;
            }
        }
    }
    let end = code.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(code.len());
    let (name, after) = code.split_at(end);
    let mut path = prefix.to_vec();
    match (name, after.strip_prefix("::")) {
        // A glob, or a token that is not part of a path.
        ("", _) => {
            paths.extend((!path.is_empty()).then_some(path));
            after.get(1..).unwrap_or_default()
        }
        (_, Some(inner)) => {
            path.push(name.to_owned());
            read_tree(inner, &path, paths)
        }
        (_, None) => {
            path.push(name.to_owned());
            paths.push(path);
            after.strip_prefix(" as ").map_or(after, |alias| alias.trim_start_matches(char::is_alphanumeric))
        }
    }
}
