//! Invalid datetimes, and datetimes without quotes.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        where date > "2013-02-30", date < "yesterday", date != "2013-01-01T25:00:00", date in ["2013-01-01", "2013-1-1"]
    };
    let _ = query! { from Sales where date == "2013-01-01T00:00:00[Europe/Paris]" };
    let _ = query! { from Sales where date >= 2013-01-31, country == "FR" };
}
