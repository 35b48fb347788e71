"""Measures a Tamis server on this machine: python3 bench/server/run.py build/release/tamis [--seconds 10]

Bulk NDJSON ingest, single POSTs from 32 connections, recommendations; durability sync unless --durability says other.
With --commit-bench build/release/commit_bench also raw RocksDB writing such batches on the same disk, and the ratios to it.
Needs `wrk` (Debian package) for the latter two. Server, client and disk share the machine. Prints one JSON object.
"""

import argparse
import json
import pathlib
import random
import re
import socket
import subprocess
import tempfile
import time
import urllib.request

USERS, ITEMS = 20_000, 5_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_lines(count: int, seed: int) -> bytes:
    rng = random.Random(seed)
    lines = []
    for i in range(count):
        user, item = rng.randrange(USERS), int(rng.paretovariate(0.7)) % ITEMS
        lines.append(f'{{"user":"u{user}","item":"i{item}","type":"purchase","value":{1 + i % 9},'
                     f'"timestamp":{1_600_000_000_000 + i * 1000}}}\n')
    return "".join(lines).encode()


def read_answer(connection: socket.socket) -> dict:
    answer = b""
    while True:
        answer += connection.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if length and len(body) >= int(length[1]):
            return json.loads(body)


def ingest(port: int, body: bytes, durability: str) -> dict:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        started = time.monotonic()
        connection.sendall(
            f"POST /v1/interactions?durability={durability} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        connection.sendall(body)
        answer = read_answer(connection)
        seconds = time.monotonic() - started
    return {"interactions": answer["accepted"], "bytes": len(body), "seconds": round(seconds, 3),
            "interactions_per_s": round(answer["accepted"] / seconds)}


def wrk(port: int, script: str, connections: int, seconds: int, path: str) -> dict:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", file.name,
                              f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True).stdout
    latency = {name: value for name, value in re.findall(r"(50|99)%\s+(\S+)", out)}
    return {"connections": connections, "requests_per_s": float(re.search(r"Requests/sec:\s+(\S+)", out)[1]),
            "p50": latency.get("50"), "p99": latency.get("99"),
            "failed": int((re.search(r"Non-2xx or 3xx responses: (\d+)", out) or [0, 0])[1])}


POST_ONE = f"""
math.randomseed(7)
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  return wrk.format(nil, nil, nil, string.format('{{"user":"u%d","item":"i%d","type":"view"}}',
                                                 math.random({USERS}) - 1, math.random({ITEMS}) - 1))
end
"""
RECOMMEND = f"""
math.randomseed(7)
request = function()
  return wrk.format("GET", string.format("/v1/users/u%d/recommendations?k=10", math.random({USERS}) - 1))
end
"""


def train(port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    request = urllib.request.Request(base + "/v1/train", data=b"{}", method="POST")
    job = json.load(urllib.request.urlopen(request))["job"]
    while True:
        state = json.load(urllib.request.urlopen(f"{base}/v1/jobs/{job}"))
        if state["state"] not in ("queued", "running"):
            return
        time.sleep(0.5)


def against_raw(program: str, directory: str, figures: dict) -> dict:
    """Rates over HTTP as shares of raw RocksDB's, which does nothing but write precomputed rows, in process."""
    raw = json.loads(subprocess.run([program, "--dir", f"{directory}/raw"], check=True, capture_output=True).stdout)
    bulk, single = raw["bulk_mutations_per_s"]["raw_rocksdb"], raw["single_commits_per_s_32_writers"]["raw_rocksdb"]
    return {"bulk_per_s": bulk, "single_per_s_32_writers": single, "in_process_ratios": raw["ratio"],
            "http_ratios": {"bulk_ndjson": round(figures["bulk_ndjson"]["interactions_per_s"] / bulk, 3),
                            "single_posts": round(figures["single_posts"]["requests_per_s"] / single, 3)}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tamis")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--interactions", type=int, default=500_000)
    parser.add_argument("--durability", default="sync")
    parser.add_argument("--commit-bench", help="build/release/commit_bench")
    parser.add_argument("--train", action="store_true", help="train all models before the recommendations")
    options = parser.parse_args()
    body = make_lines(options.interactions, 1)
    with tempfile.TemporaryDirectory(dir=pathlib.Path.cwd()) as directory:
        port = free_port()
        server = subprocess.Popen([options.tamis, "serve", "--data", f"{directory}/data", "--port", str(port), "--set",
                                   f"storage.durability={options.durability}"], stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz")
                    break
                except OSError:
                    time.sleep(0.1)
            figures = {"durability": options.durability, "bulk_ndjson": ingest(port, body, options.durability)}
            figures["single_posts"] = wrk(port, POST_ONE, 32, options.seconds, "/v1/interactions")
            if options.commit_bench:
                figures["raw_rocksdb"] = against_raw(options.commit_bench, directory, figures)
            if options.train:
                train(port)
            figures["recommend_1"] = wrk(port, RECOMMEND, 1, options.seconds, "/")
            figures["recommend_16"] = wrk(port, RECOMMEND, 16, options.seconds, "/")
            figures["health_16"] = wrk(port, "", 16, options.seconds, "/healthz")
        finally:
            server.terminate()
            server.wait()
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
