//! Single syntax mistakes in a valid query, each with the code and the position that the grammar
//! must report.

use serenytics_query::parse::KEYWORDS;
use serenytics_query::problem::Code;
use serenytics_query::vocabulary::{ColumnType, Operand, Operator};

use crate::text::{Role, Text, Wrong};
use crate::valid::Query;

/// Returns every mistake that this query can have.
pub fn mistakes(query: &Query) -> Vec<Wrong> {
    let text = &query.text;
    let mut wrong = Vec::new();
    beginnings(text, &mut wrong);
    clauses(query, &mut wrong);
    separators(text, &mut wrong);
    operators(text, &mut wrong);
    operands(text, &mut wrong);
    values(text, &mut wrong);
    lists(text, &mut wrong);
    items(text, &mut wrong);
    aliases(text, &mut wrong);
    orders(text, &mut wrong);
    limits(text, &mut wrong);
    // After a comma, the name of a clause is a column without its `r#`, unless the content of the
    // clause follows.
    let is_clause = |word: &str| KEYWORDS.contains(&word);
    wrong.retain(|wrong| {
        let word =
            |back: usize| wrong.at.checked_sub(back).and_then(|at| wrong.words.get(at)).map_or("", String::as_str);
        !(is_clause(word(0)) && word(1) == "," || is_clause(word(1)) && word(2) == ",")
    });
    wrong
}

fn beginnings(text: &Text, wrong: &mut Vec<Wrong>) {
    wrong.push(text.with(0..1, &["form"], Code::MissingFrom, 0));
    wrong.push(text.with(0..2, &[], Code::MissingFrom, 0));
    wrong.push(text.with(1..2, &[], Code::EmptyClause, 0));
    let end = text.pieces.len();
    if text.clauses[end - 1] != "where" {
        wrong.push(text.with(end..end, &["from", "Source"], Code::DuplicateClause, 0));
    }
}

/// Clauses that are misspelled, repeated, empty or unknown.
fn clauses(query: &Query, wrong: &mut Vec<Wrong>) {
    let text = &query.text;
    for clause in ["where", "group_by", "select", "order_by", "limit", "into"] {
        let Some(range) = text.clause(clause) else {
            let end = text.pieces.len();
            wrong.push(text.with(end..end, &[clause], Code::EmptyClause, 0));
            continue;
        };
        let start = range.start;
        if text.pieces[start - 1].role == Role::Trailing {
            continue;
        }
        let others: &[&str] = match clause {
            "where" => &["wehre", "Where"],
            "group_by" => &["gruop_by", "groupby"],
            "select" => &["slect"],
            "order_by" => &["orderby", "oder_by"],
            "limit" => &["limt"],
            _ => &["int"],
        };
        wrong.extend(others.iter().map(|other| text.with(start..start + 1, &[other], Code::Unexpected, 0)));
        if let Some(word) = clause.strip_suffix("_by") {
            wrong.push(text.with(start..start + 1, &[word, "by"], Code::Unexpected, 0));
        }
        wrong.push(text.with(start + 1..range.end, &[], Code::EmptyClause, 0).moved_back(1));
        let again: &[&str] = match clause {
            "where" => &["quantity", "is_defined"],
            "group_by" => &["country", "as", "again"],
            "select" if query.is_aggregated() => &["dcount", "(", "country", ")", "as", "again"],
            "select" => &["country", "as", "again"],
            "order_by" => &["count", "(", ")"],
            "limit" => &["3"],
            _ => &["Others"],
        };
        let end = text.pieces.len();
        if query.formula().is_some() && matches!(clause, "group_by" | "select") {
            continue;
        }
        let is_new = !text.pieces.iter().any(|piece| again.contains(&piece.text.as_str()) && piece.text != ")");
        if is_new || matches!(clause, "where" | "order_by" | "limit" | "into") {
            wrong.push(text.with(end..end, &[&[clause], again].concat(), Code::DuplicateClause, 0));
        }
    }
    let end = text.pieces.len();
    if end == 2 {
        for other in [&["having", "total", ">", "3"][..], &["offset", "3"], &["join", "Others"]] {
            wrong.push(text.with(end..end, other, Code::Unexpected, 0));
        }
    }
}

fn separators(text: &Text, wrong: &mut Vec<Wrong>) {
    for at in text.with_role(|role| role == Role::Separator) {
        let next = &text.pieces[at + 1];
        // Without its comma, a name after an item of `order_by` may be meant as a direction.
        let is_lone =
            text.pieces.get(at + 2).is_none_or(|piece| !matches!(piece.role, Role::Bracket | Role::Direction));
        let as_direction = text.clauses[at] == "order_by" && text.pieces[at - 1].role != Role::Direction;
        let code = match as_direction && is_lone && !next.text.starts_with("r#") {
            true => Code::Unexpected,
            false => Code::MissingComma,
        };
        wrong.push(text.with(at..at + 1, &[], code, 0));
        if text.clauses[at] == "where" {
            for other in ["or", "||", "&&"] {
                wrong.push(text.with(at..at + 1, &[other], Code::Logic, 0));
            }
        } else {
            wrong.push(text.with(at..at + 1, &["and"], Code::MissingComma, 0));
        }
        wrong.push(text.with(at..at + 1, &[",", ","], Code::Unexpected, 1));
    }
    for clause in ["where", "group_by", "select", "order_by"] {
        if let Some(range) = text.clause(clause) {
            wrong.push(text.with(range.start + 1..range.start + 1, &[","], Code::Unexpected, 0));
        }
    }
    if let Some(last) = text.items("where").last() {
        let end = text.clause("where").map_or(last.end, |range| range.end);
        wrong.push(text.with(last.end..end, &["and"], Code::Unexpected, 0));
    }
}

