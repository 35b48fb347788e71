"""Measures what a database of a given size costs: python3 bench/scale/run.py build/release/tamis --dir /tmp/scale

Makes heavy-tailed data from a seed and imports it over HTTP in three stages (items, users, interactions). Prints one JSON
object: import rates, disk, resident memory after each stage and after a restart, bytes per item, user and interaction, the
times of a start after a clean close and after kill -9, and latencies of recommendations. Beside them: what `tamis capacity`
expects of that size.

--dir keeps the database and the progress, so that an interrupted run goes on where it stopped. A finished stage is not
imported again. Server, client and disk share the machine. Standard library only.
"""

import argparse
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import urllib.request

CHUNK = 100_000
FIRST_MS = 1_700_000_000_000
YEAR_MS = 365 * 86_400_000
TYPES = ("view", "view", "view", "view", "view", "view", "cart", "purchase")
FUNNELS = {"trend": "trending", "new": "latest"}


def heavy(rng: random.Random, count: int, power: float) -> int:
    """0 most often: rank r has a share near r^(1/power - 1)."""
    return int(count * rng.random() ** power)


def item_line(rng: random.Random, i: int, options) -> str:
    if options.features == 0:
        return f'{{"id":"i{i}"}}\n'
    values = (f'"price":{rng.randrange(100, 100_000) / 100}', f'"category":"category {heavy(rng, 200, 2)}"',
              f'"brand":"brand {heavy(rng, 5_000, 3)}"', f'"listed_at":"{iso(FIRST_MS + rng.randrange(YEAR_MS))}"',
              f'"in_stock":{"true" if rng.random() < 0.9 else "false"}')
    return f'{{"id":"i{i}","features":{{{",".join(values[:options.features])}}}}}\n'


def iso(time_ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time_ms // 1000)) + f".{time_ms % 1000:03d}Z"


def user_line(rng: random.Random, i: int, options) -> str:
    return f'{{"id":"u{i}"}}\n'


def interaction_line(rng: random.Random, i: int, options) -> str:
    time_ms = FIRST_MS + int(YEAR_MS * i / options.interactions)
    return (f'{{"user":"u{heavy(rng, options.users, 1.6)}","item":"i{heavy(rng, options.items, 2.5)}",'
            f'"type":"{TYPES[rng.randrange(len(TYPES))]}","timestamp":{time_ms}}}\n')


STAGES = (("items", item_line), ("users", user_line), ("interactions", interaction_line))


class Server:
    def __init__(self, options):
        self.options = options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [options.tamis, "serve", "--data", str(options.dir / "data"), "--port", str(self.port)]
        for setting in options.set:
            command += ["--set", setting]
        started = time.monotonic()
        self.log = open(options.dir / "server.log", "ab")
        self.process = subprocess.Popen(command, stderr=self.log, stdout=self.log)
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended; see {options.dir / 'server.log'}")
            try:
                self.get("/readyz")
                break
            except OSError:
                time.sleep(0.01)
        self.start_s = round(time.monotonic() - started, 2)

    def get(self, path: str):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=600) as answer:
            return answer.read()

    def send(self, method: str, path: str, body: bytes, kind: str = "application/json") -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text or b"{}")

    def memory(self) -> int:
        return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) * 1024

    def stop(self, how: int = signal.SIGTERM) -> float:
        started = time.monotonic()
        self.process.send_signal(how)
        self.process.wait()
        self.log.close()
        return round(time.monotonic() - started, 2)


