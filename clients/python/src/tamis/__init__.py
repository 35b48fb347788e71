"""Client of Tamis, the recommendation database.

    with tamis.Client("http://localhost:8080") as client:
        ack = client.add_interaction("u1", "85123A", "purchase")
        print(client.recommend("u1", k=5, min_seq=ack).ids)
"""
from . import types
from ._async_client import AsyncClient
from ._client import Client
from ._transport import Retry
from .errors import (Conflict, ConnectionFailed, InvalidArgument, JobFailed, NotFound, OutOfSpace, PermissionDenied,
                     RateLimited, RowsRejected, ServerError, TamisError, TamisWarning, Unavailable)
from .local import LocalServer, local
from .types import Ack, BoughtTogether, Entity, Interaction, Job, Neighbours, Recommendations

__version__ = "0.1.0"
__all__ = ["Ack", "AsyncClient", "BoughtTogether", "Client", "Conflict", "ConnectionFailed", "Entity", "Interaction", "InvalidArgument", "Job",
           "JobFailed", "LocalServer", "Neighbours", "NotFound", "OutOfSpace", "PermissionDenied", "RateLimited",
           "Recommendations", "Retry", "RowsRejected", "ServerError", "TamisError", "TamisWarning", "Unavailable", "local",
           "types"]
