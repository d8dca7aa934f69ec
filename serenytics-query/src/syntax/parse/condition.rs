//! The conditions of `where`.

use super::habit::{is_logic, is_text_operator};
use super::{Parser, Read, Reported};
use crate::syntax::problem::Code;
use crate::syntax::stage::{Condition, ConditionOperand, Ident, Placeholder, Position, Value};
use crate::syntax::suggest::{listed, nearest};
use crate::syntax::token::TokenKind;
use crate::syntax::vocabulary::{Aggregate, Operand, Operator, TimeSlot};

/// Operators of other languages, with ours.
const OTHER_OPERATORS: &[(&str, &str)] = &[
    ("=", "=="),
    ("===", "=="),
    ("=>", ">="),
    ("=<", "<="),
    ("<>", "!="),
    ("!==", "!="),
    ("~=", "!="),
    ("is_null", "is_not_defined"),
    ("is_not_null", "is_defined"),
];

/// Returns our operator for one of another language.
pub(crate) fn other_operator(written: &str) -> Option<&'static str> {
    OTHER_OPERATORS.iter().find(|(other, _)| *other == written).map(|(_, word)| *word)
}

impl Parser<'_> {
    pub(super) fn conditions(&mut self) {
        loop {
            if self.cursor.is_at_end() || self.cursor.at_clause_start() {
                self.parsed.columns.push(None);
                return;
            }
            let read = if self.cursor.punct_is('.') {
                self.splice().map(|filter| self.parsed.stage.splices.push(filter))
            } else {
                self.condition().map(|condition| self.parsed.stage.conditions.push(condition))
            };
            if let Err(Reported) = read {
                self.skip_condition();
            }
            if !self.condition_separator() {
                return;
            }
        }
    }

    fn skip_condition(&mut self) {
        while !self.cursor.is_at_end()
            && !self.cursor.punct_is(',')
            && !self.cursor.at_clause_start()
            && !self.at_logic()
        {
            self.cursor.bump();
        }
    }

    /// Returns true at `and` and `or`, also in the spelling of another language.
    fn at_logic(&self) -> bool {
        let is_word = self.cursor.peek_ident().is_some_and(|(word, raw)| !raw && is_logic(word));
        is_word || matches!(self.cursor.spaced_puncts().as_str(), "&&" | "||")
    }

    /// Reads the separator of two conditions. Returns false at the end of the clause.
    fn condition_separator(&mut self) -> bool {
        if self.cursor.punct(',') {
            return true;
        }
        if let Some(position) = self.cursor.keyword("and") {
            if self.cursor.is_at_end() || self.cursor.at_clause_start() {
                self.problem(Code::Unexpected, position, "expected a condition after `and`");
            }
            return true;
        }
        if self.cursor.is_at_end() || self.cursor.at_clause_start() || self.cursor.at_misspelled_clause() {
            return false;
        }
        if self.reject_logic() {
            return true;
        }
        let position = self.cursor.position();
        let found = self.cursor.shown();
        if self.cursor.peek_ident().is_some() && self.cursor.at_keyword().is_none() {
            self.problem(Code::MissingComma, position, format!("missing comma or `and` before {found}"));
            return true;
        }
        let message = format!("expected a comma, `and` or a clause after the condition, found {found}");
        self.problem(Code::Unexpected, position, message);
        self.skip_condition();
        self.condition_separator()
    }

    /// Rejects `or`, `||` and `&&`, and skips them.
    fn reject_logic(&mut self) -> bool {
        let position = self.cursor.position();
        let puncts = self.cursor.spaced_puncts();
        let word = self.cursor.peek_ident().filter(|(word, raw)| !raw && is_logic(word)).map(|(word, _)| word);
        if word.is_some_and(|word| word.eq_ignore_ascii_case("or")) || puncts == "||" {
            let message = "`or` is not supported: a row must meet all conditions";
            let help =
                "for several values of one column, write `country in [\"FR\", \"US\"]`; otherwise write two queries";
            self.problem_with_help(Code::Logic, position, message, help);
        } else if puncts == "&&" {
            self.problem(Code::Logic, position, "write `and` or a comma instead of `&&`");
        } else if let Some(word) = word.filter(|word| *word != "and") {
            self.problem(Code::Logic, position, format!("write `and` in lower case instead of `{word}`"));
        } else {
            return false;
        }
        self.cursor.skip(puncts.len().max(1));
        true
    }

    /// Reads `..{filter}` or `..{filter}?`.
    fn splice(&mut self) -> Read<Placeholder> {
        let position = self.cursor.position();
        let dots = self.cursor.puncts();
        let is_spaced = self.cursor.spaced_puncts() == ".." && dots != "..";
        self.cursor.skip(self.cursor.spaced_puncts().len());
        if is_spaced {
            self.problem(Code::Splice, position, "write `..` without a space");
            return self.placeholder().ok_or(Reported);
        }
        if dots == ".."
            && let Some(filter) = self.placeholder()
        {
            return Ok(filter);
        }
        let message = "write a filter with two dots and braces: `..{filter}`";
        self.problem(Code::Splice, position, message);
        if !self.cursor.is_at_end() {
            self.cursor.bump();
        }
        Err(Reported)
    }

    fn condition(&mut self) -> Read<Condition> {
        self.reject_logic();
        let start = self.cursor.position();
        if self.cursor.ident_is("not") || self.cursor.punct_is('!') {
            let message = "negate the operator instead of the condition: `!=`, `!in`, `is_not_defined`";
            self.problem(Code::UnknownOperator, start, message);
            return Err(Reported);
        }
        self.reject_braces("where")?;
        let Some(column) = self.column_ident("where")? else {
            let found = self.cursor.shown();
            let message = format!("expected a column at the start of the condition, found {found}");
            self.problem(Code::Unexpected, start, message);
            return Err(Reported);
        };
        if let Some(TokenKind::Group { open: '(', .. }) = self.cursor.peek() {
            let name = &column.text;
            let message = format!("`where` compares columns, and `{name}(..)` is not a column");
            let is_ours =
                name == "count" || Aggregate::from_word(name).is_some() || TimeSlot::from_word(name).is_some();
            let help = if is_ours {
                "`where` filters rows before they are grouped".to_owned()
            } else {
                format!("declare a measure with the formula `{name}([..])`, and compare the measure")
            };
            self.problem_with_help(Code::UnknownFunction, column.position, message, help);
            return Err(Reported);
        }
        let operator_position = self.cursor.position();
        let operator = self.operator(&column)?;
        let operand = self.operand(operator, operator_position)?;
        Ok(Condition { column, operator: Some(operator), operator_position, operand })
    }

    fn operator(&mut self, column: &Ident) -> Read<Operator> {
        let position = self.cursor.position();
        let puncts = self.cursor.puncts();
        if !puncts.is_empty() {
            return self.punct_operator(&puncts, position);
        }
        let Some((word, raw)) = self.cursor.peek_ident() else {
            let name = &column.text;
            let message = format!("expected an operator after `{name}`: `{name} == ..`, `{name} is_defined`");
            self.problem(Code::Operand, column.position, message);
            return Err(Reported);
        };
        if !raw && let Some(operator) = Operator::from_word(word) {
            self.cursor.bump();
            return Ok(operator);
        }
        if !raw
            && word == "not"
            && self.cursor.peek_at(1) == Some(&TokenKind::Ident { text: "in".to_owned(), raw: false })
        {
            self.cursor.skip(2);
            return Ok(Operator::NotIn);
        }
        if word.eq_ignore_ascii_case("between") {
            self.reject_between(column, position);
            return Err(Reported);
        }
        let negated = word.eq_ignore_ascii_case("not");
        let tested = if negated { self.cursor.peek_at(1) } else { self.cursor.peek() };
        if let Some(TokenKind::Ident { text, raw: false }) = tested
            && is_text_operator(text)
        {
            let not = if negated { "not " } else { "" };
            let message = format!(
                "`{not}{text}` is not supported: declare a measure that tests the text, and compare the measure"
            );
            self.problem(Code::UnknownOperator, position, message);
            return Err(Reported);
        }
        if word == "is" {
            self.reject_is(position);
            return Err(Reported);
        }
        if self.cursor.at_clause_start() || self.cursor.at_keyword() == Some("and") {
            let name = &column.text;
            let message = format!("expected an operator after `{name}`: `{name} == ..`, `{name} is_defined`");
            self.problem(Code::Operand, column.position, message);
            return Err(Reported);
        }
        self.unknown_operator(word, position);
        Err(Reported)
    }

    /// Rejects `between a and b`, whose `and` does not join conditions.
    fn reject_between(&mut self, column: &Ident, position: Position) {
        let name = &column.text;
        self.problem(
            Code::UnknownOperator,
            position,
            format!("write `between` as two conditions: `{name} >= .., {name} <= ..`"),
        );
        self.cursor.bump();
        self.skip_condition();
        if self.cursor.peek_ident().is_some_and(|(word, _)| word.eq_ignore_ascii_case("and")) {
            self.cursor.bump();
            self.skip_condition();
        }
    }

    /// Rejects `is null` and `is not null`, and suggests the operator that is meant.
    fn reject_is(&mut self, position: Position) {
        self.cursor.bump();
        let negated = self.cursor.keyword("not").is_some();
        let operator = if negated { "is_defined" } else { "is_not_defined" };
        let spelled = if negated { "is not null" } else { "is null" };
        self.problem(Code::UnknownOperator, position, format!("write `{operator}` instead of `{spelled}`"));
    }

    /// Reads the longest operator in a run of punctuation; a minus after it belongs to the literal.
    fn punct_operator(&mut self, puncts: &str, position: Position) -> Read<Operator> {
        if puncts == "!"
            && matches!(self.cursor.peek_at(1), Some(TokenKind::Ident { text, raw: false }) if text == "in")
        {
            if !self.cursor.is_joint() {
                self.problem(Code::UnknownOperator, position, "write `!in` without a space");
            }
            self.cursor.skip(2);
            return Ok(Operator::NotIn);
        }
        let written = operator_part(puncts);
        // `> =` is one operator with a space inside.
        let spaced = self.cursor.spaced_puncts();
        let spaced = operator_part(&spaced);
        if spaced.len() > written.len() {
            if let Some(operator) = Operator::from_word(spaced) {
                self.problem(Code::UnknownOperator, position, format!("write `{operator}` without a space"));
                self.cursor.skip(spaced.len());
                return Ok(operator);
            }
            self.unknown_operator(spaced, position);
            return Err(Reported);
        }
        if let Some(operator) = Operator::from_word(written) {
            self.cursor.skip(written.len());
            return Ok(operator);
        }
        if matches!(written, "+" | "-" | "*" | "/" | "%") {
            let message = format!("`where` has no arithmetic: declare a measure instead of computing with `{written}`");
            self.problem(Code::UnknownOperator, position, message);
            return Err(Reported);
        }
        self.unknown_operator(written, position);
        Err(Reported)
    }

    fn unknown_operator(&mut self, written: &str, position: Position) {
        let other = other_operator(written);
        let words = || {
            Operator::words()
                .filter(|word| word.starts_with(char::is_alphabetic) == written.starts_with(char::is_alphabetic))
        };
        match other.or_else(|| nearest(written, words())) {
            Some(near) => {
                let message = format!("unknown operator `{written}`; did you mean `{near}`?");
                self.problem(Code::UnknownOperator, position, message);
            }
            None => {
                let message = format!("unknown operator `{written}`");
                let help = format!("the operators are {}", listed(Operator::words()));
                self.problem_with_help(Code::UnknownOperator, position, message, help);
            }
        }
    }

    fn operand(&mut self, operator: Operator, position: Position) -> Read<ConditionOperand> {
        let what = format!("`{operator}`");
        if operator.operand() != Operand::None && self.cursor.is_at_end() {
            let expected = if operator.operand() == Operand::List { "list" } else { "value" };
            self.problem(
                Code::Operand,
                position,
                format!("expected a {expected} after {what}, found the end of the query"),
            );
            return Err(Reported);
        }
        match operator.operand() {
            Operand::None => {
                if matches!(
                    self.cursor.peek(),
                    Some(TokenKind::Literal(_) | TokenKind::Placeholder(_) | TokenKind::Group { .. })
                ) {
                    let position = self.cursor.position();
                    self.problem(Code::Operand, position, format!("unexpected value after {what}: remove it"));
                    return Err(Reported);
                }
                Ok(ConditionOperand::None)
            }
            Operand::Scalar => {
                if let Some(TokenKind::Group { open: '[', .. }) = self.cursor.peek() {
                    let list_operator = if operator == Operator::NotEqual { "!in" } else { "in" };
                    let message = format!("{what} compares with one value: write `{list_operator}` for a list");
                    self.problem(Code::Operand, position, message);
                    return Err(Reported);
                }
                let value = self.value(&format!("after {what}"))?;
                if matches!(value, Value::Placeholder(_)) {
                    self.reject_value_arithmetic()?;
                }
                Ok(ConditionOperand::Scalar(value))
            }
            Operand::List => {
                if let Some(placeholder) = self.placeholder() {
                    return Ok(ConditionOperand::ListPlaceholder(placeholder));
                }
                let (values, position) = self.list(&what)?;
                Ok(ConditionOperand::List(values, position))
            }
        }
    }
}

/// Returns the operator in a run of punctuation: the sign or the first character of a value may
/// follow it.
fn operator_part(puncts: &str) -> &str {
    let operator = puncts.trim_end_matches(['-', '+', '.']);
    if operator.is_empty() { puncts } else { operator }
}
