//! The guide and the other pages: links lead somewhere, chapters are listed, and shown messages are real.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serenytics::wire::Pipeline;

const GUIDE: &str = "docs/guide";
/// The URL of the repository's files, which chapters use for pages outside the book.
const REPOSITORY: &str = "https://github.com/serenytics/serenytics-rust/blob/main/";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Markdown files of a folder; with `deep`, those of its subfolders too.
fn pages(folder: &str, deep: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let relative = path.strip_prefix(root()).unwrap().to_owned();
        if path.is_dir() && deep {
            found.extend(pages(relative.to_str().unwrap(), true));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(relative);
        }
    }
    found.sort();
    found
}

/// Every page of the repository that a reader may open: at the root, in `docs/`, and in each crate's folder.
fn all_pages() -> Vec<PathBuf> {
    let mut found = pages("", false);
    found.extend(pages("docs", true));
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "docs" && name != "target" && !name.starts_with('.') {
            found.extend(pages(&name, false));
        }
    }
    found
}

/// The lines of a page outside its code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !is_fence && !in_code
    })
}

/// The targets of the links of a page.
fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for paragraph in prose(text).collect::<Vec<_>>().join("\n").split("\n\n") {
        // Links inside inline code are examples.
        let outside: String = paragraph.split('`').step_by(2).collect();
        targets.extend(outside.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.trim().to_owned())));
    }
    targets
}

/// The anchors of a page's headings, as GitHub and mdBook write them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in prose(text).filter(|line| line.starts_with('#')) {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = (1..).find(|count| !anchors.contains(&numbered(&anchor, *count)));
        anchors.insert(numbered(&anchor, count.unwrap()));
    }
    anchors
}

fn numbered(anchor: &str, count: usize) -> String {
    if count == 1 { anchor.to_owned() } else { format!("{anchor}-{}", count - 1) }
}

/// The path without `.` and `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normalized.pop()),
            Component::CurDir => {}
            other => normalized.push(other),
        }
    }
    normalized
}

/// Why a link leads nowhere.
fn broken(page: &Path, link: &str) -> Option<String> {
    let in_book = page.starts_with(GUIDE);
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let file = match target.strip_prefix(REPOSITORY) {
        Some(file) => PathBuf::from(file),
        None if target.contains("://") || target.starts_with("mailto:") => return None,
        None if target.is_empty() => page.to_owned(),
        None => normalized(&page.parent().unwrap().join(target)),
    };
    if !root().join(&file).exists() {
        return Some(format!("{link}: there is no {}", file.display()));
    }
    if in_book && !target.contains("://") && !file.starts_with(GUIDE) {
        return Some(format!("{link}: the book has no such page, write {REPOSITORY}{}", file.display()));
    }
    let is_page = file.extension().is_some_and(|extension| extension == "md");
    if !anchor.is_empty() && is_page && !anchors(&read(&file)).contains(anchor) {
        return Some(format!("{link}: {} has no heading `#{anchor}`", file.display()));
    }
    None
}

#[test]
fn every_link_between_pages_leads_to_a_file_and_a_heading() {
    let mut problems = Vec::new();
    let mut count = 0;
    for page in all_pages() {
        for link in links(&read(&page)) {
            count += 1;
            problems.extend(broken(&page, &link).map(|problem| format!("{}: {problem}", page.display())));
        }
    }
    assert!(count > 100, "{count} links");
    assert!(problems.is_empty(), "broken links:\n{}", problems.join("\n"));
}

#[test]
fn every_chapter_is_in_the_summary() {
    let listed: BTreeSet<String> = links(&read(Path::new("docs/guide/SUMMARY.md"))).into_iter().collect();
    let chapters = pages(GUIDE, false).into_iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    let chapters: BTreeSet<String> = chapters.filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(listed, chapters);
}

#[test]
fn every_chapter_with_rust_code_is_a_doctest() {
    let library = read(Path::new("src/lib.rs"));
    for page in pages(GUIDE, false) {
        let has_code = read(&page).contains("\n```rust");
        let included = format!("include_str!(\"../{}\")", page.display());
        assert!(!has_code || library.contains(&included), "add {included} to `mod guide` in src/lib.rs");
    }
}

#[test]
fn shown_schema_file_is_the_file_that_the_code_reads() {
    let shown = include_str!("../docs/guide/schema-files.md");
    let file = include_str!("../docs/guide/sales.json");
    assert!(shown.contains(&format!("```json\n{file}```\n")));
    let read = serenytics::SchemaFile::from_json(file).and_then(|read| read.to_json());
    assert_eq!(read.as_deref(), Ok(file), "as `serenytics schema pull` writes it");
}

#[test]
fn shown_compile_errors_are_messages_of_the_checker() {
    #[derive(serenytics::Source)]
    #[source(name = "sales")]
    struct Sales {
        country: String,
        revenue: f64,
    }

    // The query of the chapter "Errors".
    let json = r#"{"data_processing_pipeline": [{
        "where": [{"name": "contry", "op": "==", "value": "FR"}, {"name": "revenue", "op": "is_empty"}],
        "select": ["country", {"name": "revenue", "agg_function": "sum"}]
    }]}"#;
    let problems = Pipeline::from_json(json).unwrap().query(&Sales::schema()).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
    let shown = include_str!("../docs/guide/errors.md");
    for problem in &*problems {
        let line = format!("error: {} [{}]\n", problem.message, problem.code);
        assert!(shown.contains(&line), "errors.md does not show:\n{line}");
    }
}
