"""Checks what rust-analyzer shows for queries: completions, hovers, definitions, references, renames and errors. See README.md."""

import argparse
import pathlib
import shutil
import sys
import traceback

from analyzer import Analyzer, span

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLUMNS = {"country", "revenue", "quantity", "invoice", "date", "limit"}

# Right queries that the compiler's own tests have.
UI_CASES = ROOT / "tests/ui/cases"
CASES = sorted((UI_CASES / "right").glob("*.rs"))

# A query in each of its forms.
FORMS = {
    "expression": "pub fn query() {{ let least = 20.0; let _ = least; let _ = query! {{ {body} }}; }}",
    "item": "query! {{ pub fn query(least: f64) -> Query<Found> {{ {body} }} }}",
    "into": "#[derive(Row)] pub struct Found {{ country: String }} pub fn query() {{ let _ = query! {{ {body} into Found }}; }}",
}
HEAD = "use serenytics::prelude::*;\nuse crate::sales::Sales;\n"

# Where columns are completed; `^` is the cursor.
COMPLETED = [
    "from Sales where ^",
    "from Sales where coun^",
    "from Sales where coun^ == \"FR\"",
    "from Sales where country == \"FR\", ^",
    "from Sales where country == \"FR\" and re^ select country",
    "from Sales where ^ group_by country select count()",
    "from Sales where contry == 3, ^ select sum(country)",
    "from Sales select ^",
    "from Sales select re^",
    "from Sales select country, ^",
    "from Sales select country, re^ order_by country",
    "from Sales select sum(^)",
    "from Sales select country, sum(rev^) as total",
    "from Sales group_by coun^",
    "from Sales group_by country, month(^) select count()",
    "from Sales group_by ^ select count() limit 3",
    "from Sales order_by ^",
    "from Sales order_by rev^ desc",
    "from Sales group_by country select sum(revenue) as total order_by total, ^",
    "from Sales select country order_by ^ limit 10",
]

# Invalid queries: the message, and the word that it is reported at.
WRONG = [
    ("from Sales select contry", "no column `contry` in `sales`; did you mean `country`?", "contry"),
    ("from Sales where contry == \"FR\"", "no column `contry`", "contry"),
    ("from Sales select sum(country)", "`sum` needs a numeric column", "country"),
    ("from Sales where country == 3", "", "3"),
    ("from Sales group_by contry select count()", "no column `contry`", "contry"),
    ("from Sales order_by contry", "`contry`", "contry"),
    ("from Sales slect country", "unknown clause `slect`; did you mean `select`?", "slect"),
]


