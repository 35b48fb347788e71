#!/usr/bin/env python3
"""The content encoder through the real binary: built in, and by an embeddings endpoint that misbehaves.

    content_test.py path/to/tamis
"""
import http.server
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
import unittest

from tamis_server import Refused, TamisServer

BINARY = ""
KEY = "sk-test-0815"
KINDS = {"lantern": ["red metal", "blue metal", "white metal", "small metal", "garden", "hanging"],
         "cup": ["tea", "coffee", "china tea", "enamel", "paper", "large tea"],
         "frame": ["photo", "wooden photo", "silver photo", "picture", "wooden picture", "collage photo"]}
NAMES = {f"{kind}{n}": f"{words} {kind}" for kind, all_words in KINDS.items() for n, words in enumerate(all_words)}


class EmbeddingsServer:
    """POST /v1/embeddings: a text's vector counts its words by hash. `behave` may answer in its place."""

    def __init__(self):
        self.texts: list[str] = []
        self.requests = 0
        self.behave = None  # request number -> (status, headers, body) or None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests += 1
                outer.authorization = self.headers.get("Authorization")
                told = outer.behave(outer.requests) if outer.behave else None
                if told is None:
                    outer.texts += asked["input"]
                    rows = [{"index": n, "embedding": vector_of(text)} for n, text in enumerate(asked["input"])]
                    random.Random(outer.requests).shuffle(rows)
                    told = (200, {}, json.dumps({"data": rows, "model": asked["model"]}))
                status, headers, body = told
                try:
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(body)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body.encode())
                except OSError:
                    pass  # the client went away

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def vector_of(text: str) -> list[float]:
    vector = [0.01] * 16
    for word in text.lower().split():
        vector[sum(map(ord, word)) * 7 % 16] += 1.0
    return vector


