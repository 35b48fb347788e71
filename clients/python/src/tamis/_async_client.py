"""The asynchronous client. `_client.py` is made from this file by generate_sync.py; change this one."""
from __future__ import annotations

import asyncio
import time
import uuid
import warnings as python_warnings
from typing import Any, AsyncIterator, Dict, Iterable, List, Mapping, Optional, Sequence, Union

from . import _bulk, errors
from ._async_exchange import AsyncExchange, Sequenced
from ._encode import loads, present, segment
from ._progress import progress_bar
from ._transport import check
from .types import (Ack, BoughtTogether, Entity, Generation, Interaction, Job, Neighbours, Recommendations, Snapshot, Space,
                    WhyNot, decode)


class AsyncClient(AsyncExchange):
    """A connection pool to one server.

    `url` and `api_key` default to the variables TAMIS_URL and TAMIS_API_KEY. With `read_your_writes` every query reflects
    all writes that this client was acknowledged. Close it, or use it in a `with` block.
    """

    # --- interactions ---

    async def add_interaction(self, user: str, item: str, type: str = "view", *, value: Optional[float] = None,
                              timestamp: Any = None, context: Optional[Dict[str, Any]] = None,
                              recommendation_id: Optional[str] = None, idempotency_key: Optional[str] = None,
                              import_id: Optional[str] = None, durability: Optional[str] = None) -> Ack:
        """Store one event. Without an idempotency key one is made, so that a retry never counts twice."""
        body = present(user=user, item=item, type=type, value=value, timestamp=timestamp, context=context,
                       recommendation_id=recommendation_id, import_id=import_id,
                       idempotency_key=idempotency_key or uuid.uuid4().hex)
        return await self._ack("POST", "/v1/interactions", params=present(durability=durability), json=body, repeatable=True)

    async def add_interactions(self, source: Any, *, columns: Optional[Mapping[str, str]] = None, type: Optional[str] = None,
                               import_id: Optional[str] = None, idempotency: Union[bool, str] = True,
                               timestamp_unit: Optional[str] = None, chunk_rows: int = 20_000, progress: Any = False,
                               on_error: str = "warn", durability: Optional[str] = None) -> Ack:
        """Store events in bulk, chunk by chunk, each acknowledged before the next.

        `source`: an iterable of dicts, `Interaction`s or NDJSON lines, a pandas or polars frame, an Arrow table, or the
        path of a Parquet file. `columns` maps fields (`user`, `item`, `type`, `value`, `timestamp`, ...) to columns of other
        names. Naive times in columns are UTC; `timestamp_unit` is that of numbers ("s", "ms", "us", "ns").
        `idempotency` makes keys, so that chunks can be sent again: True from a random prefix; a text is the prefix, and
        running the same import again with it stores nothing twice; False makes none. `on_error`: "warn", "raise", "ignore".
        """
        constants = present(type=type, import_id=import_id)
        chunks = _bulk.chunks(source, _bulk.INTERACTION_FIELDS, columns, None, constants, idempotency, timestamp_unit, chunk_rows)
        return await self._send_chunks("POST", "/v1/interactions", chunks, _bulk.total_rows(source), progress, on_error, durability)

    async def delete_interactions(self, *, user: Optional[str] = None, item: Optional[str] = None, type: Optional[str] = None,
                                  from_: Any = None, to: Any = None, recommendation_id: Optional[str] = None,
                                  idempotency_key: Optional[str] = None, import_id: Optional[str] = None) -> Ack:
        """Take back the interactions that match all that is given; `deleted` counts them."""
        params = present(user=user, item=item, type=type, to=to, recommendation_id=recommendation_id,
                         idempotency_key=idempotency_key, import_id=import_id)
        if from_ is not None:
            params["from"] = from_
        return await self._ack("DELETE", "/v1/interactions", params=params)

    def user_interactions(self, user: str, limit: int = 1000) -> AsyncIterator[Interaction]:
        """All interactions of a user, newest first."""
        return self._pages(f"/v1/users/{segment(user)}/interactions", "interactions", Interaction, limit)

    def item_interactions(self, item: str, limit: int = 1000) -> AsyncIterator[Interaction]:
        return self._pages(f"/v1/items/{segment(item)}/interactions", "interactions", Interaction, limit)

    # --- items and users ---

    async def _write_entity(self, method: str, path: str, features: Optional[Mapping[str, Any]], more: Dict[str, Any],
                            durability: Optional[str]) -> Ack:
        body = {**({"features": features} if features is not None else {}), **more}
        return await self._ack(method, path, params=present(durability=durability), json=body)

    async def put_item(self, id: str, features: Optional[Mapping[str, Any]] = None, *, durability: Optional[str] = None,
                       **more: Any) -> Ack:
        """Create or replace an item. `more`: ttl_s, expires_at, hidden."""
        return await self._write_entity("PUT", f"/v1/items/{segment(id)}", features, more, durability)

    async def patch_item(self, id: str, features: Optional[Mapping[str, Any]] = None, *, durability: Optional[str] = None,
                         **more: Any) -> Ack:
        """Merge features; None removes one. `more`: ttl_s, expires_at (None lifts it), hidden, version."""
        return await self._write_entity("PATCH", f"/v1/items/{segment(id)}", features, more, durability)

    async def put_user(self, id: str, features: Optional[Mapping[str, Any]] = None, *, durability: Optional[str] = None,
                       **more: Any) -> Ack:
        return await self._write_entity("PUT", f"/v1/users/{segment(id)}", features, more, durability)

    async def patch_user(self, id: str, features: Optional[Mapping[str, Any]] = None, *, durability: Optional[str] = None,
                         **more: Any) -> Ack:
        return await self._write_entity("PATCH", f"/v1/users/{segment(id)}", features, more, durability)

    async def get_item(self, id: str) -> Entity:
        return decode(Entity, await self.request("GET", f"/v1/items/{segment(id)}"))

    async def get_user(self, id: str) -> Entity:
        return decode(Entity, await self.request("GET", f"/v1/users/{segment(id)}"))

    async def delete_item(self, id: str) -> Ack:
        return await self._ack("DELETE", f"/v1/items/{segment(id)}")

    async def delete_user(self, id: str, *, keep_log: bool = False) -> Ack:
        """Erase a user. The receipt is in `interactions` and `erasure`."""
        return await self._ack("DELETE", f"/v1/users/{segment(id)}", params={"keep_log": keep_log})

    def items(self, limit: int = 1000) -> AsyncIterator[Entity]:
        """All items, page by page."""
        return self._pages("/v1/items", "items", Entity, limit)

    def users(self, limit: int = 1000) -> AsyncIterator[Entity]:
        return self._pages("/v1/users", "users", Entity, limit)

    async def _entities(self, method: str, path: str, source: Any, columns: Optional[Mapping[str, str]],
                        features: _bulk.Features, chunk_rows: int, progress: Any, on_error: str,
                        durability: Optional[str]) -> Ack:
        chunks = _bulk.chunks(source, _bulk.ENTITY_FIELDS, columns, features, {}, False, None, chunk_rows)
        return await self._send_chunks(method, path, chunks, _bulk.total_rows(source), progress, on_error, durability)

    async def put_items(self, source: Any, *, columns: Optional[Mapping[str, str]] = None, features: _bulk.Features = None,
                        chunk_rows: int = 20_000, progress: Any = False, on_error: str = "warn",
                        durability: Optional[str] = None) -> Ack:
        """Create or replace items in bulk. Of a frame, `columns={"id": "sku"}` names the id's column and `features` the
        columns that are features, as a list or as {feature: column}; default all others."""
        return await self._entities("POST", "/v1/items", source, columns, features, chunk_rows, progress, on_error, durability)

    async def patch_items(self, source: Any, *, columns: Optional[Mapping[str, str]] = None, features: _bulk.Features = None,
                          chunk_rows: int = 20_000, progress: Any = False, on_error: str = "warn",
                          durability: Optional[str] = None) -> Ack:
        return await self._entities("PATCH", "/v1/items", source, columns, features, chunk_rows, progress, on_error, durability)

    async def put_users(self, source: Any, *, columns: Optional[Mapping[str, str]] = None, features: _bulk.Features = None,
                        chunk_rows: int = 20_000, progress: Any = False, on_error: str = "warn",
                        durability: Optional[str] = None) -> Ack:
        return await self._entities("POST", "/v1/users", source, columns, features, chunk_rows, progress, on_error, durability)

    async def patch_users(self, source: Any, *, columns: Optional[Mapping[str, str]] = None, features: _bulk.Features = None,
                          chunk_rows: int = 20_000, progress: Any = False, on_error: str = "warn",
                          durability: Optional[str] = None) -> Ack:
        return await self._entities("PATCH", "/v1/users", source, columns, features, chunk_rows, progress, on_error, durability)

    async def merge_session(self, user: str, session: str) -> Ack:
        """Give a user what a session has done, and delete the session."""
        return await self._ack("POST", f"/v1/users/{segment(user)}/merge", json={"session": session}, repeatable=True)

    # --- recommendations and search ---

    async def recommend(self, user: Optional[str] = None, k: int = 10, *, min_seq: Sequenced = None,
                        **options: Any) -> Recommendations:
        """The k best items for a user or, without one, for the session that `history` tells.

        `options`: funnel, surface, filter, exclude, exclude_seen, rotate_shown, history, context, override, explain,
        features, dry_run, paged, cursor, similar_to, as_of, as_of_sequence, generation, recommendation_id, min_seq_timeout_ms.
        """
        path = f"/v1/users/{segment(user)}/recommendations" if user is not None else "/v1/recommendations"
        body = present(k=k, min_seq=self._min_seq(min_seq), **options)
        answer = decode(Recommendations, await self.request("POST", path, json=body, repeatable=True))
        for one in answer.warnings:
            python_warnings.warn(f"{one.path}: {one.detail}", errors.TamisWarning, 2)
        return answer

    async def recommend_many(self, users: Iterable[str], k: int = 10, *, chunk: int = 500,
                             **options: Any) -> AsyncIterator[Recommendations]:
        """Lists for many users, in their order, a request for each `chunk` of them."""
        waiting: List[str] = []
        for user in [*users, None]:
            if user is not None:
                waiting.append(user)
            if waiting and (user is None or len(waiting) == chunk):
                body = present(users=waiting, k=k, **options)
                answer = await self.request("POST", "/v1/recommendations", json=body, repeatable=True)
                for one in answer["answers"]:
                    yield decode(Recommendations, one)
                waiting = []

    async def recommend_pages(self, user: str, k: int = 10, **options: Any) -> AsyncIterator[Recommendations]:
        """Page after page, without repeats, until the items run out."""
        page = await self.recommend(user, k, paged=True, **options)
        yield page
        while page.cursor:
            page = await self.recommend(user, k, cursor=page.cursor, **options)
            yield page

    async def why_not(self, user: str, item: str, **options: Any) -> WhyNot:
        """Where an item falls out of what would be recommended now; `options` as of `recommend`, with k."""
        path = f"/v1/users/{segment(user)}/recommendations/why-not/{segment(item)}"
        return decode(WhyNot, await self.request("POST", path, json=options, repeatable=True))

    async def what_if(self, user: str, item: str, *, changes: Optional[Mapping[str, Any]] = None,
                      objective: Optional[str] = None, **request: Any) -> Dict[str, Any]:
        """What the ranker's score of a candidate hangs on, and with `changes` ({"item.price": 2.5}) what it would be.
        `request` is what recommend() takes beside. Conflict without a ranker and for an item that is no candidate."""
        path = f"/v1/users/{segment(user)}/recommendations/what-if/{segment(item)}"
        body = present(changes=changes, objective=objective, request=request or None)
        return await self.request("POST", path, json=body, repeatable=True)

    async def similar_items(self, item: str, k: int = 10, *, min_seq: Sequenced = None, **options: Any) -> Neighbours:
        """`options`: space, filter, features; funnel makes the list by a funnel."""
        return await self._similar("items", item, k, min_seq, options)

    async def similar_users(self, user: str, k: int = 10, *, min_seq: Sequenced = None, **options: Any) -> Neighbours:
        return await self._similar("users", user, k, min_seq, options)

    async def _similar(self, what: str, id: str, k: int, min_seq: Sequenced, options: Dict[str, Any]) -> Neighbours:
        params = present(k=k, min_seq=self._min_seq(min_seq), **options)
        return decode(Neighbours, await self.request("GET", f"/v1/{what}/{segment(id)}/similar", params=params))

    async def bought_together(self, items: Union[str, Sequence[str]], k: int = 10, *, mode: str = "relaxed",
                              min_seq: Sequenced = None, **options: Any) -> BoughtTogether:
        """What people buy in one basket with an item or a cart. `options`: filter, exclude, features."""
        cart = [items] if isinstance(items, str) else list(items)
        body = present(items=cart, k=k, mode=mode, min_seq=self._min_seq(min_seq), **options)
        return decode(BoughtTogether, await self.request("POST", "/v1/bought_together", json=body, repeatable=True))

    async def compare(self, a: Any, b: Any, *, user: Optional[str] = None, k: int = 10, **request: Any) -> Dict[str, Any]:
        """Two funnels (names or documents) on one request; `request` is what recommend() takes beside. Logs nothing."""
        body = present(a=a, b=b, user=user, k=k, request=request or None)
        return await self.request("POST", "/v1/compare", json=body, repeatable=True)

    async def page(self, rows: Sequence[Mapping[str, Any]], *, user: Optional[str] = None, **request: Any) -> Dict[str, Any]:
        """Several lists in one answer, no item twice (docs/shops.md has the rows' members)."""
        body = present(rows=list(rows), user=user, request=request or None)
        return await self.request("POST", "/v1/pages", json=body)

    async def audience(self, item: str, k: int = 100, *, min_seq: Sequenced = None, **options: Any) -> Dict[str, Any]:
        """The users to tell of an item. `options`: filter, exclude_seen, seen_types, cap_type, cap, cap_days, space."""
        params = present(k=k, min_seq=self._min_seq(min_seq), **options)
        return await self.request("GET", f"/v1/items/{segment(item)}/audience", params=params)

    async def start_batch(self, **options: Any) -> Dict[str, Any]:
        """Lists for many in the background. `options`: kind, format, k, funnel, space, segment, filter, exclude_seen,
        log, max_per_second."""
        return await self.request("POST", "/v1/batches", json=options)

    async def get_batch(self, id: str) -> Dict[str, Any]:
        return await self.request("GET", f"/v1/batches/{segment(id)}")

    async def batches(self) -> List[Dict[str, Any]]:
        """All batches, newest first."""
        return (await self.request("GET", "/v1/batches"))["batches"]

    async def wait_batch(self, batch: Union[str, Mapping[str, Any]], *, timeout_s: float = 3600.0,
                         progress: Any = False) -> Dict[str, Any]:
        """Wait until a batch has ended. JobFailed where it failed or was cancelled."""
        one = await self.get_batch(batch) if isinstance(batch, str) else batch
        await self.wait(one["job"], timeout_s=timeout_s, progress=progress)
        return await self.get_batch(one["batch"])

    async def batch_lists(self, id: str) -> AsyncIterator[str]:
        """The lists of a batch, a line each: JSON, or CSV with a header, as the batch was asked for. Of a batch that runs,
        those that are saved. Bounded memory: lines are read as they arrive."""
        async with self._http.stream("GET", f"/v1/batches/{segment(id)}/lists") as response:
            if response.status_code >= 300:
                check(response, await response.aread())
            async for line in response.aiter_lines():
                if line:
                    yield line

    async def delete_batch(self, id: str) -> None:
        """Cancel a batch where it runs, and remove its file."""
        await self.request("DELETE", f"/v1/batches/{segment(id)}")

    async def search(self, *, space: Optional[str] = None, vector: Any = None, item: Optional[str] = None,
                     user: Optional[str] = None, text: Optional[str] = None, k: int = 10, min_seq: Sequenced = None,
                     **options: Any) -> Neighbours:
        """The nearest of a vector (list or numpy array), an item, a user or a text. `options`: find, ef, exact, filter,
        features."""
        body = present(space=space, vector=vector, item=item, user=user, text=text, k=k, min_seq=self._min_seq(min_seq), **options)
        return decode(Neighbours, await self.request("POST", "/v1/search", json=body, repeatable=True))

    # --- spaces and vectors ---

    async def put_space(self, name: str, dim: int, *, metric: str = "cosine", **options: Any) -> Ack:
        return await self._ack("PUT", f"/v1/spaces/{segment(name)}", json={"dim": dim, "metric": metric, **options})

    async def get_space(self, name: str) -> Space:
        return decode(Space, await self.request("GET", f"/v1/spaces/{segment(name)}"))

    async def spaces(self) -> List[Space]:
        return [decode(Space, one) for one in (await self.request("GET", "/v1/spaces"))["spaces"]]

    async def delete_space(self, name: str) -> Ack:
        return await self._ack("DELETE", f"/v1/spaces/{segment(name)}")

    async def put_vectors(self, space: str, ids: Sequence[Any], vectors: Any, *, kind: str = "item", chunk_rows: int = 20_000,
                          progress: Any = False, on_error: str = "warn", durability: Optional[str] = None) -> Ack:
        """Store an array of [len(ids), dim] in the packed format; `kind` is "item" or "user". Needs numpy."""
        return await self._send_chunks("POST", f"/v1/spaces/{segment(space)}/vectors",
                                _bulk.packed_vectors(ids, vectors, kind, chunk_rows), len(ids), progress, on_error, durability,
                                "application/x-tamis-vectors")

    async def get_vector(self, space: str, id: str, kind: str = "item") -> List[float]:
        return (await self.request("GET", f"/v1/spaces/{segment(space)}/vectors/{kind}s/{segment(id)}"))["vector"]

    async def delete_vector(self, space: str, id: str, kind: str = "item") -> Ack:
        return await self._ack("DELETE", f"/v1/spaces/{segment(space)}/vectors/{kind}s/{segment(id)}")

    # --- looking at spaces; docs/http_api.md has the answers' members ---

    async def map_space(self, space: str, *, method: str = "pca", field: Optional[str] = None, limit: Optional[int] = None,
                        timeout_s: float = 600.0) -> Dict[str, Any]:
        """The items of a space in two dimensions: lists `items`, `x` and `y`; with `field`, a feature's `values`.

        `method` is "pca" or "umap". The server makes a umap once per generation, in the background; this waits for it,
        at most `timeout_s`. With 0 it returns at once, by pca while `pending` names the job that makes the umap.
        """
        path, params = f"/v1/spaces/{segment(space)}/map", present(method=method, field=field, limit=limit)
        answer = await self.request("GET", path, params=params)
        until = time.monotonic() + timeout_s
        while "pending" in answer and time.monotonic() < until:
            await self.wait(answer["pending"], timeout_s=max(0.0, until - time.monotonic()))
            answer = await self.request("GET", path, params=params)
        return answer

    async def space_factors(self, space: str, *, factors: int = 8, items: int = 8) -> Dict[str, Any]:
        """What the items of a space differ in: principal directions with `items` items at both ends of each."""
        return await self.request("GET", f"/v1/spaces/{segment(space)}/factors", params={"factors": factors, "items": items})

    async def user_parts(self, space: str, user: str, **options: Any) -> Dict[str, Any]:
        """What a user's vector comes from: history, profile, context, what was learned. `options`: k, history, context."""
        return await self.request("POST", f"/v1/spaces/{segment(space)}/vectors/users/{segment(user)}/parts", json=options,
                                  repeatable=True)

    async def sample_matrix(self, **options: Any) -> Dict[str, Any]:
        """A sample of the user x item matrix. `options`: users, items, first_rank, last_rank."""
        return await self.request("GET", "/v1/matrix", params=options)

    # --- funnels, interaction types, experiments: documents as dicts ---

    async def _documents(self, collection: str) -> List[Dict[str, Any]]:
        return (await self.request("GET", f"/v1/{collection}"))[collection.replace("-", "_")]

    async def funnels(self) -> List[Dict[str, Any]]:
        return await self._documents("funnels")

    async def get_funnel(self, name: str, *, version: Optional[int] = None, resolved: bool = False) -> Dict[str, Any]:
        return await self.request("GET", f"/v1/funnels/{segment(name)}", params=present(version=version, resolved=resolved or None))

    async def put_funnel(self, name: str, funnel: Mapping[str, Any]) -> Ack:
        """Store a new version of a funnel. What has no effect is warned of, and stands in `warnings`."""
        return await self._ack("PUT", f"/v1/funnels/{segment(name)}", json=funnel)

    async def delete_funnel(self, name: str) -> Ack:
        return await self._ack("DELETE", f"/v1/funnels/{segment(name)}")

    async def validate_funnel(self, funnel: Mapping[str, Any]) -> Dict[str, Any]:
        """`{"valid", "funnel", "warnings"}`; InvalidArgument with all `faults` where it is not valid."""
        return await self.request("POST", "/v1/funnels/validate", json=funnel, repeatable=True)

    async def funnel_schema(self) -> Dict[str, Any]:
        return await self.request("GET", "/v1/funnels/schema")

    async def interaction_types(self) -> Dict[str, Any]:
        """`{"interaction_types", "undeclared", "recounting"}`."""
        return await self.request("GET", "/v1/interaction-types")

    async def get_interaction_type(self, name: str, *, version: Optional[int] = None) -> Dict[str, Any]:
        return await self.request("GET", f"/v1/interaction-types/{segment(name)}", params=present(version=version))

    async def put_interaction_type(self, name: str, **members: Any) -> Ack:
        return await self._ack("PUT", f"/v1/interaction-types/{segment(name)}", json=members)

    async def delete_interaction_type(self, name: str) -> Ack:
        return await self._ack("DELETE", f"/v1/interaction-types/{segment(name)}")

    async def experiments(self) -> List[Dict[str, Any]]:
        return await self._documents("experiments")

    async def get_experiment(self, name: str) -> Dict[str, Any]:
        return await self.request("GET", f"/v1/experiments/{segment(name)}")

    async def put_experiment(self, name: str, experiment: Mapping[str, Any]) -> Ack:
        return await self._ack("PUT", f"/v1/experiments/{segment(name)}", json=experiment)

    async def delete_experiment(self, name: str) -> Ack:
        return await self._ack("DELETE", f"/v1/experiments/{segment(name)}")

    async def experiment_results(self, name: str) -> Dict[str, Any]:
        return await self.request("GET", f"/v1/experiments/{segment(name)}/results")

    async def evaluate(self, *, timeout_s: float = 600.0, **request: Any) -> Dict[str, Any]:
        """What a funnel would have earned on the logged lists (docs/experiments.md); waits where it becomes a job."""
        answer = await self.request("POST", "/v1/evaluate", json=request, repeatable=True)
        return (await self.wait(answer["job"], timeout_s=timeout_s)).result or {} if "job" in answer else answer

    async def simulate(self, **options: Any) -> Job:
        """Play a feedback loop with a made-up population; `wait(job).result["rounds"]` has both arms, round by round.
        `options`: users, items, new_items, rounds, k, train_every, explore_rounds, explore_share, position_bias, seed."""
        return decode(Job, await self.request("POST", "/v1/simulations", json=options))

    # --- training ---

    async def train(self, models: Optional[Sequence[str]] = None, **options: Any) -> Job:
        """Queue a training run; `wait(job)` waits for its end. `options`: promote, inherit."""
        return decode(Job, await self.request("POST", "/v1/train", json=present(models=models, **options)))

    async def wait(self, job: Union[str, Job], *, timeout_s: float = 3600.0, poll_s: float = 0.25, progress: Any = False) -> Job:
        """Wait until a job has ended. JobFailed where it failed or was cancelled; a state of "rejected" is returned."""
        name = job if isinstance(job, str) else job.job
        until = time.monotonic() + timeout_s
        bar = progress_bar(progress, 100, name)
        try:
            seen = 0
            while True:
                state = await self.get_job(name)
                bar(int(100 * state.progress) - seen, state)
                seen = int(100 * state.progress)
                if state.ended:
                    break
                if time.monotonic() > until:
                    raise TimeoutError(f"job {name} is {state.state} after {timeout_s} s, stage {state.stage}")
                await asyncio.sleep(poll_s)
        finally:
            bar(0, None)
        if state.state in ("failed", "cancelled"):
            raise errors.JobFailed(state)
        return state

    async def get_job(self, job: str) -> Job:
        return decode(Job, await self.request("GET", f"/v1/jobs/{segment(job)}"))

    async def jobs(self) -> List[Job]:
        return [decode(Job, one) for one in (await self.request("GET", "/v1/jobs"))["jobs"]]

    async def cancel_job(self, job: str) -> Job:
        return decode(Job, await self.request("POST", f"/v1/jobs/{segment(job)}/cancel", repeatable=True))

    async def job_events(self, job: str) -> AsyncIterator[Job]:
        """Every change of a job, as the server pushes it, until it has ended."""
        async with self._http.stream("GET", f"/v1/jobs/{segment(job)}/events") as response:
            if response.status_code >= 300:
                check(response, await response.aread())
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    yield decode(Job, loads(line[5:].encode()))

    async def generations(self) -> List[Generation]:
        return [decode(Generation, one) for one in (await self.request("GET", "/v1/generations"))["generations"]]

    async def serving_generation(self) -> str:
        return (await self.request("GET", "/v1/generations"))["serving"]

    async def training_report(self, generation: Optional[str] = None) -> Dict[str, Any]:
        """What an automatic run tried and what it chose; by default of the generation that serves."""
        if generation is None:
            generation = await self.serving_generation()
        return await self.request("GET", f"/v1/generations/{segment(generation)}/report")

    async def promote(self, generation: str) -> str:
        return (await self.request("POST", f"/v1/generations/{segment(generation)}/promote", repeatable=True))["generation"]

    async def rollback(self, generation: Optional[str] = None) -> str:
        """Serve the generation that served before; with `generation`, only if that one serves now."""
        part = f"{segment(generation)}/" if generation else ""
        return (await self.request("POST", f"/v1/generations/{part}rollback"))["generation"]

    async def export_generation(self, generation: str) -> bytes:
        """The files of a generation as a tar archive."""
        return await self.request("GET", f"/v1/generations/{segment(generation)}")

    async def import_generation(self, name: str, tar: bytes, *, promote: bool = False) -> Generation:
        return decode(Generation, await self.request("PUT", f"/v1/generations/{segment(name)}", params={"promote": promote},
                                                     content=tar, content_type="application/x-tar", repeatable=False))

    # --- operation ---

    async def snapshot(self, name: Optional[str] = None) -> Snapshot:
        return decode(Snapshot, await self.request("POST", "/v1/snapshots", json=present(name=name)))

    async def snapshots(self) -> List[str]:
        return (await self.request("GET", "/v1/snapshots"))["snapshots"]

    async def delete_snapshot(self, name: str) -> None:
        await self.request("DELETE", f"/v1/snapshots/{segment(name)}")

    async def log(self, from_: int = 1, limit: int = 1000) -> AsyncIterator[Dict[str, Any]]:
        """The change feed up to its present end."""
        while True:
            answer = await self.request("GET", "/v1/log", params={"from": from_, "limit": limit})
            for entry in answer["entries"]:
                yield entry
            if not answer["entries"]:
                return
            from_ = answer["next"]

    async def stats(self) -> Dict[str, Any]:
        return await self.request("GET", "/v1/stats")

    async def health(self) -> Dict[str, Any]:
        return await self.request("GET", "/healthz")

    async def ready(self) -> Dict[str, Any]:
        return await self.request("GET", "/readyz")

    async def metrics(self) -> str:
        return (await self.request("GET", "/metrics")).decode()

    async def openapi(self) -> Dict[str, Any]:
        return await self.request("GET", "/openapi.json")
