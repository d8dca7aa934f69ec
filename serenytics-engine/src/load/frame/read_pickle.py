"""Reads a pandas data frame, pickled and perhaps gzipped, and prints its rows as lines of JSON.

A pickle is a program: what it may name is listed here, name by name, and nothing else of any module is given to it.
Arguments: the bytes of memory and the seconds that this may take, and `header`, `texts` or `rows`. Each line is one of
`{"columns": [{"name": .., "type": ..}]}` (a type of `null` is found out from the cells), `{"cells": [[..], ..]}`, a
list a column (of the columns without a type only, after `texts`), `{"end": rows}` and `{"error": ".."}`.
"""
import signal
import sys

MEMORY, SECONDS, WHAT = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

try:
    import resource
except ImportError:
    resource = None  # Not a Unix: the engine's own limits are all there is.
else:
    # Before anything of the file is read. What is held in memory, how long it takes, and that no file is written.
    for limit, value in [
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 1 << 16),
        (resource.RLIMIT_CORE, 0),
    ]:
        resource.setrlimit(limit, (value, value))
    signal.alarm(SECONDS)

import datetime  # noqa: E402
import decimal  # noqa: E402
import gzip  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import pickle  # noqa: E402
import warnings  # noqa: E402

warnings.simplefilter('ignore')

ROWS = 2000
LONGEST_LINE = 16 * 1024 * 1024


class Refused(Exception):
    """Something that is told to the user as it stands."""


def say(**line):
    print(json.dumps(line, allow_nan=False))


try:
    import numpy
    import pandas
except ImportError as error:
    say(error=(
        f"the file is a pandas pickle, and the server's Python, {sys.executable}, has no pandas ({error}): start the "
        'server with --python PATH of one that has, or send the rows as a .csv or .csv.gz file '
        '(reload_data_from_file) or by batch'
    ))
    sys.exit()


# -- What a pickled data frame may name: a module, and names of it. Several modules hold one name over the years.

NAMED = """
builtins: slice bytearray
datetime: date datetime time timedelta timezone
decimal: Decimal
zoneinfo: ZoneInfo
pandas: DataFrame Index MultiIndex RangeIndex DatetimeIndex PeriodIndex TimedeltaIndex CategoricalIndex NA
pandas: Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype UInt32Dtype UInt64Dtype
pandas: Float32Dtype Float64Dtype BooleanDtype StringDtype CategoricalDtype DatetimeTZDtype PeriodDtype ArrowDtype
pandas: Categorical
pandas.arrays: IntegerArray FloatingArray BooleanArray StringArray ArrowStringArray ArrowExtensionArray
pandas.arrays: DatetimeArray TimedeltaArray PeriodArray
pandas.core.frame: DataFrame
pandas.core.indexes.base: Index _new_Index
pandas.core.indexes.multi: MultiIndex
pandas.core.indexes.range: RangeIndex
pandas.core.indexes.datetimes: DatetimeIndex _new_DatetimeIndex
pandas.core.indexes.timedeltas: TimedeltaIndex
pandas.core.indexes.period: PeriodIndex
pandas.core.indexes.category: CategoricalIndex
pandas.core.indexes.numeric: Int64Index UInt64Index Float64Index
pandas.core.internals.managers: BlockManager
pandas.core.dtypes.dtypes: CategoricalDtype DatetimeTZDtype PeriodDtype ArrowDtype
pandas.core.arrays.categorical: Categorical
pandas.core.arrays.integer: IntegerArray Int8Dtype Int16Dtype Int32Dtype Int64Dtype
pandas.core.arrays.integer: UInt8Dtype UInt16Dtype UInt32Dtype UInt64Dtype
pandas.core.arrays.floating: FloatingArray Float32Dtype Float64Dtype
pandas.core.arrays.boolean: BooleanArray BooleanDtype
pandas.core.arrays.string_: StringArray StringDtype
pandas.core.arrays.string_arrow: ArrowStringArray
pandas.core.arrays.arrow.array: ArrowExtensionArray
pandas.core.arrays.arrow.dtype: ArrowDtype
pandas.core.arrays.datetimes: DatetimeArray
pandas.core.arrays.timedeltas: TimedeltaArray
pandas.core.arrays.period: PeriodArray
pandas._libs.arrays: __pyx_unpickle_NDArrayBacked
pandas._libs.internals: _unpickle_block
pandas._libs.missing: NA
pandas._libs.tslibs.nattype: _nat_unpickle __nat_unpickle
pandas._libs.tslibs.timestamps: _unpickle_timestamp
pandas._libs.tslibs.offsets: Nano Micro Milli Second Minute Hour Day BusinessDay Week MonthBegin MonthEnd
pandas._libs.tslibs.offsets: QuarterBegin QuarterEnd YearBegin YearEnd
pyarrow.lib: py_buffer type_for_alias timestamp chunked_array
"""
ALLOWED = {
    (module, name)
    for module, names in (line.split(': ') for line in NAMED.strip().splitlines())
    for name in names.split()
}

