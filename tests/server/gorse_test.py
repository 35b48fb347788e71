#!/usr/bin/env python3
"""The subset of Gorse's API, asked by plain HTTP and by Gorse's own Python client.

    gorse_test.py BINARY ENVIRONMENT   (77: no PyGorse; 1 then, where TAMIS_REQUIRE_ALL is set)

ENVIRONMENT is the folder of a virtual environment, made from PyPI and kept. Without it the plain part still runs.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from tamis_server import Connection, Refused, TamisServer  # noqa: E402

SKIPPED = 77
PACKAGE = "pygorse==0.5.1"
BINARY = ""
SUBJECTS = ("history", "crime")


def feedback(kind: str, user: str, item: str, time: str = "2026-01-02", value: float = 0) -> dict:
    return {"FeedbackType": kind, "UserId": user, "ItemId": item, "Timestamp": time, "Value": value}


class GorseApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.server = TamisServer(BINARY, pathlib.Path(cls.folder.name) / "db", ("server.gorse_api=true", "limits.queue_delay=0s"))  # a busy machine is no failure
        cls.server.start()
        cls.addClassCleanup(cls.server.kill)
        call = cls.server.call
        assert call("POST", "/api/items", [{"ItemId": f"b{i}", "Categories": [SUBJECTS[i % 2]], "Labels": {"pages": i + 1},
                                            "Timestamp": f"2026-01-{i % 28 + 1:02}", "Comment": f"Book {i}"}
                                           for i in range(40)]) == {"RowAffected": 40}
        rows = [feedback("like", f"m{u}", f"b{(u % 2 + 2 * j + 2 * (u % 7)) % 40}") for u in range(40) for j in range(8)]
        assert call("POST", "/api/feedback", rows) == {"RowAffected": 320}
        job = call("POST", "/v1/train", {"models": ["item_knn", "user_knn", "popular"]})["job"]
        while call("GET", f"/v1/jobs/{job}")["state"] in ("queued", "running"):
            time.sleep(0.1)

    def refused(self, status: int, *asked) -> dict:
        with self.assertRaises(Refused) as caught:
            self.server.call(*asked)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception.problem

    def test_items_and_users_keep_what_gorse_knows(self):
        book = {"ItemId": "x/y", "IsHidden": True, "Categories": ["a", "b"], "Timestamp": "2026-02-03T04:05:06Z",
                "Labels": {"author": {"name": "Ann", "born": 1950}, "tags": ["new"], "signed": True}, "Comment": "A book"}
        self.server.call("POST", "/api/item", book)
        self.addCleanup(self.server.call, "DELETE", "/api/item/x%2Fy")
        read = self.server.call("GET", "/api/item/x%2Fy")
        self.assertEqual({name: read[name] for name in ("ItemId", "IsHidden", "Categories", "Comment")},
                         {name: book[name] for name in ("ItemId", "IsHidden", "Categories", "Comment")})
        self.assertTrue(read["Timestamp"].startswith("2026-02-03T04:05:06"))
        self.assertEqual(read["Labels"], {"author.name": "Ann", "author.born": 1950, "tags": ["new"], "signed": True})
        self.assertEqual(self.server.call("GET", "/v1/items/x%2Fy")["features"]["name"], "A book")
        self.server.call("PATCH", "/api/item/x%2Fy", {"IsHidden": False, "Categories": None, "Comment": "Another", "Labels": None})
        read = self.server.call("GET", "/api/item/x%2Fy")
        self.assertEqual((read["IsHidden"], read["Categories"], read["Comment"]), (False, ["a", "b"], "Another"))
        self.server.call("POST", "/api/user", {"UserId": "reader", "Labels": ["tall", "quiet"], "Subscribe": [], "Comment": "c"})
        self.assertEqual(self.server.call("GET", "/api/user/reader"),
                         {"UserId": "reader", "Labels": {"labels": ["quiet", "tall"]}, "Comment": "c"})
        self.server.call("DELETE", "/api/user/reader")
        self.refused(404, "GET", "/api/user/reader")

    def test_lists_go_by_pages(self):
        seen, cursor = [], ""
        while True:
            page = self.server.call("GET", f"/api/items?n=15&cursor={cursor}")
            seen += [one["ItemId"] for one in page["Items"]]
            cursor = page["Cursor"]
            if not cursor:
                break
        self.assertLessEqual({f"b{i}" for i in range(40)}, set(seen))
        self.assertEqual(len(seen), len(set(seen)))

    def test_feedback_counts_once_and_is_taken_back(self):
        one = feedback("star", "fan", "b1", "2026-03-01 10:00:00", 4)
        self.server.call("POST", "/api/feedback", [one, one])
        self.server.call("PUT", "/api/feedback", [one])
        stored = self.server.call("GET", "/api/user/fan/feedback/star")
        self.assertEqual(len(stored), 1)
        self.assertEqual((stored[0]["Value"], stored[0]["Timestamp"][:19]), (4, "2026-03-01T10:00:00"))
        self.assertEqual(self.server.call("GET", "/api/item/b1/feedback/star")[0]["UserId"], "fan")
        self.assertEqual(self.server.call("GET", "/api/user/fan/feedback/like"), [])
        self.server.call("POST", "/api/feedback", [feedback("like", "fan", "b1")])
        self.assertEqual(self.server.call("DELETE", "/api/feedback/star/fan/b1"), {"RowAffected": 1})
        self.assertEqual(self.server.call("DELETE", "/api/feedback/fan/b1"), {"RowAffected": 1})
        self.assertEqual(self.server.call("GET", "/api/user/fan/feedback"), [])

    def test_recommendations_follow_history_and_category(self):
        ids = self.server.call("GET", "/api/recommend/m2?n=5")
        self.assertEqual((len(ids), {type(one) for one in ids}), (5, {str}))
        self.assertEqual(ids[2:], self.server.call("GET", "/api/recommend/m2?n=3&offset=2"))
        self.assertTrue(all(int(one[1:]) % 2 == 1 for one in self.server.call("GET", "/api/recommend/m2/crime?n=5")))
        self.server.call("POST", "/api/feedback", [feedback("like", "m2", ids[0])])
        self.assertNotIn(ids[0], self.server.call("GET", "/api/recommend/m2?n=30"))
        session = self.server.call("POST", "/api/session/recommend?n=3", [feedback("like", "nobody", "b4"), feedback("like", "nobody", "b6")])
        self.assertEqual(len(session), 3)
        self.assertTrue(all(int(one["Id"][1:]) % 2 == 0 for one in session), session)

    def test_neighbors_popular_latest(self):
        near = self.server.call("GET", "/api/item/b4/neighbors?n=4")
        self.assertEqual(len(near), 4)
        self.assertTrue(all(int(one["Id"][1:]) % 2 == 0 for one in near), near)
        self.assertEqual(near[1:], self.server.call("GET", "/api/item/b4/neighbors?n=3&offset=1"))
        self.assertTrue(self.server.call("GET", "/api/user/m4/neighbors?n=3"))
        self.assertEqual(len(self.server.call("GET", "/api/popular?n=7")), 7)
        latest = self.server.call("GET", "/api/latest?n=1")
        self.assertEqual(latest[0]["Id"], "b27")
        self.assertEqual(self.server.call("GET", "/api/latest/history?n=1")[0]["Id"], "b26")

    def test_bad_input_is_named_and_changes_nothing(self):
        before = self.server.call("GET", "/v1/stats")["sequence"]
        self.assertEqual(self.refused(400, "POST", "/api/feedback", [feedback("like", "u", "i"), {"UserId": "u"}])["field"],
                         "[1].FeedbackType")
        for bad in ("a\x07b", "x" * 257):
            told = self.refused(400, "POST", "/api/feedback", [feedback("like", "u", "i"), feedback("like", bad, "i")])
            self.assertEqual(told["field"], "[1].UserId")
            self.assertTrue(told["detail"].startswith("[1].UserId "), told)
        self.assertEqual(self.refused(400, "POST", "/api/item", {"ItemId": "i", "Hidden": True})["field"], "Hidden")
        self.assertIn("IsHidden", self.refused(400, "POST", "/api/item", {"ItemId": "i", "Hidden": True})["detail"])
        self.assertEqual(self.refused(400, "POST", "/api/item", {"ItemId": "i", "Timestamp": "soon"})["field"], "Timestamp")
        self.assertEqual(self.refused(400, "POST", "/api/user", {"UserId": "u", "Labels": {"v": [0.5, 1]}})["field"], "Labels.v[0]")
        self.assertEqual(self.refused(400, "GET", "/api/recommend/m2?write-back-type=read")["field"], "write-back-type")
        self.assertEqual(self.refused(400, "GET", "/api/recommend/m2?n=900&offset=900")["field"], "offset")
        self.assertEqual(self.server.call("GET", "/v1/stats")["sequence"], before)

    def test_it_is_off_by_default(self):
        with tempfile.TemporaryDirectory() as folder:
            server = TamisServer(BINARY, pathlib.Path(folder) / "db")
            server.start()
            try:
                with self.assertRaises(Refused) as caught:
                    Connection(server.port).call("GET", "/api/popular")
                self.assertEqual(caught.exception.status, 404)
            finally:
                server.kill()


CLIENT = r"""
import sys
from gorse import Gorse, GorseException
client = Gorse(sys.argv[1], "no-key-needed")
assert client.insert_user({"UserId": "py", "Labels": {"branch": "north"}}) == {"RowAffected": 1}
assert client.insert_users([{"UserId": "py2"}]) == {"RowAffected": 1}
assert client.get_user("py")["Labels"] == {"branch": "north"}
users, cursor = client.get_users(1)
assert len(users) == 1 and cursor
assert client.insert_item({"ItemId": "new", "IsHidden": False, "Labels": [], "Categories": ["crime"], "Timestamp": "2026-04-01",
                           "Comment": "new"})["RowAffected"] == 1
