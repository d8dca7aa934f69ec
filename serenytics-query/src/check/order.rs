//! The rules of `order_by`, and how its names are resolved.

use super::output::Output;
use super::{Checker, formula_place};
use crate::schemas::schema::ColumnKind;
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{Ident, Order, Position, Selected};
use crate::syntax::suggest::listed;

impl Checker<'_> {
    /// Resolves the name of an item. If that fails, reports a problem and returns the item
    /// unchanged.
    pub(super) fn order(&mut self, order: &Order, outputs: &[Output]) -> Order {
        if let Some(formula) = self.selected_formula() {
            if let Some(position) = position(&order.by) {
                self.push(formula_place(formula, position));
            }
            return order.clone();
        }
        let by = match &order.by {
            Selected::Column(word) => self.order_name(word, outputs),
            Selected::Aggregate { aggregate, column: word, position } => {
                if let Some(column) = self.row_column(word)
                    && self.aggregate_type(*aggregate, column, word)
                {
                    let spelled = format!("{aggregate}({})", column.name);
                    self.order_output("select", &order.by, &spelled, *position, outputs);
                }
                None
            }
            Selected::Slot { slot, column: word, position } => {
                if let Some(column) = self.row_column(word)
                    && self.slot_type(*slot, column, word)
                {
                    let spelled = format!("{slot}({})", column.name);
                    self.order_output("group_by", &order.by, &spelled, *position, outputs);
                }
                None
            }
            Selected::Count(position) => {
                self.order_output("select", &order.by, "count()", *position, outputs);
                None
            }
            Selected::Unknown(word) => {
                word.as_ref().and_then(|word| self.column(word));
                None
            }
        };
        Order { by: by.unwrap_or_else(|| order.by.clone()), direction: order.direction }
    }

    /// Resolves a name without a function: first as an output, then as a key's column, then, in a
    /// plain result, as any column.
    fn order_name(&mut self, word: &Ident, outputs: &[Output]) -> Option<Selected> {
        let named = outputs.iter().find(|output| !self.wire && output.column.name == word.text);
        let keys = || outputs.iter().filter(|output| self.is_key_of(output, word));
        // The column itself takes precedence over its time slots.
        let whole = || keys().find(|key| matches!(key.what, Selected::Column(_)));
        let key = named.or_else(whole).or_else(|| keys().next());
        if named.is_none() && !self.wire && whole().is_none() {
            let mut slots: Vec<&str> = keys().map(|key| &*key.spelled).collect();
            slots.dedup();
            if slots.len() > 1 {
                let message =
                    format!("`{}` is grouped in more than one way: order by one of {}", word.text, listed(slots));
                self.push(Problem::new(Code::UnknownOrder, word.position, message));
                return None;
            }
        }
        if let Some(output) = key {
            return Some(output.what.clone());
        }
        if self.schema.column(&word.text).is_some_and(|(_, column)| column.kind == ColumnKind::Formula) {
            self.row_column(word);
            return None;
        }
        if self.is_plain() && self.schema.column(&word.text).is_some() || self.may_be_missing(&word.text) {
            return None;
        }
        self.push(self.unknown_order(word, outputs));
        None
    }

    /// Returns true if a name may refer to a rejected output, whose problem is already reported.
    fn may_be_missing(&self, name: &str) -> bool {
        let rejected = || self.rejected.iter().map(String::as_str);
        let is_named =
            |other: &str| name == other || name.strip_suffix(other).is_some_and(|start| start.ends_with('_'));
        self.stage.incomplete || rejected().any(is_named) || self.suggestions.nearest(name, rejected()).is_some()
    }

    fn is_key_of(&self, output: &Output, word: &Ident) -> bool {
        match &output.what {
            Selected::Column(column) | Selected::Slot { column, .. } => column.text == word.text,
            _ => false,
        }
    }

    fn unknown_order(&self, word: &Ident, outputs: &[Output]) -> Problem {
        let name = &word.text;
        if self.suggestions.have_ended() {
            return Problem::new(Code::UnknownOrder, word.position, format!("no column `{name}` in the result"));
        }
        let mut candidates: Vec<&str> = outputs.iter().map(|output| output.column.name.as_ref()).collect();
        if self.is_plain() {
            candidates.extend(self.schema.columns.iter().map(|column| column.name.as_str()));
        }
        let mut seen = std::collections::HashSet::new();
        candidates.retain(|candidate| seen.insert(*candidate));
        if self.schema.column(name).is_some() {
            return Problem::new(
                Code::UnknownOrder,
                word.position,
                format!("cannot order by `{name}`, which is neither grouped nor selected"),
            )
            .help(format!("the columns of the result are {}", listed(candidates)));
        }
        let message = match self.suggestions.nearest(name, candidates.iter().copied()) {
            Some(near) => format!("no column `{name}` in the result; did you mean `{near}`?"),
            None => format!("no column `{name}` in the result"),
        };
        let problem = Problem::new(Code::UnknownOrder, word.position, message);
        problem.help(format!("the columns of the result are {}", listed(candidates)))
    }

    fn order_output(&mut self, clause: &str, by: &Selected, spelled: &str, position: Position, outputs: &[Output]) {
        let name = by.column().map_or("count", |column| column.text.as_str());
        if outputs.iter().any(|output| output.what.is_same(by)) || self.may_be_missing(name) {
            return;
        }
        let message = format!("`order_by {spelled}` needs `{spelled}` in `{clause}`");
        self.push(Problem::new(Code::UnknownOrder, position, message));
    }
}

/// The position of an item; `None` for one that is already reported.
fn position(by: &Selected) -> Option<Position> {
    match by {
        Selected::Column(word) => Some(word.position),
        Selected::Aggregate { position, .. } | Selected::Slot { position, .. } | Selected::Count(position) => {
            Some(*position)
        }
        Selected::Unknown(_) => None,
    }
}
