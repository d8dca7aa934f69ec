//! Checks that the folders of `src` import downwards only, in the order that `lib.rs` lists them.

use std::fs;
use std::path::Path;

/// The folders, each of which imports only from itself and from those before it.
const FOLDERS: &[&str] =
    &["syntax", "wire", "values", "formula", "rows", "schemas", "check", "lower", "query", "source"];

#[test]
fn folders_import_only_from_the_folders_listed_before_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = names(&source);
    let listed = |name: &String| name == "lib.rs" || FOLDERS.contains(&name.as_str());
    assert!(found.iter().all(listed), "a file or folder of `src` is not listed here: {found:?}");
    for (floor, folder) in FOLDERS.iter().enumerate() {
        for (file, text) in files(&source.join(folder)) {
            let code = text.split("#[cfg(test)]").next().unwrap();
            for import in code.split("crate::").skip(1) {
                let name: String =
                    import.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                let allowed = &FOLDERS[..=floor];
                assert!(allowed.contains(&name.as_str()), "{file}: `crate::{name}` is not one of {allowed:?}");
            }
        }
    }
}

#[test]
fn the_crate_documentation_lists_the_folders_in_order() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next());
    assert_eq!(rows.collect::<Vec<_>>(), FOLDERS);
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The path and the text of each file below a folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let paths = names(folder).into_iter().map(|name| folder.join(name));
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![(path.display().to_string(), fs::read_to_string(&path).unwrap())]
            }
        })
        .collect()
}
