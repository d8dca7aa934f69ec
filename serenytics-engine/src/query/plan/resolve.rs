//! Resolves the names in a query to columns, measures and value formulas.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serenytics_query::formula::{Measures, Scope, Typed, check_value_formula, parse};
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::suggest::Suggestions;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::{COUNT_COLUMN, Item, Stage, item_of};

use super::columns::Columns;
use crate::base::Error;
use crate::query::formula::{RankColumn, configured_measures, ranks};
use crate::query::input::Input;
use crate::query::limits::check_measures;

/// The maximum number of parts in a query's formulas. A formula counts each time that it is used,
/// because the planner visits every use.
const MAX_PARTS: usize = 5000;
/// How many characters of a formula a message shows.
const MAX_SHOWN: usize = 100;

/// Resolves the names of a stage. Replaces the names of measures with their unique names in the
/// schema.
pub(in crate::query) fn resolve<'a>(stage: &mut Stage, input: &'a Input) -> Result<Columns<'a>, Error> {
    // The configuration may have been saved before this limit existed.
    check_measures(&input.configuration)?;
    let measures = configured_measures(&input.configuration, input);
    let mut resolver = Resolver::new(input, &measures);
    let clauses = [("group_by", &mut stage.group_by), ("select", &mut stage.select), ("order_by", &mut stage.order_by)];
    for (clause, items) in clauses {
        for (item, number) in items.iter_mut().zip(1..) {
            resolver.place = (clause, number);
            match item {
                Item::Name(name) => resolver.name(name, None),
                Item::Column(item) => resolver.name(&mut item.name, item.measure_uuid.as_deref()),
            }
        }
    }
    for (condition, number) in stage.conditions.iter_mut().zip(1..) {
        resolver.place = ("where", number);
        resolver.name(&mut condition.name, condition.measure_uuid.as_deref());
    }
    if resolver.parts > MAX_PARTS {
        resolver.problems.push(format!(
            "the query's formulas have {} parts and may have at most {MAX_PARTS}; a formula counts each time it is \
             used",
            resolver.parts
        ));
    }
    if !resolver.problems.is_empty() {
        return Err(Error::rejected_for(resolver.problems));
    }
    let ranks = resolver.ranks();
    let source = SourceRef::Name(input.name.clone().into());
    let schema = Schema { source, columns: resolver.schema_columns };
    Ok(Columns { schema, computed: resolver.computed, ranks, input })
}

struct Resolver<'a> {
    input: &'a Input,
    measures: &'a Measures,
    schema_columns: Vec<Column>,
    /// The names of the columns that are not measures.
    stored: HashSet<String>,
    /// The names of the measures in the schema, by their uuids.
    schema_names: HashMap<&'a str, String>,
    computed: HashMap<String, Arc<Typed>>,
    parts: usize,
    /// The names in the schema of the used formulas that contain ranks.
    ranked: BTreeSet<String>,
    /// The clause, and the number of the item that is resolved.
    place: (&'static str, usize),
    problems: Vec<String>,
    suggestions: Suggestions,
}

