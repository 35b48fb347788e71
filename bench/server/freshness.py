"""How fresh answers are: python3 bench/server/freshness.py build/release/tamis [--rounds 1000]

Imports the shop's purchases (data/), trains, then measures over HTTP, one connection, durability sync:

  interaction  from the ack of a posted purchase to the end of the first recommendation that reflects it: the purchased
               item, until then at the head of the customer's list, is gone and the list is another;
  vector       from the ack of a new item's vector to the end of the first search that finds the item.

An ack promises that every later read sees the write, so `polls` (answers until it showed) must be 1. Prints JSON.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from tamis_server import TamisServer  # noqa: E402

DIM = 64


def summary(seconds: list[float], polls: list[int]) -> dict:
    ordered = sorted(seconds)
    return {"rounds": len(ordered), "p50_ms": round(1e3 * ordered[len(ordered) // 2], 3),
            "p99_ms": round(1e3 * ordered[int(len(ordered) * 0.99)], 3), "max_polls": max(polls)}


def purchases(connection, rounds: int, rng: random.Random) -> dict:
    users = [user["id"] for user in connection.call("GET", "/v1/users?limit=1000")["users"]]
    seconds, polls, writes = [], [], []
    for _ in range(rounds):
        user = rng.choice(users)
        path = f"/v1/users/{user}/recommendations?k=10"
        before = [entry["item"] for entry in connection.call("GET", path)["items"]]
        began = time.perf_counter()
        connection.call("POST", "/v1/interactions", {"user": user, "item": before[0], "type": "purchase"})
        acknowledged = time.perf_counter()
        for poll in range(1, 1000):
            after = [entry["item"] for entry in connection.call("GET", path)["items"]]
            if before[0] not in after and after != before:
                break
        seconds.append(time.perf_counter() - acknowledged)
        writes.append(acknowledged - began)
        polls.append(poll)
    return summary(seconds, polls) | {"post_p50_ms": round(1e3 * sorted(writes)[len(writes) // 2], 3)}


def vectors(connection, rounds: int, rng: random.Random) -> dict:
    connection.call("PUT", "/v1/spaces/fresh", {"dim": DIM, "metric": "cosine"})
    seconds, polls = [], []
    for number in range(rounds):
        item, vector = f"fresh-{number}", [rng.gauss(0, 1) for _ in range(DIM)]
        connection.call("POST", "/v1/spaces/fresh/vectors", {"item": item, "vector": vector})
        acknowledged = time.perf_counter()
        for poll in range(1, 1000):
            found = connection.call("POST", "/v1/search", {"space": "fresh", "vector": vector, "k": 1})["items"]
            if found and found[0]["item"] == item:
                break
        seconds.append(time.perf_counter() - acknowledged)
        polls.append(poll)
    return summary(seconds, polls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tamis")
    parser.add_argument("--rounds", type=int, default=1000)
    options = parser.parse_args()
    rng = random.Random(7)
    with tempfile.TemporaryDirectory(dir=pathlib.Path.cwd()) as directory:
        server = TamisServer(options.tamis, pathlib.Path(directory) / "data")
        try:
            server.start()
            quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run([options.tamis, "import", "--url", server.url, "--mapping", ROOT / "data/online_retail.toml",
                            ROOT / "data/online_retail.csv.xz"], **quiet)
            subprocess.run([options.tamis, "train", "--url", server.url], **quiet)
            connection = server.connect()
            print(json.dumps({"interaction": purchases(connection, options.rounds, rng),
                              "vector": vectors(connection, options.rounds, rng)}, indent=1))
            connection.close()
        finally:
            server.kill()


if __name__ == "__main__":
    main()
