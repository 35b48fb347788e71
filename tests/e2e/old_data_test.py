#!/usr/bin/env python3
"""The shop's purchases at their original times, and the same shifted so that they end now: the default funnel answers
both alike, strangers included, before and after a training.

    old_data_test.py path/to/tamis
"""
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

from shop_data import Shop, put_purchases
from tamis_server import TamisServer

BINARY = ""
PURCHASES = 30_000
DAY_MS = 86_400_000


def train_all(server: TamisServer) -> dict:
    job = server.call("POST", "/v1/train", {})["job"]
    while (state := server.call("GET", f"/v1/jobs/{job}"))["state"] in ("queued", "running"):
        time.sleep(0.05)
    return state


class OldDataTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="tamis-old-"))
        purchases = Shop().purchases[:PURCHASES]
        shift = (int(time.time() * 1000) - purchases[-1][2]) // DAY_MS * DAY_MS  # repeats of one day count once
        cls.servers = []
        for name, by in (("then", 0), ("now", shift)):
            server = TamisServer(BINARY, cls.root / name)
            server.start()
            put_purchases(server, [(user, item, at + by) for user, item, at in purchases])
            cls.servers.append(server)
        cls.users = sorted({user for user, _, _ in purchases})[::25] + ["nobody"]
        cls.popular = {}
        for _, item, _ in purchases:
            cls.popular[item] = cls.popular.get(item, 0) + 1

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.kill()
        shutil.rmtree(cls.root, ignore_errors=True)

    def lists(self, server: TamisServer, k: int = 20) -> dict:
        answers = {user: server.call("GET", f"/v1/users/{user}/recommendations?k={k}") for user in self.users}
        return {user: [item["item"] for item in answer["items"]] for user, answer in answers.items()}

    def test_1_untrained_lists_are_equal(self):
        then, now = (self.lists(server) for server in self.servers)
        self.assertEqual(then, now)
        self.assertEqual(len(then["nobody"]), 20)

    def test_2_strangers_get_what_people_buy(self):
        for k in (10, 100):
            for server in self.servers:
                counts = [self.popular[item] for item in self.lists(server, k)["nobody"]]
                self.assertEqual(len(counts), k)
                self.assertGreater(sum(counts) / k, 3 * sum(self.popular.values()) / len(self.popular))

    def test_3_trained_lists_are_equal(self):
        for server in self.servers:
            state = train_all(server)
            self.assertEqual(state["state"], "succeeded", state)
        then, now = (self.lists(server) for server in self.servers)
        self.assertEqual(then, now)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
