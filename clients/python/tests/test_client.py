"""Each method against a real server. Tests use ids of their own, so that their order does not matter."""
import asyncio
import datetime
import inspect
import pathlib
import subprocess
import sys
import warnings

import pytest

import tamis

UTC = datetime.timezone.utc


def test_the_two_clients_are_alike():
    root = pathlib.Path(__file__).parents[1]
    subprocess.run([sys.executable, str(root / "generate_sync.py"), "--check"], check=True)
    for name, method in inspect.getmembers(tamis.AsyncClient, inspect.isfunction):
        if not name.startswith("_"):
            assert hasattr(tamis.Client, name), name


def test_entities(client):
    ack = client.put_item("a/b ü", {"name": "lamp", "price": 3.5, "tags": ["x", "y"], "at": datetime.datetime(2026, 1, 1, tzinfo=UTC)},
                          ttl_s=3600)
    assert ack.accepted == 1 and client.last_sequence >= ack.sequence
    item = client.get_item("a/b ü")
    assert item.features["price"] == 3.5 and item.expires_at > datetime.datetime.now(UTC)
    client.patch_item("a/b ü", {"price": 4, "tags": None}, expires_at=None, hidden=True)
    item = client.get_item("a/b ü")
    assert item.features["price"] == 4 and "tags" not in item.features and item.expires_at is None and item.hidden
    client.delete_item("a/b ü")
    with pytest.raises(tamis.NotFound):
        client.get_item("a/b ü")
    client.put_user("e1", {"country": "FR"})
    client.patch_user("e1", {"age": 30})
    assert client.get_user("e1").features == {"country": "FR", "age": 30}
    assert client.put_items([{"id": f"page{i}"} for i in range(25)]).accepted == 25
    assert client.patch_items([{"id": "page1", "features": {"x": True}}]).accepted == 1
    assert client.put_users([tamis.Entity(id="e2")]).accepted == 1
    assert client.patch_users([{"id": "e2", "features": {"x": 1}}]).accepted == 1
    assert {f"page{i}" for i in range(25)} <= {one.id for one in client.items(limit=10)}
    assert "e2" in {one.id for one in client.users()}
    receipt = client.delete_user("e1")
    assert receipt.erasure["erased_by"]


def test_versions(client):
    client.put_item("v1", {"price": 3}, version=30)
    assert client.put_item("v1", {"price": 2}, version=20).outdated == 1
    assert client.put_items([{"id": "v1", "features": {"price": 1}, "version": 10}, {"id": "v2"}]).outdated == 1
    item = client.get_item("v1")
    assert (item.features["price"], item.version) == (3, 30)


def test_interactions(client):
    ack = client.add_interaction("i1", "x", "rating", value=4, timestamp=datetime.datetime(2026, 1, 2, tzinfo=UTC),
                                 context={"device": "phone"}, idempotency_key="i1-key")
    again = client.add_interaction("i1", "x", "rating", value=4, idempotency_key="i1-key")
    assert (ack.accepted, again.accepted, again.duplicates) == (1, 0, 1)
    one = list(client.user_interactions("i1"))[0]
    assert (one.item, one.value, one.timestamp, one.context) == ("x", 4, datetime.datetime(2026, 1, 2, tzinfo=UTC), {"device": "phone"})
    assert [other.user for other in client.item_interactions("x")] == ["i1"]
    client.add_interactions([{"user": "i1", "item": str(i)} for i in range(5)], import_id="imp", type="click")
    assert client.delete_interactions(import_id="imp").deleted == 5
    client.add_interaction("session", "y")
    assert client.merge_session("i1", "session").accepted == 1
    with pytest.warns(tamis.TamisWarning, match="Purchase"):
        client.add_interaction("i1", "x", "Purchase")
    with pytest.raises(ValueError, match="time zone"):
        client.add_interaction("i1", "x", timestamp=datetime.datetime(2026, 1, 1))