# Where the private names of one version are in another one: the public ones stay.
MOVED = {'Int64Index': 'Index', 'UInt64Index': 'Index', 'Float64Index': 'Index', '__nat_unpickle': '_nat_unpickle'}


def found(module, name):
    """The object that an allowed name means in this version of pandas."""
    homes = [module]
    if module.startswith('pandas.'):
        homes += ['pandas', 'pandas.arrays']
    for home in homes:
        for name_there in (name, MOVED.get(name)):
            try:
                return getattr(importlib.import_module(home), name_there)
            except (ImportError, AttributeError, TypeError):
                continue
    if module.startswith('pyarrow'):
        raise Refused("the data frame needs pyarrow, which the server's Python does not have: install it there")
    raise Refused(f'the data frame holds {module}.{name}, which the server\'s pandas {pandas.__version__} does not know')


# -- What is given in the place of names that could do more than data frames need.

class Stand:
    """Stands for a class that a pickle names and must not call."""


def dtype(name, align=False, copy=False):
    dtype = numpy.dtype(name if isinstance(name, str) else str(name), align, copy)
    if dtype.kind == 'V':
        raise Refused(f'the data frame has cells of several fields each, {dtype}')
    return dtype


def reconstruct(_class, _shape, _kind):
    return numpy.ndarray((0,), 'b')


def scalar(dtype, cell):
    return numpy.frombuffer(cell, dtype=dtype)[0]


def from_buffer(buffer, dtype, shape, order, *_axes):
    # NumPy itself refuses to make objects of bytes.
    return numpy.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)


def restore_array(data):
    # Arrow believes what it is told, also where a buffer ends: look, before anything reads past it.
    array = importlib.import_module('pyarrow.lib')._restore_array(data)
    array.validate(full=True)
    return array


def zone_reader(owner, name):
    zone = importlib.import_module('zoneinfo').ZoneInfo
    if owner is zone and name == '_unpickle':
        return zone._unpickle
    raise Refused(f'the pickle asks for the attribute {name!r}, which no data frame needs')


def zone_of_pytz(name, *_local_times):
    return importlib.import_module('zoneinfo').ZoneInfo(name)


def utc_of_pytz():
    return datetime.timezone.utc


REPLACED = {
    ('builtins', 'getattr'): zone_reader,
    ('pytz', '_p'): zone_of_pytz,
    ('pytz', '_UTC'): utc_of_pytz,
    ('numpy', 'dtype'): dtype,
    ('numpy', 'ndarray'): Stand,
    ('pyarrow.lib', '_restore_array'): restore_array,
}
for core in ('numpy.core', 'numpy._core'):
    REPLACED[core + '.multiarray', '_reconstruct'] = reconstruct
    REPLACED[core + '.multiarray', 'scalar'] = scalar
    REPLACED[core + '.numeric', '_frombuffer'] = from_buffer


# The unpickler that is written in Python: in the one that is written in C no step can be looked at.
class Unpickler(pickle._Unpickler):
    dispatch = dict(pickle._Unpickler.dispatch)

    def find_class(self, module, name):
        pair = (module, name)
        if pair in REPLACED:
            return REPLACED[pair]
        if pair in ALLOWED:
            return found(module, name)
        raise Refused(f'the pickle names {module}.{name}, which is no part of a data frame')

    def build(self):
        target, state = self.stack[-2], self.stack[-1]
        if isinstance(target, numpy.dtype) and not is_plain(target, state):
            # A number could be turned into the address of an object.
            raise Refused('the pickle changes what a type of NumPy is')
        pickle._Unpickler.load_build(self)

    dispatch[pickle.BUILD[0]] = build


def is_plain(dtype, state):
    version, _order, subarray, names, fields, size, alignment, flags = state[:8]
    return (
        version in (3, 4)
        and (subarray, names, fields) == (None, None, None)
        and size in (-1, dtype.itemsize)
        and alignment in (-1, dtype.alignment)
        and flags == dtype.flags
    )


# -- Cells: what JSON has, datetimes in ISO 8601 and UTC, `None` for what is missing.

def text_of_time(value):
    if value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return value.isoformat()


