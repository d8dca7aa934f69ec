//! `order_by` items that are not in the result.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        group_by country
        select sum(revenue) as total
        order_by totl desc, revenue, avg(revenue), month(date), count(), country downwards
    };
    let _ = query! { from Sales order_by cuontry desc, -revenue };
    // Ordering by a rejected output is not reported again.
    let _ = query! { from Sales select sum(revnue) as total, count() order_by total desc, count() };
    let _ = query! { from Sales group_by contry select smu(revenue) order_by country, sum_revenue, sum(revenue) };
    let _ = query! { from Sales select count(country) as total, sum(quantity) as order_by total };
    let _ = query! { from Sales order_by month(country) };
    let _ = query! { from Sales order_by country revenue desc };
    let _ = query! { from Sales group_by year(date), month(date) select count() order_by date };
}