def test_bulk_reports_rows_and_acks_chunks(client):
    rows = [{"user": "b1", "item": "x"} if i != 7 else {"user": "b1"} for i in range(10)]
    seen = []
    with pytest.warns(tamis.TamisWarning, match="row 7"):
        ack = client.add_interactions(iter(rows), chunk_rows=4, progress=lambda n, state: seen.append((n, state.accepted)))
    assert (ack.accepted, ack.rejected, ack.errors[0].row, ack.errors[0].field) == (9, 1, 7, "item")
    assert seen == [(4, 4), (4, 7), (2, 9)]
    with pytest.raises(tamis.RowsRejected):
        client.add_interactions(rows, on_error="raise")
    assert client.add_interactions(rows[:5], idempotency="day-1").accepted == 5
    assert client.add_interactions(rows[:5], idempotency="day-1").duplicates == 5
    assert client.add_interactions(['{"user":"b1","item":"raw"}']).accepted == 1


def test_errors_say_what_is_wrong(client):
    with pytest.raises(tamis.InvalidArgument) as caught:
        client.request("POST", "/v1/interactions", json={"user": 12, "item": "x"})
    error = caught.value
    assert (error.status, error.code, error.field, error.value, error.expected) == (400, "invalid_argument", "user", "12", "a string")
    assert error.request_id
    with pytest.raises(tamis.InvalidArgument) as caught:
        client.validate_funnel({"merge": "rrf", "retrievers": [{"kind": "pop"}]})
    assert len(caught.value.faults) == 2 and "/merge" in str(caught.value)
    with pytest.raises(tamis.ConnectionFailed):
        tamis.Client("http://127.0.0.1:1", retry=tamis.Retry(attempts=1)).health()


def test_vectors_and_search(client):
    numpy = pytest.importorskip("numpy")
    vectors = numpy.eye(4, dtype="float32")
    client.put_space("looks", 4, metric="cosine")
    assert client.get_space("looks").dim == 4 and "looks" in [one.name for one in client.spaces()]
    ack = client.put_vectors("looks", ["v0", "v1", "v2", "v3"], vectors, chunk_rows=3)
    assert ack.accepted == 4
    client.put_vectors("looks", ["vu"], vectors[:1], kind="user")
    assert client.get_vector("looks", "v1") == [0, 1, 0, 0]
    found = client.search(space="looks", vector=vectors[2], k=1, min_seq=ack)
    assert found.items[0].item == "v2" and found.items[0].score == pytest.approx(1)
    assert client.search(space="looks", user="vu", k=1).items[0].item == "v0"
    assert client.search(space="looks", item="v1", find="users", k=1).users[0].user == "vu"
    assert client.similar_items("v1", space="looks", k=2).items
    assert client.similar_users("vu", space="looks").users == []
    client.delete_vector("looks", "v3")
    with pytest.raises(tamis.NotFound):
        client.get_vector("looks", "v3")
    with pytest.raises(ValueError, match="shape"):
        client.put_vectors("looks", ["v0"], vectors)
    client.delete_space("looks")


def test_shops(client):
    for day in range(6):
        for user in ("ada", "bob", "eve"):
            for item in ("cup", "saucer"):
                client.add_interactions([{"user": user, "item": item, "type": "purchase",
                                          "context": {"basket": f"{user}-{day}"}}])
    answer = client.bought_together("cup", k=3)
    assert answer.cart == ["cup"] and answer.baskets == 0 and "not trained" in answer.warnings[0].detail
    assert client.bought_together(["cup", "saucer"], mode="strict").ids == []
    popular = {"retrievers": [{"kind": "popular"}]}
    compared = client.compare("default", popular, user="nobody", k=5)
    assert compared["b"]["items"] and compared["shared"] >= 0
    page = client.page([{"title": "For {user}", "retriever": "popular", "k": 2}], user="nobody")
    assert page["rows"][0]["title"] == "For nobody" and len(page["rows"][0]["list"]["items"]) == 2
    assert client.audience("cup", k=5, exclude_seen=False)["item"] == "cup"
    batch = client.wait_batch(client.start_batch(k=2, log=False), timeout_s=30)
    assert batch["lists"] >= 3
    lines = list(client.batch_lists(batch["batch"]))
    assert len(lines) == batch["lists"] and "recommendation_id" in lines[0]
    assert batch["batch"] in [one["batch"] for one in client.batches()]
    client.delete_batch(batch["batch"])
    with pytest.raises(tamis.NotFound):
        list(client.batch_lists(batch["batch"]))