def object_cell(value):
    if isinstance(value, numpy.generic):
        value = pandas.Timestamp(value) if isinstance(value, numpy.datetime64) else value.item()
    if value is None or value is pandas.NA or value is pandas.NaT:
        return None
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return number(value)
    if isinstance(value, decimal.Decimal):
        return number(float(value))
    if isinstance(value, datetime.datetime):
        return text_of_time(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise Refused(f'a cell is a {type(value).__name__}: make it a text, a number or a datetime')


def number(value):
    if value != value:
        return None
    if value in (float('inf'), float('-inf')):
        raise Refused('a cell is an infinite number: make it NaN, or a text')
    return value


def object_cells(values):
    return [value if type(value) is str else object_cell(value) for value in values.tolist()]


def float_cells(values):
    values = values.to_numpy(dtype='float64', na_value=numpy.nan)
    if numpy.isfinite(values).all():
        return values.tolist()
    return [number(value) for value in values.tolist()]


def time_cells(values):
    texts = numpy.datetime_as_string(values.astype('M8[us]'), unit='us').tolist()
    return [None if text == 'NaT' else text for text in texts]


def plain_cells(values):
    return values.tolist() if isinstance(values.dtype, numpy.dtype) else object_cells(values)


class Column:
    """A column of the frame: its name, its type if its values have one, and its cells."""

    def __init__(self, place, name, values):
        self.name, self.type, self.values, self.cells_of = name, None, values, None
        if not isinstance(name, (str, int, float)):
            raise Refused(f'column {place} is called {name!r}, and a name is one text: set df.columns')
        self.name = str(name)
        dtype = values.dtype
        if isinstance(dtype, pandas.CategoricalDtype):
            values = self.values = values.astype(dtype.categories.dtype)
            dtype = values.dtype
        types = pandas.api.types
        if isinstance(dtype, pandas.PeriodDtype) or types.is_timedelta64_dtype(dtype) or types.is_complex_dtype(dtype):
            raise Refused(f'column {self.name!r} is a {dtype}: make it texts, numbers or datetimes')
        if types.is_datetime64_any_dtype(dtype):
            self.type, self.cells_of = 'datetime', lambda part: time_cells(self.times(part))
        elif types.is_bool_dtype(dtype):
            self.type, self.cells_of = 'str', plain_cells
        elif types.is_integer_dtype(dtype):
            self.type, self.cells_of = 'int', plain_cells
            # What no 64 bits hold is a text, as in a CSV file.
            if any(value is not pandas.NA and value > 2**63 - 1 for value in [values.max()] if len(values)):
                self.type = 'str'
        elif types.is_float_dtype(dtype):
            self.type, self.cells_of = 'float', float_cells
        elif types.is_string_dtype(dtype) or types.is_object_dtype(dtype):
            self.cells_of = object_cells
        else:
            raise Refused(f'column {self.name!r} is a {dtype}: make it texts, numbers or datetimes')

    @staticmethod
    def times(part):
        if part.dt.tz is not None:
            part = part.dt.tz_convert('UTC').dt.tz_localize(None)
        return part.to_numpy(dtype='M8[ns]' if part.dtype.kind == 'O' else None, na_value=numpy.datetime64('NaT'))

    def cells(self, start, end):
        try:
            return self.cells_of(self.values.iloc[start:end])
        except Refused as refused:
            raise Refused(f'column {self.name!r}, in the rows {start + 1} to {end}: {refused}') from None


def print_rows(columns, start, end):
    line = json.dumps({'cells': [column.cells(start, end) for column in columns]}, allow_nan=False)
    if len(line) <= LONGEST_LINE:
        sys.stdout.write(line + '\n')
    elif end - start > 1:
        middle = (start + end) // 2
        print_rows(columns, start, middle)
        print_rows(columns, middle, end)
    else:
        raise Refused(f'row {end} has more than {LONGEST_LINE // 1024 // 1024} MiB')


def frame():
    file = sys.stdin.buffer
    if file.peek(2)[:2] == b'\x1f\x8b':
        file = gzip.GzipFile(fileobj=file)
    try:
        frame = Unpickler(file).load()
    except (Refused, MemoryError):
        raise
    except Exception as error:
        raise Refused(
            f'the file is no pandas pickle, or of a newer pandas than {pandas.__version__}, which the server has: '
            f'{type(error).__name__}: {error}'
        ) from None
    if type(frame) is not pandas.DataFrame:
        raise Refused(f'the pickle holds a {type(frame).__name__} and has to hold a DataFrame')
    if frame.columns.nlevels > 1:
        raise Refused('the columns have several levels, and a name is one text: set df.columns')
    return frame


def main():
    rows = frame()
    columns = [Column(place + 1, name, rows.iloc[:, place]) for place, name in enumerate(rows.columns)]
    say(columns=[{'name': column.name, 'type': column.type} for column in columns])
    wanted = columns if WHAT == 'rows' else [column for column in columns if column.type is None]
    count = len(rows)
    if wanted and WHAT != 'header':
        for start in range(0, count, ROWS):
            print_rows(wanted, start, min(start + ROWS, count))
    say(end=count)


try:
    main()
except Refused as refused:
    say(error=str(refused))
except MemoryError:
    say(error=f'the data frame needs more than the {MEMORY // 1024 // 1024} MiB that a data frame may take')