assert client.update_item("new", comment="newer") and client.get_item("new")["Comment"] == "newer"
assert len(client.get_items(5)[0]) == 5
assert client.insert_feedback("like", "py", "b0", "2026-04-01", 1) == {"RowAffected": 1}
assert client.insert_feedbacks([{"FeedbackType": "like", "UserId": "py", "ItemId": f"b{i}", "Timestamp": "2026-04-02"} for i in (2, 4)])
assert {one["ItemId"] for one in client.list_feedbacks("like", "py")} == {"b0", "b2", "b4"}
scores = client.get_recommend("py", n=5)
assert len(scores) == 5 and scores[0].score >= scores[-1].score and not {one.id for one in scores} & {"b0", "b2", "b4"}
crime = client.get_recommend("py", "crime", n=3, offset=1)
assert all(one.id == "new" or int(one.id[1:]) % 2 for one in crime), [one.id for one in crime]
assert len(client.session_recommend([{"FeedbackType": "like", "UserId": "", "ItemId": "b4", "Timestamp": "2026-04-02"}], n=2)) == 2
assert client.get_neighbors("b4", n=2)[0]["Id"]
assert client.delete_feedback("py", "b0")["RowAffected"] == 1
assert client.delete_item("new")["RowAffected"] == 1 and client.delete_user("py")["RowAffected"] == 1
try:
    client.get_user("py")
    raise SystemExit("an erased user is there")
