//! Names: what the items of a query name, be it a column, a measure or a value formula.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serenytics_query::formula::{Measures, Scope, Typed, check_value_formula, parse};
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::suggest::Suggestions;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::{COUNT_COLUMN, Item, Stage};

use super::columns::Columns;
use crate::base::Error;
use crate::query::formula::{RankColumn, configured_measures, ranks};
use crate::query::input::Input;
use crate::query::limits::check_measures;

/// How many parts the formulas of a query may have, each counted as often as it is named: the planner goes through all.
const PARTS: usize = 5000;
/// How much of a formula a message shows.
const SHOWN: usize = 100;

/// Finds out what the names of a stage mean. Those of measures become what the schema calls them, which is unique.
pub(in crate::query) fn resolve<'a>(stage: &mut Stage, input: &'a Input) -> Result<Columns<'a>, Error> {
    // Of a configuration that was saved before there was a limit.
    check_measures(&input.configuration)?;
    let measures = configured_measures(&input.configuration, input);
    let mut resolver = Resolver::new(input, &measures);
    for item in [&mut stage.group_by, &mut stage.select, &mut stage.order_by].into_iter().flatten() {
        match item {
            Item::Name(name) => resolver.name(name, None),
            Item::Column(item) => resolver.name(&mut item.name, item.measure_uuid.as_deref()),
        }
    }
    for condition in &mut stage.conditions {
        resolver.name(&mut condition.name, condition.measure_uuid.as_deref());
    }
    if resolver.parts > PARTS {
        resolver.problems.push(format!(
            "the formulas that the query names have {} parts, each counted as often as it is named, and may have {PARTS}",
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
    /// The names of the columns that are no measures.
    stored: HashSet<String>,
    /// What the schema calls the measures, by their uuids.
    called: HashMap<&'a str, String>,
    computed: HashMap<String, Arc<Typed>>,
    parts: usize,
    /// What the schema calls the named formulas that have places among all rows in them.
    ranked: BTreeSet<String>,
    problems: Vec<String>,
    suggestions: Suggestions,
}

impl<'a> Resolver<'a> {
    fn new(input: &'a Input, measures: &'a Measures) -> Resolver<'a> {
        let mut schema_columns: Vec<Column> = input.schema_columns().collect();
        let stored: HashSet<String> = schema_columns.iter().map(|column| column.name.clone()).collect();
        let mut called = HashMap::new();
        let mut computed = HashMap::new();
        // How many of the same name there were, so that none is tried twice.
        let mut twins: HashMap<&str, usize> = HashMap::new();
        for measure in measures.iter() {
            let Ok(typed) = &measure.typed else { continue };
            // A column, or another measure, may be called the same on the wire, where the uuid makes the difference.
            let mut name = measure.name.clone();
            while stored.contains(&name) || computed.contains_key(&name) {
                let twin = twins.entry(measure.name.as_str()).or_default();
                *twin += 1;
                name = format!("{}'{twin}", measure.name);
            }
            // One value over all rows follows the rules of value formulas.
            let kind = if typed.is_aggregate { ColumnKind::Formula } else { ColumnKind::Measure };
            schema_columns.push(computed_column(&name, &measure.name, typed.column_type(), kind));
            called.insert(measure.uuid.as_str(), name.clone());
            computed.insert(name, Arc::clone(typed));
        }
        let (ranked, problems, suggestions) = (BTreeSet::new(), Vec::new(), Suggestions::default());
        Resolver { input, measures, schema_columns, stored, called, computed, parts: 0, ranked, problems, suggestions }
    }

    /// Finds out what an item names. What is neither a column nor anything else is left to the checker.
    fn name(&mut self, name: &mut String, measure_uuid: Option<&str>) {
        if let Some(uuid) = measure_uuid {
            match self.measure(name, uuid) {
                Ok(called) => *name = called,
                Err(problem) => self.problems.push(problem),
            }
        } else if name == COUNT_COLUMN || self.stored.contains(name.as_str()) {
            // A column of the rows, or their number.
        } else if let Some(measure) = self.measures.named(name) {
            let uuid = &measure.uuid;
            self.problems.push(format!(
                "`{name}` is a measure, which is named with its uuid: put \"measureUuid\": \"{uuid}\" beside the name"
            ));
        } else if let Err(problem) = self.formula(name) {
            self.problems.push(problem);
        }
    }

    /// What the schema calls a measure.
    fn measure(&mut self, name: &str, uuid: &str) -> Result<String, String> {
        let measure = self.measures.with_uuid(uuid).ok_or_else(|| self.unknown_measure(name, uuid))?;
        if measure.name != name {
            return Err(format!(
                "the measure with the uuid \"{uuid}\" is called `{}`, and the query names it `{name}`",
                measure.name
            ));
        }
        let typed = measure.typed.as_ref().map_err(|wrong| wrong.message.clone())?;
        let called = self.called.get(uuid).cloned().unwrap_or_default();
        self.needs(&called, typed);
        Ok(called)
    }

    fn unknown_measure(&self, name: &str, uuid: &str) -> String {
        let source = &self.input.name;
        let message = format!("`{name}` has the measureUuid \"{uuid}\", and `{source}` has no such measure");
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
            self.needs(name, &typed);
            return Ok(());
        }
        let wrong = |told: String| {
            let shown: String = name.chars().take(SHOWN).collect();
            let more = if shown.len() < name.len() { ".." } else { "" };
            format!("the value formula `{shown}{more}` is wrong: {told}")
        };
        let tree = match parse(name) {
            Ok(tree) if tree.depends_on_rows() => tree,
            // A name with a mistake in it is told as one, with what was probably meant.
            Err(mistake) if name.contains(['[', '(']) && self.suggestions.nearest(name, self.names()).is_none() => {
                return Err(wrong(mistake.located_in(name)));
            }
            _ => return Ok(()),
        };
        let scope = Scope { environment: self.input, measures: self.measures, suggestions: &self.suggestions };
        let typed = check_value_formula(&tree, scope).map_err(|mistake| wrong(mistake.located_in(name)))?;
        self.needs(name, &typed);
        self.schema_columns.push(computed_column(name, name, typed.column_type(), ColumnKind::Formula));
        self.computed.insert(name.to_owned(), Arc::new(typed));
        Ok(())
    }

    /// Counts what a formula needs that is named.
    fn needs(&mut self, called: &str, typed: &Typed) {
        self.parts += typed.parts;
        if typed.is_ranked && !self.ranked.contains(called) {
            self.ranked.insert(called.to_owned());
        }
    }

    /// The places among all rows that the named formulas need, each once.
    fn ranks(&self) -> Vec<RankColumn> {
        let formulas = self.ranked.iter().filter_map(|called| self.computed.get(called));
        let by_name = formulas.flat_map(|typed| ranks(typed)).map(|rank| (rank.name.clone(), rank));
        by_name.collect::<BTreeMap<String, RankColumn>>().into_values().collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.schema_columns.iter().map(|column| column.name.as_str())
    }
}

fn computed_column(name: &str, wire: &str, column_type: ColumnType, kind: ColumnKind) -> Column {
    let (name, wire, rust_type) = (name.to_owned(), wire.to_owned(), String::new());
    Column { name, wire, column_type, nullable: true, kind, rust_type }
}
