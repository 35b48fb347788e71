#!/usr/bin/env python3
"""Impressions, attribution, experiments and off-policy evaluation through the real binary, over a restart and a kill.

    measurement_test.py path/to/tamis
"""
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import unittest
import urllib.request

from tamis_server import Refused, TamisServer

BINARY = ""
ITEMS = 8
SLOTS = 3


def funnel(share: float) -> dict:
    rules = [{"kind": "explore", "share": share, "most_impressions": 1e9}] if share > 0 else []
    return {"retrievers": [{"kind": "latest", "quota": 20}], "exclude_seen": False, "fallback": [], "rules": rules}


class MeasurementTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tamis-measure-"))
        self.server = TamisServer(BINARY, self.root / "data")
        self.server.start()
        for item in range(ITEMS):
            self.server.call("PUT", f"/v1/items/i{item}", {"features": {"listed_at": f"2026-01-{item + 1:02}T00:00:00Z"}})
        self.connection = self.server.connect()

    def tearDown(self):
        self.connection.close()
        self.server.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def serve(self, user: str, name: str, **more) -> dict:
        body = {"k": SLOTS, "funnel": name, **more}
        return self.connection.call("POST", f"/v1/users/{user}/recommendations", body)

    def click(self, answer: dict, slot: int, kind: str = "click", **more) -> None:
        self.connection.call("POST", "/v1/interactions", {
            "user": answer["user"], "item": answer["items"][slot]["item"], "type": kind,
            "recommendation_id": answer["recommendation_id"], **more})

    def all_of(self, name: str, arm: str | None = None) -> dict:
        for group in self.server.call("GET", "/v1/stats")["funnels"]:
            if group["funnel"] == name and group.get("arm") == arm:
                return group["all"]
        return {}

    def metrics(self) -> str:
        with urllib.request.urlopen(self.server.url + "/metrics") as answer:
            return answer.read().decode()

    def test_impressions_are_counted_attributed_and_kept(self):
        self.server.call("PUT", "/v1/funnels/home", funnel(0))
        first = self.serve("ada", "home")
        self.serve("bob", "home")
        self.serve("eve", "home", dry_run=True)
        self.click(first, 0)
        self.click(first, 1, "purchase", value=4, idempotency_key="order-1")
        self.click(first, 1, "purchase", value=4, idempotency_key="order-1")
        self.connection.call("POST", "/v1/interactions",  # no id: by the last touch
                             {"user": "bob", "item": "i7", "type": "click"})
        expected = {"lists": 2, "slots": 6, "clicked": 3, "converted": 1, "value": 4}
        for when in ("live", "restarted", "killed"):
            found = self.all_of("home")
            self.assertEqual({name: found[name] for name in expected}, expected, when)
            self.assertAlmostEqual(found["coverage"], SLOTS / ITEMS)
            if when == "killed":
                break
            self.connection.close()
            deadline = time.monotonic() + 20
            while "tamis_impression_queue_length 0" not in self.metrics() and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(self.server.stop(), 0) if when == "live" else self.server.kill()
            self.server.start()
            self.connection = self.server.connect()
        text = self.metrics()
        self.assertIn('tamis_funnel_click_through_ratio{funnel="home",experiment="",arm="",window="all"} 0.5', text)
        self.assertIn("tamis_attributions_total", text)

    def test_an_experiment_from_start_to_results(self):
        self.server.call("PUT", "/v1/funnels/home", funnel(0))
        with self.assertRaises(Refused) as refused:
            self.server.call("PUT", "/v1/experiments/depth", {"funnel": "home", "arms": [{"name": "a", "share": 0.5}]})
        self.assertEqual(refused.exception.problem["field"], "/arms")
        self.server.call("PUT", "/v1/experiments/depth", {
            "funnel": "home", "arms": [{"name": "control", "share": 0.5},
                                       {"name": "varied", "share": 0.5, "override": funnel(0.5)}]})
        arms = {}
        for number in range(200):
            answer = self.serve(f"u{number}", "home")
            arm = answer["experiments"][0]["arm"]
            arms[f"u{number}"] = arm
            if number % (2 if arm == "varied" else 5) == 0:
                self.click(answer, 0)
        results = self.server.call("GET", "/v1/experiments/depth/results")
        self.assertEqual(sum(arm["users"] for arm in results["arms"]), 200)
        self.assertFalse(results["sample_ratio"]["mismatch"])
        clicks = results["comparisons"][0]
        self.assertEqual((clicks["arm"], clicks["metric"]), ("varied", "click_through_rate"))
        self.assertGreater(clicks["difference"]["value"], 0)
        self.assertLess(clicks["difference"]["always_valid_low"], clicks["difference"]["low"])
        self.connection.close()
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.connection = self.server.connect()
        for number in range(50):
            self.assertEqual(self.serve(f"u{number}", "home")["experiments"][0]["arm"], arms[f"u{number}"])
        with self.assertRaises(Refused) as refused:
            self.server.call("PUT", "/v1/experiments/depth", {"funnel": "home", "arms": [{"name": "control", "share": 1}]})
        self.assertEqual(refused.exception.status, 409)
        self.server.call("DELETE", "/v1/experiments/depth")
        self.assertNotIn("experiments", self.serve("u0", "home"))

    def evaluate(self, body: dict) -> dict:
        """The estimates, now or as the result of the job that a busy machine makes of it."""
        answer = self.server.call("POST", "/v1/evaluate", body)
        while "job" in answer:
            if answer["state"] == "succeeded":
                return answer["result"]
            self.assertIn(answer["state"], ("queued", "running"), answer)
            time.sleep(0.1)
            answer = self.server.call("GET", f"/v1/jobs/{answer['job']}")
        return answer

    def test_off_policy_evaluation_answers_or_says_why_not(self):
        self.server.call("PUT", "/v1/funnels/fixed", funnel(0))
        self.server.call("PUT", "/v1/funnels/open", funnel(0.8))
        self.server.call("PUT", "/v1/funnels/candidate", funnel(0.4))
        chance = random.Random(7)
        for number in range(300):
            self.serve(f"f{number}", "fixed")
            answer = self.serve(f"u{number}", "open")
            for slot, item in enumerate(answer["items"]):
                if chance.random() < int(item["item"][1:]) / 10:
                    self.click(answer, slot)
        with self.assertRaises(Refused) as refused:
            self.server.call("POST", "/v1/evaluate", {"funnel": "candidate", "logged_by": "fixed"})
        self.assertEqual(refused.exception.status, 409)
        self.assertIn("nothing was left to chance", refused.exception.problem["detail"])
        found = self.evaluate({
            "funnel": "candidate", "logged_by": "open", "reward": "click", "min_effective_sample_size": 20})
        self.assertEqual(found["lists"], 300)
        for name in ("ips", "snips", "dr"):  # the newest items, which it shows more, are the best liked
            self.assertGreater(found["estimates"][name]["high"], found["logged"]["value"], name)
        own = self.evaluate({"funnel": "open", "logged_by": "open", "reward": "click"})
        self.assertAlmostEqual(own["estimates"]["ips"]["value"], own["logged"]["value"])
        jobs = [job for job in self.server.call("GET", "/v1/jobs")["jobs"] if job["kind"] == "evaluate"]
        self.assertEqual(len(jobs), 3)
        self.assertEqual(self.server.call("GET", f"/v1/jobs/{jobs[0]['job']}")["result"], own)
        self.assertEqual(jobs[2]["state"], "failed")


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
