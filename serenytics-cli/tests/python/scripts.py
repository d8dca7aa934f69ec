"""Prints what the official Python client reads of scripts, web apps and messages, as JSON."""

import datetime
import json
import os
import sys
import tempfile

import serenytics
from serenytics.client import TooManyEmailsSent
from serenytics.helpers import SerenyticsException
from serenytics.script import ScriptFailure

script_uuid = os.environ['CHECK_SCRIPT']
client = serenytics.Client(api_key=os.environ['CHECK_API_KEY'], script_id=os.environ['CHECK_STORED'])
seen = {}

script = client.get_script_by_uuid(script_uuid)
assert client.get_script_by_name(script.name).uuid == script_uuid
assert client.get_script_by_name('unknown') is None
assert client.retrieve_script_data() is None
log = script.run(params={'country': 'FR', 'fail': False}, async_=False, log_result=True)
seen['stdout'] = log.stdout
seen['success'] = log.is_success
seen['stored'] = client.retrieve_script_data()['last_execution'].isoformat()
try:
    script.run(params={'country': 'FR', 'fail': True}, async_=False)
except ScriptFailure as error:
    seen['failure'] = str(error).splitlines()[-1]
seen['failed'] = script.run(params={'fail': True}, async_=False, raise_on_error=False).return_code
assert script.run(params={'country': 'DE', 'fail': False}) is None
script.wait()
seen['logs'] = [log.status for log in script.get_last_logs()]

now = datetime.datetime(2016, 6, 28, 12, 46, 33, 250000)
client.store_script_data({'last_execution': now, 'runs': [now.date()]})
data = client.retrieve_script_data()
assert data == {'last_execution': now, 'runs': [datetime.datetime(2016, 6, 28)]}, data

webapp = client.get_webapps()[0]
assert client.get_webapp_by_uuid(webapp.uuid).name == webapp.name
webapp.set_custom_css('.srn-widget-header {}')
webapp.set_custom_html_header('<h1>Sales</h1>')
webapp.save()
seen['webapp'] = client.get_webapp_by_uuid(webapp.uuid)._config['jsonContent']
seen['warm up'] = webapp.warm_up_cache(payload={'country': 'FR'}, tabs_options=[
    {'tabIndex': 't034a7b13042b529c', 'dynfilters': [{'id': 2, 'values': {'2642b931c33373c1': ['France']}}]},
])
seen['sources'] = [source['name'] for source in webapp.get_list_of_data_sources()]
client.share_webapp_with_user(webapp.uuid, 'ada')

path = os.path.join(tempfile.mkdtemp(), 'report.csv')
with open(path, 'w') as output:
    output.write('a,b\n1,2\n')
client.send_email('Rapport d\'été', ['ada@example.com', 'bob@example.com'], '<p>Voilà</p>', file_to_attach=path)
try:
    client.send_email('A dashboard', ['ada@example.com'], '', web_app_uuid=webapp.uuid)
except SerenyticsException as error:
    seen['pdf'] = str(error)
try:
    client.send_email('One too many', ['ada@example.com'], '')
except TooManyEmailsSent:
    seen['quota'] = True
client.send_slack_msg('#sales', 'Loaded.', attachments=[{'color': '#f00'}])

json.dump(seen, sys.stdout)
