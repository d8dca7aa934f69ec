//! The rules of `group_by` and `select`, and the columns of the result.

use std::borrow::Cow;

use super::{Checker, formula_place};
use crate::rows::shape::{OutputColumn, OutputType};
use crate::schemas::schema::{Column, ColumnKind, Schema};
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{Ident, Key, KeySlot, Position, Selected, Selection};
use crate::syntax::suggest::listed;
use crate::syntax::vocabulary::{Aggregate, ColumnType, TimeSlot};

/// A column of the result, with its item in the query.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) column: OutputColumn,
    /// The item that the wire's `order_by` uses for this output.
    pub(super) what: Selected,
    /// The output as a query spells it: `month(date)`.
    pub(super) spelled: String,
    /// The index of the source's column whose declared type the output has.
    pub(super) declared: Option<usize>,
    /// The position of the output's alias or, without one, of its column.
    pub(super) position: Position,
}

impl<'a> Checker<'a> {
    /// Returns the valid columns of the result and reports the problems of the others.
    pub(super) fn outputs(&mut self) -> Vec<Output> {
        let stage = self.stage;
        let mut outputs = Vec::new();
        for key in &stage.group_by {
            match self.key(key) {
                Some(output) => self.add(&mut outputs, output),
                None => self.refuse(&outputs, &key.selected(), key.alias.as_ref()),
            }
        }
        match &stage.select {
            Some(selections) => {
                for selection in selections {
                    match self.selection(selection) {
                        Some(output) => self.add(&mut outputs, output),
                        None => self.refuse(&outputs, &selection.selected, selection.alias.as_ref()),
                    }
                }
            }
            None if stage.group_by.is_empty() && !stage.incomplete => {
                let position = Position::default();
                // A server returns the columns that it lists, which do not include measures.
                let columns =
                    self.schema.row_columns().filter(|column| !self.wire || column.kind != ColumnKind::Measure);
                outputs.extend(columns.map(|column| {
                    let word = Ident { text: column.name.clone(), position };
                    bare(self.schema, column, &word, None, position)
                }));
                if outputs.is_empty() && !self.wire {
                    let source = self.schema.source.text();
                    let message = format!("`{source}` has only value formulas: select one of them");
                    let problem = Problem::new(Code::FormulaPlace, position, message);
                    let names = listed(self.schema.columns.iter().map(|column| column.name.as_str()));
                    self.push(problem.help(format!("the value formulas are {names}")));
                }
            }
            None => {}
        }
        outputs
    }

    /// Remembers the names of a rejected output, so that `order_by` does not report it again.
    fn refuse(&mut self, outputs: &[Output], selected: &Selected, alias: Option<&Ident>) {
        if let Some(alias) = alias {
            if outputs.iter().any(|other| other.column.name == alias.text)
                || self.rejected_aliases.contains(&alias.text)
            {
                self.push(duplicate_output(&alias.text, alias.position));
            }
            self.rejected_aliases.push(alias.text.clone());
        }
        self.rejected.extend(selected.column().into_iter().chain(alias).map(|word| word.text.clone()));
        match selected {
            Selected::Aggregate { aggregate, column, .. } => {
                self.rejected.push(default_name(aggregate.word(), &column.text));
            }
            Selected::Slot { slot, column, .. } => self.rejected.push(default_name(slot.word(), &column.text)),
            Selected::Column(_) | Selected::Count(_) | Selected::Unknown(_) => {}
        }
    }

    /// Adds an output and reports a problem if it repeats another output or its name.
    fn add(&mut self, outputs: &mut Vec<Output>, output: Output) {
        let name = &output.column.name;
        if outputs.iter().any(|other| other.what.is_same(&output.what)) {
            let problem = Problem::new(
                Code::Repeated,
                output.position,
                format!("`{}` is repeated in the result", output.spelled),
            );
            self.push(problem);
        } else if outputs.iter().any(|other| other.column.name == *name)
            || self.rejected_aliases.iter().any(|other| other == name)
        {
            self.push(duplicate_output(name, output.position));
        }
        outputs.push(output);
    }

