//! The kinds of crates to compare. Each has a template: a head and four shapes of queries, repeated with changing numbers.

use std::fmt::Write;

/// A way to write queries.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// The prefix of the names of its crates; the number of queries follows.
    pub(crate) package: &'static str,
    /// The head, then the shapes. A line [`MARK`] precedes each shape.
    template: &'static str,
    /// The `[dependencies]` lines of the manifest.
    pub(crate) dependencies: &'static str,
    /// The GraphQL schema that the build script registers.
    pub(crate) schema: Option<&'static str>,
}

/// A change to a generated source file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Edit {
    None,
    /// A number in the middle query becomes another one with as many digits.
    InPlace,
    /// The same, with an additional line before that query.
    Moved,
}

/// The line that starts a query in a template.
const MARK: &str = "// Query.\n";

/// The number in a template that is replaced by a different one in each query.
const NUMBER: &str = "1000";

/// The kind that the others are compared with.
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
    /// Returns the source of a crate with `count` queries.
    pub(crate) fn source(&self, count: usize, edit: Edit) -> String {
        let mut parts = self.template.split(MARK);
        // A crate without queries does not use the imports of the head.
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

    /// Returns the manifest of a crate.
    pub(crate) fn manifest(&self, name: &str) -> String {
        let mut manifest = format!("[package]\nname = '{name}'\nversion = '0.0.0'\nedition = '2024'\n");
        let _ = write!(manifest, "\n[dependencies]\n{}", self.dependencies);
        manifest
    }
}
