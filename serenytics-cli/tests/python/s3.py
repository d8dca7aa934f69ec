"""Loads from S3 through the official Python client: prints what came of each as JSON."""

import json
import os
import sys

import serenytics
from serenytics.helpers import SerenyticsException

client = serenytics.Client(api_key=os.environ['CHECK_API_KEY'])
source = client.get_or_create_storage_data_source_by_name('s3')
seen = {}
good = 'aws_access_key_id=AKIAEXAMPLE;aws_secret_access_key=the/secret+of=tests'


def load(name, bucket, key, **options):
    try:
        source.reload_data_from_s3_file(bucket, key, **options)
        seen[name] = {'columns': [' '.join(column.values()) for column in source.get_columns()],
                      'rows': source.get_nb_rows(), 'first': source.get_data().rows[0]}
    except SerenyticsException as error:
        seen[name] = str(error)


bucket = 'sales-2013'
load('odd', bucket, 'a/b c+é=1.csv', s3_csv_separator=';', s3_credentials=good, s3_region='eu-west-1',
     force_types={'zip': 'str'})
load('gzipped', bucket, 'large.csv.gz', s3_credentials=good)
load('public', bucket, 'public.csv')
load('no bucket', 'sales-2014', 'large.csv.gz', s3_credentials=good)
load('no key', bucket, 'small.csv', s3_credentials=good)
load('no credentials', bucket, 'large.csv.gz')
load('wrong secret', bucket, 'large.csv.gz', s3_credentials=good + 'x')
load('wrong key', bucket, 'large.csv.gz', s3_credentials=good.replace('EXAMPLE', 'ANOTHER'))
load('half of them', bucket, 'large.csv.gz', s3_credentials='aws_access_key_id=AKIAEXAMPLE')
load('elsewhere', 'sales.example:80/x', 'large.csv.gz', s3_credentials=good)
load('up', bucket, '../sales-2014/x', s3_credentials=good)
load('at last', bucket, 'public.csv', s3_credentials=good)

json.dump(seen, sys.stdout)
