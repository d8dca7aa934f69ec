"""Reads a pandas data frame, pickled and perhaps gzipped, and prints its rows as lines of JSON.

Unpickling can run code, so only the names listed here are allowed.

Arguments: the memory limit in bytes, the time limit in seconds, and `header`, `untyped` or `rows`.
Each line of output is one of
- `{"columns": [{"name": .., "type": ..}]}`, where a `null` type must be inferred from the cells,
- `{"cells": [[..], ..]}`, one list per column (with `untyped`, only the columns without a type),
- `{"end": rows}` and `{"error": ".."}`.
"""
import signal
import sys

MEMORY, SECONDS, WHAT = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

try:
    import resource
except ImportError:
    resource = None  # Not Unix: only the engine's own limits apply.
else:
    # Set the limits before anything is read: memory, time, and no written files.
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
MAX_LINE_BYTES = 16 * 1024 * 1024


class Rejected(Exception):
    """An error whose message is shown to the user."""


def emit(**line):
    print(json.dumps(line, allow_nan=False))


try:
    import numpy
    import pandas
except ImportError as error:
    emit(error=(
        f"the file is a pandas pickle, and the server's Python, {sys.executable}, has no pandas ({error}): start the "
        'server with --python PATH of one that has, or send the rows as a .csv or .csv.gz file '
        '(reload_data_from_file) or by batch'
    ))
    sys.exit()


# -- The names that a pickled data frame may use, by module. A name can be in several modules:
# pandas moved them over the years.

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

# Private names that another version of pandas renamed. The public names are stable.
MOVED = {'Int64Index': 'Index', 'UInt64Index': 'Index', 'Float64Index': 'Index', '__nat_unpickle': '_nat_unpickle'}


def resolve(module, name):
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
        raise Rejected("the data frame needs pyarrow, which the server's Python does not have: install it there")
    raise Rejected(
        f'the data frame uses {module}.{name}, which the server\'s pandas {pandas.__version__} does not have'
    )


# -- Safe replacements for names that could do more than a data frame needs.

class Placeholder:
    """Replaces a class that a pickle names but must not call."""


def dtype(name, align=False, copy=False):
    dtype = numpy.dtype(name if isinstance(name, str) else str(name), align, copy)
    if dtype.kind == 'V':
        raise Rejected(f'the data frame has cells with several fields each, {dtype}')
    return dtype


def reconstruct(_class, _shape, _kind):
    return numpy.ndarray((0,), 'b')


def scalar(dtype, cell):
    return numpy.frombuffer(cell, dtype=dtype)[0]


def from_buffer(buffer, dtype, shape, order, *_axes):
    # NumPy itself never makes objects from bytes.
    return numpy.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)


def restore_array(data):
    # Arrow trusts the sizes in the data, including the ends of buffers: validate them before
    # reading.
    array = importlib.import_module('pyarrow.lib')._restore_array(data)
    array.validate(full=True)
    return array


def zone_reader(owner, name):
    zone = importlib.import_module('zoneinfo').ZoneInfo
    if owner is zone and name == '_unpickle':
        return zone._unpickle
    raise Rejected(f'the pickle asks for the attribute {name!r}, which no data frame needs')


def zone_of_pytz(name, *_local_times):
    return importlib.import_module('zoneinfo').ZoneInfo(name)


def utc_of_pytz():
    return datetime.timezone.utc


REPLACED = {
    ('builtins', 'getattr'): zone_reader,
    ('pytz', '_p'): zone_of_pytz,
    ('pytz', '_UTC'): utc_of_pytz,
    ('numpy', 'dtype'): dtype,
    ('numpy', 'ndarray'): Placeholder,
    ('pyarrow.lib', '_restore_array'): restore_array,
}
for core in ('numpy.core', 'numpy._core'):
    REPLACED[core + '.multiarray', '_reconstruct'] = reconstruct
    REPLACED[core + '.multiarray', 'scalar'] = scalar
    REPLACED[core + '.numeric', '_frombuffer'] = from_buffer


# The pure Python unpickler, because the C implementation cannot be checked at each step.
class Unpickler(pickle._Unpickler):
    dispatch = dict(pickle._Unpickler.dispatch)

    def find_class(self, module, name):
        pair = (module, name)
        if pair in REPLACED:
            return REPLACED[pair]
        if pair in ALLOWED:
            return resolve(module, name)
        raise Rejected(f'the pickle names {module}.{name}, which a data frame does not need')

    def build(self):
        target, state = self.stack[-2], self.stack[-1]
        if isinstance(target, numpy.dtype) and not is_plain(target, state):
            # Otherwise a number could become the address of an object.
            raise Rejected('the pickle modifies a NumPy type')
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


# -- Cells: JSON values, datetimes in ISO 8601 and UTC, and `None` for missing values.

def text_of_time(value):
    if value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return value.isoformat()


