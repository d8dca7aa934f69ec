//! The conditions of `where`.

use super::{Parser, Read, Refused};
use crate::syntax::problem::Code;
use crate::syntax::stage::{Condition, ConditionOperand, Hole, Position, Word};
use crate::syntax::suggest::{listed, nearest};
use crate::syntax::token::TokenKind;
use crate::syntax::vocabulary::{Operand, Operator};

/// What people who come from elsewhere write for an operator.
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

impl Parser<'_> {
    pub(super) fn conditions(&mut self) {
        loop {
            if self.cursor.is_at_end() || self.cursor.at_clause_start() {
                self.parsed.columns.push(None);
                return;
            }
            let read = if self.cursor.sign_is('.') {
                self.splice().map(|filter| self.parsed.stage.splices.push(filter))
            } else {
                self.condition().map(|condition| self.parsed.stage.conditions.push(condition))
            };
            if let Err(Refused) = read {
                self.skip_condition();
            }
            if !self.condition_separator() {
                return;
            }
        }
    }

    fn skip_condition(&mut self) {
        while !self.cursor.is_at_end()
            && !self.cursor.sign_is(',')
            && !self.cursor.at_clause_start()
            && !matches!(self.cursor.at_keyword(), Some("and" | "or"))
            && !matches!(self.cursor.signs().as_str(), "&&" | "||")
        {
            self.cursor.bump();
        }
    }

    /// Reads what joins two conditions. `false` at the end of the clause.
    fn condition_separator(&mut self) -> bool {
        if self.cursor.sign(',') {
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
        if self.refuse_logic() {
            return true;
        }
        let position = self.cursor.position();
        let found = self.cursor.shown();
        if self.cursor.peek_word().is_some() && self.cursor.at_keyword().is_none() {
            self.problem(Code::MissingComma, position, format!("missing comma or `and` before {found}"));
            return true;
        }
        let message = format!("expected a comma, `and` or a clause after the condition, found {found}");
        self.problem(Code::Unexpected, position, message);
        self.skip_condition();
        self.condition_separator()
    }

    /// Refuses `or`, `||` and `&&`, and reads past them.
    fn refuse_logic(&mut self) -> bool {
        let position = self.cursor.position();
        let signs = self.cursor.signs();
        if self.cursor.word_is("or") || signs == "||" {
            let message = "`or` is not supported: a row must meet all conditions";
            let help =
                "for several values of one column, write `country in [\"FR\", \"US\"]`; otherwise write two queries";
            self.problem_with_help(Code::Logic, position, message, help);
        } else if signs == "&&" {
            self.problem(Code::Logic, position, "write `and` or a comma instead of `&&`");
        } else {
            return false;
        }
        self.cursor.skip(signs.len().max(1));
        true
    }

    /// Reads `..{filter}` or `..{filter}?`.
    fn splice(&mut self) -> Read<Hole> {
        let position = self.cursor.position();
        let dots = self.cursor.signs();
        self.cursor.skip(dots.len());
        if dots == ".."
            && let Some(filter) = self.hole()
        {
            return Ok(filter);
        }
        let message = "write a filter with two dots and braces: `..{filter}`";
        self.problem(Code::Splice, position, message);
        if !self.cursor.is_at_end() {
            self.cursor.bump();
        }
        Err(Refused)
    }

    fn condition(&mut self) -> Read<Condition> {
        self.refuse_logic();
        let start = self.cursor.position();
        if self.cursor.word_is("not") || self.cursor.sign_is('!') {
            let message = "negate the operator instead of the condition: `!=`, `!in`, `is_not_defined`";
            self.problem(Code::UnknownOperator, start, message);
            return Err(Refused);
        }
        let Some(column) = self.column_word("where")? else {
            let found = self.cursor.shown();
            let message = format!("expected a column at the start of the condition, found {found}");
            self.problem(Code::Unexpected, start, message);
            return Err(Refused);
        };
        if let Some(TokenKind::Group { open: '(', .. }) = self.cursor.peek() {
            let message = format!("`where` compares columns, and `{}(..)` is not a column", column.text);
            self.problem_with_help(
                Code::UnknownFunction,
                column.position,
                message,
                "`where` filters rows before they are grouped",
            );
            return Err(Refused);
        }
        let operator_position = self.cursor.position();
        let operator = self.operator(&column)?;
        let operand = self.operand(operator, operator_position)?;
        Ok(Condition { column, operator: Some(operator), operator_position, operand })
    }

    fn operator(&mut self, column: &Word) -> Read<Operator> {
        let position = self.cursor.position();
        let signs = self.cursor.signs();
        if !signs.is_empty() {
            return self.sign_operator(&signs, position);
        }
        let Some((word, raw)) = self.cursor.peek_word() else {
            let name = &column.text;
            let message = format!("expected an operator after `{name}`: `{name} == ..`, `{name} is_defined`");
            self.problem(Code::Operand, column.position, message);
            return Err(Refused);
        };
        if !raw && let Some(operator) = Operator::from_word(word) {
            self.cursor.bump();
            return Ok(operator);
        }
        if !raw
            && word == "not"
            && self.cursor.peek_at(1) == Some(&TokenKind::Word { text: "in".to_owned(), raw: false })
        {
            self.cursor.skip(2);
            return Ok(Operator::NotIn);
        }
        if word == "between" {
            self.refuse_between(column, position);
            return Err(Refused);
        }
        if word == "is" {
            self.refuse_is(position);
            return Err(Refused);
        }
        if self.cursor.at_clause_start() || self.cursor.at_keyword() == Some("and") {
            let name = &column.text;
            let message = format!("expected an operator after `{name}`: `{name} == ..`, `{name} is_defined`");
            self.problem(Code::Operand, column.position, message);
            return Err(Refused);
        }
        self.unknown_operator(word, position);
        Err(Refused)
    }

    /// Refuses `between a and b`, whose `and` joins no conditions.
    fn refuse_between(&mut self, column: &Word, position: Position) {
        let name = &column.text;
        self.problem(
            Code::UnknownOperator,
            position,
            format!("write `between` as two conditions: `{name} >= .., {name} <= ..`"),
        );
        self.cursor.bump();
        self.skip_condition();
        if self.cursor.keyword("and").is_some() {
            self.skip_condition();
        }
    }

    /// Refuses `is null` and `is not null` by the operator that is meant.
    fn refuse_is(&mut self, position: Position) {
        self.cursor.bump();
        let negated = self.cursor.keyword("not").is_some();
        let operator = if negated { "is_defined" } else { "is_not_defined" };
        let spelled = if negated { "is not null" } else { "is null" };
        self.problem(Code::UnknownOperator, position, format!("write `{operator}` instead of `{spelled}`"));
    }

    /// Reads the longest operator of some signs; a minus behind it belongs to the literal.
    fn sign_operator(&mut self, signs: &str, position: Position) -> Read<Operator> {
        if signs == "!" && matches!(self.cursor.peek_at(1), Some(TokenKind::Word { text, raw: false }) if text == "in")
        {
            self.cursor.skip(2);
            return Ok(Operator::NotIn);
        }
        let written = signs.strip_suffix('-').filter(|rest| !rest.is_empty()).unwrap_or(signs);
        if let Some(operator) = Operator::from_word(written) {
            self.cursor.skip(written.len());
            return Ok(operator);
        }
        self.unknown_operator(written, position);
        Err(Refused)
    }

    fn unknown_operator(&mut self, written: &str, position: Position) {
        let other = OTHER_OPERATORS.iter().find(|(other, _)| *other == written).map(|(_, word)| *word);
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
            return Err(Refused);
        }
        match operator.operand() {
            Operand::None => {
                if matches!(
                    self.cursor.peek(),
                    Some(TokenKind::Literal(_) | TokenKind::Hole(_) | TokenKind::Group { .. })
                ) {
                    let position = self.cursor.position();
                    self.problem(Code::Operand, position, format!("unexpected value after {what}: remove it"));
                    return Err(Refused);
                }
                Ok(ConditionOperand::None)
            }
            Operand::Scalar => {
                if let Some(TokenKind::Group { open: '[', .. }) = self.cursor.peek() {
                    let list_operator = if operator == Operator::NotEqual { "!in" } else { "in" };
                    let message = format!("{what} compares with one value: write `{list_operator}` for a list");
                    self.problem(Code::Operand, position, message);
                    return Err(Refused);
                }
                self.value(&format!("after {what}")).map(ConditionOperand::Scalar)
            }
            Operand::List => {
                if let Some(hole) = self.hole() {
                    return Ok(ConditionOperand::ListHole(hole));
                }
                let (values, position) = self.list(&what)?;
                Ok(ConditionOperand::List(values, position))
            }
        }
    }
}