/// Unknown operators, and conditions without an operator.
fn operators(text: &Text, wrong: &mut Vec<Wrong>) {
    for item in text.items("where") {
        let at = item.start + 1;
        let Role::Operator(operator) = text.pieces[at].role else { continue };
        let others: &[&str] = match operator {
            Operator::Equal => &["=", "===", "eq", "is", "like"],
            Operator::NotEqual => &["<>", "!==", "~="],
            Operator::GreaterOrEqual => &["=>", ">>="],
            Operator::LessOrEqual => &["=<"],
            Operator::In => &["inn", "one_of"],
            Operator::IsDefined => &["is_define", "is not null"],
            Operator::IsNotDefined => &["isnt_defined", "is null"],
            Operator::IsEmpty => &["is_emty"],
            _ => &["=~", "%"],
        };
        wrong.extend(others.iter().map(|other| text.with(at..at + 1, &[other], Code::UnknownOperator, 0)));
        wrong.push(text.with(item.start..item.start, &["not"], Code::UnknownOperator, 0));
        wrong.push(text.with(item.start..item.start, &["!"], Code::UnknownOperator, 0));
        wrong.push(text.with(at..item.end, &["between", "3", "and", "4"], Code::UnknownOperator, 0));
        wrong.push(text.with(at..item.end, &[], Code::Operand, 0).moved_back(1));
        wrong.push(text.with(item.start..at, &["sum", "(", "quantity", ")"], Code::UnknownFunction, 0));
    }
}

/// Operators with a value that is missing, unexpected or of the wrong form.
fn operands(text: &Text, wrong: &mut Vec<Wrong>) {
    for item in text.items("where") {
        let at = item.start + 1;
        let Role::Operator(operator) = text.pieces[at].role else { continue };
        let others: &[&[&str]] = match operator.operand() {
            Operand::None => &[&["3"], &["{value}"], &["[", "3", "]"]],
            Operand::Scalar => &[&["(", "3", ")"]],
            Operand::List => &[&["3"], &["\"FR\""], &["(", "3", ")"], &["countries"]],
        };
        for other in others {
            wrong.push(text.with(at + 1..item.end, other, Code::Operand, 0));
        }
        match operator.operand() {
            Operand::None => {}
            Operand::Scalar => {
                wrong.push(text.with(at + 1..item.end, &["[", "3", "]"], Code::Operand, 0).moved_back(1));
                let is_hole = text.pieces[item.end - 1].role == Role::Placeholder;
                let code = if is_hole { Code::Unexpected } else { Code::Operand };
                wrong.push(text.with(item.end..item.end, &["+", "3"], code, 0));
                missing(text, at + 1..item.end, wrong);
            }
            Operand::List => {
                wrong.push(text.with(at + 1..item.end, &["[", "]"], Code::EmptyList, 0));
                wrong.push(text.with(at + 1..item.end, &["[", "{value}?", "]"], Code::Operand, 1));
                missing(text, at + 1..item.end, wrong);
            }
        }
    }
}

/// A missing value is reported at the next token, or at the operator if the query ends there.
fn missing(text: &Text, value: std::ops::Range<usize>, wrong: &mut Vec<Wrong>) {
    let is_end = value.end == text.pieces.len();
    let without = text.with(value, &[], Code::Operand, 0);
    wrong.push(if is_end { without.moved_back(1) } else { without });
}

/// Strings without quotes, and invalid literals.
fn values(text: &Text, wrong: &mut Vec<Wrong>) {
    for at in text.with_role(|role| matches!(role, Role::Value(_))) {
        let Role::Value(column_type) = text.pieces[at].role else { continue };
        for word in ["FR", "paris", "true", "null", "None", "r#in"] {
            wrong.push(text.with(at..at + 1, &[word], Code::Unquoted, 0));
        }
        for literal in ["3i64", "2.5f64", "\"FR\"s", "9223372036854775808", "1e400"] {
            let fits = match literal {
                "3i64" => matches!(column_type, ColumnType::Int | ColumnType::Float),
                "2.5f64" => column_type == ColumnType::Float,
                "\"FR\"s" => column_type == ColumnType::Str,
                _ => true,
            };
            if fits {
                wrong.push(text.with(at..at + 1, &[literal], Code::BadLiteral, 0));
            }
        }
        wrong.push(text.with(at..at + 1, &["2013", "-", "01", "-", "31"], Code::Unquoted, 0));
        let glued = format!("{}and", text.pieces[at].text);
        let is_followed = text.pieces.get(at + 1).is_some_and(|next| next.text == "and");
        if is_followed && !glued.starts_with('-') {
            wrong.push(text.with(at..at + 2, &[&glued], Code::BadLiteral, 0));
        }
    }
}

