//! Queries as functions, with mistakes in the function or in the query.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

query! {
    pub fn wrong(least: f64) -> Query<Total> {
        from Sales where revenue > {least}, contry == "FR" group_by country select sum(revenue) as total, sum(country)
    }
}

query! {
    pub async fn asynchronous() -> Query<Asynchronous> { from Sales }
}

query! {
    pub fn nameless() { from Sales }
}

query! {
    pub fn sourceless(least: f64) -> Query<Sourceless> { select country }
}

query! {
    pub fn mistyped(least: &str) -> Query<Mistyped> { from Sales where revenue > {least} }
}

query! {
    pub fn bodyless() -> Query<Bodyless>;
}

query! {
    pub fn empty() -> Query<Empty> {}
}

query! {
    pub fn one() -> Query<One> { from Sales }
    pub fn two() -> Query<Two> { from Sales }
}

fn main() {
    // The row is there all the same, with what could be made out of it.
    fn total(row: &Total) -> f64 {
        row.total
    }
    let _ = total;
}
