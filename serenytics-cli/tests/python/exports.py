"""Prints the exports that the official Python client downloads, as JSON."""

import json
import os
import sys

import pandas as pd
import serenytics

client = serenytics.Client(api_key=os.environ['CHECK_API_KEY'])
seen = {}

source = client.get_or_create_storage_data_source_by_name('sales')
frame = pd.DataFrame({
    'id': [1, 2, 3],
    'text': ['a|b', '', None],
    'amount': [1.5, None, 3.0],
    'day': pd.to_datetime(['2013-01-01T05:00:00', None, '2013-01-02T00:00:00']),
})
source.reload_data_from_dataframe(frame)
regions = client.get_or_create_storage_data_source_by_name('regions')
regions.reload_data([{'id': 1, 'region': 'EU'}, {'id': 3, 'region': 'US'}])


def listed(frame):
    return json.loads(frame.to_json(orient='split', date_format='iso', index=False))


for exchange_format in ('auto', 'csv', 'csv.gz', 'parquet'):
    for quotes in (False, True):
        got = source.get_dataset_as_dataframe(exchange_format, add_quotes_in_csv=quotes)
        seen[f'{exchange_format} {quotes}'] = listed(got)
seen['old'] = listed(source.get_dataset())

# A Parquet export that is loaded again is unchanged, including empty strings.
copy = client.get_or_create_storage_data_source_by_name('copy')
copy.reload_data_from_dataframe(source.get_dataset_as_dataframe('parquet'))
seen['copied'] = [copy.get_columns() == source.get_columns(), copy.get_data().rows == source.get_data().rows]

response = serenytics.helpers.make_request(
    'post', serenytics.settings.SERENYTICS_API_DOMAIN + '/api/data_source',
    data=json.dumps({'name': 'both', 'type': 'InnerJoin', 'jsonContent': {'joinConfig': [
        {'uuid': source.uuid, 'prefix': 's'},
        {'uuid': regions.uuid, 'prefix': 'r', 'on': [{'left': source.uuid + '.id', 'right': 'id'}]},
    ]}}),
    headers=client._headers, expected_status_code=201)
both = client.get_data_source_by_uuid(response.json()['uuid'])
seen['join'] = listed(both.get_dataset_as_dataframe('parquet').sort_values('s.id'))

json.dump(seen, sys.stdout)
