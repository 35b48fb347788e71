#!/usr/bin/env python3
"""Cold start end to end, at reduced cost: cold_start_test.py path/to/tamis

New articles of the shop, never trained on (cold_start.py says how). The floors lie well below what was measured
(docs/evaluation.md) and above chance.
"""
import os
import sys
import unittest

import cold_start

BINARY = ""

class ColdStart(unittest.TestCase):
    def test_new_items_by_their_features(self):
        result = cold_start.run(BINARY, "items", 1, ["content", "two_tower"], most_customers=400)
        self.assertGreater(result["content"]["interval"][0], 2 * result["random"]["recall@20"], result)
        self.assertGreater(result["two_tower"]["interval"][0], 0.35, result)
        self.assertGreater(result["content"]["recall@100 in the whole catalogue"], 0.1, result)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