def object_cell(value):
    if isinstance(value, numpy.generic):
        value = pandas.Timestamp(value) if isinstance(value, numpy.datetime64) else value.item()
    if value is None or value is pandas.NA or value is pandas.NaT:
        return None
    if isinstance(value, int) and not -2**63 <= value < 2**63:
        return str(value)  # JSON readers would round it.
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return number(value)
    if isinstance(value, decimal.Decimal):
        return decimal_cell(value)
    if isinstance(value, datetime.datetime):
        return text_of_time(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise Rejected(f'a cell is a {type(value).__name__}: make it a string, a number or a datetime')


def decimal_cell(value):
    # Below 2**53 only a fraction is rounded, as in a CSV file.
    is_rounded = value.is_finite() and abs(value) >= 2**53 and decimal.Decimal(float(value)) != value
    return str(value) if is_rounded else number(float(value))


def number(value):
    if value != value:
        return None
    if value in (float('inf'), float('-inf')):
        raise Rejected('a cell is an infinite number: make it NaN or a string')
    return value


def object_cells(values):
    return [value if type(value) is str else object_cell(value) for value in values.tolist()]


def float_cells(values):
    values = values.to_numpy(dtype='float64', na_value=numpy.nan)
    if numpy.isfinite(values).all():
        return values.tolist()
    return [number(value) for value in values.tolist()]


def time_cells(values):
    strings = numpy.datetime_as_string(values.astype('M8[us]'), unit='us').tolist()
    return [None if string == 'NaT' else string for string in strings]


def plain_cells(values):
    return values.tolist() if isinstance(values.dtype, numpy.dtype) else object_cells(values)


class Column:
    """A column of the frame: its name, its type if its values have one, and its cells."""

    def __init__(self, place, name, values):
        self.name, self.type, self.values, self.cells_of = name, None, values, None
        if not isinstance(name, (str, int, float)):
            raise Rejected(f'column {place} is called {name!r}; each name must be one string: set df.columns')
        self.name = str(name)
        dtype = values.dtype
        if isinstance(dtype, pandas.CategoricalDtype):
            values = self.values = values.astype(dtype.categories.dtype)
            dtype = values.dtype
        types = pandas.api.types
        if isinstance(dtype, pandas.PeriodDtype) or types.is_timedelta64_dtype(dtype) or types.is_complex_dtype(dtype):
            raise Rejected(f'column {self.name!r} is a {dtype}: make it strings, numbers or datetimes')
        if types.is_datetime64_any_dtype(dtype):
            self.type, self.cells_of = 'datetime', lambda part: time_cells(self.times(part))
        elif types.is_bool_dtype(dtype):
            self.type, self.cells_of = 'str', plain_cells
        elif types.is_integer_dtype(dtype):
            self.type, self.cells_of = 'int', plain_cells
            # Integers that do not fit 64 signed bits become strings, as in a CSV file.
            if any(value is not pandas.NA and value > 2**63 - 1 for value in [values.max()] if len(values)):
                self.type = 'str'
        elif types.is_float_dtype(dtype):
            self.type, self.cells_of = 'float', float_cells
        elif types.is_string_dtype(dtype) or types.is_object_dtype(dtype):
            self.cells_of = object_cells
        else:
            raise Rejected(f'column {self.name!r} is a {dtype}: make it strings, numbers or datetimes')

    @staticmethod
    def times(part):
        if part.dt.tz is not None:
            part = part.dt.tz_convert('UTC').dt.tz_localize(None)
        return part.to_numpy(dtype='M8[ns]' if part.dtype.kind == 'O' else None, na_value=numpy.datetime64('NaT'))

    def cells(self, start, end):
        try:
            return self.cells_of(self.values.iloc[start:end])
        except Rejected as rejected:
            raise Rejected(f'column {self.name!r}, in the rows {start + 1} to {end}: {rejected}') from None


def print_rows(columns, start, end):
    line = json.dumps({'cells': [column.cells(start, end) for column in columns]}, allow_nan=False)
    if len(line) <= MAX_LINE_BYTES:
        sys.stdout.write(line + '\n')
    elif end - start > 1:
        middle = (start + end) // 2
        print_rows(columns, start, middle)
        print_rows(columns, middle, end)
    else:
        raise Rejected(f'row {end} has more than {MAX_LINE_BYTES // 1024 // 1024} MiB')


def frame():
    file = sys.stdin.buffer
    if file.peek(2)[:2] == b'\x1f\x8b':
        file = gzip.GzipFile(fileobj=file)
    try:
        frame = Unpickler(file).load()
    except (Rejected, MemoryError):
        raise
    except Exception as error:
        raise Rejected(
            f'the file is not a pandas pickle, or is from a newer pandas than the server\'s {pandas.__version__}: '
            f'{type(error).__name__}: {error}'
        ) from None
    if type(frame) is not pandas.DataFrame:
        raise Rejected(f'the pickle contains a {type(frame).__name__}, expected a DataFrame')
    if frame.columns.nlevels > 1:
        raise Rejected('the columns have several levels; each name must be one string: set df.columns')
    return frame


def main():
    rows = frame()
    columns = [Column(place + 1, name, rows.iloc[:, place]) for place, name in enumerate(rows.columns)]
    emit(columns=[{'name': column.name, 'type': column.type} for column in columns])
    wanted = columns if WHAT == 'rows' else [column for column in columns if column.type is None]
    count = len(rows)
    if wanted and WHAT != 'header':
        for start in range(0, count, ROWS):
            print_rows(wanted, start, min(start + ROWS, count))
    emit(end=count)


try:
    main()
except Rejected as rejected:
    emit(error=str(rejected))
except MemoryError:
    emit(error=f'the data frame needs more than the limit of {MEMORY // 1024 // 1024} MiB')
