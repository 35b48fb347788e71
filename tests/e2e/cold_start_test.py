#!/usr/bin/env python3
"""Cold start end to end, at reduced cost: cold_start_test.py path/to/tamis

New articles and new customers of the shop, never trained on (cold_start.py says how). The floors lie well below what
was measured (docs/evaluation.md) and above what chance and popularity give.
"""
import os
import sys
import unittest

import cold_start

BINARY = ""
QUICK = ("training.settings.two_tower.epochs=4", "training.settings.two_tower.dim=32",
         "training.settings.two_tower.feature_buckets=16384", "training.settings.content.buckets=16384")


class ColdStart(unittest.TestCase):
    def test_new_items_by_their_features(self):
        result = cold_start.run(BINARY, "items", 1, ["content", "two_tower"], QUICK)
        for model in ("content", "two_tower"):
            self.assertGreater(result[model]["interval"][0], 2 * result["random"]["recall@20"], result)
            self.assertGreater(result[model]["recall@100 in the whole catalogue"], 0, result)

    def test_a_session_of_three_clicks(self):
        result = cold_start.run(BINARY, "session", 1, ["ials", "content"], QUICK)
        for model in ("ials", "content"):
            self.assertGreater(result[model]["interval"][0], result["popular"]["recall@20"], result)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
