//! Queries from JSON: a pipeline is checked against a schema that is read at run time.

use serde_json::Value as Json;

use crate::check::check_pipeline;
use crate::lower::{lower, measures};
use crate::query::{Query, pipeline_json};
use crate::rows::cell::Row;
use crate::schemas::formulas::check_formula;
use crate::schemas::schema::{Column, ColumnKind, Schema};
use crate::schemas::schema_file::is_formula;
use crate::syntax::problem::{Code, Problem, Problems};
use crate::syntax::stage::Position;
use crate::syntax::vocabulary::{Aggregate, ColumnType};
use crate::wire::{COUNT_COLUMN, ColumnItem, Item, Pipeline, ROW_BY_ROW, Stage};

impl Pipeline {
    /// Reads the JSON of a pipeline, whose format `docs/schemas/pipeline.schema.json` describes.
    ///
    /// # Errors
    /// Every problem of the text, with its line and column: invalid JSON, an unknown or repeated
    /// field, which would change the query if it was ignored, or a wrong value. A position is an
    /// offset in the text.
    pub fn from_json(text: &str) -> Result<Pipeline, Problems> {
        pipeline_json::read(text).map_err(Problems::from)
    }

    /// Checks the pipeline against the columns of its source, by the rules of `query!`, and returns
    /// the query. A row is a list of cells in the order of the query's [`shape`](Query::shape).
    /// Columns have the platform's names. A selected value formula need not be declared: it is checked
    /// against the columns of the schema.
    ///
    /// # Errors
    /// Every problem of the pipeline. A position is the number of an item, counted clause by
    /// clause.
    pub fn query(&self, schema: &Schema) -> Result<Query<Vec<Json>>, Problems> {
        let one = |message: String| Problems::from(Problem::new(Code::PipelineJson, Position::default(), message));
        let [stage] = &self.data_processing_pipeline[..] else {
            let stages = self.data_processing_pipeline.len();
            return Err(one(format!("a pipeline must have one stage, but this one has {stages}")));
        };
        if let Some(message) = self.unsupported() {
            return Err(one(message));
        }
        let mut schema = schema.by_wire_names();
        let mut stage = stage.clone();
        if stage.select.is_empty() && stage.group_by.is_empty() {
            // As in `query!`: select every declared column, not every column that the server has.
            stage.select = schema.row_columns().map(|column| Item::Name(column.wire.clone())).collect();
            if stage.select.is_empty() {
                return Err(one(
                    "the pipeline selects nothing, and the schema has no column that rows contain".to_owned()
                ));
            }
        }
        add_formulas(&mut schema, &stage)?;
        let (stage, checked) = check_pipeline(&schema, &stage)?;
        let template = lower(&schema, &stage, &checked);
        let template = template.ok_or_else(|| one("this query cannot be written as JSON".to_owned()))?;
        let used = measures(&schema, &stage, &checked);
        Ok(Query::owned(schema.source, template.render(&[]), checked.shape.into(), Row::read, used.into()))
    }
}