class Session:
    def __init__(self, analyzer):
        self.analyzer = analyzer
        self.right = (HERE / "fixture/src/queries.rs").read_text(encoding="utf-8")
        self.sales = (HERE / "fixture/src/sales.rs").read_text(encoding="utf-8")

    def open(self, text):
        self.analyzer.write("queries.rs", text)

    def at(self, method, place, **more):
        """A request at a place in the valid queries; `^` marks the cursor."""
        return self.analyzer.at(method, "queries.rs", position(self.right, place), **more)

    def completed(self, text):
        """The labels of the completions at the `^` in the code."""
        holds("^" in text, f"no cursor in: {text}")
        cursor = text.index("^")
        self.open(text.replace("^", "", 1))
        answer = self.analyzer.at("completion", "queries.rs", line_and_column(text, cursor))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"].split("(")[0].strip() for item in items}

    def hover(self, place):
        answer = self.at("hover", place)
        return answer["contents"]["value"] if answer else ""

    def targets(self, place):
        answer = self.at("definition", place) or []
        answer = answer if isinstance(answer, list) else [answer]
        return [(name(item.get("uri") or item["targetUri"]), span(item.get("range") or item["targetSelectionRange"])) for item in answer]

    def column(self, column):
        """The positions of a column: in its declaration, in queries and in a filter."""
        found = {("queries.rs", place) for place in words(self.right, column)}
        found.add(("queries.rs", word(self.right, f"s.{column}.gt", column)))
        found.add(("sales.rs", word(self.sales, f"    {column}:", column)))
        return found

    # The checks. Each is a method whose name begins with `check_`.

    def check_a_right_query_shows_nothing(self):
        for file, text in (("queries.rs", self.right), ("sales.rs", self.sales)):
            self.analyzer.write(file, text)
            equal(self.analyzer.diagnostics(file), [], file)

    def check_the_right_cases_of_the_compiler_show_nothing(self):
        for case in CASES:
            file = f"bin/{case.name}"
            self.analyzer.write(file, case.read_text(encoding="utf-8"))
            equal(self.analyzer.diagnostics(file), [], file)

    def check_columns_are_completed(self):
        for body in COMPLETED:
            for form, text in FORMS.items():
                labels = self.completed(HEAD + text.format(body=body))
                holds(COLUMNS <= labels, f"{form}, {body}: {sorted(labels)}")
                hidden = sorted(label for label in labels if label.startswith("__"))
                equal(hidden, [], f"{form}, {body}")

    def check_the_columns_of_a_file_are_completed(self):
        source = "#[derive(Source)] #[source(file = \"schemas/sales.json\")] pub struct Filed;\n"
        labels = self.completed(HEAD + source + FORMS["expression"].format(body="from Filed where ^"))
        holds({"country", "revenue"} <= labels, str(sorted(labels)))

    def check_a_value_is_no_place_of_a_column(self):
        for body in ("from Sales where country == ^", "from Sales limit ^"):
            labels = self.completed(HEAD + FORMS["expression"].format(body=body))
            holds(not COLUMNS & labels, f"{body}: {sorted(labels)}")

    def check_the_source_is_completed(self):
        for body in ("from Sa^", "from Sa^ select country", "from crate::sales::Sa^ select country"):
            labels = self.completed(HEAD + FORMS["expression"].format(body=body))
            holds("Sales" in labels, f"{body}: {sorted(labels)}")

    def check_run_time_values_are_completed(self):
        labels = self.completed(HEAD + FORMS["expression"].format(body="from Sales where revenue > {lea^}"))
        holds("least" in labels, str(sorted(labels)))

    def check_the_fields_of_rows_are_completed(self):
        body = "for row in client.fetch(&q).await? {\n"
        labels = self.completed(self.right.replace(body, body + "row.to^;"))
        holds({"total", "country", "month_date", "count", "dcount_invoice"} <= labels, str(sorted(labels)))
        labels = self.completed(self.right.replace("    row.money\n", "    row.mo^\n"))
        holds({"country", "money"} <= labels, str(sorted(labels)))

    def check_a_hover_shows_the_column(self):
        self.open(self.right)
        shown = {
            "where reve^nue > {least}, coun": ("The revenue in euros.", "f64"),
            "group_by coun^try, month": ("Where it was sold.", "String"),
            "month(da^te)": ("When it was sold.", "DateTime"),
            "select sum(reve^nue) as total, dcount": ("The revenue in euros.", "f64"),
            "dcount(invo^ice), count": ("Its invoice, if there was one.", "i64"),
            "r#li^mit": ("The most that the customer would have spent.", "i64"),
            "total desc, coun^try,": ("Where it was sold.", "String"),
            "order_by money, da^te": ("When it was sold.", "DateTime"),
            "by country select sum(reve^nue) as total order_by sum": ("The revenue in euros.", "f64"),
        }
        for place, (documentation, column_type) in shown.items():
            text = self.hover(place)
            holds(documentation in text and column_type in text, f"{place}: {text}")
            holds(text.count("```rust") <= 2, f"{place}: {text}")

    def check_a_hover_shows_only_what_stands_there(self):
        self.open(self.right)
        for place, wanted in {"{lea^st}, country": "let least: f64", "{wan^ted}?": "let wanted: Option<Vec<String>>"}.items():
            text = self.hover(place)
            holds(wanted in text, f"{place}: {text}")
            holds("serenytics" not in text and "fn " not in text, f"{place}: {text}")
        text = self.hover("into CountryTo^tal }")
        holds("The rows of `into`." in text and "serenytics" not in text and "fn " not in text, text)
        text = self.hover("from Sal^es\n")
        holds("A sale." in text and "struct Sales" in text, text)
        # Beside the struct, the macro of its name.
        equal(text.count("```rust"), 4, text)
        # An output that has the name of a column is not this column.
        for place in ("order_by quan^tity", "as quan^tity order", "fr^om Sales\n", "sel^ect sum(revenue) as total, dcount", "or^der_by total"):
            equal(self.hover(place), "", place)

    def check_a_definition_is_the_field(self):
        self.open(self.right)
        for place, field in {
            "where reve^nue > {least}, coun": "revenue",
            "group_by coun^try, month": "country",
            "month(da^te)": "date",
            "select coun^try, revenue as": "country",
            "total desc, coun^try,": "country",
            "r#li^mit": "limit",
        }.items():
            equal(self.targets(place), [("sales.rs", word(self.sales, f"    {field}:", field))], place)
        struct = ("queries.rs", word(self.right, "struct CountryTotal", "CountryTotal"))
        equal(self.targets("into CountryTo^tal }")[:1], [struct], "into")
        targets = self.targets("from Sal^es\n")
        holds(("sales.rs", word(self.sales, "struct Sales", "Sales")) in targets, str(targets))

    def check_references_are_found(self):
        self.open(self.right)
        place = position(self.right, "where reve^nue > {least}, coun")
        answer = self.analyzer.at("references", "queries.rs", place, context={"includeDeclaration": True})
        equal({(name(item["uri"]), span(item["range"])) for item in answer}, self.column("revenue"), "revenue")

    def check_a_rename_changes_both_sides(self):
        self.open(self.right)
        place = position(self.right, "where reve^nue > {least}, coun")
        answer = self.analyzer.at("rename", "queries.rs", place, newName="income")
        equal(edits(answer, "income"), self.column("revenue"), "from a query")
        answer = self.analyzer.at("rename", "sales.rs", position(self.sales, "    reve^nue:"), newName="income")
        field = ("sales.rs", word(self.sales, "sale.revenue", "revenue"))
        equal(edits(answer, "income"), self.column("revenue") | {field}, "from the struct")

    def check_a_wrong_query_is_told_once_on_its_word(self):
        for form, text in FORMS.items():
            for body, message, wrong in WRONG:
                written = HEAD + text.format(body=body)
                self.open(written)
                found = self.analyzer.diagnostics("queries.rs")
                equal([place for _, place in found], words(written, wrong), f"{form}, {body}: {found}")
                holds(all(message in text for text, _ in found), f"{form}, {body}: {found}")


def line_and_column(text, offset):
    before = text[:offset]
    return before.count("\n"), offset - (before.rfind("\n") + 1)


def position(text, place):
    """The position of the `^` of a place, which occurs once in the code without it."""
    bare = place.replace("^", "")
    holds(text.count(bare) == 1, f"{place} occurs {text.count(bare)} times")
    return line_and_column(text, text.index(bare) + place.index("^"))


def word(text, place, inside):
    """The position of a word of a place: (line, column, end column)."""
    line, column = line_and_column(text, text.index(place) + place.index(inside))
    return (line, column, column + len(inside))


def words(text, wanted):
    """The positions of a word in the code, except inside other words and in declarations of Rust fields."""
    found = []
    for line, content in enumerate(text.split("\n")):
        start = content.find(wanted)
        while start >= 0:
            end = start + len(wanted)
            around = content[max(start - 1, 0) : start] + content[end : end + 1]
            if not any(character.isalnum() or character in "_.:" for character in around):
                found.append((line, start, end))
            start = content.find(wanted, end)
    return found


def edits(answer, new):
    found = set()
    for change in answer["documentChanges"]:
        for edit in change["edits"]:
            equal(edit["newText"], new, "a rename")
            found.add((name(change["textDocument"]["uri"]), span(edit["range"])))
    return found


def name(uri):
    return uri.rsplit("/", 1)[1]


def holds(condition, shown):
    if not condition:
        raise AssertionError(shown)


def equal(found, expected, shown):
    holds(found == expected, f"{shown}\n  found    {found}\n  expected {expected}")


def prepared(work):
    """A copy of the fixture outside the tree, with the versions that the tree was built with."""
    crate = pathlib.Path(work) / "fixture"
    shutil.rmtree(crate, ignore_errors=True)
    shutil.copytree(HERE / "fixture", crate)
    shutil.copy(UI_CASES / "schema.rs", crate / "src")
    shutil.copytree(UI_CASES / "right", crate / "src/bin")
    shutil.copytree(ROOT / "tests/ui/schemas", crate / "schemas")
    manifest = crate / "Cargo.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("../../..", str(ROOT)), encoding="utf-8")
    shutil.copy(ROOT / "Cargo.lock", crate)
    return crate


def main():
    parser = argparse.ArgumentParser()
    for argument in ("--analyzer", "--proc-macros", "--library", "--work"):
        parser.add_argument(argument, required=True)
    parser.add_argument("--only", default="", help="a part of the names of the checks to run")
    arguments = parser.parse_args()
    settings = {
        "cargo": {"buildScripts": {"enable": True}, "sysrootSrc": arguments.library},
        "procMacro": {"enable": True, "server": arguments.proc_macros},
        "checkOnSave": False,
        "cachePriming": {"enable": False},
        "completion": {"autoimport": {"enable": False}},
    }
    crate = prepared(arguments.work)
    analyzer = Analyzer(arguments.analyzer, crate, settings, pathlib.Path(arguments.work) / "analyzer.log")
    analyzer.wait_until_ready()
    session = Session(analyzer)
    session.open(session.right)
    failed = 0
    checks = [check for check in dir(session) if check.startswith("check_") and arguments.only in check]
    for check in checks:
        shown = check.removeprefix("check_").replace("_", " ")
        try:
            getattr(session, check)()
            print(f"ok      {shown}", flush=True)
        except AssertionError:
            failed += 1
            print(f"FAILED  {shown}\n{traceback.format_exc(limit=-1, chain=False)}", flush=True)
    analyzer.end()
    print(f"{len(checks) - failed} of {len(checks)} checks passed")
    if failed or not checks:
        sys.exit(1)


main()
