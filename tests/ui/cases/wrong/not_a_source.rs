//! Names that are not sources.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

mod inner {
    use serenytics::prelude::*;

    #[derive(Source)]
    #[source(name = "private")]
    struct Private {
        country: String,
    }

    pub fn query() -> String {
        query! { from Private }.to_json()
    }
}

type Alias = Sales;

enum Choice {
    Sales,
}

fn main() {
    struct Plain;
    let wanted = "FR";
    let _ = query! { from Plain where country == {wanted} };
    let _ = query! { from Slaes where country == "FR" };
    let _ = query! { from nowhere::Sales where country == "FR" };
    let _ = query! { from Alias where country == "FR" };
    let _ = query! { from Choice where country == "FR" };
    let _ = query! { from inner::Private where country == "FR" };
    let _ = query! { from crate };
    let _ = inner::query();
}
