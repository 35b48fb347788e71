"""What answers hold. Each answer keeps the whole document in `raw`, so that fields added by later servers can be read."""
from __future__ import annotations

import dataclasses
import datetime
import typing
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Type, TypeVar

T = TypeVar("T")
_hints: Dict[type, Dict[str, Any]] = {}


def _convert(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = typing.get_origin(hint)
    if origin is typing.Union:
        return _convert(next(one for one in typing.get_args(hint) if one is not type(None)), value)
    if origin is list:
        inner = typing.get_args(hint)[0]
        return [_convert(inner, one) for one in value]
    if hint is datetime.datetime:
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return decode(typing.cast(type, hint), value)
    return value


def decode(kind: Type[T], document: Dict[str, Any]) -> T:
    """`document` as the dataclass `kind`; fields that it does not know stay in `raw`."""
    hints = _hints.get(kind)
    if hints is None:
        hints = _hints[kind] = {name: hint for name, hint in typing.get_type_hints(kind).items() if name != "raw"}
    given = {name: _convert(hints[name], value) for name, value in document.items() if name in hints}
    return typing.cast(Any, kind)(raw=document, **given)


@dataclass
class Answer:
    raw: Dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass
class Warning_(Answer):
    path: str = ""
    detail: str = ""
    funnel: Optional[str] = None


@dataclass
class RowError(Answer):
    """A refused row of a bulk write. `row` counts from 0 over the whole source."""
    line: int = 0
    field: Optional[str] = None
    detail: str = ""
    row: int = 0


@dataclass
class Ack(Answer):
    """A committed write. Pass it as `min_seq` to a query, which then reflects it."""
    accepted: int = 0
    duplicates: int = 0
    sequence: int = 0
    rejected: int = 0
    deleted: int = 0
    ignored: int = 0
    outdated: int = 0
    errors: List[RowError] = field(default_factory=list)
    undeclared_types: List[str] = field(default_factory=list)
    warnings: List[Warning_] = field(default_factory=list)
    recounting: bool = False
    interactions: int = 0
    erasure: Optional[Dict[str, Any]] = None


@dataclass
class Entity(Answer):
    """An item or a user."""
    id: str = ""
    features: Dict[str, Any] = field(default_factory=dict)
    expires_at: Optional[datetime.datetime] = None
    updated_at: Optional[datetime.datetime] = None
    hidden: Optional[bool] = None  # of items alone
    version: Optional[int] = None  # the writer's own


@dataclass
class Interaction(Answer):
    user: str = ""
    item: str = ""
    type: str = "view"
    value: Optional[float] = None
    timestamp: Optional[datetime.datetime] = None
    context: Optional[Dict[str, Any]] = None
    recommendation_id: Optional[str] = None
    idempotency_key: Optional[str] = None
    import_id: Optional[str] = None
    sequence: Optional[int] = None


@dataclass
class Scored(Answer):
    """An item (or, of a search for users, a user) with its rank from 1 and its score."""
    item: str = ""
    rank: int = 0
    score: float = 0.0
    user: Optional[str] = None
    fallback: bool = False
    propensity: float = 1.0
    features: Optional[Dict[str, Any]] = None
    explain: Optional[Dict[str, Any]] = None


@dataclass
class Neighbours(Answer):
    """Of similar and search."""
    space: str = ""
    generation: str = ""
    sequence: int = 0
    items: List[Scored] = field(default_factory=list)
    users: List[Scored] = field(default_factory=list)


@dataclass
class Together(Answer):
    """An item that goes with a cart. `source` tells what found it; of pairs, `because` is the cart's item."""
    item: str = ""
    rank: int = 0
    score: float = 0.0
    source: str = ""
    because: Optional[str] = None
    lift: Optional[float] = None
    confidence: Optional[float] = None
    baskets: Optional[int] = None
    features: Optional[Dict[str, Any]] = None


@dataclass
class BoughtTogether(Answer):
    """What people buy in one basket with the items of `cart`."""
    cart: List[str] = field(default_factory=list)
    mode: str = ""
    generation: str = ""
    sequence: int = 0
    baskets: int = 0
    items: List[Together] = field(default_factory=list)
    warnings: List[Warning_] = field(default_factory=list)

    @property
    def ids(self) -> List[str]:
        return [one.item for one in self.items]


@dataclass
class Recommendations(Answer):
    """A list for a user. Send `recommendation_id` with the interactions that come of it."""
    recommendation_id: str = ""
    user: Optional[str] = None
    known_user: Optional[bool] = None
    funnel: str = ""
    funnel_version: int = 0
    generation: str = ""
    sequence: int = 0
    served_at: Optional[datetime.datetime] = None
    exact: bool = False
    cursor: Optional[str] = None
    items: List[Scored] = field(default_factory=list)
    experiments: List[Dict[str, Any]] = field(default_factory=list)
    stages: List[Dict[str, Any]] = field(default_factory=list)
    warnings: List[Warning_] = field(default_factory=list)

    @property
    def ids(self) -> List[str]:
        return [one.item for one in self.items]


@dataclass
class WhyNot(Answer):
    item: str = ""
    user: str = ""
    verdict: str = ""
    reason: str = ""
    rule: Optional[str] = None
    retrievers: List[Dict[str, Any]] = field(default_factory=list)
    rules: List[Dict[str, Any]] = field(default_factory=list)


@dataclass
class Space(Answer):
    name: str = ""
    dim: int = 0
    metric: str = "cosine"
    quantization: str = "int8"
    keep_f32: bool = True
    encoder: str = "external"


@dataclass
class Job(Answer):
    job: str = ""
    kind: str = ""
    state: str = ""
    progress: float = 0.0
    stage: str = ""
    detail: str = ""
    generation: str = ""
    warnings: List[str] = field(default_factory=list)
    coalesced: bool = False
    result: Optional[Dict[str, Any]] = None
    created_at: Optional[datetime.datetime] = None
    started_at: Optional[datetime.datetime] = None
    finished_at: Optional[datetime.datetime] = None

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


@dataclass
class Generation(Answer):
    generation: str = ""
    state: str = ""
    created_at: Optional[datetime.datetime] = None
    sequence: int = 0
    models: List[str] = field(default_factory=list)
    metrics: Dict[str, Any] = field(default_factory=dict)
    inherited: Dict[str, str] = field(default_factory=dict)
    left_out: Dict[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass
class Snapshot(Answer):
    snapshot: str = ""
    path: str = ""
    sequence: int = 0


@dataclass
class Page(Answer):
    """A page of entities or interactions; `cursor` is None on the last."""
    items: List[Any] = field(default_factory=list)
    cursor: Optional[str] = None
