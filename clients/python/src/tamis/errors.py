"""What calls raise. Each failure that the server reports is a `ServerError` with the fields of its problem document."""
from __future__ import annotations

import re
from typing import Any, Dict, List, Optional


class TamisError(Exception):
    """The base of all errors of this package."""


class TamisWarning(UserWarning):
    """What the server accepted and what has no effect, or a type of interaction that nobody declared."""


class ConnectionFailed(TamisError):
    """The server was not reached, or the connection broke. The outcome of a write that is not repeatable is unknown."""


class ServerError(TamisError):
    """A problem document (RFC 9457).

    `code` and `status` say what kind of failure it is, `field` names the faulty field or the JSON pointer, `value` and
    `expected` are what the server found and wanted, where it says so. `request_id` finds the request in the server's log.
    """

    def __init__(self, status: int, problem: Dict[str, Any], retry_after_s: Optional[float] = None):
        self.status = status
        self.problem = problem
        self.code: str = problem.get("code", "")
        self.detail: str = problem.get("detail", "")
        self.field: Optional[str] = problem.get("field")
        self.faults: List[Dict[str, Any]] = problem.get("faults", [])
        self.request_id: str = problem.get("request_id", "")
        self.retry_after_s = retry_after_s
        said = re.match(r"(?:\S+ is )?(.*?)(?: is not valid)?; expected (.*)$", self.detail, re.S)
        self.value: Optional[str] = problem.get("value", said.group(1) if said else None)
        self.expected: Optional[str] = problem.get("expected", said.group(2) if said else None)
        text = f"{status} {self.code}: {self.detail}"
        if len(self.faults) > 1:
            text += "".join(f"\n  {fault.get('pointer')}: {fault.get('detail')}" for fault in self.faults)
        super().__init__(text + (f" (request {self.request_id})" if self.request_id else ""))


class InvalidArgument(ServerError):
    """400 and its like: the request is wrong."""


class NotFound(ServerError):
    """404."""


class Conflict(ServerError):
    """409: it exists with another definition, is in use, or the database is not in a state that allows it."""


class PermissionDenied(ServerError):
    """401 or 403: no valid key, or one whose scope is too small."""


class RateLimited(ServerError):
    """429, after all retries."""


class Unavailable(ServerError):
    """503, after all retries: busy, starting or stopping, or `min_seq` was not reached in time."""


class OutOfSpace(ServerError):
    """507: the disk or the memory is full. Reads and deletes still work."""


class JobFailed(TamisError):
    """A job ended as failed or cancelled. `job` is its last state."""

    def __init__(self, job: Any):
        self.job = job
        super().__init__(f"job {job.job} {job.state}: {job.detail}")


class RowsRejected(TamisError):
    """Rows of a bulk write were refused and `on_error="raise"` was given. `ack` counts what was stored."""

    def __init__(self, ack: Any):
        self.ack = ack
        first = ack.errors[0] if ack.errors else None
        super().__init__(f"{ack.rejected} rows were refused" + (f"; row {first.row}: {first.detail}" if first else ""))


_BY_STATUS = {400: InvalidArgument, 401: PermissionDenied, 403: PermissionDenied, 404: NotFound, 409: Conflict,
              413: InvalidArgument, 415: InvalidArgument, 429: RateLimited, 503: Unavailable, 507: OutOfSpace}


def server_error(status: int, problem: Dict[str, Any], retry_after_s: Optional[float] = None) -> ServerError:
    return _BY_STATUS.get(status, ServerError)(status, problem, retry_after_s)
