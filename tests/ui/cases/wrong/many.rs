//! Fourteen mistakes of all kinds, in one query and one compile.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let year = "2024";
    let q = query! {
        from Sales
        where contry == "FR", country == 3, revenue is_empty, revenue => 1.0, quantity == {year}, date > "2013-02-30"
        group_by country, month(country)
        select sum(country), smu(revenue), quantity, sum(revenue) as t, avg(revenue) as t
        order_by total desc, country dsc
        limit 0
    };
    let _ = q.to_json();
}
