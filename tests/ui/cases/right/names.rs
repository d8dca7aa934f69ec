//! Columns that are named like functions or keywords, and paths to sources.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let q = query! { from crate::schema::Sales where r#limit > 3 group_by r#limit select count() as r#where order_by r#limit };
    assert!(q.to_json().contains(r#""group_by":["limit"]"#));
    let _ = query! { from schema::Sales };
    let _ = query! { from Sales select revenue as quantity, quantity as revenue order_by quantity };

    mod calendar {
        use serenytics::prelude::*;

        #[derive(Source)]
        #[source(uuid = "182018f9-a18a-4cf0-993f-9e3fa45d3f61")]
        pub struct Days {
            pub month: i32,
            pub count: i64,
            #[column(name = "a;b:c \"é\"")]
            pub odd: String,
            pub date: DateTime,
            pub r#type: String,
        }
    }
    mod orders {
        use serenytics::prelude::*;

        #[allow(non_snake_case)]
        #[derive(Source)]
        #[source(name = "orders")]
        pub struct Orders {
            pub is_paid: i32,
            pub desc: String,
            pub orderDate: DateTime,
            pub _id: i64,
            #[column(name = "sum(_id)")]
            pub total: f64,
        }
    }
    use orders::Orders;
    let _ = query! { from Orders select desc, where is_paid == 1, order_by desc desc };
    let _ = query! { from Orders select desc, order_by desc, limit 10, };
    let _ = query! { from Orders limit 10, group_by desc, select sum(is_paid,), count() };
    let _ = query! { from Orders group_by total select sum(_id) as ids order_by sum(_id), total };
    use calendar::Days as Calendar;
    let q = query! { from Calendar group_by month(date), month, r#type select count(), sum(count), dcount(odd) };
    let names: Vec<_> = q.shape().iter().map(|column| column.name.as_ref()).collect();
    assert_eq!(names, ["month_date", "month", "type", "count", "sum_count", "dcount_odd"]);
}
