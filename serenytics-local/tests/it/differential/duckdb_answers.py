"""DuckDB over standard input and output: a request a line, an answer a line."""

import datetime
import json
import sys

import duckdb


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def cell(value):
    if isinstance(value, datetime.datetime):
        text = value.isoformat()
        return text.rstrip("0") if "." in text else text
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return {"wide": str(value)}
    return value


def answer(connection, request):
    if "table" in request:
        columns = request["columns"]
        names = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
        table = quoted(request["table"])
        connection.execute(f"CREATE TABLE {table} ({names})")
        places = ", ".join("?" for _ in columns)
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", request["rows"])
        return {"rows": []}
    try:
        rows = connection.execute(request["sql"]).fetchall()
    except duckdb.Error as error:
        return {"error": str(error)}
    return {"rows": [[cell(value) for value in row] for row in rows]}


connection = duckdb.connect(config={"threads": 1})
for line in sys.stdin:
    print(json.dumps(answer(connection, json.loads(line))), flush=True)
