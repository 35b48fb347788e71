"""Frames, Arrow tables and Parquet files reach the server as they are."""
import datetime
import json

import pytest

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
from tamis import _arrow, _bulk  # noqa: E402

ODD = ['plain', 'quo"te', 'back\\slash', 'tab\tnew\nline', 'ünï', None, '']


def lines(source, **options):
    arguments = dict(allowed=_bulk.ENTITY_FIELDS, columns=None, features=None, constants={}, keys=False, unit=None, rows=3)
    arguments.update(options)
    return [json.loads(line) for chunk in _bulk.chunks(source, **arguments) for line in chunk.body.splitlines()]


def test_every_kind_of_column():
    table = pa.table({
        "id": pa.array([1.0, 2, 3, 4, 5, 6, 7]), "text": ODD, "number": [1.5, None, float("nan"), -2, 1e20, 0, 3],
        "flag": [True, None, False, True, True, True, True], "tags": [["a", 'b"'], [], None, ["c"], ["d"], ["e"], ["f"]],
        "at": pa.array([datetime.datetime(2026, 1, 1)] * 6 + [None], pa.timestamp("ns")),
        "kind": pa.array(ODD).dictionary_encode()})
    got = lines(table)
    assert [one["id"] for one in got] == ["1", "2", "3", "4", "5", "6", "7"]
    for at, one in enumerate(got):
        features = one["features"]
        assert features.get("text") == features.get("kind") == ODD[at]
    assert "number" not in got[1]["features"] and "number" not in got[2]["features"] and got[4]["features"]["number"] == 1e20
    assert got[0]["features"]["tags"] == ["a", 'b"'] and got[1]["features"]["tags"] == [] and "tags" not in got[2]["features"]
    assert got[0]["features"]["at"] == 1767225600000 and "at" not in got[6]["features"]
    with pytest.raises(ValueError, match="infinite"):
        lines(pa.table({"id": ["a"], "x": [float("inf")]}))
    with pytest.raises(ValueError, match="no column 'id'"):
        lines(pa.table({"sku": ["a"]}))
    assert lines(pa.table({"sku": ["a"], "n": [1], "m": [2]}), columns={"id": "sku"}, features={"price": "n"}) == \
        [{"id": "a", "features": {"price": 1}}]


def orders():
    return pd.DataFrame({"customer": [17850.0, 17851.0, 17850.0], "sku": ["a", "b\"", "c"], "n": [1, 2, 3],
                         "at": pd.to_datetime(["2026-01-01", "2026-01-02", "1970-01-02"])})


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "parquet"])
def test_interactions(client, tmp_path, kind):
    source = orders()
    if kind == "polars":
        source = pytest.importorskip("polars").from_pandas(source)
    elif kind == "arrow":
        source = pa.Table.from_pandas(source)
    elif kind == "parquet":
        path = tmp_path / "orders.parquet"
        source.to_parquet(path)
        source = path
    ack = client.add_interactions(source, type="purchase", import_id=kind, chunk_rows=2,
                                  columns={"user": "customer", "item": "sku", "value": "n", "timestamp": "at"})
    assert (ack.accepted, ack.rejected) == (3, 0)
    stored = list(client.user_interactions("17850"))
    assert [(one.item, one.value, one.timestamp.year) for one in stored] == [("a", 1, 2026), ("c", 3, 1970)]
    assert [one.user for one in client.item_interactions('b"')] == ["17851"]
    assert client.delete_interactions(import_id=kind).deleted == 3


def test_items_and_units(client):
    frame = pd.DataFrame({"sku": ["f1", "f2"], "name": ["x", None], "price": [1.5, 2]})
    assert client.put_items(frame, columns={"id": "sku"}).accepted == 2
    assert client.get_item("f1").features == {"name": "x", "price": 1.5} and client.get_item("f2").features == {"price": 2}
    assert client.patch_items(pd.DataFrame({"id": ["f1"], "price": [9]})).accepted == 1
    assert client.get_item("f1").features == {"name": "x", "price": 9}
    client.add_interactions(pd.DataFrame({"user": ["unit"], "item": ["f1"], "timestamp": [1767225600]}), timestamp_unit="s")
    assert list(client.user_interactions("unit"))[0].timestamp.year == 2026
    assert client.add_interactions(pd.DataFrame({"user": ["unit"], "item": ["f1"]})).accepted == 1
