//! Queries whose parts come from a user's macro.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    macro_rules! over {
        ($source:path, $column:ident, $value:literal, $least:expr) => {
            query! { from $source where $column == $value, revenue > {$least} select $column }
        };
    }
    macro_rules! declared {
        ($source:ident, $row:ident, $query:ident, $visibility:vis, $text:ty, $number:ident) => {
            #[derive(Source)]
            #[source(name = "declared")]
            $visibility struct $source {
                pub text: Option<$text>,
                pub number: $number,
            }

            #[derive(Row)]
            $visibility struct $row {
                pub text: Option<$text>,
                pub count: $number,
            }

            query! {
                $visibility fn $query<F>(largest: F) -> Query<Smaller>
                where
                    F: Fn() -> $number,
                {
                    from $source where number < {largest()}
                }
            }
        };
    }
    mod declared {
        use serenytics::prelude::*;
        declared!(Declared, Counted, smaller, pub, String, i64);
    }
    use declared::{Counted, Declared, smaller};
    assert!(smaller(|| 3).to_json().contains(r#""value":"3""#));
    let q: Query<Counted> = query! { from Declared group_by text select count() into Counted };
    assert_eq!(q.shape().len(), 2);

    let q = over!(Sales, country, "FR", 1.0 + 1.0);
    assert!(q.to_json().contains(r#""value":"2.0""#), "{}", q.to_json());
}
