"""One exchange with the server, and what is made of many: retries, acks, bulk writes, pages. `_exchange.py` is made from this
file by generate_sync.py; change this one."""
from __future__ import annotations

import asyncio
import warnings as python_warnings
from typing import Any, AsyncIterator, Dict, Iterable, Mapping, Optional, Type, TypeVar, Union

import httpx

from . import _bulk, errors
from ._encode import dumps, loads, present, query
from ._progress import progress_bar
from ._transport import Retry, check, settings
from .types import Ack, RowError, decode

T = TypeVar("T")
Self = TypeVar("Self", bound="AsyncExchange")
Sequenced = Union[int, Ack, None]
_JSON = "application/json"
_NDJSON = "application/x-ndjson"


class AsyncExchange:
    """The connection pool of a client. Thread-safe where httpx's is."""

    def __init__(self, url: Optional[str] = None, api_key: Optional[str] = None, *, timeout_s: float = 60.0,
                 retry: Retry = Retry(), read_your_writes: bool = False, headers: Optional[Mapping[str, str]] = None,
                 **httpx_options: Any):
        self._http = httpx.AsyncClient(**settings(url, api_key, timeout_s, headers), **httpx_options)
        self._retry = retry
        self._read_your_writes = read_your_writes
        self.last_sequence = 0

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    # --- one exchange ---

    async def request(self, method: str, path: str, *, params: Optional[Dict[str, Any]] = None, json: Any = None,
                      content: Optional[bytes] = None, content_type: str = _JSON, repeatable: Optional[bool] = None) -> Any:
        """Any call of the HTTP API; the decoded JSON, or bytes where the answer is not JSON. `repeatable` says whether
        it may be sent again after a broken connection; by default all but POST may."""
        body = dumps(json) if json is not None else content
        again = method != "POST" if repeatable is None else repeatable
        headers = {"Content-Type": content_type} if body is not None else {}
        attempt = 0
        while True:
            try:
                response = await self._http.request(method, path, params=query(params or {}), content=body, headers=headers)
                check(response, response.content)
                break
            except (httpx.TransportError, errors.ServerError) as failure:
                if not self._retry.again(failure, attempt, again):
                    if isinstance(failure, errors.ServerError):
                        raise
                    raise errors.ConnectionFailed(f"{method} {path}: {type(failure).__name__} {failure}") from failure
                await asyncio.sleep(self._retry.wait_s(attempt, failure))
                attempt += 1
        if response.content and "json" in response.headers.get("content-type", ""):
            return loads(response.content)
        return response.content

    async def _ack(self, method: str, path: str, **options: Any) -> Ack:
        ack = decode(Ack, await self.request(method, path, **options))
        self._note(ack)
        return ack

    def _note(self, ack: Ack) -> None:
        self.last_sequence = max(self.last_sequence, ack.sequence)
        for name in ack.undeclared_types:
            python_warnings.warn(f"the interaction type {name!r} is not declared; it counts as positive", errors.TamisWarning, 4)
        for one in ack.warnings:
            python_warnings.warn(f"{one.path}: {one.detail}", errors.TamisWarning, 4)

    def _min_seq(self, given: Sequenced) -> Optional[int]:
        if isinstance(given, Ack):
            return given.sequence
        return self.last_sequence or None if given is None and self._read_your_writes else given

    async def _send_chunks(self, method: str, path: str, chunks: Iterable[_bulk.Chunk], total: Optional[int], progress: Any,
                    on_error: str, durability: Optional[str], content_type: str = _NDJSON) -> Ack:
        done, sum_ack = 0, Ack()
        bar = progress_bar(progress, total, path)
        try:
            for chunk in chunks:
                ack = await self._ack(method, path, params=present(durability=durability), content=chunk.body,
                                      content_type=content_type, repeatable=chunk.repeatable)
                for error in ack.errors:
                    error.row = done + error.line - 1
                sum_ack.errors += ack.errors[:max(0, 100 - len(sum_ack.errors))]
                sum_ack.accepted += ack.accepted
                sum_ack.duplicates += ack.duplicates
                sum_ack.rejected += ack.rejected
                sum_ack.ignored += ack.ignored
                sum_ack.outdated += ack.outdated
                sum_ack.sequence = max(sum_ack.sequence, ack.sequence)
                sum_ack.undeclared_types = sorted({*sum_ack.undeclared_types, *ack.undeclared_types})
                done += chunk.rows
                bar(chunk.rows, sum_ack)
                if sum_ack.rejected and on_error == "raise":
                    raise errors.RowsRejected(sum_ack)
        finally:
            bar(0, None)
        if sum_ack.rejected and on_error == "warn":
            first: RowError = sum_ack.errors[0]
            python_warnings.warn(f"{sum_ack.rejected} rows were refused; row {first.row}: {first.detail}",
                                 errors.TamisWarning, 3)
        return sum_ack

    async def _pages(self, path: str, key: str, kind: Type[T], limit: int) -> AsyncIterator[T]:
        cursor = None
        while True:
            answer = await self.request("GET", path, params=present(cursor=cursor, limit=limit))
            for one in answer[key]:
                yield decode(kind, one)
            cursor = answer.get("cursor")
            if not cursor:
                return
