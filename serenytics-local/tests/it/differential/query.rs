//! Random queries: the stage of a request and the same in SQL.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use serenytics_query::vocabulary::{Aggregate, ColumnType, Direction, Operand, Operator, TimeSlot};

use super::formula::{Formula, of_totals};
use super::source::{Column, Precision, Source};
use super::sql;

/// A query without a source: building it for a source picks columns and measures from that source.
#[derive(Debug, Clone)]
pub struct Draft {
    source: Index,
    kind: Kind,
    conditions: Vec<(Index, Index, Vec<Index>, Spelling)>,
    orders: Vec<(Index, bool)>,
    limit: Option<u8>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// The columns; an empty list means all of them.
    Plain(Vec<Index>),
    /// Keys with their slots, and aggregates. Without keys the result is one row.
    Grouped(Vec<(Index, Option<TimeSlot>)>, Vec<(Index, Option<Aggregate>)>),
    /// A value formula, whose result is one number.
    Formula(Formula),
}

/// How the values of a condition are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// As strings, and a list as a string with JSON.
    Texts,
    /// As JSON values.
    Native,
}

/// A query of a source.
#[derive(Debug, Clone)]
pub struct Query {
    pub uuid: String,
    pub stage: Value,
    pub sql: String,
    /// The SQL of the cells of its measures in all rows, which must be integers of 64 bits.
    pub cells: Option<String>,
    /// The number of columns in the result. In SQL, the columns of the order follow.
    pub outputs: usize,
    pub limit: Option<usize>,
}

pub fn draft() -> impl Strategy<Value = Draft> {
    let index = any::<Index>;
    let slot = prop::option::weighted(0.5, select(TimeSlot::ALL));
    let aggregate = prop::option::weighted(0.85, select(Aggregate::ALL));
    let kind = prop_oneof![
        3 => vec(index(), 0..5).prop_map(Kind::Plain),
        6 => (vec((index(), slot), 1..4), vec((index(), aggregate.clone()), 0..4))
            .prop_map(|(keys, outputs)| Kind::Grouped(keys, outputs)),
        2 => vec((index(), aggregate), 1..5).prop_map(|outputs| Kind::Grouped(Vec::new(), outputs)),
        2 => of_totals().prop_filter("a formula", Formula::depends_on_rows).prop_map(Kind::Formula),
    ];
    let spelling = select(vec![Spelling::Texts, Spelling::Native]);
    let conditions = vec((index(), index(), vec(index(), 0..4), spelling), 0..3);
    let limit = prop::option::weighted(0.4, 1..40_u8);
    (index(), kind, conditions, vec((index(), any::<bool>()), 0..3), limit)
        .prop_map(|(source, kind, conditions, orders, limit)| Draft { source, kind, conditions, orders, limit })
}

/// An output or an item of `order_by`: as in a request, and in SQL.
#[derive(Clone)]
struct Item {
    json: Map<String, Value>,
    sql: String,
    /// True if both engines return the same value, to the last bit.
    is_exact: bool,
}

impl Item {
    fn column(column: &Column) -> Item {
        let mut json = Map::from_iter([("name".to_owned(), json!(column.name))]);
        if let Some(uuid) = &column.measure {
            json.insert("measureUuid".to_owned(), json!(uuid));
        }
        Item { json, sql: column.cell.clone(), is_exact: true }
    }

    fn key(source: &Source, index: &Index, slot: Option<TimeSlot>) -> Item {
        let Some(slot) = slot else { return Item::column(source.any(index, |_| true)) };
        let mut item = Item::column(source.any(index, |column| column.column_type == ColumnType::DateTime));
        item.json.insert("timeslot".to_owned(), json!(slot));
        item.sql = sql::time_slot(slot, &item.sql);
        item
    }

    fn aggregate(source: &Source, index: &Index, aggregate: Option<Aggregate>) -> Item {
        let Some(aggregate) = aggregate else {
            let json = json!({"name": "$$count$$", "agg_function": "sum"});
            return Item { json: json.as_object().unwrap().clone(), sql: "COUNT(*)".to_owned(), is_exact: true };
        };
        let column = source.any(index, |column| {
            (column.column_type.is_numeric() || !aggregate.needs_numeric()) && column.precision.allows(aggregate)
        });
        let mut item = Item::column(column);
        item.json.insert("agg_function".to_owned(), json!(aggregate));
        item.sql = sql::aggregate(aggregate, &item.sql);
        item.is_exact = column.precision <= Precision::Large || !aggregate.needs_numeric();
        item
    }

    fn json(&self) -> Value {
        match self.json.get("name") {
            Some(name) if self.json.len() == 1 => name.clone(),
            _ => Value::Object(self.json.clone()),
        }
    }
}

