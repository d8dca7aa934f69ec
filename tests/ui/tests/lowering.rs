//! Snapshots of queries with their JSON.
//!
//! `INSTA_UPDATE=always cargo test -p serenytics-ui-tests --test lowering` writes the snapshots.

#[path = "../cases/schema.rs"]
mod schema;

use schema::Sales;
use serenytics::prelude::*;

/// Compares a query and its JSON with a snapshot.
macro_rules! lowers {
    ($name:ident: $($query:tt)*) => {
        #[test]
        fn $name() {
            let query = query! { $($query)* };
            assert!(query.problems().is_empty(), "{:?}", query.problems());
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), format!("{}\n\n{query}", stringify!($($query)*)));
            });
        }
    };
}

lowers!(every_column: from Sales);
lowers!(bare_columns: from Sales select country, date as ordered order_by ordered desc, revenue limit 5);
lowers!(one_row: from Sales select sum(revenue), avg(quantity), min(date), max(country), dcount(invoice), count());
lowers!(keys_only: from Sales group_by country, weekday(date));
lowers!(grouped: from Sales group_by country, month(date) select sum(revenue) as total, count() order_by total desc, month_date, count());
lowers!(two_slots_of_a_column: from Sales group_by year(date), quarter(date) select count() order_by quarter(date), year_date desc);
lowers!(every_operator:
    from Sales
    where revenue < 1.5, revenue > -2, quantity <= 3, quantity >= -9223372036854775808, country == "it's \"é\"", country != "",
          country in ["FR", "a,b"], quantity !in [1, -2], invoice is_defined, invoice is_not_defined, country is_empty, country is_not_empty
);
lowers!(datetimes: from Sales where date >= "2013-01-31", date < "2013-02-01T12:30:00", date in ["2013-03-01"] select count());
lowers!(run_time_values:
    from Sales
    where revenue > {20.0}, revenue < {30}, quantity == {Some(3)}?, quantity != {None::<i64>}?, country in ["FR", {"it's \"here\""}],
          country !in {vec!["DE".to_owned()]}, quantity in {Vec::<i64>::new()}
    limit {10_u8}
);
lowers!(left_out: from Sales where country == {None::<&str>}? select count() limit {None::<i32>}?);
