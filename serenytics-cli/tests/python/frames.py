"""Data frames through the official Python client: prints what came of each as JSON."""

import datetime
import decimal
import gzip
import json
import os
import pickle
import sys
import tempfile

import numpy as np
import pandas as pd
import serenytics
from serenytics.helpers import SerenyticsException

client = serenytics.Client(api_key=os.environ['CHECK_API_KEY'])
source = client.get_or_create_storage_data_source_by_name('frames')
seen = {}


def loaded(**options):
    return {'columns': [' '.join(column.values()) for column in source.get_columns()], 'rows': source.get_data().rows}


def frame(name, frame, **options):
    try:
        source.reload_data_from_dataframe(frame, **options)
        seen[name] = loaded()
    except SerenyticsException as error:
        seen[name] = str(error)


paris = pd.to_datetime(['2013-01-01T05:00:00.25', None]).tz_localize('Europe/Paris')
frame('plain', pd.DataFrame({
    'i': [1, 2], 'x': [0.5, float('nan')], 's': ['a', None], 'e': ['', 'b'], 'b': [True, False],
    't': pd.to_datetime(['2013-01-01T05:00:00.25', None]), 'z': paris, 'u': paris.tz_convert('UTC'),
}))
frame('nullable', pd.DataFrame({
    'i': pd.array([1, None], dtype='Int64'), 'x': pd.array([0.5, None], dtype='Float64'),
    'b': pd.array([True, None], dtype='boolean'), 's': pd.array(['a', None], dtype='string'),
    'n': [1, None], 'w': np.array([2**64 - 1, 1], dtype='uint64'), 'f': np.array([1.5, 2], dtype='float32'),
}))
frame('objects', pd.DataFrame({
    'time': [datetime.datetime(2013, 1, 1, 5), datetime.date(2013, 1, 2)],
    'iso': ['2016-06-28T12:46:33', '2016-06-29'],
    'number': [decimal.Decimal('1.5'), np.int64(2)],
    'mixed': [1, 'a'],
    'none': [None, None],
}, dtype=object))
frame('long', pd.DataFrame({
    'big': pd.Series([2**70 + 1, 1], dtype='object'),
    'long': pd.Series([2**53 + 1, 1.5], dtype='object'),
    'decimal': pd.Series([decimal.Decimal(2**53 + 1), decimal.Decimal('1.5')], dtype='object'),
    'exact': pd.Series([decimal.Decimal(2**53), decimal.Decimal('0.1')], dtype='object'),
    'null': pd.Series(['N/A', 1.5], dtype='object'),
}))
frame('kinds', pd.DataFrame({
    'category': pd.Categorical(['a', 'b']), 'numbers': pd.Categorical([2, 1]),
    'arrow': pd.array([1, None], dtype='int64[pyarrow]'), 7: [1, 2],
}, index=pd.date_range('2013-01-01', periods=2, freq='D')))
frame('forced', pd.DataFrame({'zip': [1000, 2], 'sales': [1, 2], 'day': ['20130101', None]}),
      force_types={'zip': 'str', 'sales': 'float', 'day': 'datetime'})
frame('no rows', pd.DataFrame({'a': []}))

# A rejected data frame leaves the storage unchanged.
source.reload_data([{'a': 1}])
frame('no columns', pd.DataFrame())
frame('levels', pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([('a', 'b')])))
frame('span', pd.DataFrame({'span': pd.to_timedelta(['1D'])}))
frame('list', pd.DataFrame({'list': [[1, 2]]}))
frame('infinite', pd.DataFrame({'x': [1.0, float('inf')]}))
frame('twice', pd.DataFrame([[1, 2]], columns=['a', 'a']))
frame('misfit', pd.DataFrame({'a': ['x']}), force_types={'a': 'int'})


class Call:
    """Pickled, it is a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def global_call(module, name, *arguments):
    """A pickle that calls something by its name, which nothing here has to know."""
    text = b'\x80\x04'
    for part in (module, name):
        text += b'\x8c' + bytes([len(part)]) + part.encode()
    return text + b'\x93' + pickle.dumps(arguments, protocol=2)[2:-1] + b'R.'


def upload(name, data, compress=True):
    path = os.path.join(tempfile.mkdtemp(), 'x.pd025_pickle')
    with open(path, 'wb') as output:
        output.write(gzip.compress(data, 1) if compress else data)
    try:
        source._upload_attached_file(path)
        source._load_attached_file_into_storage()
        seen[name] = 'loaded'
    except SerenyticsException as error:
        seen[name] = str(error)


proof = os.environ['CHECK_PROOF']
harm = f"open({proof!r}, 'w').write('here')"
upload('os.system', pickle.dumps(Call(os.system, f'touch {proof}')))
upload('eval', pickle.dumps(Call(eval, harm)))
upload('exec', pickle.dumps(Call(exec, harm)))
upload('pandas.eval', pickle.dumps(Call(pd.eval, f"@__import__('os').system('touch {proof}')")))
upload('read_pickle', pickle.dumps(Call(pd.read_pickle, '/etc/passwd')))
upload('to_csv', global_call('pandas', 'DataFrame.to_csv', pd.DataFrame({'a': [1]}), proof))
upload('getattr', pickle.dumps(Call(getattr, 'text', 'format')))
upload('import', global_call('builtins', '__import__', 'os'))
upload('numpy.load', pickle.dumps(Call(np.load, '/etc/passwd')))
upload('memmap', global_call('numpy', 'memmap', proof))
upload('pyarrow', global_call('pyarrow.lib', 'memory_map', proof))
# A number that says it is the address of an object.
address = b'\x80\x04' + b'\x8c\x05numpy\x8c\x05dtype\x93' + pickle.dumps(('i8', False, True), protocol=2)[2:-1] + b'R' + \
    pickle.dumps((3, '<', None, ('f',), {'f': (np.dtype('O'), 0)}, 8, 8, 63), protocol=2)[2:-1] + b'b.'
upload('address', address)
cells = pd.array(['abc'], dtype='string[pyarrow]')
wild = pickle.dumps(cells).replace((3).to_bytes(8, 'little'), (1 << 40).to_bytes(8, 'little'))
upload('wild', wild)
upload('series', pickle.dumps(pd.Series([1])))
upload('index', pickle.dumps(pd.Index([1])))
upload('cut', pickle.dumps(pd.DataFrame({'a': range(1000)}))[:-100])
upload('text', b'a,b\n1,2\n', compress=False)
upload('large', pickle.dumps(b'\0' * (1 << 30), protocol=5))
upload('plain pickle', pickle.dumps(pd.DataFrame({'a': [5]})), compress=False)
seen['at last'] = loaded()

json.dump(seen, sys.stdout)
