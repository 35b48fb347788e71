"""Measures how long writes wait for work in the background: python3 bench/scale/pauses.py build/release/tamis --dir /tmp/scale

Takes the database that run.py made in --dir (the same sizes are asked for again, so that it can be made here, too), trains
two generations of `--models` where there are none, and writes one interaction after the other from a probe while snapshots
are made and generations are promoted in turn. Prints one JSON object: for each phase the writes, their median, p99 and worst
latency, and what tamis_commit_pause_seconds says of the work that commits waited for. Compare two binaries on one machine,
one after the other, with a copy of --dir each.
"""

import argparse
import http.client
import json
import pathlib
import re
import threading
import time

import run as scale


class Probe:
    """Writes from a thread of its own, one at a time; `phase` names what goes on meanwhile."""

    def __init__(self, port: int, pause_s: float):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self.pause_s = pause_s
        self.phase = "quiet"
        self.times: dict[str, list[float]] = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        turn = 0
        while not self.stopping.is_set():
            turn += 1
            phase = self.phase
            body = json.dumps({"user": f"probe{turn % 1000}", "item": f"i{turn % 5000}", "type": "view"})
            started = time.perf_counter()
            self.connection.request("POST", "/v1/interactions", body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()
            self.times.setdefault(phase, []).append((time.perf_counter() - started) * 1e3)
            if answer.status != 200:
                raise SystemExit(f"a write was answered {answer.status}")
            time.sleep(self.pause_s)

    def stop(self) -> dict:
        self.stopping.set()
        self.thread.join()
        figures = {}
        for phase, times in self.times.items():
            times.sort()
            figures[phase] = {"writes": len(times), "median_ms": round(times[len(times) // 2], 2),
                              "p99_ms": round(times[len(times) * 99 // 100], 2), "worst_ms": round(times[-1], 1)}
        return figures


def pauses(server: scale.Server) -> dict:
    """Of each kind of work: how often, milliseconds in all. Nothing of a version that does not tell it."""
    text = server.get("/metrics").decode()
    found = re.findall(r'^tamis_commit_pause_seconds_(sum|count)\{work="(\w+)"\} (\S+)$', text, re.MULTILINE)
    told: dict[str, dict] = {}
    for kind, work, value in found:
        told.setdefault(work, {})[kind] = round(float(value) * 1e3, 1) if kind == "sum" else int(float(value))
    return told


def train(server: scale.Server, models: list[str]) -> str:
    job = server.send("POST", "/v1/train", json.dumps({"models": models}).encode())["job"]
    while True:
        state = json.loads(server.get(f"/v1/jobs/{job}"))
        if state["state"] == "succeeded":
            return state["generation"]
        if state["state"] not in ("queued", "running"):
            raise SystemExit(f"training: {state}")
        time.sleep(0.5)


def measure(options) -> dict:
    scale.run(options)
    server = scale.Server(options)
    try:
        kept = [generation["generation"] for generation in json.loads(server.get("/v1/generations"))["generations"]]
        while len(kept) < 2:
            kept.append(train(server, options.models))
        probe = Probe(server.port, options.probe_pause)
        time.sleep(options.quiet)
        for turn in range(options.rounds):
            probe.phase = "snapshot"
            server.send("POST", "/v1/snapshots", json.dumps({"name": f"pauses-{time.time_ns()}"}).encode())
            probe.phase = "promotion"
            server.send("POST", f"/v1/generations/{kept[turn % 2]}/promote", b"{}")
            probe.phase = "between"
            time.sleep(1)
        return {"writes": probe.stop(), "commits_waited": pauses(server)}
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
    parser.add_argument("--quiet", type=float, default=5, help="seconds of writes alone before them")
    parser.add_argument("--probe-pause", type=float, default=0.002, help="seconds between two writes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settle", type=float, default=0)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.train = False
    options.dir = options.dir.absolute()
    print(json.dumps(measure(options), indent=1))


if __name__ == "__main__":
    main()
