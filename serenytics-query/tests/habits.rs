//! What other languages write differently: each habit is one problem, at its word, with what to
//! write instead.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

mod support;

use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::vocabulary::ColumnType;
use support::problems;

fn schema() -> Schema {
    let column = |name: &str, column_type| Column {
        name: name.to_owned(),
        wire: name.to_owned(),
        column_type,
        nullable: false,
        kind: ColumnKind::Stored,
        rust_type: String::new(),
        formula: None,
    };
    let columns = vec![
        column("country", ColumnType::Str),
        column("revenue", ColumnType::Float),
        column("quantity", ColumnType::Int),
        column("date", ColumnType::DateTime),
    ];
    Schema { source: SourceRef::Name("sales".into()), columns }
}

/// Compares the problems of a query with pairs of a position, marked by `^` under the query, and
/// the start of a message.
fn check(query: &str, expected: &[(usize, &str)]) {
    let found: Vec<_> = problems(&schema(), query)
        .into_iter()
        .map(|problem| (problem.position.0 as usize, problem.to_string()))
        .collect();
    let fits = found.len() == expected.len()
        && found.iter().zip(expected).all(|((at, message), (column, part))| at == column && message.contains(part));
    assert!(fits, "{query}\nfound {found:#?}\nexpected {expected:#?}");
}

/// One problem, at the first occurrence of `at` in the query.
fn one(query: &str, at: &str, message: &str) {
    check(query, &[(query.find(at).unwrap(), message)]);
}

#[test]
fn logic_of_other_languages_is_one_problem() {
    for (logic, message) in [
        ("AND", "write `and` in lower case instead of `AND`"),
        ("And", "write `and` in lower case instead of `And`"),
        ("&&", "write `and` or a comma instead of `&&`"),
        ("OR", "`or` is not supported"),
        ("Or", "`or` is not supported"),
        ("||", "`or` is not supported"),
    ] {
        one(&format!("from Sales where country == \"FR\" {logic} quantity > 3"), logic, message);
        one(&format!("from Sales where country == {{x}} {logic} quantity > 3"), logic, message);
        one(&format!("from Sales where quantity is_defined {logic} quantity > 3 select country"), logic, message);
    }
    one("from Sales where (country == \"FR\")", "(", "expected a column");
}

#[test]
fn aliases_and_qualifiers_are_one_problem() {
    one("from Sales as s select country", "as s", "remove `as s`");
    one("from Sales as s where s.country == \"FR\" select s.country, s.revenue", "as s", "remove `as s`");
    one("from Sales s where country == \"FR\"", "s where", "remove `s`");
    one("from s in Sales select country", "in", "write `from Sales`");
    one(
        "from s in Sales where s.country == \"FR\" group_by s.country select sum(s.revenue)",
        "in",
        "write `from Sales`",
    );
    one("from Sales where s.country == \"FR\"", "s.", "a column has no qualifier: write `country`");
    one("from Sales select Sales.country, Sales.revenue order_by Sales.revenue", "Sales.", "write `country`");
    one("from Sales group_by country select sum(s.revenue)", "s.", "write `revenue`");
    one("from Sales select Sales::country", "Sales::", "write `country`");
    one(
        "from Sales select revenue.sum()",
        "revenue",
        "`sum` is not a method: write the column inside the function: `sum(revenue)`",
    );
    one("from Sales where country.eq(\"FR\")", "country", "`eq` is not a method: write an operator");
}

#[test]
fn outputs_of_other_languages_are_one_problem() {
    one("from Sales select distinct country", "distinct", "`group_by country`");
    one("from Sales select DISTINCT country, quantity", "DISTINCT", "`group_by country`");
    one("from Sales select count(distinct country)", "distinct", "write `dcount(country)`");
    one(
        "from Sales select total = sum(revenue) order_by total",
        "total",
        "`sum(revenue) as total` instead of `total = sum(revenue)`",
    );
    one("from Sales select total: sum(revenue), count()", "total", "instead of `total: sum(revenue)`");
    one("from Sales group_by c = country select count()", "c =", "`country as c`");
    one("from Sales select revenue * 2", "*", "`select` has no arithmetic");
    one("from Sales select sum(revenue) / count()", "/", "`select` has no arithmetic");
    one("from Sales select sum(revenue * 2)", "revenue", "declare a measure");
    one("from Sales where revenue * 2 > 3", "*", "`where` has no arithmetic");
    one("from Sales select sum revenue", "revenue", "write `sum(revenue)`");
    one("from Sales select sum revenue as total order_by total", "revenue", "write `sum(revenue)`");
    one("from Sales group_by month date select count()", "date", "write `month(date)`");
    one("from Sales select sum[revenue]", "[", "in parentheses");
    one("from Sales select sum(revenue) AS total order_by total", "AS", "write `as` in lower case");
    one("from Sales select case when country == \"FR\" then 1 else 0 end", "case", "`case` is not supported");
    one("from Sales select (country, quantity)", "(", "has no brackets");
    one("from Sales group_by [country]", "[", "has no brackets");
}