def test_looking_at_spaces(client):
    numpy = pytest.importorskip("numpy")
    vectors = numpy.random.default_rng(1).normal(size=(60, 8)).astype("float32")
    client.put_space("shapes", 8)
    client.put_items({"id": f"s{i}", "features": {"size": i}} for i in range(60))
    ack = client.put_vectors("shapes", [f"s{i}" for i in range(60)], vectors)
    client.put_vectors("shapes", ["su"], vectors[:1], kind="user")
    client.search(space="shapes", item="s0", min_seq=ack)
    pca = client.map_space("shapes", field="size", limit=50)
    assert pca["method"] == "pca" and len(pca["x"]) == len(pca["y"]) == len(pca["items"]) == len(pca["values"]) == 50
    umap = client.map_space("shapes", method="umap", timeout_s=60)
    assert umap["method"] == "umap" and "pending" not in umap and len(umap["x"]) == 60
    factors = client.space_factors("shapes", factors=2, items=3)
    assert len(factors["factors"]) == 2 and len(factors["factors"][0]["high"]) == 3
    parts = client.user_parts("shapes", "su", k=4)
    assert parts["has_stored_vector"] and parts["dim"] == 8
    assert client.sample_matrix(users=5, items=5)["density"] >= 0
    with pytest.raises(tamis.Conflict):
        client.what_if("su", "s1", changes={"item.size": 3})
    client.delete_space("shapes")


def test_simulation(client):
    job = client.wait(client.simulate(users=10, items=20, rounds=2, train_every=1), timeout_s=120)
    assert {one["arm"] for one in job.result["rounds"]} == {"exploit", "explore"}


def test_configuration(client):
    with pytest.warns(tamis.TamisWarning, match="not trained"):
        ack = client.put_funnel("home", {"retrievers": [{"kind": "ease"}]})
    assert ack.warnings[0].path == "/retrievers/0/kind"
    assert client.put_funnel("home", {"retrievers": [{"kind": "popular"}]}).warnings == []
    assert client.get_funnel("home")["version"] == 2
    assert client.get_funnel("home", version=1)["retrievers"][0]["kind"] == "ease"
    assert client.get_funnel("home", resolved=True)["name"] == "home"
    assert "home" in [one["name"] for one in client.funnels()]
    assert client.validate_funnel({"retrievers": [{"kind": "popular"}]})["valid"]
    assert client.funnel_schema()["$schema"]
    client.put_experiment("ab", {"arms": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "funnel": "home"}]})
    with pytest.raises(tamis.Conflict):
        client.delete_funnel("home")
    assert client.get_experiment("ab")["arms"][0]["name"] == "a" and len(client.experiments()) == 1
    assert client.experiment_results("ab")["experiment"] == "ab"
    client.delete_experiment("ab")
    client.delete_funnel("home")
    client.put_interaction_type("watch", value="seconds", at_least=30)
    assert client.get_interaction_type("watch")["at_least"] == 30
    assert client.get_interaction_type("watch", version=1)["version"] == 1
    assert len(client.interaction_types()["interaction_types"]) > 10
    client.delete_interaction_type("watch")


def test_operation(client, tmp_path):
    assert client.health()["status"] == "ok" and client.ready()["status"] == "ready"
    assert "tamis_" in client.metrics() and "/v1/train" in client.openapi()["paths"]
    made = client.snapshot("nightly")
    assert made.snapshot == "nightly" and "nightly" in client.snapshots()
    client.delete_snapshot("nightly")
    assert client.snapshots() == []
    client.add_interaction("o1", "x")
    assert client.stats()["interactions"] >= 1
    entries = list(client.log(limit=10))
    assert len(entries) > 1 and entries[0]["sequence"] < entries[-1]["sequence"]


