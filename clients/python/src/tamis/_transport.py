"""What both clients share about one exchange: the retry policy, the decoding of failures, the settings."""
from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import Any, Optional

import httpx

from . import errors
from ._encode import loads


@dataclass(frozen=True)
class Retry:
    """Waits `first_s`, twice that, ... up to `longest_s`, with jitter, and not less than what Retry-After asks."""
    attempts: int = 6
    first_s: float = 0.1
    longest_s: float = 10.0
    retry_after_limit_s: float = 60.0

    def wait_s(self, attempt: int, failure: Exception) -> float:
        wait = min(self.longest_s, self.first_s * 2 ** attempt) * random.uniform(0.5, 1.0)
        asked = getattr(failure, "retry_after_s", None)
        return max(wait, min(asked, self.retry_after_limit_s)) if asked else wait

    def again(self, failure: Exception, attempt: int, repeatable: bool) -> bool:
        if attempt + 1 >= self.attempts:
            return False
        if isinstance(failure, httpx.ConnectError):  # nothing was sent
            return True
        if isinstance(failure, errors.ServerError):
            return failure.status == 429 or (failure.status == 503 and repeatable)
        return repeatable and isinstance(failure, httpx.TransportError)


def check(response: httpx.Response, content: bytes) -> None:
    if response.status_code < 300:
        return
    try:
        problem = loads(content)
    except ValueError:
        problem = {"detail": content[:300].decode(errors="replace")}
    try:
        retry_after: Optional[float] = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        retry_after = None
    raise errors.server_error(response.status_code, problem, retry_after)


def settings(url: Optional[str], api_key: Optional[str], timeout_s: float, headers: Any) -> dict:
    url = url or os.environ.get("TAMIS_URL") or "http://127.0.0.1:8080"
    api_key = api_key or os.environ.get("TAMIS_API_KEY")
    sent = {"User-Agent": "tamis-python/0.1.0", **(headers or {})}
    if api_key:
        sent["Authorization"] = f"Bearer {api_key}"
    return {"base_url": url, "headers": sent, "timeout": httpx.Timeout(timeout_s, connect=5.0)}
