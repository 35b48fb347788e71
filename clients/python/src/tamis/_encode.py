"""Python values as the API's JSON."""
from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
import math
from typing import Any, Dict
from urllib.parse import quote

try:
    import orjson
except ImportError:  # the standard library does it, more slowly
    orjson = None  # type: ignore[assignment]


def timestamp(value: Any) -> Any:
    """RFC 3339 or Unix milliseconds. A datetime without a time zone is refused: it names no instant."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(timezone.utc) or replace(tzinfo=...)")
        return value.isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat() + "T00:00:00Z"
    return value


def _default(value: Any) -> Any:
    if isinstance(value, (datetime.datetime, datetime.date)):
        return timestamp(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "tolist"):  # numpy
        return value.tolist()
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    raise TypeError(f"{type(value).__name__} {value!r} cannot be written as JSON")


def dumps(document: Any) -> bytes:
    if orjson is not None:
        try:
            return orjson.dumps(document, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)
        except TypeError as failure:
            raise (failure.__cause__ or failure) from None  # what _default said, rather than that it failed
    return json.dumps(document, default=_default, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def loads(text: bytes) -> Any:
    return orjson.loads(text) if orjson is not None else json.loads(text)


def segment(text: str) -> str:
    return quote(str(text), safe="")


def present(**fields: Any) -> Dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def query(fields: Dict[str, Any]) -> Dict[str, str]:
    out = {}
    for name, value in fields.items():
        if isinstance(value, bool):
            out[name] = "true" if value else "false"
        elif isinstance(value, (dict, list)):
            out[name] = dumps(value).decode()
        else:
            out[name] = str(timestamp(value))
    return out


def record(one: Any) -> Dict[str, Any]:
    """A dict or dataclass as a record of a bulk write: what is None at the top is left out."""
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        one = {f.name: getattr(one, f.name) for f in dataclasses.fields(one) if f.name not in ("raw", "updated_at", "sequence")}
    return {name: value for name, value in one.items()
            if value is not None and not (isinstance(value, float) and math.isnan(value))}
