"""Parquet files of telemetry: their plain columns, where they do not unpack to too much.

How much that is is seen before it is done: a value that repeats takes next to nothing in the file.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import pandas as pd

from energydash.sources.tables import File, trouble

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC: Final = b"PAR1"
MOST_BYTES: Final = 500_000_000  # unpacked; a year of six channels has 80 MB
PYTHON_TEXT_BYTES: Final = 50  # beside its letters


def read(file: File) -> pd.DataFrame:
    """The columns that are no lists; rows are numbered from 1. Raises InputError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.ParquetFile(io.BytesIO(file.data))
        plain = [one.name for one in about.schema_arrow if not pa.types.is_nested(one.type)]
        texts = [one.name for one in about.schema_arrow if _is_text(one.type)]
        groups = (about.metadata.row_group(n) for n in range(about.metadata.num_row_groups))
        packed = sum(one.total_byte_size for one in groups)
        _check(file, max(about.metadata.num_rows * len(plain) * 8, packed))
        # Texts stay as they are in the file until their lengths are known.
        table = pq.ParquetFile(io.BytesIO(file.data), read_dictionary=texts).read(plain)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise trouble(file.name, "it is not a Parquet file that can be read") from error
    _check(file, sum(_bytes_of(table[name]) for name in texts))
    for name in texts:
        column = table[name].cast(table[name].type.value_type)
        table = table.set_column(table.column_names.index(name), name, column)
    frame: pd.DataFrame = table.to_pandas().reset_index()
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def _check(file: File, size: int) -> None:
    if size > MOST_BYTES:
        what = f"it unpacks to more than {MOST_BYTES // 10**6} MB, so it is not read"
        raise trouble(file.name, what, remedy="Split it by time.")


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    is_text = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(one(inner) for one in is_text)


def _bytes_of(column: pa.ChunkedArray) -> int:
    """The most that a column of repeated texts takes when each stands by itself."""
    import pyarrow.compute as pc

    longest = (pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in column.chunks)
    return sum(
        len(chunk) * (PYTHON_TEXT_BYTES + most)
        for chunk, most in zip(column.chunks, longest, strict=True)
    )
