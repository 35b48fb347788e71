"""Sources of bulk writes as chunks of NDJSON: iterables of dicts or dataclasses, frames, Arrow tables, Parquet files."""
from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ._encode import dumps, record

INTERACTION_FIELDS = ("user", "item", "type", "value", "timestamp", "recommendation_id", "idempotency_key", "import_id")
ENTITY_FIELDS = ("id", "ttl_s", "expires_at", "hidden")
IDS = ("id", "user", "item", "type", "recommendation_id", "idempotency_key", "import_id")
CHUNK_BYTES = 4 << 20
Features = Union[None, Sequence[str], Mapping[str, str]]


@dataclass
class Chunk:
    body: bytes
    rows: int
    repeatable: bool


def _is_frame(source: Any) -> bool:
    module = type(source).__module__.split(".")[0]
    return module in ("pandas", "polars", "pyarrow") or hasattr(source, "__arrow_c_stream__") or _is_path(source)


def _is_path(source: Any) -> bool:
    return isinstance(source, str) or hasattr(source, "__fspath__")


def total_rows(source: Any) -> Optional[int]:
    if _is_path(source):
        return None
    try:
        return len(source)
    except TypeError:
        return None


def chunks(source: Any, allowed: Tuple[str, ...], columns: Optional[Mapping[str, str]], features: Features,
           constants: Dict[str, Any], keys: Union[bool, str], unit: Optional[str], rows: int) -> Iterator[Chunk]:
    """`columns` maps fields of the API to columns of the source (default: those of the same name). `keys` makes
    idempotency keys: from a random prefix (True) or from the given one."""
    prefix = keys + "-" if isinstance(keys, str) else uuid.uuid4().hex[:12] + "-" if keys else ""
    if not _is_frame(source):
        yield from _of_records(source, columns, constants, prefix, rows, repeatable="idempotency_key" not in allowed)
        return
    try:
        from . import _arrow
    except ImportError as missing:
        raise ImportError("frames and Parquet files need pyarrow: pip install 'tamis[pyarrow]'") from missing
    given = _arrow.batches(source, rows)
    if given is None:
        raise TypeError(f"{type(source).__name__} is not a table")
    number = 0
    for batch in given:
        names = batch.schema.names
        mapped = {api: column for api, column in (columns or {}).items() if column is not None}
        unknown = [name for name in mapped if name not in allowed]
        if unknown:
            raise ValueError(f"columns names {unknown[0]!r}; expected some of {', '.join(allowed)}")
        fields = {name: mapped.get(name, name) for name in allowed
                  if name in mapped or (name in names and name not in constants)}
        absent = [name for name in fields.values() if name not in names]
        for need in ("id",) if "id" in allowed else ("user", "item"):
            if need not in fields and need not in constants:
                absent.append(need)
        if absent:
            raise ValueError(f"the source has no column {absent[0]!r}; it has {', '.join(names)}")
        if features is None and "id" in allowed:
            chosen = {name: name for name in names if name not in fields.values()}
        elif isinstance(features, Mapping):
            chosen = dict(features)
        else:
            chosen = {name: name for name in features or ()}
        absent = [name for name in chosen.values() if name not in names]
        if absent:
            raise ValueError(f"the source has no column {absent[0]!r}; it has {', '.join(names)}")
        own = prefix if "idempotency_key" not in fields else ""
        fixed = dumps(constants).decode()[1:-1] if constants else ""
        body = _arrow.encode(batch, fields, chosen, IDS, fixed, unit, (own, number) if own else None)
        keyed = bool(own) or "idempotency_key" not in allowed or _no_nulls(batch, fields.get("idempotency_key"))
        yield Chunk(body, batch.num_rows, keyed)
        number += batch.num_rows


def _no_nulls(batch: Any, column: Optional[str]) -> bool:
    return column is not None and batch.column(batch.schema.get_field_index(column)).null_count == 0


def _of_records(source: Any, columns: Optional[Mapping[str, str]], constants: Dict[str, Any], prefix: str, rows: int,
                repeatable: bool) -> Iterator[Chunk]:
    renamed = {column: api for api, column in (columns or {}).items()}
    lines: List[bytes] = []
    size, number, safe = 0, 0, True
    for one in source:
        if isinstance(one, (bytes, str)):
            line = one.encode() if isinstance(one, str) else one
            line, keyed = line.rstrip(b"\n"), False
        else:
            fields = record(one)
            if renamed:
                fields = {renamed.get(name, name): value for name, value in fields.items()}
            for name, value in constants.items():
                fields.setdefault(name, value)
            if prefix and "idempotency_key" not in fields:
                fields["idempotency_key"] = prefix + str(number)
            line, keyed = dumps(fields), "idempotency_key" in fields
        lines.append(line)
        safe = safe and (keyed or repeatable)
        size += len(line) + 1
        number += 1
        if size >= CHUNK_BYTES or len(lines) >= rows:
            yield Chunk(b"\n".join(lines) + b"\n", len(lines), safe)
            lines, size, safe = [], 0, True
    if lines:
        yield Chunk(b"\n".join(lines) + b"\n", len(lines), safe)


def packed_vectors(ids: Sequence[Any], vectors: Any, kind: str, rows: int) -> Iterator[Chunk]:
    """The packed format (application/x-tamis-vectors) of `vectors`, an array of [len(ids), dim]."""
    import numpy as np
    array = np.ascontiguousarray(vectors, dtype="<f4")
    if array.ndim != 2 or len(ids) != len(array):
        raise ValueError(f"vectors has the shape {array.shape}; expected [{len(ids)}, dim]")
    code = {"user": 0, "item": 1}[kind]
    header = b"TAMISVEC" + struct.pack("<HHI", 1, 0, array.shape[1])
    rows = max(1, min(rows, CHUNK_BYTES // (4 * array.shape[1])))
    for begin in range(0, len(array), rows):
        parts = [header]
        for at in range(begin, min(begin + rows, len(array))):
            name = str(ids[at]).encode()
            parts += [struct.pack("<BH", code, len(name)), name, array[at].tobytes()]
        yield Chunk(b"".join(parts), min(rows, len(array) - begin), True)
