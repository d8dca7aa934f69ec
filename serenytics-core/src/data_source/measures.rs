//! Measures as code: compares the measures that a schema declares with those of a source, and saves the differences.

use std::fmt;

use serde_json::{Map, Value};
use serenytics_query::formulas::{DeclaredIn, check_formulas, is_same_formula};
use serenytics_query::problem::Code;
use serenytics_query::remote_schema::RemoteMeasure;
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::source::Source;
use serenytics_query::suggest::listed;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::{ColumnTitle, formula_measure, measure_formula};

use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::io::new_uuid;

/// How often the measures are saved if other programs overwrite them.
const ATTEMPTS: usize = 3;

/// The property of a source that contains its measures.
const MEASURES: &str = "measures";

/// What [`Client::apply_measures`] did, by the names of the declared measures. Its `Display` text lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AppliedMeasures {
    /// The measures that the source did not have.
    pub created: Vec<String>,
    /// The measures that had another formula.
    pub updated: Vec<String>,
    /// The measures that the source already had with the same formula.
    pub unchanged: Vec<String>,
}

impl AppliedMeasures {
    /// Returns true if the source was saved.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.created.is_empty() || !self.updated.is_empty()
    }
}

impl fmt::Display for AppliedMeasures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [("created", &self.created), ("updated", &self.updated), ("unchanged", &self.unchanged)];
        let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
        let texts: Vec<String> =
            lists.map(|(done, names)| format!("{done} {}", listed(names.iter().map(String::as_str)))).collect();
        f.write_str(if texts.is_empty() { "no measure is declared with a formula" } else { "" })?;
        f.write_str(&texts.join("; "))
    }
}

impl Client {
    /// Saves the measures that a source declares with a formula: creates those that the source on the server does not
    /// have, and updates those that have another formula there. A measure is found by its name and keeps its uuid. Other
    /// measures, and all other settings of the source, stay as they are.
    ///
    /// The formulas are compared with the columns that the source has on the server before anything is saved. Nothing is
    /// sent if all measures are up to date.
    ///
    /// The API has no conditional writes: the client reads the configuration immediately before it saves it, and reads it
    /// again afterwards. If another program overwrote the measures in between, the client saves them again. A change that
    /// another program makes between the read and the save is lost, as with every save of a source.
    ///
    /// ```
    /// use serenytics_core::{Client, Error};
    /// use serenytics_query::source::Source;
    ///
    /// async fn deploy<S: Source>(client: &Client) -> Result<(), Error> {
    ///     println!("{}", client.apply_measures::<S>().await?);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error if a formula does not fit the columns of the source, several measures of the source have the name of
    /// a declared one, a measure of that name is not computed by a formula, the source does not exist, other programs keep
    /// overwriting the measures, or the server cannot be reached or rejects the request.
    pub async fn apply_measures<S: Source>(&self) -> Result<AppliedMeasures, Error> {
        let source = DataSource::referred(self.session(), &S::SOURCE, self.session().deadline()).await?;
        source.apply_measures(&S::schema()).await
    }
}

impl DataSource {
    /// Saves the measures that a schema declares with a formula, like
    /// [`Client::apply_measures`](crate::Client::apply_measures). The schema may have been declared for another source,
    /// such as the one in production.
    ///
    /// # Errors
    /// Returns the errors of [`Client::apply_measures`](crate::Client::apply_measures).
    pub async fn apply_measures(&self, declared: &Schema) -> Result<AppliedMeasures, Error> {
        let deadline = self.session().deadline();
        let wanted: Vec<(&str, &str)> = declared
            .columns
            .iter()
            .filter(|column| column.kind == ColumnKind::Measure)
            .filter_map(|column| Some((column.wire.as_str(), column.formula.as_deref()?)))
            .collect();
        let mut outcome: Option<AppliedMeasures> = None;
        for attempt in 0..=ATTEMPTS {
            let mut source = self.renewed(deadline).await?;
            let (applied, measures) = source.merged(&wanted)?;
            let is_done = !applied.has_changes();
            if outcome.is_none() {
                if !is_done {
                    source.check_measures(&source.columns_until(deadline).await?, &wanted)?;
                }
                outcome = Some(applied);
            }
            if is_done {
                break;
            }
            if attempt == ATTEMPTS {
                let message = format!(
                    "the measures of source `{}` were saved {ATTEMPTS} times, but other programs overwrote them: stop them \
                     and try again",
                    source.name
                );
                return Err(Error::new(Kind::Usage, self.session().api_key().redact(message)));
            }
            source.set_property(MEASURES, measures);
            source.save().await?;
        }
        Ok(outcome.unwrap_or_default())
    }

