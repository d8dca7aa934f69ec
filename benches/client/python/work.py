"""Runs one job with the official client and prints its time and memory as JSON."""

import gzip
import json
import os
import resource
import sys
import time

import serenytics

COLUMNS = ["id", "country", "product", "revenue", "quantity", "sold_at"]
SELECT = {"order": "row_by_row", "data_processing_pipeline": [{"select": [{"name": name} for name in COLUMNS]}]}


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rows_of(path):
    """Reads the rows of a file into dictionaries, as a program would have them in memory."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        next(file)
        rows = []
        for line in file:
            id, country, product, revenue, quantity, sold_at = line.rstrip("\n").split(",")
            rows.append(dict(zip(COLUMNS, (int(id), country, product, float(revenue), int(quantity), sold_at))))
        return rows


def main():
    job, path = sys.argv[1], sys.argv[2]
    source = serenytics.Client(api_key=os.environ["BENCH_API_KEY"]).get_data_source_by_name("bench")
    rows = rows_of(path) if job == "load-rows" else None
    import pandas  # noqa: F401, so that the import is not part of any measured time

    idle, began, used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.time(), usage()
    if job == "fetch":
        frame = source.get_data(SELECT).get_as_dataframe()
        count = len(frame)
    elif job == "load-file":
        source.reload_data_from_file(path)
        count = source.get_nb_rows()
    elif job == "load-rows":
        source.reload_data(rows)
        count = source.get_nb_rows()
    else:
        sys.exit(f"unknown job: {job!r}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({
        "rows": count, "wall": time.time() - began, "processor": usage() - used,
        "peak": peak * 1024, "idle": idle * 1024,
    }))


main()