except GorseException as missing:
    assert missing.status_code == 404
print("PyGorse: all calls answered")
"""


def environment_of(folder: pathlib.Path) -> bool:
    ready = folder / "ready"
    if ready.exists() and ready.read_text() == PACKAGE:
        return True
    for step in ([sys.executable, "-m", "venv", str(folder)],
                 [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", PACKAGE, "requests", "aiohttp"]):
        ran = subprocess.run(step, capture_output=True, text=True)
        if ran.returncode != 0:
            print(f"gorse_test: {' '.join(step)}: {ran.stderr.strip()[-500:]}")
            return False
    ready.write_text(PACKAGE)
    return True


class GorseClient(GorseApi):
    """Gorse's own client on a database of the same contents."""
    environment = pathlib.Path()

    def test_pygorse(self):
        ran = subprocess.run([str(self.environment / "bin" / "python"), "-c", CLIENT, f"http://127.0.0.1:{self.server.port}"],
                             capture_output=True, text=True, env={**os.environ, "no_proxy": "*"})
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)


def main() -> None:
    global BINARY
    BINARY, GorseClient.environment = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
    loader = unittest.TestLoader()
    suite = unittest.TestSuite([loader.loadTestsFromTestCase(GorseApi)])
    has_client = environment_of(GorseClient.environment)
    if has_client:
        suite.addTest(GorseClient("test_pygorse"))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful():
        sys.exit(1)
    if not has_client:
        print("gorse_test: PyGorse is not here; the plain part passed")
        sys.exit(1 if os.environ.get("TAMIS_REQUIRE_ALL") else SKIPPED)


main()