impl Draft {
    /// Builds the query over one of the sources.
    pub fn build(&self, sources: &[Source]) -> Query {
        let source = self.source.get(sources);
        let mut stage = Map::new();
        let set = |stage: &mut Map<String, Value>, clause: &str, items: Vec<Value>| {
            if !items.is_empty() {
                stage.insert(clause.to_owned(), items.into());
            }
        };
        let mut keys = Vec::new();
        let mut orderable: Vec<Item>;
        let outputs: Vec<Item> = match &self.kind {
            Kind::Plain(columns) => {
                let selected: Vec<Item> =
                    columns.iter().map(|index| Item::column(source.any(index, |_| true))).collect();
                set(&mut stage, "select", selected.iter().map(Item::json).collect());
                orderable = source.columns.iter().map(Item::column).collect();
                if selected.is_empty() { source.stored().map(Item::column).collect() } else { selected }
            }
            Kind::Grouped(key_drafts, aggregates) => {
                keys = key_drafts.iter().map(|(index, slot)| Item::key(source, index, *slot)).collect();
                let aggregates: Vec<_> =
                    aggregates.iter().map(|(index, aggregate)| Item::aggregate(source, index, *aggregate)).collect();
                set(&mut stage, "group_by", keys.iter().map(Item::json).collect());
                set(&mut stage, "select", aggregates.iter().map(Item::json).collect());
                let outputs = [keys.clone(), aggregates].concat();
                orderable = outputs.clone();
                outputs
            }
            Kind::Formula(formula) => {
                let numeric: Vec<_> = source.columns.iter().filter(|column| column.column_type.is_numeric()).collect();
                let built = formula.build(&numeric);
                let sql = if built.column_type == ColumnType::Float { sql::finite(&built.sql) } else { built.sql };
                set(&mut stage, "select", vec![json!({"name": built.text})]);
                orderable = Vec::new();
                vec![Item { json: Map::new(), sql, is_exact: false }]
            }
        };
        let conditions: Vec<_> = self.conditions.iter().map(|draft| condition(source, draft)).collect();
        set(&mut stage, "where", conditions.iter().map(|(json, _)| json.clone()).collect());
        let conditions: Vec<_> = conditions.into_iter().map(|(_, sql)| sql).collect();
        orderable.retain(|item| item.is_exact);
        let mut columns: Vec<String> = outputs.iter().map(|item| item.sql.clone()).collect();
        let mut orders = Vec::new();
        let mut order_items = Vec::new();
        for (index, is_ascending) in self.orders.iter().filter(|_| !orderable.is_empty()) {
            let mut item = index.get(&orderable).clone();
            let direction = if *is_ascending { Direction::Asc } else { Direction::Desc };
            columns.push(item.sql.clone());
            orders.push(sql::order(columns.len(), direction));
            // Ascending is the default.
            if direction == Direction::Desc {
                item.json.insert("direction".to_owned(), json!(direction));
            }
            order_items.push(item.json());
        }
        set(&mut stage, "order_by", order_items);
        if let (Kind::Plain(_), Some(place), true) = (&self.kind, &source.place, orders.is_empty()) {
            columns.push(place.clone());
            orders.push(sql::order(columns.len(), Direction::Asc));
        }
        if let Some(limit) = self.limit {
            stage.insert("limit".to_owned(), json!(limit));
        }
        let mut sql = format!("SELECT {} FROM {}", columns.join(", "), source.from);
        let mut clause = |word: &str, parts: Vec<String>, between: &str| {
            if !parts.is_empty() {
                sql.push_str(&format!(" {word} {}", parts.join(between)));
            }
        };
        clause("WHERE", conditions, " AND ");
        clause("GROUP BY", (1..=keys.len()).map(|key| key.to_string()).collect(), ", ");
        clause("ORDER BY", orders, ", ");
        let stage = Value::Object(stage);
        let named = stage.to_string();
        let is_named = |column: &&Column| {
            column.measure.as_ref().is_some_and(|uuid| named.contains(&format!("\"measureUuid\":\"{uuid}\"")))
        };
        let cells: Vec<&str> = source.columns.iter().filter(is_named).map(|column| column.cell.as_str()).collect();
        Query {
            uuid: source.uuid.clone(),
            stage,
            sql,
            cells: (!cells.is_empty()).then(|| format!("SELECT {} FROM {}", cells.join(", "), source.from)),
            outputs: outputs.len(),
            limit: self.limit.map(usize::from),
        }
    }
}

/// A condition of a request, and the same in SQL.
fn condition(source: &Source, draft: &(Index, Index, Vec<Index>, Spelling)) -> (Value, String) {
    let (column, operator, values, spelling) = draft;
    let column = source.any(column, |_| true);
    let operators: Vec<Operator> = Operator::ALL
        .iter()
        .copied()
        .filter(|operator| column.column_type == ColumnType::Str || !operator.needs_text())
        .collect();
    let operator = *operator.get(&operators);
    let picked: Vec<Value> = values.iter().map(|index| index.get(&column.values).clone()).collect();
    let picked = match operator.operand() {
        Operand::None => Vec::new(),
        Operand::Scalar => vec![picked.first().unwrap_or(&column.values[0]).clone()],
        Operand::List => picked,
    };
    let text = |value: &Value| json!(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    // See `sql` for the numbers that are not native ones.
    let is_native = *spelling == Spelling::Native && picked.iter().all(|value| value.to_string().len() < 16);
    let value = match (operator.operand(), is_native) {
        (Operand::None, _) => None,
        (Operand::Scalar, false) => Some(text(&picked[0])),
        (Operand::Scalar, true) => Some(picked[0].clone()),
        (Operand::List, false) => Some(json!(json!(picked).to_string())),
        (Operand::List, true) => Some(json!(picked)),
    };
    let mut item = Item::column(column).json;
    item.insert("op".to_owned(), json!(operator));
    item.extend(value.map(|value| ("value".to_owned(), value)));
    (item.into(), sql::condition(column, operator, &picked))
}