    fn key(&mut self, key: &Key) -> Option<Output> {
        let column = self.row_column(&key.column)?;
        let position = key.alias.as_ref().map_or(key.column.position, |alias| alias.position);
        match key.slot {
            KeySlot::Whole => Some(bare(self.schema, column, &key.column, key.alias.as_ref(), position)),
            KeySlot::Unknown => None,
            KeySlot::Slot(slot) => {
                self.slot_type(slot, column, &key.column);
                let what = Selected::Slot { slot, position, column: key.column.clone() };
                Some(Output {
                    column: OutputColumn {
                        name: output_name(slot.word(), column, key.alias.as_ref()),
                        origin: format!("{slot}({})", column.wire).into(),
                        output_type: OutputType::Slot(slot),
                        nullable: column.nullable,
                        bare: false,
                    },
                    what,
                    spelled: format!("{slot}({})", column.name),
                    declared: None,
                    position,
                })
            }
        }
    }

    /// Returns true if a time slot fits its column; otherwise reports a problem.
    pub(super) fn slot_type(&mut self, slot: TimeSlot, column: &Column, word: &Ident) -> bool {
        let fits = column.column_type == ColumnType::DateTime;
        if !fits {
            let described = column.column_type.described_column();
            let problem = Problem::new(
                Code::SlotType,
                word.position,
                format!("`{slot}` needs a datetime column, but `{}` is {described}", column.name),
            );
            self.push(problem);
        }
        fits
    }

    fn selection(&mut self, selection: &Selection) -> Option<Output> {
        let alias = selection.alias.as_ref();
        match &selection.selected {
            Selected::Column(word) => self.bare_selection(word, alias),
            Selected::Aggregate { aggregate, column: word, .. } => {
                let column = self.row_column(word)?;
                self.aggregate_type(*aggregate, column, word);
                let counts = *aggregate == Aggregate::Dcount;
                Some(Output {
                    column: OutputColumn {
                        name: output_name(aggregate.word(), column, alias),
                        origin: format!("{aggregate}({})", column.wire).into(),
                        output_type: OutputType::Column(aggregate.result(column.column_type)),
                        nullable: !counts && (column.nullable || self.stage.group_by.is_empty()),
                        bare: false,
                    },
                    what: selection.selected.clone(),
                    spelled: format!("{aggregate}({})", column.name),
                    declared: matches!(aggregate, Aggregate::Min | Aggregate::Max)
                        .then(|| self.schema.column(&column.name).map(|(index, _)| index))
                        .flatten(),
                    position: alias.map_or(word.position, |alias| alias.position),
                })
            }
            Selected::Count(position) => Some(Output {
                column: OutputColumn {
                    name: alias.map_or(Cow::Borrowed("count"), |alias| alias.text.clone().into()),
                    origin: "count()".into(),
                    output_type: OutputType::Column(ColumnType::Int),
                    nullable: false,
                    bare: false,
                },
                what: selection.selected.clone(),
                spelled: "count()".to_owned(),
                declared: None,
                position: alias.map_or(*position, |alias| alias.position),
            }),
            Selected::Slot { slot, position, .. } => {
                let problem = Problem::new(
                    Code::UnknownFunction,
                    *position,
                    format!("`{slot}` is a time slot: move it to `group_by`, whose keys are always in the result"),
                )
                .help(format!("`select` accepts columns, {} and `count`", listed(Aggregate::words())));
                self.push(problem);
                None
            }
            Selected::Unknown(column) => {
                column.as_ref().and_then(|word| self.column(word));
                None
            }
        }
    }

