//! Types of fields that neither a source nor a row can have: one error each, by rustc or by the
//! derive.

use serenytics::prelude::*;

trait Trait {}

struct Money;

mod sources {
    use super::*;

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct First {
        text: str,
        number: i64,
    }

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct Last {
        number: i64,
        text: str,
    }

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct Dynamic {
        object: dyn Trait,
        number: i64,
    }

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct Inferred {
        any: _,
    }

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct Opaque {
        any: impl Trait,
    }

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct Borrowed {
        text: &str,
    }

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct Unknown {
        #[column(type = "float")]
        price: Price,
    }

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct NotACell {
        #[column(type = "float")]
        money: Money,
    }
}

mod rows {
    use super::*;

    #[derive(Row)]
    pub struct First {
        text: str,
        number: i64,
    }

    #[derive(Row)]
    pub struct Last {
        text: str,
    }

    #[derive(Row)]
    pub struct Inferred {
        any: _,
    }

    #[derive(Row)]
    pub struct Opaque {
        any: impl Trait,
    }

    #[derive(Row)]
    pub struct Unknown {
        price: Price,
    }

    #[derive(Row)]
    pub struct NotACell {
        money: Money,
    }
}

fn main() {
    use sources::{Dynamic, First, Inferred, Last, NotACell, Opaque};

    let _ = query! { from First select text };
    let _ = query! { from Last select text };
    let _ = query! { from Dynamic select object };
    let _ = query! { from Inferred select any };
    let _ = query! { from Opaque select any };
    let _ = query! { from NotACell where money > 3 select money };
}
