//! Compares the rows of both engines, allowing every order that the query leaves open.

use std::collections::HashMap;

use serde_json::Value;

use super::query::Query;

type Row = Vec<Value>;

/// Returns the first difference, if any.
///
/// The rows of DuckDB end with the columns of the order. Rows with equal order columns may come in any order, and a limit
/// may select any of them.
pub fn difference(query: &Query, engine: &[Row], duckdb: &[Row]) -> Option<String> {
    let expected = query.limit.map_or(duckdb.len(), |limit| limit.min(duckdb.len()));
    if engine.len() != expected {
        return Some(format!("{} rows, expected {expected}", engine.len()));
    }
    let mut rest = engine;
    for block in duckdb.chunk_by(|one, other| is_same(&one[query.outputs..], &other[query.outputs..])) {
        let (rows, behind) = rest.split_at(block.len().min(rest.len()));
        rest = behind;
        if let Some(row) = missing(rows, block, query.outputs) {
            let row = Value::from(row.clone());
            let keys = Value::from(block[0][query.outputs..].to_vec());
            return Some(format!("the row {row} is not among the rows with the order keys {keys}"));
        }
    }
    None
}

/// Returns true if the rows contain a sum that exceeds 64 bits.
pub fn has_wide(rows: &[Row]) -> bool {
    rows.iter().flatten().any(Value::is_object)
}

/// A row that has no partner among `others`.
fn missing<'a>(rows: &'a [Row], others: &[Row], outputs: usize) -> Option<&'a Row> {
    let text = |row: &[Value]| serde_json::to_string(row).unwrap();
    let mut exact: HashMap<String, Vec<&Row>> = HashMap::new();
    for other in others {
        exact.entry(text(&other[..outputs])).or_default().push(other);
    }
    let unmatched: Vec<&Row> =
        rows.iter().filter(|row| exact.get_mut(&text(row)).and_then(Vec::pop).is_none()).collect();
    let mut left: Vec<&Row> = exact.into_values().flatten().collect();
    unmatched.into_iter().find(|row| match left.iter().position(|other| is_same(row, &other[..outputs])) {
        Some(index) => {
            left.swap_remove(index);
            false
        }
        None => true,
    })
}

fn is_same(one: &[Value], other: &[Value]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same_cell(one, other))
}

fn is_same_cell(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(left), Value::Number(right)) if left.is_f64() || right.is_f64() => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            left == right || (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
        }
        _ => one == other,
    }
}