#[test]
fn clauses_of_other_languages_are_one_problem() {
    one(
        "from Sales group_by country select sum(revenue) as total having total > 3",
        "having",
        "`having` is not supported",
    );
    one("from Sales limit 10 offset 20", "offset", "`offset` is not supported");
    one("from Sales offset 20", "offset", "`offset` is not supported");
    one("from Sales join Others", "join", "`join` is not supported");
    one("from Sales | filter country == \"FR\"", "|", "write `where` instead of `| filter`");
    one("from Sales | filter {country == \"FR\"} select country", "|", "write `where` instead of `| filter`");
    one("from Sales |> select country", "|", "write `select` instead of `| select`");
    one("from Sales filter country == \"FR\"", "filter", "did you mean `where`?");
    one("from Sales group_by country aggregate { total = sum(revenue) }", "aggregate", "did you mean `select`?");
    one("from Sales take 10", "take", "did you mean `limit`?");
    one("from Sales sort country", "sort", "did you mean `order_by`?");
}

#[test]
fn operators_of_other_languages_are_one_problem() {
    one("from Sales where revenue between 3 and 4 select country", "between", "`revenue >= .., revenue <= ..`");
    one("from Sales where revenue BETWEEN 3 AND 4", "BETWEEN", "`revenue >= .., revenue <= ..`");
    one("from Sales where country like \"F%\"", "like", "`like` is not supported: declare a measure");
    one("from Sales where country not like \"F%\", quantity > 3", "not", "`not like` is not supported");
    one("from Sales where country contains {part}", "contains", "declare a measure");
    one("from Sales select country order_by country desc nulls last", "nulls", "order by a measure");
    one("from Sales select country order_by country nulls first", "nulls", "order by a measure");
}

#[test]
fn numbers_of_other_languages_are_one_problem() {
    one("from Sales where revenue > .5", ".5", "write `0.5`");
    one("from Sales where revenue == .5, quantity > 3", ".5", "write `0.5`");
    one("from Sales where revenue >-.5", "-.5", "write `-0.5`");
    one("from Sales where revenue ==.5", ".5", "write `0.5`");
    one("from Sales where quantity > +5", "+5", "write `5`");
    one("from Sales where quantity == --5", "--5", "at most one sign");
    one("from Sales where quantity in [+5, 6]", "+5", "write `5`");
    one("from Sales limit +5", "+5", "write `5`");
    one("from Sales where date > {now} - 1", "- 1", "inside the braces: `{a - b}`");
    one("from Sales where quantity > {now} * 2 select country", "* 2", "inside the braces: `{a * b}`");
    one("from Sales where date > now()", "now", "`{now(..)}`");
    check("from Sales where quantity > -5, revenue >=-5.5", &[]);
}

#[test]
fn braces_where_a_column_belongs_are_one_problem() {
    one("from Sales select {country}", "{", "remove the braces");
    one("from Sales group_by {country} select count()", "{", "remove the braces");
    one("from Sales select sum({revenue})", "{", "needs the name of one column");
    one("from Sales order_by {country} desc", "{", "remove the braces");
    one("from Sales where {revenue > 3}", "{", "a condition has no braces");
    one("from Sales where {x} == country", "{", "begins with its column");
}

#[test]
fn spaces_inside_operators_are_one_problem() {
    one("from Sales where revenue > = 3.0", "> =", "write `>=` without a space");
    one("from Sales where revenue < = 3.0, quantity > 3", "< =", "write `<=` without a space");
    one("from Sales where country ! = \"FR\"", "! =", "write `!=` without a space");
    one("from Sales where country = = \"FR\"", "= =", "write `==` without a space");
    one("from Sales where quantity ! in [1]", "! in", "write `!in` without a space");
    one("from Sales where quantity < > 3", "< >", "unknown operator `<>`; did you mean `!=`?");
    one("from Sales where . .{filter}", ". .", "write `..` without a space");
    check("from Sales where quantity !in [1], revenue >=-3, revenue > -3, ..{filter}", &[]);
}

#[test]
fn each_missing_comma_is_a_problem() {
    let query = "from Sales select country quantity revenue";
    check(query, &[(26, "missing comma or `as` before `quantity`"), (35, "missing comma or `as` before `revenue`")]);
    check(
        "from Sales where country == \"FR\" quantity > 3 revenue > 3",
        &[(33, "missing comma or `and` before `quantity`"), (46, "before `revenue`")],
    );
    one("from Sales select sum(revenue) total", "total", "missing comma or `as`");
}

#[test]
fn outputs_after_a_rejected_output_are_checked() {
    check(
        "from Sales select sum(revnue) as t, count() as t",
        &[(22, "no column `revnue`"), (47, "two outputs are named `t`")],
    );
    check(
        "from Sales select count() as t, sum(revnue) as t",
        &[(36, "no column `revnue`"), (47, "two outputs are named `t`")],
    );
    check("from Sales select sum(revnue) as t, count() as u", &[(22, "no column `revnue`")]);
}

#[test]
fn function_names_without_parentheses_are_explained() {
    one("from Sales select count", "count", "write `count()`");
    one("from Sales select sum", "sum", "write `sum(revenue)`");
    one("from Sales select dcount", "dcount", "write `dcount(country)`");
    one("from Sales group_by month select count()", "month", "write `month(date)`");
}
