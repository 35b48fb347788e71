#!/usr/bin/env python3
"""A generation made outside of Tamis is imported over HTTP and serves the scores of its maker, to 1e-5.

    import_generation_test.py path/to/tamis

The maker is docs/examples/two_tower_pytorch.py where torch is installed; else the same towers with seeded random weights,
computed here in double precision.
"""
import csv
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import urllib.request

from tamis_server import Refused, TamisServer

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs/examples"
sys.path.insert(0, str(EXAMPLES))
import tamis_generation  # noqa: E402

BINARY = ""
USERS, ITEMS, DIM, WIDTH, HISTORY = 30, 40, 8, 16, 20


def table(rows: int, columns: int, source: random.Random) -> list[list[float]]:
    return [[source.uniform(-1, 1) for _ in range(columns)] for _ in range(rows)]


def read_tables(directory: pathlib.Path, name: str) -> dict:
    """The tensors as they were written, so that torch's own weights can be checked in double precision, too."""
    import json
    import struct

    data = (directory / f"{name}.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    tables = {}
    for tensor, told in json.loads(data[8 : 8 + length]).items():
        begin, end = told["data_offsets"]
        values = list(struct.unpack(f"<{(end - begin) // 4}f", data[8 + length + begin : 8 + length + end]))
        columns = told["shape"][-1]
        rows = [values[n : n + columns] for n in range(0, len(values), columns)]
        tables[tensor] = rows if len(told["shape"]) == 2 else values
    return tables


def scores_of(tables: dict, history: list[int]) -> list[float]:
    """The towers by hand."""
    newest = history[-HISTORY:]
    hidden = [sum(tables["history_vectors"][item][i] for item in newest) / len(newest) for i in range(len(tables["history_vectors"][0]))]
    layers = sum(1 for name in tables if name.endswith(".weight"))
    for layer in range(layers):
        weight, bias = tables[f"layer{layer}.weight"], tables[f"layer{layer}.bias"]
        hidden = [bias[o] + sum(w * h for w, h in zip(weight[o], hidden)) for o in range(len(bias))]
        if layer + 1 < layers:
            hidden = [max(value, 0.0) for value in hidden]
    return [sum(u * i for u, i in zip(hidden, item)) for item in tables["item_vectors"]]


class ImportGeneration(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tamis-import-"))
        self.server = TamisServer(BINARY, self.directory / "data", ("storage.min_free_disk=0",))
        self.server.start()
        source = random.Random(7)
        self.histories = [[source.randrange(ITEMS) for _ in range(12)] for _ in range(USERS)]
        self.rows = [
            {"user": f"u{user}", "item": f"i{item}", "type": "click", "timestamp": 1_700_000_000_000 + n * 1000 + user}
            for user, history in enumerate(self.histories)
            for n, item in enumerate(history)
        ]
        self.server.call("POST", "/v1/interactions", self.rows)

    def tearDown(self):
        self.server.kill()
        subprocess.run(["rm", "-rf", str(self.directory)], check=True)

    def make(self) -> pathlib.Path:
        out = self.directory / "two-tower"
        try:
            import torch  # noqa: F401
        except ImportError:
            source = random.Random(1)
            tensors = {
                "item_vectors": table(ITEMS, DIM, source),
                "history_vectors": table(ITEMS, WIDTH, source),
                "layer0.weight": table(WIDTH, WIDTH, source),
                "layer0.bias": table(1, WIDTH, source)[0],
                "layer1.weight": table(DIM, WIDTH, source),
                "layer1.bias": table(1, DIM, source)[0],
            }
            encoder = {"tensors": tensors, "settings": {"history": HISTORY}}
            tamis_generation.write_generation(
                out, [f"u{n}" for n in range(USERS)], [f"i{n}" for n in range(ITEMS)], {"two-tower": encoder}
            )
            return out
        with open(self.directory / "interactions.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["user", "item", "type", "timestamp"])
            writer.writeheader()
            writer.writerows(self.rows)
        command = [sys.executable, str(EXAMPLES / "two_tower_pytorch.py"), str(self.directory / "interactions.csv"), str(out)]
        subprocess.run(command + ["--dim", str(DIM), "--epochs", "2"], check=True, stdout=subprocess.DEVNULL)
        return out

    def served(self, user: str) -> dict[str, float]:
        request = {"space": "two-tower", "user": user, "k": 1000, "exact": True}
        return {row["item"]: row["score"] for row in self.server.call("POST", "/v1/search", request)["items"]}

    def put(self, directory: pathlib.Path, name: str, query: str = "") -> dict:
        archive = self.directory / "upload.tar"
        tamis_generation.pack(directory, archive)
        return self.server.call("PUT", f"/v1/generations/{name}{query}", archive.read_bytes(), "application/x-tar")

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [BINARY, "import", "--url", self.server.url, "--quiet", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def test_the_command_line_sends_folders_and_archives(self):
        made = self.make()
        sent = self.command("--generation", str(made), "--name", "by-folder", "--promote")
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertIn("generation by-folder: serving", sent.stdout)
        scores = self.served("u2")
        self.assertEqual(len(scores), ITEMS)

        archive = self.directory / "made.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            for file in sorted(made.iterdir()):
                tar.add(file, arcname=file.name)
        sent = self.command("--generation", str(archive), "--name", "by-archive", "--promote", "--format", "json")
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertEqual(self.served("u2"), scores)

        damaged = self.directory / "damaged"
        subprocess.run(["cp", "-r", str(made), str(damaged)], check=True)
        with open(damaged / "two-tower.safetensors", "r+b") as file:
            file.seek(-4, 2)
            file.write(b"\xff\xff\xff\x7f")
        refused = self.command("--generation", str(damaged), "--name", "damaged")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("two-tower.safetensors", refused.stderr)
        self.assertEqual(self.served("u2"), scores)

        (damaged / "manifest.json").unlink()
        for arguments in (("--generation", str(damaged), "--name", "x"), ("--generation", str(made)), ("--name", "x")):
            self.assertEqual(self.command(*arguments).returncode, 2, arguments)

    def test_serves_the_makers_scores(self):
        made = self.make()
        tables = read_tables(made, "two-tower")
        items = (made / "items.txt").read_text().split()
        answer = self.put(made, "two-tower", "?promote=true")
        self.assertEqual(answer["state"], "serving")
        self.histories[0].append(3)  # counts in the next answer
        self.server.call(
            "POST", "/v1/interactions", {"user": "u0", "item": "i3", "type": "click", "timestamp": 1_700_000_900_000}
        )
        for user in range(5):
            expected = scores_of(tables, [items.index(f"i{item}") for item in self.histories[user]])
            served = self.served(f"u{user}")
            self.assertEqual(len(served), len(items))
            for item, score in zip(items, expected):
                self.assertAlmostEqual(served[item], score, delta=1e-5)

        before = self.served("u1")
        with urllib.request.urlopen(f"{self.server.url}/v1/generations/two-tower") as reply:
            (self.directory / "export.tar").write_bytes(reply.read())
        with tarfile.open(self.directory / "export.tar") as tar:
            tar.extractall(self.directory / "again")
        self.put(self.directory / "again", "again", "?promote=true")
        self.assertEqual(self.served("u1"), before)

    def test_an_upload_stops_at_the_watermark(self):
        made = self.make()
        full = TamisServer(BINARY, self.directory / "full", ("storage.min_free_disk=1000000000000000",))
        full.start()
        try:
            archive = self.directory / "upload.tar"
            tamis_generation.pack(made, archive)
            with self.assertRaises(Refused) as refused:
                full.call("PUT", "/v1/generations/two-tower", archive.read_bytes(), "application/x-tar")
            self.assertEqual(refused.exception.status, 507)
            self.assertIn("storage.min_free_disk", refused.exception.problem["detail"])
        finally:
            full.kill()

    def test_what_it_lacks_is_kept(self):
        def train(body: dict) -> dict:
            job = self.server.call("POST", "/v1/train", body)["job"]
            while (state := self.server.call("GET", f"/v1/jobs/{job}"))["state"] in ("queued", "running"):
                time.sleep(0.05)
            return state

        self.assertEqual(train({"models": ["popular", "item_knn", "user_knn", "ials"]})["state"], "succeeded")
        answer = self.server.call("GET", "/v1/users/u1/recommendations")["items"]
        taken = self.put(self.make(), "two-tower", "?promote=true")
        self.assertEqual(taken["inherited"], {"item_knn": "g1", "user_knn": "g1", "ials": "g1"})
        self.assertEqual(self.server.call("GET", "/v1/users/u1/recommendations")["items"], answer)
        self.assertEqual(len(self.served("u1")), ITEMS)
        # A run keeps what only the import knows.
        self.assertEqual(train({})["state"], "succeeded")
        self.assertEqual(len(self.served("u1")), ITEMS)

    def test_refuses_with_the_reason(self):
        made = self.make()
        tensors = bytearray((made / "two-tower.safetensors").read_bytes())
        tensors[-1] ^= 1
        (made / "two-tower.safetensors").write_bytes(tensors)
        with self.assertRaises(Refused) as refused:
            self.put(made, "damaged")
        self.assertEqual(refused.exception.status, 400)
        self.assertIn("checksum", refused.exception.problem["detail"])
        generations = self.directory / "data/generations"
        deadline = time.monotonic() + 5  # what was received goes after the answer
        while list(generations.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(list(generations.iterdir()), [])


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