def test_train_recommend_and_explain(binary):
    with tamis.local(binary=binary, config={"storage.durability": "none"}) as client:
        client.put_items([{"id": f"i{i}", "features": {"price": i}} for i in range(40)])
        client.add_interactions({"user": f"u{u}", "item": f"i{(u * 7 + j * (u % 5 + 1)) % 40}", "type": "purchase"}
                                for u in range(60) for j in range(12))
        job = client.train(["item_knn", "popular"])
        states = [one.state for one in client.job_events(job.job)]
        ended = client.wait(job, timeout_s=60)
        assert ended.ended and states[-1] == ended.state and ended.state in ("succeeded", "rejected")
        assert client.jobs()[0].job == job.job
        name = client.generations()[0].generation
        assert client.promote(name) == name == client.serving_generation()
        assert client.training_report() == client.training_report(name) and client.training_report()["trials"] == []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = client.recommend("u1", k=5, explain=True, features=True, filter={"field": "price", "lt": 30})
        assert len(answer.items) == 5 and answer.items[0].explain["retrieved_by"] and answer.generation == name
        assert all(one.features["price"] < 30 for one in answer.items) and answer.stages
        session = client.recommend(k=3, history=[{"item": "i1", "type": "view"}], dry_run=True)
        assert len(session.items) == 3
        many = list(client.recommend_many([f"u{u}" for u in range(10)], k=2, chunk=4))
        assert [one.user for one in many] == [f"u{u}" for u in range(10)]
        pages = list(client.recommend_pages("u1", k=10))
        ids = [id for page in pages for id in page.ids]
        assert len(pages) > 1 and len(ids) == len(set(ids))
        bought = answer.ids[0]
        ack = client.add_interaction("u1", bought, "purchase", recommendation_id=answer.recommendation_id)
        assert bought not in client.recommend("u1", k=40, min_seq=ack).ids
        assert client.why_not("u1", bought, k=5).verdict == "seen"
        assert client.similar_items("i1", k=3).items
        tar = client.export_generation(name)
        assert client.import_generation("copy", tar).generation == "copy"
        client.promote("copy")
        assert client.rollback() == name
        with pytest.raises(tamis.NotFound):
            client.cancel_job("j999")
        with pytest.raises(tamis.Conflict):
            client.evaluate(funnel="default")


def test_async(server):
    async def main():
        async with tamis.AsyncClient(server.url, read_your_writes=True) as client:
            await asyncio.gather(*(client.add_interaction(f"as{i}", "x") for i in range(20)))
            await client.add_interaction("as0", "zz")
            assert [one.item async for one in client.user_interactions("as0")] == ["zz", "x"]
            assert "zz" not in (await client.recommend("as0", k=100)).ids
            ack = await client.add_interactions(({"user": "as", "item": str(i)} for i in range(100)), chunk_rows=30)
            assert ack.accepted == 100
            with pytest.raises(tamis.NotFound):
                await client.get_user("nobody")
    asyncio.run(main())


def test_keys(binary):
    with tamis.local(binary=binary, config={"auth.keys": '["web:read:0123456789abcdef0123"]'}) as nobody:
        with pytest.raises(tamis.PermissionDenied):
            nobody.stats()
        with tamis.Client(str(nobody._http.base_url), "0123456789abcdef0123") as reader:
            assert reader.stats()["users"] == 0
            with pytest.raises(tamis.PermissionDenied, match="write"):
                reader.put_item("x")


def test_local_keeps_a_given_directory(binary, tmp_path):
    with tamis.local(tmp_path / "db", binary=binary) as client:
        client.put_item("kept")
    running = tamis.local(tmp_path / "db", binary=binary)
    assert running.client.get_item("kept").id == "kept"
    assert running.stop() == 0
    with pytest.raises(tamis.TamisError, match="no_such"):
        tamis.local(binary=binary, config={"no_such.setting": 1})
