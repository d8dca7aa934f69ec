"""Loads one data frame through the official Python client: prints its columns, or why it was not loaded, as JSON."""

import json
import os
import sys

import serenytics
from serenytics.helpers import SerenyticsException

client = serenytics.Client(api_key=os.environ['CHECK_API_KEY'])
source = client.get_or_create_storage_data_source_by_name('frame')
try:
    source.reload_data([{'a': 1}])
    json.dump(source.get_columns(), sys.stdout)
except SerenyticsException as error:
    json.dump(str(error), sys.stdout)
