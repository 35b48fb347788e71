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
import time
import unittest

from tamis_server import Refused, TamisServer

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


def rows_of(export: str) -> list[dict]:
    """What the lines say, without what names the import and the server's own rows."""
    rows = [json.loads(line) for line in export.splitlines()]
    for row in rows:
        row.pop("import_id", None)
        if row.get("idempotency_key", "").startswith("tamis:"):
            row.pop("idempotency_key")
    return rows


class CommandLine(unittest.TestCase):
    def test_capacity(self):
        def capacity(*arguments):
            run = subprocess.run([BINARY, "capacity", *arguments], capture_output=True, text=True)
            return run.returncode, run.stdout, run.stderr

        size = ("--items", "1M", "--users", "5M", "--interactions", "100M", "--dim", "64", "--format", "json")
        made = json.loads(capacity(*size)[1])
        for figure in ("memory_bytes", "disk_bytes"):
            self.assertAlmostEqual(made[figure], sum(part[figure] for part in made["parts"]), delta=len(made["parts"]))
        twice = json.loads(capacity(*size[:5], "200M", *size[6:])[1])
        parts = {part["part"]: part for part in made["parts"]}
        self.assertEqual(twice["disk_bytes"] - made["disk_bytes"], parts["interactions"]["disk_bytes"])
        self.assertIn("interactions", capacity(*size[:-2])[1])
        wrong_sizes = [(("--items", size), "--items") for size in ("1x", "-1", "1e300", "inf")]
        for wrong, told in [*wrong_sizes, (("--items", "1M", "--dim", "-2"), "--dim")]:
            code, _, error = capacity(*wrong, "--users", "1", "--interactions", "1")
            self.assertEqual(code, 2)
            self.assertIn(told, error)

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
            self.assertEqual(rows_of(self.tamis(two, "export", kind)),
                             rows_of((self.directory / f"{kind}.ndjson").read_text()))
        self.tamis(one, "export", "interactions", "--output", "interactions.csv")
        three = self.serve("three")
        self.tamis(three, "import", "interactions", "interactions.csv")
        self.assertEqual(three.call("GET", "/v1/stats")["interactions"], 3)

    def test_an_export_changes_nothing_where_it_came_from(self):
        server = self.serve("one")
        self.import_shop(server)
        (self.directory / "plain.csv").write_text("user,item,type\n1,A,view\n1,A,view\n2,B,view\n")
        self.tamis(server, "import", "interactions", "plain.csv", "--idempotency", "none")
        for form in ("ndjson", "csv"):
            for kind in ("items", "users", "interactions"):
                before = self.tamis(server, "export", kind)
                self.tamis(server, "export", kind, "--output", f"{kind}.{form}")
                self.tamis(server, "import", kind, f"{kind}.{form}")
                self.assertEqual(self.tamis(server, "export", kind), before, f"{kind} as {form}")
        self.assertEqual(server.call("GET", "/v1/stats")["interactions"], 6)

    def test_files_of_one_shop_do_not_collide(self):
        server = self.serve("one")
        rows = "visitorid\titemid\tevent\n1\t1\t1\n1\t16\t1\n"
        for name in ("view.dat", "add_to_cart.dat", "purchase.dat", "monday.csv", "tuesday.csv"):
            text = rows if name.endswith(".dat") else "user,item,type\n9,9,purchase\n"
            (self.directory / name).write_text(text)
            for repeat in (False, True):
                report = json.loads(self.tamis(server, "import", name, "--format", "json"))
                self.assertEqual((report["accepted"] == 0, report["duplicates"] == 0), (repeat, not repeat), name)
        self.assertEqual(server.call("GET", "/v1/stats")["interactions"], 8)

    def test_files_as_people_have_them(self):
        server = self.serve("one")
        for name, data in (("latin.csv", "id,title\n1,Les Mis\u00e9rables\n".encode("latin-1")),
                           ("utf16.csv", "id,title\n1,Les Mis\u00e9rables\n".encode("utf-16")),
                           ("mark.csv", "id,title\n1,Les Mis\u00e9rables\n".encode("utf-8-sig")),
                           ("colons.dat", "id::title\n1::Les Mis\u00e9rables\n".encode())):
            (self.directory / name).write_bytes(data)
            self.tamis(server, "import", "items", name)
            self.assertEqual(server.call("GET", "/v1/items/1")["features"]["title"], "Les Mis\u00e9rables", name)
            server.call("DELETE", "/v1/items/1")

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
        # A space is made where it does not exist, whatever the file.
        (self.directory / "v.ndjson").write_text('{"item":"a","vector":[1,2]}\n')
        self.tamis(server, "import", "vectors", "v.ndjson", "--space", "rows")
        (self.directory / "v.csv").write_text("item,v0,v1\na,1,2\n")
        (self.directory / "v.toml").write_text('[vectors]\nitem = "item"\nprefix = "v"\n')
        self.tamis(server, "import", "vectors", "v.csv", "--mapping", "v.toml", "--space", "columns")
        self.assertEqual(self.tamis(server, "export", "vectors", "--space", "rows"),
                         self.tamis(server, "export", "vectors", "--space", "columns"))

    def assert_logged(self, server, text):
        """Lines are written by a thread of their own, soon after what they tell."""
        deadline = time.monotonic() + 10
        while text not in server.log_path.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIn(text, server.log_path.read_text())

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
        stats = self.tamis(server, "stats")
        self.assertIn("interactions", stats)
        self.assertRegex(stats, r"memory_parts\.entities +[0-9.]+ (B|KiB)")
        self.assertNotRegex(stats, r"\.0*[1-9]\d{7}")
        server.call("POST", "/v1/items", [{"id": "i3", "features": {"title": "The third"}}])
        self.assertIn("The third", self.tamis(server, "recommend", "u2", "-k", "20"))
        self.assertNotIn("The third", self.tamis(server, "recommend", "u2", "-k", "20", "--name", "label"))
        self.assertIn("copy1", self.tamis(server, "snapshot", "copy1"))
        server.call("POST", "/v1/snapshots", {"name": "passing"})
        server.call("DELETE", "/v1/snapshots/passing")
        self.assertEqual(server.call("GET", "/v1/snapshots")["snapshots"], ["copy1"])
        server.call("DELETE", "/v1/interactions?user=u5&type=purchase")
        self.tamis(server, "train", "--model", "popular")
        server.call("POST", "/v1/generations/rollback")
        report = self.tamis(server, "report", "g2")
        self.assertIn("popular", report)
        self.assertEqual(json.loads(self.tamis(server, "report", "g2", "--format", "json"))["models"],
                         server.call("GET", "/v1/generations")["generations"][0]["models"])
        self.assertIn("detail", self.tamis(server, "report", "g1"))
        page = self.tamis(server, "pages", "u5", "-k", "3")
        self.assertIn("For you", page)
        server.call("POST", "/v1/interactions", {"user": "u5", "item": "i3"})
        page = self.tamis(server, "pages", "u5", "-k", "3")
        self.assertIn("Because of The third\n", page)
        self.assertEqual(page, self.tamis(server, "pages", "u5", "-k", "3", "--dry-run"))
        (self.directory / "rows.json").write_text('{"rows":[{"name":"new","retriever":"latest","k":2}]}')
        rows = json.loads(self.tamis(server, "pages", "u5", "--rows", "rows.json", "--format", "json"))["rows"]
        self.assertEqual([len(row["list"]["items"]) for row in rows], [2])
        (self.directory / "rows.json").write_text("7")
        self.tamis(server, "pages", "u5", "--rows", "rows.json", expect=2)
        for line in server.log_path.read_text().splitlines():  # also what training tells
            self.assertTrue(line.startswith("{"), line)
        for told in (f"training {job['job']} begins", "generation 'g1' serves", "snapshot of sequence", "copy1",
                     "interactions were taken back", "rolled back from 'g2'"):
            self.assert_logged(server, told)

    def test_a_report_names_no_time_that_the_data_do_not_have(self):
        server = self.serve("one")
        (self.directory / "few.csv").write_text("user,item\n" + "".join(f"u{n % 2},i{n % 2}\n" for n in range(12)))
        self.tamis(server, "import", "interactions", "few.csv")
        self.tamis(server, "train")
        report = self.tamis(server, "report")
        self.assertIn("no user has interactions with two items or more", report)
        self.assertNotIn("1970", report)

    def test_training_tells_what_it_knows_and_what_it_refuses(self):
        server = self.serve("one")
        rows = ["user,item,type,timestamp"] + [
            f"u{u},i{(u % 2) * 20 + (u * 7 + n * 3) % 20},purchase,2024-01-{n + 1:02}T10:{u:02}:00Z"
            for n in range(10) for u in range(60)]
        (self.directory / "many.csv").write_text("\n".join(rows) + "\n")
        self.tamis(server, "import", "interactions", "many.csv")
        unknown = subprocess.run([BINARY, "train", "--model", "nosuch", "--url", server.url], capture_output=True,
                                 text=True, check=False)
        self.assertEqual(unknown.returncode, 1)
        for model in ("ials", "item_knn", "bert4rec", "dlrm"):
            self.assertIn(model, unknown.stderr)
        self.tamis(server, "train")
        told = self.tamis(server, "train", "--model", "user_knn")
        self.assertIn("funnel default", told)
        searched = self.tamis(server, "report", "g1").splitlines()
        titles = next(line for line in searched if line.startswith("tried"))
        self.assertTrue(titles.rstrip().endswith("detail"), titles)
        generations = self.tamis(server, "generations")
        self.assertIn("ials (g1)", generations)
        self.tamis(server, "train", "--alone", "--model", "popular", expect=1)
        self.assertIn("rejected", self.tamis(server, "jobs"))
        self.assertIn("g1 serves", self.tamis(server, "rollback"))
        self.assertIn("g2 serves", self.tamis(server, "promote", "g2"))
        self.tamis(server, "promote", "g77", expect=1)
        segment = subprocess.run([BINARY, "batch", "--segment", "country", "--url", server.url], capture_output=True,
                                 text=True, check=False)
        self.assertEqual((segment.returncode, "--segment is \"country\"" in segment.stderr), (2, True), segment.stderr)
        for rows, at, told in ((["u", "u\x01"], "[1].user", "[1].user contains a control character"),
                               (["\x01", "u"], "[0].user", "[0].user contains a control character")):
            with self.assertRaises(Refused) as refused:
                server.call("POST", "/v1/interactions", [{"user": user, "item": "i"} for user in rows])
            self.assertEqual(refused.exception.problem["field"], at)
            self.assertIn(told, refused.exception.problem["detail"])
        stats = server.call("GET", "/v1/stats")
        self.assertEqual((stats["generation"], stats["generation_problem"], stats["rejected_runs"]), ("g2", "", 1))

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

    def test_configuration_errors_name_the_whole_setting(self):
        for setting, expected in (("training.settings.ials.dimm=3", "training.settings.ials.dimm: "),
                                  ("training.settings.ials.epochs=3", "expected one of dim, "),
                                  ("training.settings.ials.dim=-32", "training.settings.ials.dim: "),
                                  ("auth.keys=web:read", "auth.keys: "),
                                  ("server.port=x", "server.port is \"x\"")):
            for command in (("config", "--check"), ("serve", "--data", str(self.directory / "never"))):
                ran = subprocess.run([BINARY, *command, "--set", setting], capture_output=True, text=True, timeout=60)
                self.assertEqual(ran.returncode, 2, ran.stderr)
                self.assertIn(expected, ran.stderr)
                self.assertEqual(ran.stderr.count("training.settings"), int("training" in setting), ran.stderr)

    def test_a_missing_configuration_file_is_wrong_usage(self):
        ran = subprocess.run([BINARY, "config", "--check", "-c", str(self.directory / "none.toml")], capture_output=True,
                             text=True, timeout=60)
        self.assertEqual(ran.returncode, 2, ran.stderr)
        self.assertIn("none.toml", ran.stderr)

    def test_exit_codes(self):
        server = self.serve("one")
        self.tamis(server, "similar", "nobody", expect=1)
        (self.directory / "bad.csv").write_text("user,item,value\nu,i,x\nu,i,1\n")
        self.tamis(server, "import", "interactions", "bad.csv", "--on-error", "fail", expect=1)
        self.tamis(server, "import", "interactions", "bad.csv")
        self.tamis(server, "import", "interactions", expect=2)
        self.tamis(server, "recommend", expect=2)
        self.tamis(server, "health", "--ready")
        self.assertEqual(server.stop(), 0)
        self.tamis(server, "stats", expect=3)
        self.tamis(server, "health", expect=3)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