/// Adds the value formulas that a stage selects and that the schema does not declare, after checking them against its
/// columns.
fn add_formulas(schema: &mut Schema, stage: &Stage) -> Result<(), Problems> {
    let mut problems = Vec::new();
    for item in &stage.select {
        let name = match item {
            Item::Name(name) => name,
            Item::Column(ColumnItem { name, agg_function: None, timeslot: None, .. }) => name,
            Item::Column(_) => continue,
        };
        if !is_formula(name) || schema.column(name).is_some() {
            continue;
        }
        match check_formula(schema, name) {
            Ok(column_type) => schema.columns.push(Column {
                name: name.clone(),
                wire: name.clone(),
                column_type: column_type.unwrap_or(ColumnType::Float),
                nullable: true,
                kind: ColumnKind::Formula,
                rust_type: String::new(),
                formula: None,
            }),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

impl Pipeline {
    /// Describes a setting of the pipeline that a query does not support, if there is one.
    fn unsupported(&self) -> Option<String> {
        if let Some(order) = self.order.as_deref().filter(|order| *order != ROW_BY_ROW) {
            return Some(format!("`order` is `{order}` but must be `{ROW_BY_ROW}`"));
        }
        if self.only_headers == Some(true) {
            return Some("`only_headers` is not supported: a query returns rows".to_owned());
        }
        let stages = || self.data_processing_pipeline.iter();
        let ordered = stages().flat_map(|stage| &stage.order_by);
        let unordered = || stages().flat_map(|stage| stage.group_by.iter().chain(&stage.select));
        let long = |item| match item {
            &Item::Name(_) => None,
            Item::Column(item) => Some(item),
        };
        if let Some(item) = unordered().filter_map(long).find(|item| item.direction.is_some()) {
            return Some(format!(
                "a `direction` is allowed only in `order_by`, but `{}` has one in another clause",
                item.name
            ));
        }
        let is_other_count = |item: &&ColumnItem| {
            item.name == COUNT_COLUMN && item.agg_function.is_some_and(|function| function != Aggregate::Sum)
        };
        let count = unordered().chain(ordered).filter_map(long).find(is_other_count)?;
        let function = count.agg_function?;
        Some(format!("`{COUNT_COLUMN}` needs the aggregate `sum`, found `{function}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemas::schema::SourceRef;
    use crate::wire::ColumnTitle;

    fn schema() -> Schema {
        let title =
            |name: &str, type_name: &str| ColumnTitle { name: name.to_owned(), type_name: type_name.to_owned() };
        let titles = [title("country", "str"), title("revenue", "float"), title("order date", "datetime")];
        Schema::from_titles(SourceRef::Name("sales".into()), &titles)
    }

    fn query(stage: &str) -> Result<Query<Vec<Json>>, Problems> {
        let text = format!(r#"{{"order":"row_by_row","data_processing_pipeline":[{stage}]}}"#);
        Pipeline::from_json(&text)?.query(&schema())
    }

    fn messages(stage: &str) -> Vec<String> {
        query(stage).unwrap_err().iter().map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn a_json_pipeline_renders_like_a_compiled_query() {
        let right = query(
            r#"{"group_by":["country",{"name":"order date","timeslot":"month"}],"where":[{"name":"revenue","op":">","value":20},{"name":"country","op":"in","value":["FR"]}],
            "select":[{"name":"revenue","agg_function":"sum"},{"name":"$$count$$","agg_function":"sum"}],"limit":3}"#,
        )
        .unwrap();
        assert_eq!(
            right.to_json(),
            r#"{"order":"row_by_row","data_processing_pipeline":[{"group_by":["country",{"name":"order date","timeslot":"month"}],"select":[{"name":"revenue","agg_function":"sum"},{"name":"$$count$$","agg_function":"sum"}],"where":[{"name":"revenue","op":">","value":"20"},{"name":"country","op":"in","value":"[\"FR\"]"}],"limit":3}]}"#
        );
        assert_eq!(right.shape().len(), 4);
    }

    #[test]
    fn value_formula_of_a_pipeline_is_checked_against_the_schema() {
        let right =
            query(r#"{"select":["sum([revenue]) / count()"],"where":[{"name":"country","op":"==","value":"FR"}]}"#);
        assert!(right.unwrap().to_json().contains(r#""select":[{"name":"sum([revenue]) / count()"}]"#));
        assert!(query(r#"{"select":[{"name":"quantile([revenue], 0.5)"}]}"#).is_ok(), "only the server knows it");
        assert_eq!(
            messages(r#"{"select":[{"name":"sum([revnue]) / cuont()"}]}"#),
            [
                "there is no column or measure `revnue`; did you mean `[revenue]`? [SRN065]\nat character 5 of the \
                 formula:\n    sum([revnue]) / cuont()\n        ^^^^^^^^",
                "there is no function `cuont`; did you mean `count`? [SRN065]\nat character 17 of the formula:\n    \
                 sum([revnue]) / cuont()\n                    ^^^^^",
            ]
        );
        assert!(
            messages(r#"{"select":["max([country])"]}"#)[0].starts_with("a value formula must be a number, found text")
        );
        assert!(messages(r#"{"select":["count()","country"]}"#)[0].contains("select it as the only output"));
        assert!(
            messages(r#"{"select":["sum([revenue]"]}"#)[0].starts_with("this `(` is never closed: add `)` [SRN065]")
        );
    }

    #[test]
    fn unsupported_settings_of_a_pipeline_are_rejected() {
        let stage: Stage = serde_json::from_str(r#"{"select":["country"]}"#).unwrap();
        let rows = Pipeline { data_processing_pipeline: vec![stage], ..Pipeline::default() };
        let messages = |pipeline: Pipeline| pipeline.query(&schema()).unwrap_err()[0].to_string();
        assert!(messages(Pipeline { only_headers: Some(true), ..rows.clone() }).contains("`only_headers`"));
        assert!(
            messages(Pipeline { order: Some("column_by_column".to_owned()), ..rows.clone() }).contains("`order` is")
        );
        assert!(rows.query(&schema()).is_ok());
    }

    #[test]
    fn a_pipeline_without_select_needs_a_schema_with_row_columns() {
        let empty = Schema { columns: Vec::new(), ..schema() };
        let nothing = Pipeline::from_json(r#"{"data_processing_pipeline":[{"limit":3}]}"#).unwrap();
        assert!(nothing.query(&empty).unwrap_err()[0].message.contains("selects nothing"));
    }

    #[test]
    fn invalid_pipelines_are_rejected_with_a_reason() {
        assert_eq!(
            messages(r#"{"select":["contry"]}"#),
            ["no column `contry` in `sales`; did you mean `country`? [SRN020]"]
        );
        assert_eq!(
            messages(r#"{"were":[]}"#),
            ["line 1 column 52: unknown field `were`; did you mean `where`? [SRN016]"]
        );
        assert_eq!(
            messages(r#"{"select":[{"name":"revenue","agg_func":"sum"}]}"#),
            ["line 1 column 80: unknown field `agg_func`; did you mean `agg_function`? [SRN016]"]
        );
        assert_eq!(
            messages(r#"{"select":[{"name":"revenue","agg_function":"smu"}]}"#),
            ["line 1 column 95: unknown aggregate `smu`; did you mean `sum`? [SRN007]"]
        );
        assert_eq!(
            messages(r#"{"select":[{"name":"country","direction":"desc"}]}"#),
            ["a `direction` is allowed only in `order_by`, but `country` has one in another clause [SRN016]"]
        );
        assert_eq!(
            messages(r#"{"select":[{"name":"$$count$$","agg_function":"avg"}]}"#),
            ["`$$count$$` needs the aggregate `sum`, found `avg` [SRN016]"]
        );
        assert_eq!(messages("{},{}"), ["a pipeline must have one stage, but this one has 2 [SRN016]"]);
        assert_eq!(messages(r#"{"select":["country"],"where":[{"name":"revenue","op":">","value":"x"}]}"#).len(), 1);
    }
}