impl<'a> Resolver<'a> {
    fn new(input: &'a Input, measures: &'a Measures) -> Resolver<'a> {
        let mut schema_columns: Vec<Column> = input.schema_columns().collect();
        let stored: HashSet<String> = schema_columns.iter().map(|column| column.name.clone()).collect();
        let mut schema_names = HashMap::new();
        let mut computed = HashMap::new();
        // The number of duplicates of each name, so that no suffix is tried twice.
        let mut duplicates: HashMap<&str, usize> = HashMap::new();
        for measure in measures.iter() {
            let Ok(typed) = &measure.typed else { continue };
            // On the wire, a column or another measure may have the same name: the uuid
            // distinguishes them.
            let mut name = measure.name.clone();
            while stored.contains(&name) || computed.contains_key(&name) {
                let count = duplicates.entry(measure.name.as_str()).or_default();
                *count += 1;
                name = format!("{}'{count}", measure.name);
            }
            // A measure with one value over all rows follows the rules of value formulas.
            let kind = if typed.is_aggregate { ColumnKind::Formula } else { ColumnKind::Measure };
            schema_columns.push(computed_column(&name, &measure.name, typed.column_type(), kind));
            schema_names.insert(measure.uuid.as_str(), name.clone());
            computed.insert(name, Arc::clone(typed));
        }
        let (ranked, problems, suggestions) = (BTreeSet::new(), Vec::new(), Suggestions::default());
        Resolver {
            input,
            measures,
            schema_columns,
            stored,
            schema_names,
            computed,
            parts: 0,
            ranked,
            place: ("select", 1),
            problems,
            suggestions,
        }
    }

    /// Resolves an item. Unknown names are left to the checker.
    fn name(&mut self, name: &mut String, measure_uuid: Option<&str>) {
        if let Some(uuid) = measure_uuid {
            match self.measure(name, uuid) {
                Ok(schema_name) => *name = schema_name,
                Err(problem) => self.push(&problem),
            }
        } else if name == COUNT_COLUMN || self.stored.contains(name.as_str()) {
            // A stored column, or the number of rows.
        } else if let Some(measure) = self.measures.named(name) {
            let uuid = &measure.uuid;
            self.push(&format!("`{name}` is a measure: add \"measureUuid\": \"{uuid}\" next to the name"));
        } else if let Err(problem) = self.formula(name) {
            self.push(&problem);
        }
    }

    fn push(&mut self, problem: &str) {
        let (clause, number) = self.place;
        self.problems.push(format!("{problem} ({})", item_of(clause, number)));
    }

    /// Returns the name of a measure in the schema.
    fn measure(&mut self, name: &str, uuid: &str) -> Result<String, String> {
        let measure = self.measures.with_uuid(uuid).ok_or_else(|| self.unknown_measure(name, uuid))?;
        if measure.name != name {
            return Err(format!(
                "the measure with the uuid \"{uuid}\" is named `{}`, but the query calls it `{name}`",
                measure.name
            ));
        }
        let typed = measure.typed.as_ref().map_err(|wrong| wrong.message.clone())?;
        let schema_name = self.schema_names.get(uuid).cloned().unwrap_or_default();
        self.record_use(&schema_name, typed);
        Ok(schema_name)
    }

    fn unknown_measure(&self, name: &str, uuid: &str) -> String {
        let source = &self.input.name;
        let message = format!("`{name}` has the measureUuid \"{uuid}\", but `{source}` does not have this measure");
        let meant = self.measures.named(name);
        let near = || self.measures.named(self.suggestions.nearest(name, self.measures.names())?);
        match meant.or_else(near) {
            Some(measure) => format!("{message}; did you mean `{}`, whose uuid is \"{}\"?", measure.name, measure.uuid),
            None => message,
        }
    }

    /// Adds a value formula to the schema, if the name is one.
    fn formula(&mut self, name: &str) -> Result<(), String> {
        if let Some(typed) = self.computed.get(name).cloned() {
            self.record_use(name, &typed);
            return Ok(());
        }
        let wrong = |problem: String| {
            let shown: String = name.chars().take(MAX_SHOWN).collect();
            let more = if shown.len() < name.len() { ".." } else { "" };
            format!("the value formula `{shown}{more}` is invalid: {problem}")
        };
        let tree = match parse(name) {
            Ok(tree) if tree.depends_on_rows() => tree,
            // If it looks like a misspelled name, leave it to the checker, which suggests the right
            // one.
            Err(mistake) if name.contains(['[', '(']) && self.suggestions.nearest(name, self.names()).is_none() => {
                return Err(wrong(mistake.located_in(name)));
            }
            _ => return Ok(()),
        };
        let scope = Scope { environment: self.input, measures: self.measures, suggestions: &self.suggestions };
        let typed = check_value_formula(&tree, scope).map_err(|mistakes| wrong(mistakes.located_in(name)))?;
        self.record_use(name, &typed);
        self.schema_columns.push(computed_column(name, name, typed.column_type(), ColumnKind::Formula));
        self.computed.insert(name.to_owned(), Arc::new(typed));
        Ok(())
    }

    /// Records that the query uses a formula.
    fn record_use(&mut self, schema_name: &str, typed: &Typed) {
        self.parts += typed.parts;
        if typed.is_ranked && !self.ranked.contains(schema_name) {
            self.ranked.insert(schema_name.to_owned());
        }
    }

    /// Returns the distinct ranks that the used formulas need.
    fn ranks(&self) -> Vec<RankColumn> {
        let formulas = self.ranked.iter().filter_map(|schema_name| self.computed.get(schema_name));
        let by_name = formulas.flat_map(|typed| ranks(typed)).map(|rank| (rank.name.clone(), rank));
        by_name.collect::<BTreeMap<String, RankColumn>>().into_values().collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.schema_columns.iter().map(|column| column.name.as_str())
    }
}

fn computed_column(name: &str, wire: &str, column_type: ColumnType, kind: ColumnKind) -> Column {
    let (name, wire, rust_type) = (name.to_owned(), wire.to_owned(), String::new());
    Column { name, wire, column_type, nullable: true, kind, rust_type, formula: None }
}
