//! Habits of other languages: one error each.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let now = 3;
    let _ = query! { from Sales where country == "FR" AND quantity > 3 };
    let _ = query! { from Sales as s where s.country == "FR" select s.country };
    let _ = query! { from Sales where s.country == "FR" };
    let _ = query! { from s in Sales select s.country };
    let _ = query! { from Sales select distinct country };
    let _ = query! { from Sales select total = sum(revenue) order_by total };
    let _ = query! { from Sales select total: sum(revenue) };
    let _ = query! { from Sales select revenue * 2 };
    let _ = query! { from Sales select sum revenue };
    let _ = query! { from Sales select sum[revenue] };
    let _ = query! { from Sales group_by country select sum(revenue) as total having total > 3 };
    let _ = query! { from Sales where revenue between 3 and 4 };
    let _ = query! { from Sales where country like "F%" };
    let _ = query! { from Sales limit 10 offset 20 };
    let _ = query! { from Sales where revenue ==.5 };
    let _ = query! { from Sales where revenue > +5 };
    let _ = query! { from Sales where quantity == --5 };
    let _ = query! { from Sales | filter country == "FR" };
    let _ = query! { from Sales where quantity > {now} - 1 };
    let _ = query! { from Sales select {country} };
    let _ = query! { from Sales group_by {country} select count() };
    let _ = query! { from Sales where {revenue > 3} };
    let _ = query! { from Sales group_by country aggregate { total = sum(revenue) } };
    let _ = query! { from Sales select country quantity revenue };
    let _ = query! { from Sales select sum(revnue) as t, count() as t };
    let _ = query! { from Sales select count };
    let _ = query! { from Sales group_by month select count() };
}
