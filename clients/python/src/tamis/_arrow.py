"""Arrow tables as NDJSON, a column at a time: no row becomes a Python object.

Each column turns into fragments of JSON such as `"price":3.39` by Arrow's string kernels; a null gives no fragment. The
fragments of a row are joined, and the data buffer of the joined column is the NDJSON text itself.
"""
from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

import pyarrow as pa
import pyarrow.compute as pc

_UNITS = {"s": 1000, "ms": 1}


def _quoted(strings: Any) -> Any:
    strings = strings.cast(pa.large_string())
    if pc.any(pc.match_substring_regex(strings, r'["\\\x00-\x1f]')).as_py():
        for found, put in [("\\", "\\\\"), ('"', '\\"')] + [(chr(code), f"\\u{code:04x}") for code in range(32)]:
            strings = pc.replace_substring(strings, found, put)
    quote = pa.scalar('"', pa.large_string())
    return pc.binary_join_element_wise(quote, strings, quote, pa.scalar("", pa.large_string()))


def _json(name: str, column: Any, as_id: bool, unit: Optional[str]) -> Any:
    """`column` as JSON texts (large_string); null stays null."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _json(name, column.dictionary, as_id, unit).take(column.indices)
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.large_string())
    if as_id and pa.types.is_floating(kind):
        column = column.cast(pa.int64())  # whole numbers that were floats because some are missing; others are refused
        kind = column.type
    if pa.types.is_timestamp(kind):
        ms = column.cast(pa.timestamp("ms", kind.tz), safe=False).cast(pa.int64())
        if (pc.min(pc.abs(ms)).as_py() or 10**11) >= 10**11:
            return ms.cast(pa.large_string())
        # Near 1970 a bare number would look like seconds.
        return _quoted(pc.strftime(column.cast(pa.timestamp("ms", "UTC"), safe=False), "%Y-%m-%dT%H:%M:%SZ"))
    if pa.types.is_date(kind):
        return _quoted(pc.strftime(column.cast(pa.timestamp("s")), "%Y-%m-%dT00:00:00Z"))
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64()).cast(pa.large_string())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        size = pa.large_list(pa.large_string())
        lists = column.cast(size) if pa.types.is_string(kind.value_type) else column.cast(pa.large_list(kind.value_type))
        inner = _json(name, lists.values, as_id, None)
        texts = pc.binary_join(pa.LargeListArray.from_arrays(lists.offsets, inner), pa.scalar(",", pa.large_string()))
        texts = pc.if_else(pc.is_null(column), pa.scalar(None, pa.large_string()), texts)
        return _join([pa.scalar("[", pa.large_string()), texts, pa.scalar("]", pa.large_string())])
    if as_id or pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == getattr(pa, "string_view", lambda: None)():
        return _quoted(column)
    if pa.types.is_floating(kind):
        if pc.any(pc.is_inf(column)).as_py():
            raise ValueError(f"column {name!r} holds an infinite number, which JSON cannot say")
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    if unit and unit != "ms":
        scale = {"s": 1000.0, "us": 1e-3, "ns": 1e-6}[unit]
        column = pc.multiply(column.cast(pa.float64()), scale).cast(pa.int64(), safe=False)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return column.cast(pa.large_string())
    raise TypeError(f"column {name!r} is of type {kind}; expected texts, numbers, booleans, times or lists of texts")


def _join(parts: List[Any], separator: str = "", skip: bool = False) -> Any:
    return pc.binary_join_element_wise(*parts, pa.scalar(separator, pa.large_string()),
                                       null_handling="skip" if skip else "emit_null")


def _fragment(name: str, texts: Any) -> Any:
    import json
    return _join([pa.scalar(json.dumps(name) + ":", pa.large_string()), texts])


def encode(batch: Any, fields: Dict[str, str], features: Dict[str, str], ids: Tuple[str, ...], constants: str,
           unit: Optional[str], keys: Optional[Tuple[str, int]]) -> bytes:
    """NDJSON of a record batch. `fields` and `features` map names of the API to columns; `constants` is a fragment that
    every row gets; `keys` is the prefix and the first number of idempotency keys to make."""
    def column(name: str) -> Any:
        values = batch.column(batch.schema.get_field_index(name))
        return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values

    parts = [_fragment(name, _json(source, column(source), name in ids, unit if name == "timestamp" else None))
             for name, source in fields.items()]
    if constants:
        parts.append(pa.scalar(constants, pa.large_string()))
    if keys:
        prefix, first = keys
        numbers = pa.array(range(first, first + batch.num_rows), pa.int64()).cast(pa.large_string())
        parts.append(_join([pa.scalar(f'"idempotency_key":"{prefix}', pa.large_string()), numbers,
                            pa.scalar('"', pa.large_string())]))
    if features:
        inner = [_fragment(name, _json(source, column(source), False, None)) for name, source in features.items()]
        body = _join(inner, ",", skip=True)
        parts.append(_join([pa.scalar('"features":{', pa.large_string()), body, pa.scalar("}", pa.large_string())]))
    lines = _join([pa.scalar("{", pa.large_string()), _join(parts, ",", skip=True), pa.scalar("}\n", pa.large_string())])
    if isinstance(lines, pa.ChunkedArray):
        lines = lines.combine_chunks()
    offsets = memoryview(lines.buffers()[1]).cast("q")
    begin, end = offsets[lines.offset], offsets[lines.offset + len(lines)]
    return bytes(memoryview(lines.buffers()[2])[begin:end])


def batches(source: Any, rows: int) -> Optional[Iterator[Any]]:
    """Record batches of at most `rows` rows of what is a table, or None for anything else."""
    if isinstance(source, (pa.Table, pa.RecordBatch)):
        table = source if isinstance(source, pa.Table) else pa.Table.from_batches([source])
        return iter(table.combine_chunks().to_batches(max_chunksize=rows))
    if isinstance(source, pa.RecordBatchReader):
        return (piece for batch in source for piece in (batches(batch, rows) or ()))
    module = type(source).__module__.split(".")[0]
    if module == "pandas":
        slices = (source.iloc[at:at + rows] for at in range(0, len(source), rows))
        return (pa.RecordBatch.from_pandas(piece, preserve_index=False) for piece in slices)
    if module == "polars":
        frame = source.collect() if hasattr(source, "collect") else source
        return batches(frame.to_arrow(), rows)
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        import pyarrow.parquet as pq
        return (batch for batch in pq.ParquetFile(source).iter_batches(batch_size=rows))
    if hasattr(source, "__arrow_c_stream__"):
        return batches(pa.RecordBatchReader.from_stream(source), rows)
    return None