def disk_bytes(path: pathlib.Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def import_stage(server: Server, stage: str, make, progress: dict, save) -> dict:
    options, count = server.options, getattr(server.options, stage)
    done = progress.setdefault(stage, {"lines": 0, "seconds": 0.0})
    if stage == "interactions":  # a chunk that was cut off is stored in part, in order
        done["lines"] = sum(json.loads(server.get("/v1/stats"))["interactions_by_type"].values())
    while done["lines"] < count:
        begin = done["lines"] // CHUNK * CHUNK
        rng = random.Random(f"{options.seed} {stage} {begin}")
        lines = [make(rng, i, options) for i in range(begin, min(begin + CHUNK, count))]
        body = "".join(lines[done["lines"] - begin:]).encode()
        started = time.monotonic()
        server.send("POST", f"/v1/{stage}", body, "application/x-ndjson")
        done["seconds"] += time.monotonic() - started
        done["lines"] = begin + len(lines)
        save()
    return {"count": count, "per_s": round(count / done["seconds"]) if done["seconds"] else None}


def latencies(server: Server, paths: list[str]) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    times = []
    for path in paths:
        started = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        times.append((time.perf_counter() - started) * 1e3)
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
    times.sort()
    return {"requests": len(times), "p50_ms": round(times[len(times) // 2], 2), "p99_ms": round(times[len(times) * 99 // 100], 2)}


def measure_requests(server: Server, seed: int) -> dict:
    rng = random.Random(seed)
    options = server.options
    users = sorted({f"u{heavy(rng, options.users, 1.6)}" for _ in range(500)})
    rng.shuffle(users)
    made = {}
    for name in FUNNELS:
        path = f"/v1/users/{users[0]}/recommendations?k=10&funnel={name}"
        made[f"first_{FUNNELS[name]}_ms"] = latencies(server, [path])["p50_ms"]
    paths = [f"/v1/users/{user}/recommendations?k=10" for user in users]
    made["first_ms"] = latencies(server, paths[:1])["p50_ms"]
    made["cold_users"] = latencies(server, paths[1:])
    made["warm_users"] = latencies(server, paths)
    return made


def expected(options) -> dict:
    """What `tamis capacity` says of this size; ids have 2 to 8 bytes here."""
    return json.loads(subprocess.run(
        [options.tamis, "capacity", "--items", str(options.items), "--users", str(options.users), "--interactions",
         str(options.interactions), "--features", str(options.features), "--id-bytes", "7", "--model-dim", "0", "--neighbors", "0",
         "--format", "json"], check=True, capture_output=True).stdout)


def train(server: Server, models: list[str]) -> str:
    """The name of the generation; what the configuration says is trained where no models are named."""
    job = server.send("POST", "/v1/train", json.dumps({"models": models} if models else {}).encode())["job"]
    while True:
        state = json.loads(server.get(f"/v1/jobs/{job}"))
        if state["state"] == "succeeded":
            return state["generation"]
        if state["state"] not in ("queued", "running"):
            raise SystemExit(f"training: {state}")
        time.sleep(0.5)


def run(options) -> dict:
    options.dir.mkdir(parents=True, exist_ok=True)
    place = options.dir / "progress.json"
    progress = json.loads(place.read_text()) if place.exists() else {}
    figures: dict = {"items": options.items, "features": options.features, "users": options.users,
                     "interactions": options.interactions, "seed": options.seed, "expected": expected(options)}
    server = Server(options)
    try:
        before = progress.setdefault("memory_before", server.memory())
        for stage, make in STAGES:
            made = import_stage(server, stage, make, progress, lambda: place.write_text(json.dumps(progress)))
            known = progress.setdefault("figures", {})
            if stage not in known:
                made["memory_bytes"] = server.memory()
                server.stop()
                server = Server(options)
                time.sleep(1)
                made["memory_after_restart_bytes"] = server.memory()
                made["bytes_each_after_restart"] = round((server.memory() - before) / max(1, made["count"]))
                known[stage] = made
                progress["memory_after"] = server.memory()
                place.write_text(json.dumps(progress))
            before = known[stage]["memory_after_restart_bytes"]
            figures[f"import_{stage}"] = known[stage]
        for name, kind in FUNNELS.items():
            server.send("PUT", f"/v1/funnels/{name}", json.dumps({"retrievers": [{"kind": kind, "quota": 50}]}).encode())
        figures["clean_close_s"] = server.stop()
        figures["disk_bytes"] = disk_bytes(options.dir / "data")
        server = Server(options)
        figures["start_after_clean_close_s"] = server.start_s
        time.sleep(options.settle)
        figures["requests_after_start"] = measure_requests(server, 1)
        server.send("POST", "/v1/interactions", b'{"user":"u0","item":"i0","type":"view"}')
        server.stop(signal.SIGKILL)
        server = Server(options)
        figures["start_after_kill_s"] = server.start_s
        if options.train:
            started = time.monotonic()
            train(server, options.models)
            figures["training_s"] = round(time.monotonic() - started, 1)
            figures["memory_after_training_bytes"] = server.memory()
            figures["requests_after_training"] = measure_requests(server, 2)
            figures["clean_close_after_training_s"] = server.stop()
            server = Server(options)
            figures["start_after_training_s"] = server.start_s
            figures["memory_after_training_and_start_bytes"] = server.memory()
            server.send("POST", "/v1/interactions", b'{"user":"u0","item":"i0","type":"view"}')
            server.stop(signal.SIGKILL)
            server = Server(options)
            figures["start_after_training_and_kill_s"] = server.start_s
    finally:
        if server.process.poll() is None:
            server.stop()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tamis")
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="where database and progress are kept")
    parser.add_argument("--items", type=int, default=300_000)
    parser.add_argument("--features", type=int, default=5, choices=range(6), help="of each item")
    parser.add_argument("--users", type=int, default=500_000)
    parser.add_argument("--interactions", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settle", type=float, default=1.0, help="seconds between a start and the first request")
    parser.add_argument("--train", action="store_true", help="train --models and measure again")
    parser.add_argument("--models", type=lambda text: text.split(","), default=["popular", "item_knn", "ials"])
    parser.add_argument("--set", action="append", default=[], help="a setting of the server, as section.key=value")
    options = parser.parse_args()
    options.dir = options.dir.absolute()
    print(json.dumps(run(options), indent=1))


if __name__ == "__main__":
    main()