class Content(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tamis-content-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def start(self, *settings: str) -> TamisServer:
        server = TamisServer(BINARY, self.directory / "data", ("storage.min_free_disk=0", *settings))
        server.start()
        self.addCleanup(server.kill)
        return server

    def fill(self, server: TamisServer) -> None:
        server.call("POST", "/v1/items", [{"id": item, "features": {"name": name}} for item, name in NAMES.items()])
        source = random.Random(3)
        kinds = list(KINDS)
        rows = [
            {"user": f"{kinds[user % 3]}-lover{user}", "item": f"{kinds[user % 3]}{source.randrange(6)}",
             "type": "click", "timestamp": 1_700_000_000_000 + user * 1000 + n}
            for user in range(12) for n in range(4)
        ]
        server.call("POST", "/v1/interactions", rows)
        funnel = {"retrievers": [{"kind": "ann", "space": "content", "quota": 20}], "fallback": [], "exclude_seen": False}
        server.call("PUT", "/v1/funnels/content", funnel)

    def train(self, server: TamisServer, request: dict | None = None) -> dict:
        job = server.call("POST", "/v1/train", {"models": ["content"]} if request is None else request)["job"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            state = server.call("GET", f"/v1/jobs/{job}")
            if state["state"] in ("succeeded", "failed", "cancelled", "rejected"):
                return state
            time.sleep(0.02)
        self.fail(f"{job} has not ended: {state}")

    def found(self, server: TamisServer, text: str, k: int = 3) -> list[str]:
        answer = server.call("POST", "/v1/search", {"space": "content", "text": text, "k": k})
        return [row["item"] for row in answer["items"]]

    def recommended(self, server: TamisServer, body: dict, k: int = 6) -> list[str]:
        answer = server.call("POST", "/v1/recommendations", {"funnel": "content", "k": k, **body})
        return [row["item"] for row in answer["items"]]

    def until(self, what, timeout_s: float = 20) -> None:
        deadline = time.monotonic() + timeout_s
        while not what():
            self.assertLess(time.monotonic(), deadline, "it never came true")
            time.sleep(0.02)

    def test_built_in(self):
        server = self.start("training.settings.content.dim=16", "training.holdout=0")
        self.fill(server)
        with self.assertRaises(Refused) as refused:
            server.call("POST", "/v1/search", {"text": "a cup"})
        self.assertEqual(refused.exception.status, 404)
        job = self.train(server)
        self.assertEqual(job["state"], "succeeded", job)

        self.assertTrue(all(item.startswith("cup") for item in self.found(server, "cups for tea")))
        self.assertTrue(all(item.startswith("frame") for item in self.recommended(server, {"user": "frame-lover2"}, 5)))
        session = {"history": [{"item": "lantern0"}, {"item": "lantern1"}, {"item": "lantern4"}]}
        self.assertTrue(all(item.startswith("lantern") for item in self.recommended(server, session, 5)))

        # A new item counts in the very next answers: found, recommended, and read as a history.
        server.call("PUT", "/v1/items/lantern9", {"features": {"name": "green metal lantern"}})
        self.assertIn("lantern9", self.recommended(server, session, 7))
        self.assertIn("lantern9", self.found(server, "green lantern"))
        self.assertTrue(self.recommended(server, {"history": [{"item": "lantern9"}]}, 2)[1].startswith("lantern"))

        before = (self.found(server, "cups for tea", 10), self.recommended(server, session, 10))
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assertEqual((self.found(server, "cups for tea", 10), self.recommended(server, session, 10)), before)
        with self.assertRaises(Refused) as refused:
            server.call("POST", "/v1/search", {"text": "???"})
        self.assertEqual((refused.exception.status, refused.exception.problem["field"]), (409, "text"))

    def test_without_interactions(self):
        server = self.start("training.settings.content.dim=16",
                            'training.models=["popular","item_knn","user_knn","ials","content"]')
        server.call("POST", "/v1/items", [{"id": item, "features": {"name": name}} for item, name in NAMES.items()])
        job = self.train(server)
        self.assertEqual((job["state"], job.get("warnings", [])), ("succeeded", []), job)
        self.assertTrue(all(item.startswith("cup") for item in self.found(server, "cups for tea")))
        job = self.train(server, {})
        self.assertEqual(job["state"], "succeeded", job)
        self.assertEqual(len(job["warnings"]), 4, job)
        self.assertTrue(all("too little to learn from" in warning for warning in job["warnings"]), job)
        self.assertTrue(all(item.startswith("cup") for item in self.found(server, "cups for tea")))
        server.kill()
        server.start()
        self.assertTrue(all(item.startswith("lantern") for item in self.found(server, "lanterns of metal")))
        server.call("POST", "/v1/snapshots", {"name": "young"})
        self.assertEqual(server.stop(), 0)

    def test_endpoint(self):
        endpoint = EmbeddingsServer()
        self.addCleanup(endpoint.close)
        key_file = self.directory / "key"
        key_file.write_text(KEY + "\n")
        prefix = "training.settings.content."
        server = self.start("training.holdout=0", f"{prefix}embedder=endpoint", f"{prefix}url={endpoint.url}",
                            f"{prefix}model=tiny", f"{prefix}api_key_file={key_file}", f"{prefix}batch=5",
                            f"{prefix}attempts=3", f"{prefix}timeout_ms=1000")
        self.fill(server)

        endpoint.behave = lambda number: (429, {"Retry-After": "1"}, "{}") if number == 1 else (500, {}, "{}") if number == 3 else None
        job = self.train(server)
        self.assertEqual(job["state"], "succeeded", job)
        self.assertEqual(endpoint.authorization, f"Bearer {KEY}")
        self.assertTrue(all(item.startswith("cup") for item in self.found(server, "cup", 3)))
        self.until(lambda: len(set(endpoint.texts)) >= len(NAMES) + 2)  # "dimension", the query, every name
        known = len(endpoint.texts)
        self.assertLessEqual(known, len(NAMES) + 2)

        job = self.train(server)
        self.assertEqual(job["state"], "succeeded", job)
        self.assertEqual(len(endpoint.texts), known, "a retrain asks for nothing that it knows")

        # The endpoint stalls: writes do not wait; new items get their vectors once it answers again.
        stall = threading.Event()
        self.addCleanup(stall.set)
        endpoint.behave = lambda number: None if stall.wait(30) else None
        start = time.monotonic()
        server.call("PUT", "/v1/items/cup9", {"features": {"name": "blue china cup"}})
        server.call("POST", "/v1/interactions", {"user": "x", "item": "cup9", "type": "click"})
        self.assertLess(time.monotonic() - start, 0.5)
        self.assertNotIn("cup9", self.recommended(server, {"history": [{"item": "cup0"}]}, 20))
        stall.set()
        self.until(lambda: "cup9" in self.recommended(server, {"history": [{"item": "cup0"}]}, 20))

        # It refuses: a job fails and says why, a text search too, and what serves is untouched.
        endpoint.behave = lambda number: (401, {}, json.dumps({"error": f"the key {KEY} is not known"}))
        server.call("PUT", "/v1/items/cup10", {"features": {"name": "a cup that nobody embedded"}})
        server.call("POST", "/v1/interactions", {"user": "x", "item": "cup10", "type": "click"})
        job = self.train(server)
        self.assertEqual(job["state"], "failed", job)
        self.assertIn("401", job["detail"])
        self.assertIn("is not known", job["detail"])
        self.assertNotIn(KEY, job["detail"])
        with self.assertRaises(Refused) as refused:
            self.found(server, "never asked before")
        self.assertEqual(refused.exception.status, 503)
        self.assertIn("401", refused.exception.problem["detail"])
        self.assertTrue(self.recommended(server, {"history": [{"item": "cup0"}]}, 3))
        self.assertEqual(server.stop(), 0)
        self.assertNotIn(KEY, server.log_path.read_text())

        # Down altogether: it starts, serves what it knows, and gives the same answers.
        endpoint.close()
        server.start()
        self.assertTrue(self.recommended(server, {"history": [{"item": "cup0"}]}, 3)[1].startswith("cup"))


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