    /// Returns the measures of the source, each with its uuid and name.
    fn measures(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let configured = self.property(MEASURES).and_then(Value::as_object).into_iter().flatten();
        configured.filter_map(|(uuid, measure)| Some((uuid.as_str(), measure.get("name")?.as_str()?, measure)))
    }

    /// Returns true if the source has a measure of this name.
    pub(super) fn has_measure(&self, name: &str) -> bool {
        self.measures().any(|(_, other, _)| other == name)
    }

    /// Returns the measures of the source as a server reports them, in the order of their names.
    pub(super) fn remote_measures(&self) -> Vec<RemoteMeasure> {
        let mut measures: Vec<RemoteMeasure> = Vec::new();
        for (_, name, measure) in self.measures() {
            match measures.iter_mut().find(|other| other.name == name) {
                Some(other) => other.formula = None,
                None => measures.push(RemoteMeasure {
                    name: name.to_owned(),
                    formula: measure_formula(measure).map(str::to_owned),
                }),
            }
        }
        measures.sort_by(|one, other| one.name.cmp(&other.name));
        measures
    }

    /// Returns the measures of the source with the wanted ones, each a name and a formula, and what changes.
    fn merged(&self, wanted: &[(&str, &str)]) -> Result<(AppliedMeasures, Map<String, Value>), Error> {
        let mut measures = self.property(MEASURES).and_then(Value::as_object).cloned().unwrap_or_default();
        let mut applied = AppliedMeasures::default();
        for (name, formula) in wanted {
            let found: Vec<(&str, &Value)> = self
                .measures()
                .filter(|(_, other, _)| other == name)
                .map(|(uuid, _, measure)| (uuid, measure))
                .collect();
            match found[..] {
                [] => {
                    measures.insert(new_uuid(), formula_measure(name, formula));
                    applied.created.push((*name).to_owned());
                }
                [(uuid, measure)] => match measure_formula(measure) {
                    Some(served) if is_same_formula(served, formula) => applied.unchanged.push((*name).to_owned()),
                    Some(_) => {
                        let mut measure = measure.clone();
                        measure["data"]["formula"] = Value::from(*formula);
                        measures.insert(uuid.to_owned(), measure);
                        applied.updated.push((*name).to_owned());
                    }
                    None => {
                        let message = format!(
                            "the measure `{name}` of source `{}` is not computed by a formula: rename or delete it first",
                            self.name
                        );
                        return Err(Error::new(Kind::Usage, self.session().api_key().redact(message)));
                    }
                },
                _ => {
                    let uuids = listed(found.iter().map(|(uuid, _)| *uuid));
                    let message = format!(
                        "source `{}` has {} measures named `{name}`; rename all but one of them: {uuids}",
                        self.name,
                        found.len()
                    );
                    return Err(Error::new(Kind::Usage, self.session().api_key().redact(message)));
                }
            }
        }
        Ok((applied, measures))
    }

    /// Checks the wanted measures against the columns that the source has on the server. A storage without columns accepts
    /// every formula.
    fn check_measures(&self, titles: &[ColumnTitle], wanted: &[(&str, &str)]) -> Result<(), Error> {
        if titles.is_empty() {
            return Ok(());
        }
        let mut schema = Schema::from_titles(SourceRef::Name(self.name.clone().into()), titles);
        // The type of a measure is that of its formula.
        let measure = |name: &str, formula: &str| Column {
            name: name.to_owned(),
            wire: name.to_owned(),
            column_type: ColumnType::Float,
            nullable: true,
            kind: ColumnKind::Measure,
            rust_type: String::new(),
            formula: Some(formula.to_owned()),
        };
        let first = schema.columns.len();
        schema.columns.extend(wanted.iter().map(|(name, formula)| measure(name, formula)));
        let last = schema.columns.len();
        // The types of other measures without a formula are not known, nor those of columns of an unknown type.
        let mut unknown: Vec<String> =
            titles.iter().filter(|title| title.column_type().is_none()).map(|title| title.name.clone()).collect();
        for other in self.remote_measures() {
            match other.formula {
                _ if wanted.iter().any(|(name, _)| *name == other.name) => {}
                Some(formula) => schema.columns.push(measure(&other.name, &formula)),
                None => unknown.push(other.name),
            }
        }
        let problems = check_formulas(&schema, &unknown, DeclaredIn::Struct);
        let wrong = problems.iter().filter(|problem| (first..last).contains(&problem.column));
        let wrong: Vec<String> = wrong
            .filter(|found| found.problem.code == Code::Formula)
            .map(|found| format!("`{}`: {}", schema.columns[found.column].name, found.problem).replace('\n', "\n  "))
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let message = format!("the measures of source `{}` were not saved:\n  {}", self.name, wrong.join("\n  "));
        Err(Error::new(Kind::Usage, self.session().api_key().redact(message)))
    }
}
