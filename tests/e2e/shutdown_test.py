"""What a running server does on signals, under heavy queries, and on a database that it cannot serve."""
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import time
import unittest

from tamis_server import Refused, TamisServer

ITEMS = 3_000
SPACE = {"dim": 64}
HEAVY = {"retrievers": [{"kind": "latest", "quota": 3_000}], "ranker": {"kind": "none", "candidates": 3_000},
         "rules": [{"kind": "diversity", "space": "q"}]}


class SignalTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tamis-shutdown-"))
        self.server = None

    def tearDown(self):
        if self.server is not None:
            self.server.kill()
        shutil.rmtree(self.root)

    def start(self, *settings):
        self.server = TamisServer(BINARY, self.root / "data", ("limits.drain_timeout=1s", "storage.min_free_disk=0", *settings))
        self.server.start()

    def fill(self):
        self.server.call("PUT", "/v1/spaces/q", SPACE)
        lines = "\n".join(json.dumps({"id": f"i{n}", "features": {"price": n}}) for n in range(ITEMS))
        self.server.call("POST", "/v1/items", lines, "application/x-ndjson")
        lines = "\n".join(json.dumps({"item": f"i{n}", "vector": [(n * 7919 + d * 31) % 97 / 97 for d in range(SPACE["dim"])]})
                          for n in range(ITEMS))
        self.server.call("POST", "/v1/spaces/q/vectors", lines, "application/x-ndjson")

    def ask_in_background(self, path, body, count):
        def ask():
            try:
                self.server.connect().call("POST", path, body)
            except (ConnectionError, Refused):
                pass
        threads = [threading.Thread(target=ask) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def test_heavy_queries_keep_nobody_waiting(self):
        self.start()
        self.fill()
        heavy = self.ask_in_background("/v1/recommendations", {"k": 1_000, "exclude_seen": False, "override": HEAVY}, 16)
        for _ in range(5):
            self.assertEqual(len(self.server.call("GET", "/v1/users/u/recommendations?k=5")["items"]), 5)
            self.server.call("GET", "/healthz")
            self.server.call("GET", "/v1/stats")
        self.assertTrue(any(thread.is_alive() for thread in heavy), "light requests waited until the heavy ones were answered")
        for thread in heavy:
            thread.join()

    def stop_under_work(self, path, body, count):
        self.start()
        self.fill()
        threads = self.ask_in_background(path, body, count)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:  # until the work has begun
            if self.server.call("GET", "/readyz") and any(thread.is_alive() for thread in threads):
                break
        time.sleep(0.3)
        begun = time.monotonic()
        self.assertEqual(self.server.stop(), 0, self.server.last_log())
        took = time.monotonic() - begun
        for thread in threads:
            thread.join()
        self.assertLess(took, 8, "drain_timeout is 1 s")
        self.assertTrue((self.root / "data" / "store" / "CLEAN_SHUTDOWN").exists(), "the close was clean")
        self.assertIn('"stopped"', self.server.last_log())
        self.server.start()
        self.assertEqual(self.server.call("GET", "/v1/stats")["items"], ITEMS)

    def test_a_batch_of_users_ends_with_the_server(self):
        users = [f"u{n}" for n in range(1_000)]
        self.stop_under_work("/v1/recommendations", {"users": users, "k": 1_000, "override": HEAVY}, 3)

    def test_heavy_queries_end_with_the_server(self):
        heavy = dict(HEAVY, rules=HEAVY["rules"] * 8)
        self.stop_under_work("/v1/users/u/recommendations", {"k": 1_000, "override": heavy}, 4)

    def test_why_not_ends_with_the_server(self):
        heavy = dict(HEAVY, rules=HEAVY["rules"] * 8)
        self.stop_under_work("/v1/users/u/recommendations/why-not/i1", {"k": 1_000, "override": heavy}, 6)

    def test_waits_for_a_sequence_end_with_the_server(self):
        self.stop_under_work("/v1/users/u/recommendations", {"min_seq": 10**15, "min_seq_timeout_ms": 10_000}, 80)

    def test_sighup_reloads_the_keys(self):
        keys = self.root / "keys"
        keys.write_text("ops:admin:0123456789abcdef\r\n")
        self.start(f"auth.keys_file={keys}", "auth.open_metrics=true")

        def status(secret):
            import http.client
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            connection.request("GET", "/v1/funnels", headers={"X-API-Key": secret})
            return connection.getresponse().status

        def eventually(secret, expected):
            deadline = time.monotonic() + 10
            while status(secret) != expected and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(status(secret), expected)

        self.assertEqual(status("0123456789abcdef"), 200)
        keys.write_text("ops:admin:fedcba9876543210\n")
        self.server.process.send_signal(signal.SIGHUP)
        eventually("fedcba9876543210", 200)
        self.assertEqual(status("0123456789abcdef"), 401)
        keys.write_text("ops:nothing\n")
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while "the reload failed" not in self.server.last_log() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIn("the reload failed", self.server.last_log())
        self.assertEqual(status("fedcba9876543210"), 200)
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
