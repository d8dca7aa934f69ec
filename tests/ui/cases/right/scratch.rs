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

fn main() {
    let min = 20.0;
    let wanted: Option<i64> = None;
    let names = vec!["FR".to_owned()];
    let q = query! {
        from Sales
        where revenue > {min}, country in ["FR", "US"], invoice is_defined, quantity >= {wanted}?, country in {&names}
        group_by country, month(date)
        select sum(revenue) as total, dcount(invoice), count()
        order_by total desc
        limit 100
    };
    println!("{}", q.to_json());
    let q = query! { from Sales };
    println!("{}", q.to_json());
    let _ = names;
}
