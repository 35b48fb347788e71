"""Measures how far reads slow down while interactions are written:
python3 bench/scale/reads_beside_writes.py build/release/tamis --dir /tmp/scale

Takes the database that run.py made in --dir (the same sizes are asked for again). wrk asks for recommendations of users drawn
by their activity, on as many connections as --connections, as fast as they are answered; so the server is saturated. In every
second phase --rate interactions a second are written beside it, in streams of 250. Prints one JSON object: for each kind of
phase the medians of requests/s and of the median and p99 latency, their ratio, what the server's processor time per request
and per interaction was, and how many interactions were written. Server, wrk and writer share the machine.
"""

import argparse
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
import threading
import time

import run as scale

LUA = """
local users = {%s}
local turn = %d
request = function()
  turn = turn %% #users + 1
  return wrk.format("GET", "/v1/users/u" .. users[turn] .. "/recommendations?k=10")
end
"""
BATCH = 250


def processor_s(server: scale.Server) -> float:
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Writer:
    """Writes `rate` interactions a second until stopped."""

    def __init__(self, server: scale.Server, rate: int, seed: int):
        self.server, self.rate, self.written = server, rate, 0
        rng = random.Random(seed)
        options = server.options
        now_ms = int(time.time() * 1000)
        self.bodies = ["".join(
            f'{{"user":"u{scale.heavy(rng, options.users, 1.6)}","item":"i{scale.heavy(rng, options.items, 2.5)}",'
            f'"type":"{rng.choice(scale.TYPES)}","timestamp":{now_ms + i}}}\n' for _ in range(BATCH)).encode() for i in range(200)]
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        started = time.monotonic()
        turn = 0
        while not self.stopping.is_set():
            due = started + turn * BATCH / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
            self.server.send("POST", "/v1/interactions", self.bodies[turn % len(self.bodies)], "application/x-ndjson")
            self.written += BATCH
            turn += 1

    def stop(self) -> int:
        self.stopping.set()
        self.thread.join()
        return self.written


def ask(server: scale.Server, script: str, options) -> dict:
    told = subprocess.run(["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency", "-s", script,
                           f"http://127.0.0.1:{server.port}"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told:
        raise SystemExit(told)

    def milliseconds(label: str) -> float:
        number, unit = re.search(rf"{label}\s+([\d.]+)(us|ms|s)", told).groups()
        return float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]
    return {"requests": int(re.search(r"(\d+) requests in", told)[1]), "per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]),
            "p50_ms": milliseconds("50%"), "p99_ms": milliseconds("99%")}


def measure(options) -> dict:
    server = scale.Server(options)
    phases: dict[str, list[dict]] = {"alone": [], "beside_writes": []}
    try:
        rng = random.Random(options.seed)
        users = ",".join(str(scale.heavy(rng, options.users, 1.6)) for _ in range(2_000))
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(LUA % (users, 0))
            script.flush()
            ask(server, script.name, options)  # caches fill
            for turn in range(options.rounds):
                for kind in phases:
                    writer = Writer(server, options.rate, turn) if kind == "beside_writes" else None
                    began = processor_s(server)
                    figures = ask(server, script.name, options)
                    figures["written"] = writer.stop() if writer else 0
                    figures["processor_s"] = processor_s(server) - began
                    phases[kind].append(figures)
    finally:
        server.stop()
    made: dict = {kind: {name: round(statistics.median(one[name] for one in all_of), 3)
                         for name in ("per_s", "p50_ms", "p99_ms", "written", "processor_s", "requests")}
                  for kind, all_of in phases.items()}
    alone, beside = made["alone"], made["beside_writes"]
    per_request = alone["processor_s"] / alone["requests"]
    made["requests_ratio"] = round(beside["per_s"] / alone["per_s"], 3)
    made["processor_us_per_request"] = round(per_request * 1e6, 1)
    made["processor_us_per_interaction"] = round(
        (beside["processor_s"] - beside["requests"] * per_request) / beside["written"] * 1e6, 1)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tamis")
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--items", type=int, default=300_000)
    parser.add_argument("--users", type=int, default=500_000)
    parser.add_argument("--rate", type=int, default=5_000, help="interactions a second")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=10, help="of a phase")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.dir = options.dir.absolute()
    print(json.dumps(measure(options), indent=1))


if __name__ == "__main__":
    main()
