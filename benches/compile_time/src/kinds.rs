//! The kinds of crates that are measured: each a text with a head and four shapes of queries, repeated under changing numbers.

use std::fmt::Write;

/// A way to write queries.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// The name of its crates, before the number of queries.
    pub(crate) package: &'static str,
    /// The head, then the shapes, each behind a line [`MARK`].
    template: &'static str,
    /// The lines of its dependencies.
    pub(crate) dependencies: &'static str,
    /// The schema that its build script registers.
    pub(crate) schema: Option<&'static str>,
}

/// What a source differs by from the one of its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Edit {
    None,
    /// Another number in the middle query, of as many digits.
    InPlace,
    /// The same, and a line before it.
    Moved,
}

/// The line before a query.
const MARK: &str = "// Query.\n";

/// The number in a template that is another one in each query.
const NUMBER: &str = "1000";

/// What the others are held against.
pub(crate) const HAND: &str = "hand-written";

const SERENYTICS: &str = concat!("serenytics = { path = '", env!("CARGO_MANIFEST_DIR"), "/../..' }\n");

pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        name: "`query!`",
        package: "macros",
        template: include_str!("../kinds/macros.rs"),
        dependencies: SERENYTICS,
        schema: None,
    },
    Kind {
        name: HAND,
        package: "hand",
        template: include_str!("../kinds/hand.rs"),
        dependencies: SERENYTICS,
        schema: None,
    },
    Kind {
        name: "cynic",
        package: "cynic_queries",
        template: include_str!("../kinds/cynic.rs"),
        dependencies: "cynic = '3'\n[build-dependencies]\ncynic-codegen = '3'\n",
        schema: Some(include_str!("../kinds/cynic.graphql")),
    },
    Kind {
        name: "diesel",
        package: "diesel_queries",
        template: include_str!("../kinds/diesel.rs"),
        dependencies: "diesel = { version = '2', default-features = false, features = ['postgres_backend', '32-column-tables'] }\n",
        schema: None,
    },
];

impl Kind {
    /// The source of a crate with `count` queries.
    pub(crate) fn source(&self, count: usize, edit: Edit) -> String {
        let mut parts = self.template.split(MARK);
        // A crate without queries uses none of what the head imports.
        let mut source = format!("#![allow(unused_imports)]\n{}", parts.next().unwrap_or_default());
        let shapes: Vec<_> = parts.collect();
        for (index, shape) in (0..count).zip(shapes.iter().cycle()) {
            let edited = edit != Edit::None && index == count / 2;
            if edited && edit == Edit::Moved {
                source.push_str("// Edited.\n");
            }
            let number = if edited { 8_000 } else { 1_000 } + index;
            let named = shape.replace(&format!("_{NUMBER}"), &format!("_{index}"));
            source.push_str(&named.replace(NUMBER, &number.to_string()));
        }
        source
    }

    /// The manifest of a crate.
    pub(crate) fn manifest(&self, name: &str) -> String {
        let mut manifest = format!("[package]\nname = '{name}'\nversion = '0.0.0'\nedition = '2024'\n");
        let _ = write!(manifest, "\n[dependencies]\n{}", self.dependencies);
        manifest
    }
}