    fn bare_selection(&mut self, word: &Ident, alias: Option<&Ident>) -> Option<Output> {
        let column = self.column(word)?;
        let position = alias.map_or(word.position, |alias| alias.position);
        if column.kind == ColumnKind::Formula {
            return self.formula(column, word, alias, position);
        }
        if self.is_plain() || self.stage.incomplete {
            return Some(bare(self.schema, column, word, alias, position));
        }
        let grouped =
            self.stage.group_by.iter().any(|key| key.column.text == word.text && matches!(key.slot, KeySlot::Whole));
        let name = &column.name;
        let problem = if grouped {
            Problem::new(
                Code::GroupedSelected,
                word.position,
                format!("remove `{name}` from `select`: grouped columns are already in the result"),
            )
        } else if self.stage.group_by.is_empty() {
            Problem::new(
                Code::NeedsAggregate,
                word.position,
                format!("`{name}` is selected with an aggregate: aggregate it too, or add `group_by {name}`"),
            )
        } else {
            Problem::new(
                Code::NeedsAggregate,
                word.position,
                format!("`{name}` is not grouped and needs an aggregate: {}", aggregates(column)),
            )
        };
        self.push(problem);
        None
    }

    /// Returns the output of a value formula. The result has one row of one number, so no other
    /// output is allowed.
    fn formula(&mut self, column: &Column, word: &Ident, alias: Option<&Ident>, position: Position) -> Option<Output> {
        let selected = self.stage.select.iter().flatten().count();
        if !self.stage.group_by.is_empty() || selected > 1 {
            self.push(formula_place(column, word.position));
            return None;
        }
        Some(bare(self.schema, column, word, alias, position))
    }

    /// Returns the value formula if it is the only output of the query.
    pub(super) fn selected_formula(&self) -> Option<&'a Column> {
        let schema: &'a Schema = self.schema;
        match self.stage.select.as_deref() {
            Some([Selection { selected: Selected::Column(word), .. }]) if self.stage.group_by.is_empty() => {
                schema.column(&word.text).map(|(_, column)| column).filter(|column| column.kind == ColumnKind::Formula)
            }
            _ => None,
        }
    }

    /// Returns true if an aggregate fits its column; otherwise reports a problem.
    pub(super) fn aggregate_type(&mut self, aggregate: Aggregate, column: &Column, word: &Ident) -> bool {
        let fits = column.column_type.is_numeric() || !aggregate.needs_numeric();
        if !fits {
            let described = column.column_type.described_column();
            let problem = Problem::new(
                Code::AggregateType,
                word.position,
                format!("`{aggregate}` needs a numeric column, but `{}` is {described}", column.name),
            );
            self.push(problem);
        }
        fits
    }

    pub(super) fn has_aggregate(&self) -> bool {
        self.stage.select.iter().flatten().any(|selection| {
            matches!(selection.selected, Selected::Aggregate { .. } | Selected::Count(_) | Selected::Unknown(_))
        })
    }
}

fn duplicate_output(name: &str, position: Position) -> Problem {
    let message = format!("two outputs are named `{name}`");
    Problem::new(Code::DuplicateOutput, position, message).help("rename one of them with `as`")
}

/// Lists the calls of the aggregates that fit a column: `` `sum(revenue)`, .. ``.
fn aggregates(column: &Column) -> String {
    let calls: Vec<_> = Aggregate::ALL
        .iter()
        .filter(|aggregate| column.column_type.is_numeric() || !aggregate.needs_numeric())
        .map(|aggregate| format!("{aggregate}({})", column.name))
        .collect();
    listed(calls.iter().map(String::as_str))
}

fn output_name(function: &str, column: &Column, alias: Option<&Ident>) -> Cow<'static, str> {
    match alias {
        Some(alias) => alias.text.clone().into(),
        None => default_name(function, &column.name).into(),
    }
}

/// Returns the name of a function's output without an alias: `month_date`.
fn default_name(function: &str, column: &str) -> String {
    format!("{function}_{column}")
}

fn bare(schema: &Schema, column: &Column, word: &Ident, alias: Option<&Ident>, position: Position) -> Output {
    Output {
        column: OutputColumn {
            name: alias.map_or_else(|| column.name.clone(), |alias| alias.text.clone()).into(),
            origin: column.wire.clone().into(),
            output_type: OutputType::Column(column.column_type),
            nullable: column.nullable,
            bare: column.kind == ColumnKind::Stored,
        },
        what: Selected::Column(word.clone()),
        spelled: column.name.clone(),
        declared: schema.column(&column.name).map(|(index, _)| index),
        position,
    }
}
