#!/usr/bin/env python3
"""The command line against a real server: import, export, import again, the same; exit codes.

    command_line_test.py BINARY
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

from tamis_server import TamisServer

BINARY = ""
CSV = """StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
A,"LANTERN, RED",6,2010-12-02 10:00:00,2.50,1,UK
A,"LANTERN, RED",1,2010-12-01 09:00:00,3.50,2,FR
B,MUG,-1,2010-12-01 10:00:00,1,1,UK
B,MUG,many,2010-12-01 10:00:00,1,1,UK
B,MUG,1,2010-12-05 10:00:00,1,3,UK
"""
MAPPING = """[csv]
where = ["Quantity > 0"]
[items]
id = "StockCode"
[items.features]
name = { column = "Description", kind = "text" }
price = { column = "UnitPrice", kind = "numeric", keep = "median" }
[users]
id = "CustomerID"
features = { country = "Country" }
[interactions]
user = "CustomerID"
item = "StockCode"
type = "purchase"
value = "Quantity"
timestamp = "InvoiceDate"
timestamp_format = "%Y-%m-%d %H:%M:%S"
"""


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tamis-cli-")
        self.directory = pathlib.Path(self.temporary.name)
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.kill()
        self.temporary.cleanup()

    def serve(self, name: str) -> TamisServer:
        server = TamisServer(BINARY, self.directory / name, ("storage.min_free_disk=0",))
        server.start()
        self.servers.append(server)
        return server

    def tamis(self, server: TamisServer, *arguments: str, expect: int = 0) -> str:
        done = subprocess.run([BINARY, *arguments, "--url", server.url], capture_output=True, text=True, check=False,
                              cwd=self.directory)
        self.assertEqual(done.returncode, expect, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def import_shop(self, server: TamisServer) -> dict:
        (self.directory / "shop.csv").write_text(CSV)
        (self.directory / "shop.toml").write_text(MAPPING)
        return json.loads(self.tamis(server, "import", "--mapping", "shop.toml", "shop.csv", "--format", "json"))

    def test_csv_feeds_everything_and_a_repeat_stores_nothing_twice(self):
        server = self.serve("one")
        report = self.import_shop(server)
        self.assertEqual(report["by_kind"], {"interactions": 3, "items": 2, "users": 3})
        self.assertEqual((report["bad"], report["filtered"]), (1, 1))
        self.assertEqual(server.call("GET", "/v1/items/A")["features"], {"name": "LANTERN, RED", "price": 3.0})
        again = self.import_shop(server)
        self.assertEqual(again["duplicates"], 3)
        self.assertEqual(server.call("GET", "/v1/stats")["interactions"], 3)

    def test_export_and_import_give_the_same(self):
        one, two = self.serve("one"), self.serve("two")
        self.import_shop(one)
        for kind in ("items", "users", "interactions"):
            self.tamis(one, "export", kind, "--output", f"{kind}.ndjson")
            self.tamis(two, "import", kind, f"{kind}.ndjson")
            self.assertEqual(self.tamis(two, "export", kind), (self.directory / f"{kind}.ndjson").read_text())
        self.tamis(one, "export", "interactions", "--output", "interactions.csv")
        three = self.serve("three")
        self.tamis(three, "import", "interactions", "interactions.csv")
        self.assertEqual(three.call("GET", "/v1/stats")["interactions"], 3)

    def test_vectors_by_npy_and_back(self):
        server = self.serve("one")
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".ljust(117) + "\n"
        data = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
        (self.directory / "v.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + data)
        (self.directory / "ids.txt").write_text("a\nb\n")
        self.tamis(server, "import", "vectors", "v.npy", "--ids", "ids.txt", "--space", "images", "--metric", "l2")
        self.tamis(server, "export", "vectors", "--space", "images", "--output", "w.npy", "--ids", "ids2.txt")
        self.assertEqual((self.directory / "w.npy").read_bytes()[128:], data)
        self.tamis(server, "export", "vectors", "--space", "images", "--output", "w.tvec")
        self.tamis(server, "import", "vectors", "w.tvec", "--space", "copy", "--metric", "l2")
        self.assertEqual(self.tamis(server, "export", "vectors", "--space", "copy"),
                         self.tamis(server, "export", "vectors", "--space", "images"))
        self.tamis(server, "import", "vectors", "v.npy", "--ids", "ids.txt", "--space", "images2", "--metric", "no", expect=2)

    def test_train_recommend_similar_stats_snapshot(self):
        server = self.serve("one")
        rows = ["user,item,type"] + [f"u{u},i{(u * 7 + n) % 20},purchase" for u in range(60) for n in range(1 + u % 6)]
        (self.directory / "many.csv").write_text("\n".join(rows) + "\n")
        self.tamis(server, "import", "interactions", "many.csv")
        job = json.loads(self.tamis(server, "train", "--format", "json"))
        self.assertEqual(job["state"], "succeeded")
        answer = json.loads(self.tamis(server, "recommend", "u5", "-k", "3", "--format", "json"))
        self.assertEqual(len(answer["items"]), 3)
        self.assertIn("rank", self.tamis(server, "recommend", "u5", "--explain"))
        self.assertIn("rank", self.tamis(server, "similar", "i3", "-k", "3"))
        self.assertIn("interactions", self.tamis(server, "stats"))
        self.assertIn("copy1", self.tamis(server, "snapshot", "copy1"))

    def test_what_evaluate_prints_is_json_alone(self):
        server = self.serve("one")
        rows = ["user,item,type,timestamp"] + [
            f"u{u},i{(u * 7 + n) % 20},purchase,2024-01-{n + 1:02}T10:{u:02}:00Z" for n in range(10) for u in range(60)]
        (self.directory / "many.csv").write_text("\n".join(rows) + "\n")
        self.tamis(server, "import", "interactions", "many.csv")
        server.stop()
        (self.directory / "knn.json").write_text('{"retrievers": [{"kind": "item_knn"}], "exclude_seen": true}')
        done = subprocess.run([BINARY, "evaluate", "--protocol", "time-split", "--data", str(server.data_dir), "--model",
                               "popular,item_knn", "--funnel", "knn.json", "--format", "json"],
                              capture_output=True, text=True, check=False, cwd=self.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ndcg@10", done.stdout)
        json.loads(done.stdout)

    def test_exit_codes(self):
        server = self.serve("one")
        self.tamis(server, "similar", "nobody", expect=1)
        (self.directory / "bad.csv").write_text("user,item,value\nu,i,x\nu,i,1\n")
        self.tamis(server, "import", "interactions", "bad.csv", "--on-error", "fail", expect=1)
        self.tamis(server, "import", "interactions", "bad.csv")
        self.tamis(server, "import", "interactions", expect=2)
        self.tamis(server, "recommend", expect=2)
        self.assertEqual(server.stop(), 0)
        self.tamis(server, "stats", expect=3)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
