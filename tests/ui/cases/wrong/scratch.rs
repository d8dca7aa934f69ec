use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "sales")]
pub struct Sales {
    country: String,
    revenue: f64,
    quantity: i64,
    invoice: Option<i64>,
    #[column(name = "order date")]
    date: DateTime,
}

struct Plain;

fn main() {
    let year = "2024";
    let q = query! {
        from Sales
        where contry == "FR", country == 3, revenue is_empty, revenue => 1.0, quantity == {"2024"}, date > "2013-02-30"
        group_by country, month(country)
        select sum(country), smu(revenue), quantity, sum(revenue) as t, avg(revenue) as t
        order_by total desc, country dsc
        limit 0
    };
    let _ = q.to_json();
    let _ = query! { from Plain where a == 1 };
    let _ = query! { from Sales where quantity == {year} };
}
