"""Measures how long writes and reads wait for work in the background:
python3 bench/scale/pauses.py build/release/tamis --dir /tmp/scale

Takes the database that run.py made in --dir (the same sizes are asked for again, so that it can be made here, too) and
trains two generations of `--models` where there are none. One probe writes one interaction after the other, another asks
for one recommendation after the other. Meanwhile snapshots are made, generations are promoted in turn, vectors are
imported into a space of their own (which is merged), and items expire. Prints one JSON object: for each phase the writes
and reads, their median, p99 and worst latency; what tamis_commit_pause_seconds says of the work that commits waited for; and
beside the probes the longest time that this program itself was not given a processor, which every figure holds. Compare
two binaries on one machine, one after the other, with a copy of --dir each.
"""

import argparse
import array
import http.client
import json
import pathlib
import random
import re
import struct
import threading
import time

import run as scale


class Probe:
    """Asks from a thread of its own, one request at a time; `phase` names what goes on meanwhile."""

    def __init__(self, port: int, pause_s: float, make):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600) if port else None
        self.pause_s = pause_s
        self.make = make
        self.phase = "quiet"
        self.times: dict[str, list[float]] = {}
        self.failure = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        turn = 0
        while not self.stopping.is_set():
            turn += 1
            phase = self.phase
            started = time.perf_counter()
            if self.connection is None:
                time.sleep(self.pause_s)
                self.times.setdefault(phase, []).append((time.perf_counter() - started - self.pause_s) * 1e3)
                continue
            self.connection.request(*self.make(turn))
            answer = self.connection.getresponse()
            text = answer.read()
            self.times.setdefault(phase, []).append((time.perf_counter() - started) * 1e3)
            if answer.status != 200:
                self.failure = f"{answer.status} {text[:300]!r}"
                return
            time.sleep(self.pause_s)

    def stop(self) -> dict:
        self.stopping.set()
        self.thread.join()
        if self.failure:
            raise SystemExit(f"a probe was answered {self.failure}")
        figures = {}
        for phase, times in self.times.items():
            times.sort()
            figures[phase] = {"count": len(times), "median_ms": round(times[len(times) // 2], 2),
                              "p99_ms": round(times[len(times) * 99 // 100], 2), "worst_ms": round(times[-1], 1)}
        return figures


def probe_write(turn: int):
    body = json.dumps({"user": f"probe{turn % 1000}", "item": f"i{turn % 5000}", "type": "view"})
    return "POST", "/v1/interactions", body, {"Content-Type": "application/json"}


def make_probe_read(users: int, seed: int):
    rng = random.Random(seed)
    return lambda turn: ("GET", f"/v1/users/u{scale.heavy(rng, users, 1.6)}/recommendations?k=10")


def import_vectors(server: scale.Server, count: int) -> None:
    """Into the space "pauses", which is made anew."""
    dim, chunk = 64, 20_000
    server.send("PUT", "/v1/spaces/pauses", json.dumps({"dim": dim}).encode())
    rng = random.Random(1)
    numbers = array.array("f", (rng.gauss(0, 1) for _ in range(100_000)))
    for begin in range(0, count, chunk):
        records = []
        for i in range(begin, min(begin + chunk, count)):
            name, place = f"i{i}".encode(), rng.randrange(len(numbers) - dim)
            records.append(struct.pack("<BH", 1, len(name)) + name + numbers[place:place + dim].tobytes())
        server.send("POST", "/v1/spaces/pauses/vectors", b"TAMISVEC" + struct.pack("<HHI", 1, 0, dim) + b"".join(records),
                    "application/x-tamis-vectors")
    server.send("DELETE", "/v1/spaces/pauses", b"")


def expire_items(server: scale.Server, count: int) -> None:
    due = scale.iso(int(time.time() * 1000) + 2_000)
    lines = "".join(f'{{"id":"passing{i}","expires_at":"{due}"}}\n' for i in range(count))
    server.send("POST", "/v1/items", lines.encode(), "application/x-ndjson")
    time.sleep(8)


def pauses(server: scale.Server) -> dict:
    """Of each kind of work: how often, milliseconds in all. Nothing of a version that does not tell it."""
    text = server.get("/metrics").decode()
    found = re.findall(r'^tamis_commit_pause_seconds_(sum|count)\{work="(\w+)"\} (\S+)$', text, re.MULTILINE)
    told: dict[str, dict] = {}
    for kind, work, value in found:
        told.setdefault(work, {})[kind] = round(float(value) * 1e3, 1) if kind == "sum" else int(float(value))
    return told


def measure(options) -> dict:
    scale.run(options)
    server = scale.Server(options)
    try:
        kept = [generation["generation"] for generation in json.loads(server.get("/v1/generations"))["generations"]]
        while len(kept) < 2:
            kept.append(scale.train(server, options.models))
        probes = {"writes": Probe(server.port, options.probe_pause, probe_write),
                  "reads": Probe(server.port, options.probe_pause, make_probe_read(options.users, 3)),
                  "unscheduled": Probe(0, options.probe_pause, None)}

        def phase(name: str) -> None:
            for probe in probes.values():
                probe.phase = name

        time.sleep(options.quiet)
        for turn in range(options.rounds):
            phase("snapshot")
            server.send("POST", "/v1/snapshots", json.dumps({"name": f"pauses-{time.time_ns()}"}).encode())
            phase("promotion")
            server.send("POST", f"/v1/generations/{kept[turn % 2]}/promote", b"{}")
            phase("between")
            time.sleep(1)
        if options.vectors:
            phase("vectors")
            import_vectors(server, options.vectors)
        if options.expiring:
            phase("sweep")
            expire_items(server, options.expiring)
        return {**{name: probe.stop() for name, probe in probes.items()}, "commits_waited": pauses(server)}
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tamis")
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--items", type=int, default=300_000)
    parser.add_argument("--features", type=int, default=5, choices=range(6))
    parser.add_argument("--users", type=int, default=500_000)
    parser.add_argument("--interactions", type=int, default=3_000_000)
    parser.add_argument("--models", type=lambda text: text.split(","), default=["popular", "ials"])
    parser.add_argument("--rounds", type=int, default=4, help="snapshots and promotions")
    parser.add_argument("--vectors", type=int, default=200_000, help="of 64 dimensions to import")
    parser.add_argument("--expiring", type=int, default=20_000, help="items that expire")
    parser.add_argument("--quiet", type=float, default=5, help="seconds of the probes alone before them")
    parser.add_argument("--probe-pause", type=float, default=0.002, help="seconds between two requests of a probe")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settle", type=float, default=0)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.train = False
    options.dir = options.dir.absolute()
    print(json.dumps(measure(options), indent=1))


if __name__ == "__main__":
    main()