fn lists(text: &Text, wrong: &mut Vec<Wrong>) {
    for at in text.with_role(|role| role == Role::ListComma) {
        match (text.pieces[at - 1].text.as_str(), text.pieces[at + 1].text.starts_with('-')) {
            ("1_000", true) => {}
            // A literal followed by a minus looks like an expression.
            (_, true) if text.pieces[at - 1].role != Role::Placeholder => {
                wrong.push(text.with(at..at + 1, &[], Code::Operand, 0));
            }
            _ => wrong.push(text.with(at..at + 1, &[], Code::MissingComma, 0)),
        }
        wrong.push(text.with(at..at + 1, &[",", ","], Code::Operand, 1));
        wrong.push(text.with(at..at + 1, &["and"], Code::MissingComma, 0));
    }
}

/// Keywords as columns, and functions that are unknown or not allowed in the clause.
fn items(text: &Text, wrong: &mut Vec<Wrong>) {
    for at in text.with_role(|role| matches!(role, Role::Column(_) | Role::Order)) {
        let clause = text.clauses[at];
        if let Some(keyword) = text.pieces[at].text.strip_prefix("r#") {
            wrong.push(text.with(at..at + 1, &[keyword], Code::KeywordAsColumn, 0));
        }
        if text.pieces[at].role != Role::Order {
            wrong.push(text.with(at..at + 1, &["\"FR\""], Code::Unexpected, 0));
        }
        if clause == "select" {
            wrong.push(text.with(at..at + 1, &["*"], Code::Unexpected, 0));
        }
    }
    for at in text.with_role(|role| role == Role::Function) {
        let clause = text.clauses[at];
        let function = text.pieces[at].text.as_str();
        wrong.push(text.with(at..at + 1, &[&function[..function.len() - 1]], Code::UnknownFunction, 0));
        wrong.push(text.with(at..at + 1, &["median"], Code::UnknownFunction, 0));
        if let Role::Argument(_) = text.pieces[at + 2].role {
            wrong.push(text.with(at + 2..at + 3, &[], Code::UnknownFunction, 0).moved_back(2));
            wrong.push(text.with(at + 2..at + 3, &["\"FR\""], Code::UnknownFunction, 0));
            wrong.push(text.with(at + 3..at + 3, &[",", "country"], Code::UnknownFunction, 0).moved_back(1));
            wrong.push(text.with(at..at + 1, &["count"], Code::UnknownFunction, 2));
        } else {
            wrong.push(text.with(at + 2..at + 2, &["*"], Code::UnknownFunction, 0));
            wrong.push(text.with(at + 2..at + 2, &["country"], Code::UnknownFunction, 0));
        }
        if clause == "group_by" {
            wrong.push(text.with(at..at + 1, &["max"], Code::UnknownFunction, 0));
        }
    }
}

fn aliases(text: &Text, wrong: &mut Vec<Wrong>) {
    for at in text.with_role(|role| role == Role::As) {
        wrong.push(text.with(at..at + 1, &[], Code::MissingComma, 0));
        wrong.push(text.with(at + 1..at + 2, &["\"total\""], Code::Unexpected, 0));
        wrong.push(text.with(at + 1..at + 2, &["self"], Code::KeywordAsColumn, 0));
        wrong.push(text.with(at + 1..at + 2, &[], Code::Unexpected, 0).moved_back(1));
        for keyword in KEYWORDS {
            wrong.push(text.with(at + 1..at + 2, &[keyword], Code::KeywordAsColumn, 0));
        }
    }
}

fn orders(text: &Text, wrong: &mut Vec<Wrong>) {
    for item in text.items("order_by") {
        let last = item.end - 1;
        let others: &[&str] = match text.pieces[last].text.as_str() {
            "asc" => &["ascending", "up"],
            "desc" => &["dsc", "descending", "DESC"],
            _ => continue,
        };
        wrong.extend(others.iter().map(|other| text.with(last..item.end, &[other], Code::Unexpected, 0)));
        if text.pieces[item.start].role == Role::Order {
            wrong.push(text.with(item.start..item.end, &["-", &text.pieces[item.start].text], Code::Unexpected, 0));
        }
    }
}

fn limits(text: &Text, wrong: &mut Vec<Wrong>) {
    for item in text.items("limit") {
        for other in ["\"ten\"", "2.5", "ten", "1e3"] {
            wrong.push(text.with(item.clone(), &[other], Code::BadLimit, 0));
        }
        wrong.push(text.with(item.clone(), &["[", "3", "]"], Code::BadLimit, 0));
        wrong.push(text.with(item.end..item.end, &["20"], Code::Unexpected, 0));
        wrong.push(text.with(item.end..item.end, &["-", "1"], Code::Unexpected, 0));
    }
}
