#!/usr/bin/env python3
"""Funnels over HTTP: invalid documents refused with every fault, versions, surfaces, pages, why-not, merged sessions, past answers.

    funnels_test.py path/to/tamis
"""
import json
import pathlib
import sys
import tempfile
import unittest
import urllib.parse

from tamis_server import Refused, TamisServer

BINARY = ""
CASES = pathlib.Path(__file__).resolve().parents[1] / "engine/invalid_funnels.json"
POPULAR = {"retrievers": [{"kind": "popular"}], "fallback": ["latest"]}


class Funnels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.server = TamisServer(
            BINARY, pathlib.Path(cls.directory.name) / "data", ("training.settings.dlrm.objectives=purchase,view",)
        )
        cls.server.start()
        cls.http = cls.server.connect()
        for n in range(12):
            cls.http.call("PUT", f"/v1/items/p{n}", {"features": {"price": n, "brand": f"b{n % 3}"}})
            for user in range(n, 12):
                cls.http.call("POST", "/v1/interactions", {"user": f"crowd{user}", "item": f"p{n}"})

    @classmethod
    def tearDownClass(cls):
        cls.http.close()
        cls.server.stop()
        cls.directory.cleanup()

    def refused(self, method: str, path: str, body) -> Refused:
        with self.assertRaises(Refused) as caught:
            self.http.call(method, path, body)
        return caught.exception

    def items(self, path: str, body=None) -> list[str]:
        answer = self.http.call("POST" if body is not None else "GET", path, body)
        return [item["item"] for item in answer["items"]]

    def test_refuses_invalid_documents_with_every_fault(self):
        cases = json.loads(CASES.read_text())
        self.assertGreaterEqual(len(cases), 55)
        for case in cases:
            body = case["text"] if "text" in case else json.dumps(case["funnel"])
            expected = sorted(pointer for pointer, _ in case["faults"])
            for method, path in (("PUT", "/v1/funnels/refused"), ("POST", "/v1/funnels/validate")):
                if path.endswith("validate") and (expected == ["/name"] or "inherit from itself" in str(case)):
                    continue  # there the document names itself
                refusal = self.refused(method, path, body)
                self.assertEqual(refusal.status, 400, body)
                found = sorted(fault["pointer"] for fault in refusal.problem["faults"])
                self.assertEqual(found, expected, body)
                for pointer, reason in case["faults"]:
                    told = [fault["detail"] for fault in refusal.problem["faults"] if fault["pointer"] == pointer]
                    self.assertTrue(any(reason in detail for detail in told), f"{body}: {told}")
        self.assertEqual(self.refused("GET", "/v1/funnels/refused", None).status, 404)
        self.assertNotIn("refused", [funnel["name"] for funnel in self.http.call("GET", "/v1/funnels")["funnels"]])

    def test_publishes_its_schema(self):
        schema = self.http.call("GET", "/v1/funnels/schema")
        self.assertIn("2020-12", schema["$schema"])
        kinds = [rule["properties"]["kind"]["const"] for rule in schema["properties"]["rules"]["items"]["oneOf"]]
        self.assertIn("explore", kinds)
        self.assertFalse(schema["additionalProperties"])

    def test_keeps_versions_and_inherits(self):
        self.http.call("PUT", "/v1/funnels/shop", POPULAR)
        self.http.call("PUT", "/v1/funnels/home", {"base": "shop", "filter": {"field": "price", "gte": 2}})
        self.assertEqual(self.items("/v1/users/x/recommendations?k=2&surface=home"), ["p2", "p3"])
        self.http.call("PUT", "/v1/funnels/shop", {**POPULAR, "rules": [{"kind": "dedupe", "field": "brand"}]})
        self.assertEqual(self.items("/v1/users/x/recommendations?k=3&funnel=home"), ["p2", "p3", "p4"])
        self.assertEqual(self.http.call("GET", "/v1/funnels/shop")["version"], 2)
        self.assertNotIn("rules", self.http.call("GET", "/v1/funnels/home"))
        self.assertEqual(len(self.http.call("GET", "/v1/funnels/home?resolved=true")["rules"]), 1)
        self.assertEqual(self.http.call("GET", "/v1/funnels/shop?version=1")["rules"], [])
        self.assertEqual(self.refused("DELETE", "/v1/funnels/shop", None).status, 409)
        override = {"k": 1, "override": {"filter": {"field": "id", "eq": "p7"}}}
        self.assertEqual(self.items("/v1/users/x/recommendations?funnel=home", override), ["p7"])

    def test_warns_of_what_has_no_effect(self):
        funnel = {**POPULAR, "filter": {"field": "brnd", "eq": "b1"}, "rules": [{"kind": "cap", "field": "pric", "most": 1}]}
        told = self.http.call("PUT", "/v1/funnels/mistaken", funnel)
        self.assertEqual([warning["path"] for warning in told["warnings"]], ["/filter/field", "/rules/0/field"])
        self.assertIn('did you mean "brand"?', told["warnings"][0]["detail"])
        self.assertEqual(told["accepted"], 1)
        checked = self.http.call("POST", "/v1/funnels/validate", funnel)
        self.assertEqual(checked["warnings"], told["warnings"])
        self.assertEqual(self.http.call("POST", "/v1/funnels/validate", POPULAR)["warnings"], [])
        answer = self.http.call("POST", "/v1/users/x/recommendations", {
            "funnel": "mistaken", "explain": True, "filter": {"field": "price", "eq": "3"}})
        self.assertEqual([warning["path"] for warning in answer["warnings"]], ["/filter/eq", "/funnel/filter/field", "/funnel/rules/0/field"])
        self.assertIn("write 3 without quotes", answer["warnings"][0]["detail"])
        self.assertNotIn("warnings", self.http.call("GET", "/v1/users/x/recommendations?funnel=mistaken"))
        stats = [warning for warning in self.http.call("GET", "/v1/stats")["warnings"] if warning.get("funnel") == "mistaken"]
        self.assertEqual(len(stats), 2)
        self.http.call("DELETE", "/v1/funnels/mistaken")

    def test_serves_the_documented_example(self):
        page = (pathlib.Path(__file__).resolve().parents[2] / "docs/http_api_funnels.md").read_text()
        example = json.loads(page.split("```json\n")[1].split("```")[0])
        with tempfile.TemporaryDirectory() as directory:
            server = TamisServer(BINARY, pathlib.Path(directory) / "data")
            server.start()
            http = server.connect()
            for n in range(30):  # as the quickstart's shop describes its items
                http.call("PUT", f"/v1/items/{n}", {"features": {
                    "name": f"LANTERN {n}", "price": 0.5 + n / 4, "listed_at": f"2011-0{1 + n % 9}-01T10:00:00Z"}})
                http.call("POST", "/v1/interactions", {"user": f"u{n}", "item": str(n), "type": "purchase"})
            told = http.call("PUT", "/v1/funnels/example", example)["warnings"]
            self.assertEqual([warning for warning in told if "trained" not in warning["detail"]], [])
            answer = http.call("GET", "/v1/users/stranger/recommendations?k=10&funnel=example")
            http.close()
            server.stop()
        self.assertEqual(len(answer["items"]), 10)

    def test_refuses_to_delete_what_is_in_use(self):
        self.http.call("PUT", "/v1/funnels/used", POPULAR)
        self.http.call("PUT", "/v1/experiments/trial", {"arms": [{"name": "a", "share": 1, "funnel": "used"}]})
        refusal = self.refused("DELETE", "/v1/funnels/used", None)
        self.assertEqual(refusal.status, 409)
        self.assertIn('experiment "trial"', refusal.problem["detail"])
        self.http.call("DELETE", "/v1/experiments/trial")
        self.http.call("DELETE", "/v1/funnels/used")

    def test_pages_to_the_end_without_repeats(self):
        served = []
        page = self.http.call("GET", "/v1/users/x/recommendations?k=5&paged=true")
        while True:
            served += [item["item"] for item in page["items"]]
            if "cursor" not in page:
                break
            self.http.call("POST", "/v1/interactions", {"user": "fan", "item": "p11"})
            page = self.http.call("POST", "/v1/users/x/recommendations", {"k": 5, "cursor": page["cursor"]})
        self.assertEqual(sorted(served), sorted(f"p{n}" for n in range(12)))
        self.assertEqual(self.refused("GET", "/v1/users/x/recommendations?cursor=nonsense", None).problem["field"], "cursor")

    def test_tells_why_not(self):
        self.http.call("PUT", "/v1/funnels/narrow", {"retrievers": [{"kind": "popular", "quota": 3}], "fallback": []})
        why = self.http.call("GET", "/v1/users/x/recommendations/why-not/p8?funnel=narrow")
        self.assertEqual(why["verdict"], "not_retrieved")
        self.assertEqual(why["retrievers"][0]["rank"], 9)
        why = self.http.call("POST", "/v1/users/x/recommendations/why-not/p0", {"filter": {"field": "price", "gt": 1}})
        self.assertEqual(why["verdict"], "filtered")
        self.assertEqual(why["failed_conditions"], [{"field": "price", "gt": 1.0}])

    def test_answers_around_an_item(self):
        self.http.call("PUT", "/v1/funnels/around", {**POPULAR, "rules": [{"kind": "filter", "condition": {"field": "brand", "eq": "b0"}}]})
        answer = self.http.call("GET", "/v1/items/p0/similar?funnel=around&k=3")
        self.assertEqual([item["item"] for item in answer["items"]], ["p3", "p6", "p9"])
        self.assertIn("recommendation_id", answer)

    def test_merges_a_session(self):
        self.http.call("POST", "/v1/interactions", [{"user": "s1", "item": "p1"}, {"user": "s1", "item": "p2"}])
        self.assertEqual(self.http.call("POST", "/v1/users/eve/merge", {"session": "s1"})["accepted"], 2)
        self.assertEqual(self.http.call("POST", "/v1/users/eve/merge", {"session": "s1"})["accepted"], 0)
        moved = self.http.call("GET", "/v1/users/eve/interactions")["interactions"]
        self.assertEqual(sorted(row["item"] for row in moved), ["p1", "p2"])
        self.assertEqual(self.refused("POST", "/v1/users/eve/merge", {}).problem["field"], "session")

    def test_answers_again_after_a_restart(self):
        explore = {**POPULAR, "rules": [{"kind": "explore", "share": 0.5, "most_impressions": 1e12}]}
        self.http.call("PUT", "/v1/funnels/explore", explore)
        past = self.http.call("GET", "/v1/users/crowd3/recommendations?k=6&funnel=explore")
        self.assertTrue(past["exact"])
        for n in range(12):
            self.http.call("POST", "/v1/interactions", {"user": "late", "item": f"p{11 - n}", "type": "purchase"})
        self.http.close()
        self.server.stop()
        self.server.start()
        type(self).http = self.server.connect()
        asked = urllib.parse.urlencode({"k": 6, "funnel": "explore", "as_of_sequence": past["sequence"], "generation": past["generation"],
                                        "recommendation_id": past["recommendation_id"], "as_of": past["served_at"]})
        again = self.http.call("GET", f"/v1/users/crowd3/recommendations?{asked}")
        self.assertEqual(again, past)
        refusal = self.refused("GET", "/v1/users/x/recommendations?recommendation_id=r1", None)
        self.assertEqual(refusal.problem["field"], "recommendation_id")


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
