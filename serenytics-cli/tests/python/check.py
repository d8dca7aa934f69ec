"""Prints what the official Python client reads from a server, as JSON."""

import gzip
import json
import os
import sys
import tempfile

import serenytics
from serenytics.helpers import SerenyticsException
from serenytics.source import UnknownDataSource

client = serenytics.Client(api_key=os.environ['CHECK_API_KEY'])
seen = {}

folder = tempfile.mkdtemp()
csv = os.path.join(folder, 'flights.csv.gz')
with gzip.open(csv, 'wt') as output:
    output.write(sys.stdin.read())

assert client.get_data_source_by_name('flights') is None
source = client.get_or_create_storage_data_source_by_name('flights')
assert source.get_nb_rows() == 0
try:
    source.get_columns()
except SerenyticsException as error:
    seen['empty'] = str(error)

source.reload_data_from_file(csv)
again = client.get_or_create_storage_data_source_by_name('flights')
assert again.uuid == source.uuid
assert client.get_data_source_by_uuid(source.uuid).name == 'flights'
seen['sources'] = [source.name for source in client.get_data_sources()]
seen['rows'] = again.get_nb_rows()
seen['columns'] = again.get_columns()
seen['data'] = again.get_data().rows
seen['pipeline'] = again.get_data({
    'order': 'row_by_row',
    'data_processing_pipeline': [{
        'where': [{'name': 'dep_delay', 'op': '>', 'value': '0'},
                  {'name': 'carrier', 'op': 'in', 'value': '["UA", "AA"]'}],
        'group_by': ['carrier', {'name': 'time_hour', 'timeslot': 'day'}],
        'select': [{'name': 'dep_delay', 'agg_function': 'avg'}, {'name': 'flight', 'agg_function': 'dcount'}],
        'order_by': [{'name': 'dep_delay', 'agg_function': 'avg', 'direction': 'desc'}],
        'limit': 10,
    }],
}).rows
seen['dataframe'] = list(again.get_data().get_as_dataframe().columns)

source.reload_data_from_file(csv, force_types={'flight': 'str'})
seen['forced'] = source.get_columns()

source.batch(rows_to_insert=[{'carrier': 'ZZ', 'flight': '1', 'dep_delay': float('nan')}])
source.batch(rows_to_insert_or_update=[{'carrier': 'ZZ', 'dep_delay': 7}], rows_to_delete=['AA'], primary_key='carrier')
try:
    source.batch(rows_to_insert=[{'dep_delay': '3,4'}])
except SerenyticsException as error:
    seen['misfit'] = str(error)
source.push_data({'carrier': 'YY'})
source.invalidate_cache()
seen['after'] = source.get_data({
    'order': 'row_by_row',
    'data_processing_pipeline': [{
        'group_by': ['carrier'],
        'select': [{'name': 'dep_delay', 'agg_function': 'sum'}, {'name': '$$count$$', 'agg_function': 'sum'}],
        'order_by': ['carrier'],
    }],
}).rows

seen['last columns'] = source.get_columns()
seen['last rows'] = source.get_data().rows

try:
    source.get_data({'data_processing_pipeline': [{'select': ['carier']}]})
except SerenyticsException as error:
    seen['typo'] = str(error)
try:
    client.get_data_source_by_uuid('00000000-0000-4000-8000-000000000000')
except UnknownDataSource as error:
    seen['unknown'] = str(error)
try:
    serenytics.Client(api_key='wrong').get_data_sources()
except SerenyticsException as error:
    seen['unauthorized'] = str(error)
seen['web apps'] = client.get_webapps()

print(json.dumps(seen))
