"""A server of S3 (moto) with a bucket of objects, which holds signatures against those of AWS's own library.

Prints its URL and runs until its standard input ends. moto takes any signature of a URL for a good one, so they are
looked at before it.
"""

import gzip
import logging
import sys
from urllib.parse import parse_qs

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import DomainDispatcherApplication, create_backend_app
from threading import Thread
from werkzeug.serving import make_server

KEY, SECRET = 'AKIAEXAMPLE', 'the/secret+of=tests'
logging.getLogger('werkzeug').setLevel(logging.ERROR)


def refusal(code):
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>told by the test</Message></Error>'.encode()


def signature(url, query):
    key, _date, region, _service, _end = query['X-Amz-Credential'][0].split('/')
    request = AWSRequest('GET', url)
    request.context['timestamp'] = query['X-Amz-Date'][0]
    auth = S3SigV4QueryAuth(Credentials(key, SECRET), 's3', region, expires=int(query['X-Amz-Expires'][0]))
    auth._modify_request_before_signing(request)
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


class Checked:
    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        query = parse_qs(environ['QUERY_STRING'])
        wrong = None
        if 'X-Amz-Signature' in query:
            url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI'].split('?')[0]}"
            if not query['X-Amz-Credential'][0].startswith(KEY + '/'):
                wrong = 'InvalidAccessKeyId'
            elif query['X-Amz-Signature'][0] != signature(url, query):
                wrong = 'SignatureDoesNotMatch'
        if wrong is None:
            return self.application(environ, start_response)
        start_response('403 Forbidden', [('Content-Type', 'application/xml')])
        return [refusal(wrong)]


server = make_server('127.0.0.1', 0, Checked(DomainDispatcherApplication(create_backend_app)), threaded=True)
Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}'
s3 = boto3.client('s3', endpoint_url=url, region_name='us-east-1', aws_access_key_id=KEY, aws_secret_access_key=SECRET)
s3.create_bucket(Bucket='sales-2013')
s3.put_object(Bucket='sales-2013', Key='a/b c+é=1.csv', Body='zip;n\n01000;1\n2;2\n'.encode())
s3.put_object(Bucket='sales-2013', Key='large.csv.gz', Body=gzip.compress(b'zip,n\n' + b'1,2\n' * 50000, 1))
s3.put_object(Bucket='sales-2013', Key='public.csv', Body=b'zip,n\n7,7\n', ACL='public-read')
print(url, flush=True)
sys.stdin.read()
