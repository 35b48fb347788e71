#!/usr/bin/env python3
"""What people send by accident or to do harm, through the real binary: extreme numbers, late events of what is gone,
trainings of single members, catalogues without interactions. Each survives kill -9, a snapshot and its restore.

    real_data_test.py path/to/tamis
"""
import json
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from tamis_server import Refused, TamisServer

BINARY = ""
NOW = int(time.time() * 1000)
QUICK = tuple(f"training.settings.{setting}" for setting in (
    "ials.dim=8", "content.dim=16", "bpr.epochs=3", "two_tower.epochs=2", "mf.epochs=5"))


def rfc3339(ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) + f".{ms % 1000:03d}Z"


def ndjson(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def packed(rows: list[tuple], dim: int) -> bytes:
    """The binary stream of vectors: rows of (kind, id, vector)."""
    stream = b"TAMISVEC" + struct.pack("<HHI", 1, 0, dim)
    for kind, name, vector in rows:
        stream += struct.pack("<BH", kind, len(name)) + name.encode() + struct.pack(f"<{dim}f", *vector)
    return stream


class RealData(unittest.TestCase):
    settings: tuple[str, ...] = ()

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tamis-real-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.server = TamisServer(BINARY, self.directory / "data", ("storage.min_free_disk=0", *QUICK, *self.settings))
        self.server.start()
        self.addCleanup(lambda: self.server.kill())

    def call(self, method: str, path: str, body=None, content_type: str = "application/json") -> dict:
        return self.server.call(method, path, body, content_type)

    def refusal(self, method: str, path: str, body=None, content_type: str = "application/json") -> tuple:
        with self.assertRaises(Refused) as refused:
            self.call(method, path, body, content_type)
        return refused.exception.status, refused.exception.problem.get("field")

    def crash(self, *more_settings: str) -> None:
        self.server.kill()
        self.server.settings += more_settings
        self.server.start()

    def restore_from_snapshot(self) -> None:
        """Goes on from a restored copy."""
        path = self.call("POST", "/v1/snapshots", {"name": "copy"})["path"]
        self.assertEqual(self.server.stop(), 0)
        restored = self.directory / "restored"
        ran = subprocess.run([BINARY, "restore", path, "--data", restored], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.server = TamisServer(BINARY, restored, self.server.settings)
        self.server.start()

    def through_everything(self, check) -> None:
        """`check` holds now, after a kill -9, and in a restored snapshot."""
        check()
        self.crash()
        check()
        self.restore_from_snapshot()
        check()

    def wait(self, job: str) -> dict:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            state = self.call("GET", f"/v1/jobs/{job}")
            if state["state"] not in ("queued", "running"):
                return state
            time.sleep(0.02)
        self.fail(f"{job} has not ended: {state}")

    def train(self, **request) -> dict:
        job = self.wait(self.call("POST", "/v1/train", request)["job"])
        self.assertEqual(job["state"], "succeeded", job)
        return job

    def members(self) -> dict:
        """Of the serving generation: member -> the generation that learned it."""
        told = self.call("GET", "/v1/generations")
        serving = next(one for one in told["generations"] if one["generation"] == told["serving"])
        return {member: serving["inherited"].get(member, serving["generation"]) for member in serving["models"]}

    def recommended(self, **request) -> list[str]:
        return [row["item"] for row in self.call("POST", "/v1/recommendations", {"k": 50, **request})["items"]]

    def found(self, **request) -> list[str]:
        answer = self.call("POST", "/v1/search", {"k": 10, **request})
        return [row.get("item", row.get("user")) for row in answer.get("items", answer.get("users"))]

    def exists(self, path: str) -> bool:
        try:
            self.call("GET", path)
            return True
        except Refused as refused:
            self.assertEqual(refused.status, 404)
            return False

    def shop(self) -> None:
        """Two camps of 40 users who buy 10 items each of 15."""
        source = random.Random(4)
        self.call("POST", "/v1/interactions", [
            {"user": f"u{user}", "item": f"i{source.randrange(15) * 2 + user % 2}", "type": "purchase",
             "timestamp": NOW - 100_000_000 + n * 60_000 + user}
            for user in range(80) for n in range(10)])


class ExtremeNumbers(RealData):
    def test_packed_vectors(self):
        bad = {3: (3e38, 0), 4: (math.nan, 0), 5: (math.inf, 1), 7: (0, -1e30)}
        rows = [(1, "a", (1, 0)), (1, "subnormal", (1e-45, 2e-45)), (1, "long", bad[3]), (1, "nan", bad[4]),
                (1, "inf", bad[5]), (0, "ada", (1, 1)), (0, "eve", bad[7]), (1, "largest", (1e18, 0)),
                (1, "tiny", (1e-20, 1e-20))]
        spaces = [(metric, kind) for metric in ("dot", "cosine", "l2") for kind in ("int8", "f16")]
        for metric, kind in spaces:
            self.call("PUT", f"/v1/spaces/{metric}-{kind}", {"dim": 2, "metric": metric, "quantization": kind})
            told = self.call("POST", f"/v1/spaces/{metric}-{kind}/vectors", packed(rows, 2), "application/x-tamis-vectors")
            self.assertEqual((told["accepted"], told["rejected"]), (5, 4))
            self.assertEqual([error["line"] for error in told["errors"]], list(bad))

        def check():
            for metric, kind in spaces:
                space = f"{metric}-{kind}"
                self.assertEqual(set(self.found(space=space, vector=[1, 0])), {"a", "subnormal", "largest", "tiny"})
                self.assertEqual(self.found(space=space, vector=[1, 1], find="users"), ["ada"])
                self.assertEqual(self.refusal("POST", "/v1/search", {"space": space, "vector": [3e38, 0]})[0], 400)

        self.through_everything(check)

    def test_int8_rows_of_a_huge_range(self):
        source = random.Random(1)
        rows = {f"i{n}": [source.gauss(0, 1) * 10 ** source.uniform(-30, 17) for _ in range(4)] for n in range(2_000)}
        query = [source.gauss(0, 1) for _ in range(4)]
        best = sorted(rows, key=lambda item: -sum(a * b for a, b in zip(query, rows[item])))[:10]
        self.call("PUT", "/v1/spaces/wide", {"dim": 4, "metric": "dot", "quantization": "int8"})
        self.call("POST", "/v1/spaces/wide/vectors", packed([(1, item, row) for item, row in rows.items()], 4),
                  "application/x-tamis-vectors")
        self.through_everything(lambda: self.assertEqual(self.found(space="wide", vector=query), best))

    def test_features_near_the_limits_of_a_double(self):
        largest = sys.float_info.max
        self.shop()
        self.call("POST", "/v1/items", [{"id": "i1", "features": {"price": largest}}, {"id": "i2", "features": {"price": -largest}},
                                        {"id": "i3", "features": {"price": 5e-324}}])
        self.call("PUT", "/v1/users/u1", {"features": {"age": -largest}})
        self.call("POST", "/v1/interactions", {"user": "u1", "item": "i2", "context": {"hour": largest}})
        self.assertEqual(self.refusal("PUT", "/v1/items/i4", '{"features":{"price":1e309}}')[0], 400)
        self.train(models=["two_tower", "item_knn"])

        def check():
            for condition, item in (({"gt": 1e308}, "i1"), ({"lt": -1e308}, "i2"), ({"gt": 0, "lt": 1e-300}, "i3")):
                self.assertEqual(self.recommended(filter={"field": "price", **condition}), [item])
            funnel = {"retrievers": [{"kind": "ann", "space": "two_tower"}], "fallback": []}
            self.assertTrue(self.recommended(user="u1", context={"hour": -largest}, override=funnel))

        self.through_everything(check)


class AbsurdValues(RealData):
    def test_values_in_the_wrong_unit(self):
        self.shop()
        source = random.Random(2)
        self.call("POST", "/v1/interactions", [
            {"user": f"u{user}", "item": f"i{source.randrange(30)}", "timestamp": NOW - user, **event}
            for user in range(80) for event in ({"type": "rating", "value": source.randint(1, 5)},
                                                {"type": "watch", "value": source.randint(10, 3_000)})])
        for value in (-1e12, 1e12, NOW, NOW / 1000):  # a time in the column of values, among others
            self.assertEqual(self.refusal("POST", "/v1/interactions", {"user": "a", "item": "b", "value": value}), (400, "value"))
        for event in ({"type": "rating", "value": 900}, {"type": "rating", "value": -999}, {"type": "watch", "value": 5_000_000},
                      {"type": "purchase", "value": 900_000_000}, {"type": "purchase", "value": -1e9}, {"type": "unheard", "value": 1e9}):
            self.call("POST", "/v1/interactions", {"user": "u1", "item": "i1", **event})
        models = ["popular", "item_knn", "ials", "bpr", "mf", "two_tower"]
        job = self.train(models=models)
        clipped = [warning for warning in job["warnings"] if "clipped" in warning]
        self.assertEqual(len(clipped), 1, job)
        self.assertIn("user 'u1' with item 'i1': rating of", clipped[0])
        self.assertEqual(set(self.members()), set(models), job)

        def check():
            for space in ("ials", "bpr", "mf", "two_tower"):
                funnel = {"retrievers": [{"kind": "ann", "space": space}], "fallback": []}
                for user in ("u1", "u2"):
                    self.assertTrue(self.recommended(user=user, override=funnel), space)

        self.through_everything(check)

    def test_an_import_with_times_as_values(self):
        path = self.directory / "ratings.csv"
        path.write_text("user,item,rating\n" + "".join(
            f"u{n % 9},i{n % 7},{[3, 4, 5, NOW, '1e39', '-2e9', 'nan'][n % 7]}\n" for n in range(70)))
        ran = subprocess.run([BINARY, "import", "interactions", path, "--url", self.server.url, "--max-errors", "100"],
                             capture_output=True, text=True)
        self.assertEqual(self.call("GET", "/v1/stats")["interactions"], 40, ran.stdout + ran.stderr)  # nan: none
        self.assertIn("line 5", ran.stderr)
        self.crash()
        self.train()

    def test_a_declared_range_holds_at_the_door(self):
        self.call("PUT", "/v1/interaction-types/rating", {"value": "rating", "min": 1, "max": 5, "at_least": 4, "below": 3})
        for value in (0.5, 5.5, -5, 900):
            self.assertEqual(self.refusal("POST", "/v1/interactions", {"user": "a", "item": "b", "type": "rating", "value": value}),
                             (400, "value"))
        told = self.call("POST", "/v1/interactions", ndjson([{"user": "a", "item": "b", "type": "rating", "value": value}
                                                             for value in (1, 6, 5)]), "application/x-ndjson")
        self.assertEqual((told["accepted"], told["errors"][0]["line"]), (2, 2))
        self.crash()
        self.assertEqual(self.refusal("POST", "/v1/interactions", {"user": "a", "item": "b", "type": "rating", "value": 6})[0], 400)


class LateEvents(RealData):
    def test_what_arrives_late_does_not_undo_what_is_newer(self):
        """S11: exports and queues deliver out of order; a version says which of two writes is the newer."""
        self.call("PUT", "/v1/spaces/late", {"dim": 2, "metric": "dot"})
        self.assertNotIn("outdated", self.call("PUT", "/v1/items/lamp", {"features": {"price": 3}, "version": 30}))
        self.call("POST", "/v1/spaces/late/vectors", ndjson([{"item": "lamp", "vector": [3, 0], "version": 30}]),
             "application/x-ndjson")
        late = self.call("PUT", "/v1/items/lamp", {"features": {"price": 2}, "version": 20})
        self.assertEqual((late["accepted"], late["outdated"], late["duplicates"]), (0, 1, 0))
        late = self.call("POST", "/v1/items", ndjson([{"id": "lamp", "features": {"price": 1}, "version": 10},
                                                 {"id": "sofa", "features": {"price": 9}, "version": 1}]),
                    "application/x-ndjson")
        self.assertEqual((late["accepted"], late["outdated"], late["rejected"]), (1, 1, 0))
        late = self.call("POST", "/v1/spaces/late/vectors", ndjson([{"item": "lamp", "vector": [2, 0], "version": 20}]),
                    "application/x-ndjson")
        self.assertEqual((late["accepted"], late["outdated"]), (0, 1))
        self.crash()
        self.assertEqual(self.call("PATCH", "/v1/items/lamp", {"features": {"price": 2}, "version": 29})["outdated"], 1)
        lamp = self.call("GET", "/v1/items/lamp")
        self.assertEqual((lamp["features"]["price"], lamp["version"]), (3, 30))
        stored = self.call("GET", "/v1/spaces/late/vectors/items/lamp")
        self.assertEqual((stored["vector"], stored["version"]), ([3, 0], 30))
        exported = self.directory / "vectors.ndjson"
        for command in (["export", "vectors", "--space", "late", "--output", exported],
                        ["import", "vectors", "--space", "late", exported]):
            ran = subprocess.run([BINARY, *command, "--url", self.server.url], capture_output=True, text=True)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        stored = self.call("GET", "/v1/spaces/late/vectors/items/lamp")
        self.assertEqual((stored["vector"], stored["version"]), ([3, 0], 30), "an export imported where it came from")
        for version in (0, -1, 1.5, "7", 2**53 + 2, None):
            refusal = self.refusal("PUT", "/v1/items/lamp", {"features": {}, "version": version})
            self.assertEqual(refusal, (400, "version"), version)

    def test_expiry_in_the_midst_of_an_import(self):
        self.call("POST", "/v1/interactions", [{"user": f"u{n}", "item": f"i{n % 3}"} for n in range(9)])
        expires = rfc3339(int(time.time() * 1000) + 300)
        self.call("PUT", "/v1/items/dying", {"features": {"n": 1}, "expires_at": expires})
        self.call("PUT", "/v1/users/leaving", {"features": {"n": 1}, "expires_at": expires})
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            told = self.call("POST", "/v1/interactions", ndjson([
                {"user": "leaving" if n % 3 else f"u{n}", "item": "dying", "type": "purchase"} for n in range(100)]),
                "application/x-ndjson")
            self.assertEqual(told["accepted"], 100)

        def check():
            self.assertFalse(self.exists("/v1/items/dying"))
            self.assertFalse(self.exists("/v1/users/leaving"))
            self.assertNotIn("dying", self.recommended())

        self.through_everything(check)
        self.call("PATCH", "/v1/items/dying", {"features": {"m": 2}})
        self.assertEqual(self.call("GET", "/v1/items/dying")["features"], {"m": 2})
        self.assertEqual(self.recommended()[0], "dying", "what was bought of it counts again")

    def test_a_session_with_a_deleted_item_is_merged(self):
        self.call("POST", "/v1/interactions", [{"user": f"u{n}", "item": f"i{n % 3}"} for n in range(9)])
        self.call("POST", "/v1/interactions", [{"user": "s-1", "item": item, "type": "purchase"} for item in ("i0", "i1", "gone")])
        self.call("PUT", "/v1/users/left", {"features": {}})
        self.call("DELETE", "/v1/items/gone")
        self.call("DELETE", "/v1/users/left?keep_log=true")
        self.assertEqual(self.call("POST", "/v1/users/ada/merge", {"session": "s-1"})["accepted"], 3)
        self.call("POST", "/v1/interactions", {"user": "s-2", "item": "gone"})
        self.assertEqual(self.call("POST", "/v1/users/left/merge", {"session": "s-2"})["accepted"], 1)

        def check():
            self.assertFalse(self.exists("/v1/items/gone"))
            self.assertFalse(self.exists("/v1/users/left"))
            self.assertFalse(self.exists("/v1/users/s-1"))
            self.assertNotIn("gone", self.recommended())
            told = self.call("GET", "/v1/users/ada/interactions")["interactions"]
            self.assertEqual(sorted(row["item"] for row in told), ["gone", "i0", "i1"])

        self.through_everything(check)

    def test_late_vectors_and_patches(self):
        self.call("PUT", "/v1/spaces/looks", {"dim": 2})
        for item in ("kept", "gone", "patched"):
            self.call("PUT", f"/v1/items/{item}", {"features": {"n": 1}})
        self.call("PUT", "/v1/users/leaving", {"features": {}, "ttl_s": 1})
        for item in ("gone", "patched"):
            self.call("DELETE", f"/v1/items/{item}")
        time.sleep(1.3)
        vectors = [{"item": "kept", "vector": [1, 0]}, {"item": "gone", "vector": [1, 0]}, {"item": "patched", "vector": [1, 0]},
                   {"user": "leaving", "vector": [1, 0]}]
        self.call("POST", "/v1/spaces/looks/vectors", vectors)
        self.call("PATCH", "/v1/items/patched", {"features": {"m": 2}})
        for timestamp in ("2009-01-01T00:00:00Z", rfc3339(NOW + 1_000_000_000)):
            self.call("POST", "/v1/interactions", {"user": "ada", "item": "gone", "type": "rating", "value": 5, "timestamp": timestamp})

        def check():
            self.assertEqual(self.found(space="looks", vector=[1, 0]), ["kept"], "a vector of what is gone is not kept")
            self.assertEqual(self.found(space="looks", vector=[1, 0], find="users"), [])
            self.assertFalse(self.exists("/v1/items/gone"))
            self.assertEqual(self.call("GET", "/v1/items/patched")["features"], {"m": 2}, "it begins anew")

        self.through_everything(check)


class SingleMembers(RealData):
    # What is named is learned; an automatic run would choose anew each time.
    settings = ('training.models=["popular","item_knn","user_knn","ials"]',)

    def test_special_then_default_then_special(self):
        self.shop()
        self.train(models=["bpr"])
        self.train()
        self.assertEqual(set(self.members().values()), {"g2"}, "a default run keeps special members fresh")
        answer = self.recommended(user="u1")
        self.train(models=["ease"])
        self.train(models=["item_knn", "bpr"])
        origins = {"ials": "g2", "user_knn": "g2", "ease": "g3", "item_knn": "g4", "bpr": "g4"}

        def check():
            self.assertEqual({member: self.members().get(member) for member in origins}, origins)
            self.assertEqual(self.recommended(user="u1"), answer)

        self.through_everything(check)

    def test_a_member_that_left_the_configuration(self):
        self.shop()
        self.train()
        answer = self.recommended(user="u1")
        self.crash('training.models=["popular","ials"]')
        self.assertEqual(self.recommended(user="u1"), answer)
        self.train()
        self.assertEqual(set(self.members()), {"popular", "ials", "item_knn", "user_knn"}, "what serves is kept fresh")
        self.assertEqual(self.recommended(user="u1"), answer)
        job = self.wait(self.call("POST", "/v1/train", {"inherit": False})["job"])
        self.assertEqual(job["state"], "rejected", job)
        self.assertEqual(self.recommended(user="u1"), answer)

    def test_runs_at_once_and_a_kill_in_their_midst(self):
        self.shop()
        self.train()
        answer = self.recommended(user="u1")
        requests = [{"models": ["ease"]}, {}, {"models": ["bpr"]}, {"models": ["ease"]}, {"models": ["item_knn", "user_knn"]}, {}]
        jobs: list[str] = []
        threads = [threading.Thread(target=lambda request=request: jobs.append(self.call("POST", "/v1/train", request)["job"]))
                   for request in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(jobs), len(requests))
        for job in set(jobs):
            self.assertEqual(self.wait(job)["state"], "succeeded")
        self.assertEqual(set(self.members()), {"popular", "item_knn", "user_knn", "ials", "ease", "bpr"})
        self.assertEqual(self.recommended(user="u1"), answer)
        before = self.members()
        self.call("POST", "/v1/train", {"models": ["two_tower"]})
        time.sleep(0.3)
        self.through_everything(lambda: self.assertEqual((self.members(), self.recommended(user="u1")), (before, answer)))
        self.train(models=["two_tower"])
        self.assertIn("two_tower", self.members())


class WithoutInteractions(RealData):
    TITLES = ("red lantern", "blue cup", "green frame")

    def describe(self, count: int) -> None:
        self.call("POST", "/v1/items", [{"id": f"t{n}", "features": {"title": f"{self.TITLES[n % 3]} {n}",
                                                                     "colour": ["red", "blue"][n % 2]}} for n in range(count)])

    def test_categories_and_no_text(self):
        self.call("POST", "/v1/items", [{"id": f"c{n}", "features": {"colour": ["red", "blue"][n % 2], "n": n}} for n in range(20)])
        job = self.wait(self.call("POST", "/v1/train", {"models": ["content", "two_tower", "pinsage"]})["job"])
        self.assertEqual(job["state"], "failed", job)
        self.assertIn("content: no item has a text", job["detail"])
        self.assertIn("pinsage, two_tower: too little to learn from", job["detail"])
        self.assertEqual(len(self.recommended()), 20, "the fallback serves")
        self.describe(20)
        self.train(models=["content", "two_tower", "pinsage"])
        self.through_everything(lambda: self.assertTrue({"t1", "t4", "t7"} <= set(self.found(text="cup"))))

    def test_users_with_features_and_no_events(self):
        self.describe(20)
        self.call("POST", "/v1/users", [{"id": f"new{n}", "features": {"team": ["red", "blue"][n % 2]}} for n in range(20)])
        self.call("POST", "/v1/users", [{"id": f"u{n}", "features": {"team": ["red", "blue"][n % 2]}} for n in range(20)])
        self.call("POST", "/v1/interactions", [{"user": f"u{n}", "item": f"t{(n + 2 * k) % 8}", "timestamp": NOW - 1000 + n}
                                               for n in range(20) for k in range(3)])
        self.train(models=["two_tower", "content", "pinsage"])

        def check():
            for user in ("new3", "new4"):
                funnel = {"retrievers": [{"kind": "ann", "space": "two_tower"}], "fallback": []}
                self.assertEqual(len(self.recommended(user=user, override=funnel)), 20, "by features alone, unmet items too")
            for space in ("two_tower", "content", "pinsage"):
                self.assertEqual(len(self.found(space=space, item="t19", k=50)), 19, f"every item is in {space}")

        self.through_everything(check)

    def test_dislikes_alone_and_items_that_nobody_met(self):
        self.describe(20)
        self.call("POST", "/v1/interactions", [{"user": f"u{n}", "item": f"t{item}", "type": "dislike"}
                                               for n in range(5) for item in range(4)])
        job = self.train(models=["popular", "ials", "content"])
        self.assertEqual(len(job["warnings"]), 2, job)
        lanterns = {f"t{n}" for n in range(0, 20, 3)}
        self.through_everything(lambda: self.assertEqual(set(self.found(text="lantern", k=7)), lanterns))
        self.assertEqual(self.refusal("POST", "/v1/search", {"text": "zebra"}), (409, "text"))
        self.call("PUT", "/v1/items/t99", {"features": {"title": "a paper lantern"}})
        self.assertIn("t99", self.found(text="lantern", k=8))


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
