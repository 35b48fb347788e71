#!/usr/bin/env python3
"""Kills a writing server with SIGKILL, again and again, and holds what it kept against what it acknowledged.

    kill_loop.py --binary build/release/tamis [--rounds 20] [--seed 1] [--durability sync|interval|none]
                 [--break forget|alter]     proves that the harness can fail: the oracle itself is falsified

Several connections write interactions with idempotency keys, items, deletes and vectors. Each owns its ids, so that what
must be there follows from its own acknowledgements alone: the oracle lives in this process, outside the server. After
each kill the server is started again and must hold:

  1. every acknowledged write stands in /v1/log at the sequence that was acknowledged, with the same content;
  2. the log has no hole and no sequence twice; what is not acknowledged there was in flight at the kill;
  3. items, vectors and histories are what the log says they are;
  4. a repeated idempotency key is a duplicate, whether or not its first try was acknowledged;
  5. every few rounds and at the end: the same answers after the index directory was removed and rebuilt.

Prints one line a round with --verbose, else a summary. Exit code 1 at the first violation, with seed and round.
"""
import argparse
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from tamis_server import Refused, TamisServer

DIM = 8
SPACE = "kill"
ITEMS_PER_WRITER = 25
USERS_PER_WRITER = 15


class Violation(Exception):
    """The server broke its promise."""


class Writer(threading.Thread):
    """One connection's writes; `acknowledged` by sequence, `in_flight` the one whose outcome is not known."""

    def __init__(self, server: TamisServer, number: int, seed: int):
        super().__init__(daemon=True)
        self.server = server
        self.number = number
        self.random = random.Random(seed)
        self.prefix = f"{number}-{seed}"
        self.count = 0
        self.acknowledged: dict[int, tuple] = {}
        self.in_flight: tuple | None = None
        self.failure: Exception | None = None

    def next_write(self) -> tuple[str, str, object, tuple]:
        """Method, path, body, and the operation as the log shows it."""
        self.count += 1
        item = f"i{self.number}-{self.random.randrange(ITEMS_PER_WRITER)}"
        stamp = f"{self.prefix}-{self.count}"
        choice = self.random.random()
        if choice < 0.55:
            user = f"u{self.number}-{self.random.randrange(USERS_PER_WRITER)}"
            body = {"user": user, "item": item, "type": "purchase", "value": self.count, "idempotency_key": stamp,
                    "context": {"stamp": stamp}}  # a history shows the context, the log the key
            return "POST", "/v1/interactions", body, ("interaction", user, item, stamp)
        if choice < 0.75:
            body = {"features": {"stamp": stamp, "price": self.count}}
            return "PUT", f"/v1/items/{item}", body, ("item", item, stamp)
        if choice < 0.92:
            vector = [float(self.random.randrange(-64, 64)) + 0.5 for _ in range(DIM)]
            return "POST", f"/v1/spaces/{SPACE}/vectors", {"item": item, "vector": vector}, ("vector", item, tuple(vector))
        return "DELETE", f"/v1/items/{item}", None, ("delete", item)

    def run(self) -> None:
        try:
            connection = self.server.connect()
            while True:
                method, path, body, operation = self.next_write()
                self.in_flight = operation
                try:
                    ack = connection.call(method, path, body)
                except Refused as refused:
                    if refused.status == 404 and operation[0] == "delete":
                        self.in_flight = None
                        continue
                    if refused.status == 503:  # stopping: it may or may not have happened
                        return
                    raise
                self.acknowledged[ack["sequence"]] = operation
                self.in_flight = None
        except (ConnectionError, OSError):
            pass  # the kill
        except Exception as failure:  # reported by the main thread
            self.failure = failure


def operation_of(entry: dict) -> tuple | None:
    """A log entry in the writers' terms; None for what the set-up wrote."""
    match entry["op"]:
        case "put_interaction":
            interaction = entry["interaction"]
            return ("interaction", interaction["user"], interaction["item"], interaction.get("idempotency_key", ""))
        case "put_entity" if entry["kind"] == "item":
            return ("item", entry["entity"]["id"], entry["entity"]["features"].get("stamp", ""))
        case "put_vector":
            return ("vector", entry["id"], tuple(entry["vector"]))
        case "delete_entity":
            return ("delete", entry["id"])
    return None


class Oracle:
    """What the server must hold, replayed from the log once the log itself is checked."""

    def __init__(self):
        self.next_sequence = 1
        self.items: dict[str, str] = {}
        self.vectors: dict[str, tuple] = {}
        self.deleted: set[str] = set()  # until it is put again; late interactions and vectors are history
        self.histories: dict[str, set[str]] = {}
        self.keys: list[tuple] = []
        self.acknowledged = 0
        self.unacknowledged_kept = 0

    def check_log(self, connection, writers: list[Writer]) -> None:
        acknowledged: dict[int, tuple] = {}
        for writer in writers:
            for sequence, operation in writer.acknowledged.items():
                if sequence in acknowledged:
                    raise Violation(f"sequence {sequence} was acknowledged twice")
                acknowledged[sequence] = operation
        in_flight = [writer.in_flight for writer in writers if writer.in_flight is not None]
        while True:
            entries = connection.call("GET", f"/v1/log?from={self.next_sequence}&limit=5000")["entries"]
            for entry in entries:
                sequence = entry["sequence"]
                if sequence != self.next_sequence:
                    raise Violation(f"a hole in the log: {self.next_sequence} is followed by {sequence}")
                self.next_sequence += 1
                self.take(sequence, operation_of(entry), acknowledged, in_flight)
            if not entries:
                break
        if acknowledged:
            sequence, operation = min(acknowledged.items())
            raise Violation(f"{len(acknowledged)} acknowledged writes are lost; the first is {sequence}: {operation}")

    def take(self, sequence: int, operation: tuple | None, acknowledged: dict[int, tuple], in_flight: list) -> None:
        expected = acknowledged.pop(sequence, None)
        if operation is None:
            if expected is not None:
                raise Violation(f"sequence {sequence} holds another write than the acknowledged {expected}")
            return
        if expected is not None:
            self.acknowledged += 1
            if operation != expected:
                raise Violation(f"sequence {sequence} holds {operation}; acknowledged was {expected}")
        elif operation in in_flight:
            in_flight.remove(operation)
            self.unacknowledged_kept += 1
        else:
            raise Violation(f"sequence {sequence} holds {operation}, which nobody wrote")
        self.apply(operation)

    def apply(self, operation: tuple) -> None:
        match operation[0]:
            case "interaction":
                _, user, item, key = operation
                self.histories.setdefault(user, set()).add(key)
                self.keys.append(operation)
                if item not in self.deleted:
                    self.items.setdefault(item, "")
            case "item":
                self.items[operation[1]] = operation[2]
                self.deleted.discard(operation[1])
            case "vector" if operation[1] not in self.deleted:
                self.vectors[operation[1]] = operation[2]
                self.items.setdefault(operation[1], "")
            case "delete":
                self.deleted.add(operation[1])
                self.items.pop(operation[1], None)
                self.vectors.pop(operation[1], None)

    def check_tables(self, connection, chooser: random.Random) -> None:
        found, cursor = {}, ""
        while True:
            page = connection.call("GET", f"/v1/items?limit=1000&cursor={cursor}")
            found.update({item["id"]: item.get("features", {}).get("stamp", "") for item in page["items"]})
            cursor = page["cursor"]
            if not cursor:
                break
        # An item that only interactions or vectors name may be listed or not; its features must be what was put.
        for item in set(self.items) | set(found):
            if self.items.get(item, "") != found.get(item, ""):
                raise Violation(f"item {item} is {found.get(item)!r}; the log says {self.items.get(item)!r}")
        for item in chooser.sample(sorted(set(self.items) | set(self.vectors)), min(12, len(self.items))):
            try:
                vector = tuple(connection.call("GET", f"/v1/spaces/{SPACE}/vectors/items/{item}")["vector"])
            except Refused as refused:
                if refused.status != 404:
                    raise
                vector = None
            if vector != self.vectors.get(item):
                raise Violation(f"the vector of {item} is {vector}; the log says {self.vectors.get(item)}")
        for user in chooser.sample(sorted(self.histories), min(6, len(self.histories))):
            keys, cursor = [], ""
            while True:
                page = connection.call("GET", f"/v1/users/{user}/interactions?limit=1000&cursor={cursor}")
                keys += [interaction["context"]["stamp"] for interaction in page["interactions"]]
                cursor = page["cursor"]
                if not cursor:
                    break
            if len(keys) != len(set(keys)):
                raise Violation(f"the history of {user} holds an interaction twice")
            if set(keys) != self.histories[user]:
                raise Violation(f"the history of {user} differs by {sorted(set(keys) ^ self.histories[user])[:5]}")

    def check_duplicates(self, connection, chooser: random.Random) -> None:
        for _, user, item, key in chooser.sample(self.keys, min(3, len(self.keys))):
            ack = connection.call("POST", "/v1/interactions",
                                  {"user": user, "item": item, "type": "purchase", "value": 1, "idempotency_key": key})
            if ack["accepted"] != 0 or ack["duplicates"] != 1:
                raise Violation(f"the repeat of key {key} was stored: {ack}")


def ask(connection, oracle: Oracle) -> list:
    """Answers that depend on everything: nearest neighbours, recommendations, similar items."""
    answers = []
    chooser = random.Random(7)
    for item in chooser.sample(sorted(oracle.vectors), min(8, len(oracle.vectors))):
        found = connection.call("POST", "/v1/search", {"space": SPACE, "item": item, "k": 10, "exact": True})
        answers.append([(entry["item"], round(entry["score"], 4)) for entry in found["items"]])
    for user in chooser.sample(sorted(oracle.histories), min(8, len(oracle.histories))):
        answer = connection.call("POST", f"/v1/users/{user}/recommendations", {"k": 20})
        answers.append([entry["item"] for entry in answer["items"]])  # scores of trending items fade with time
    return answers


def check_rebuild(server: TamisServer, oracle: Oracle) -> None:
    connection = server.connect()
    before = ask(connection, oracle)
    connection.close()
    server.kill()
    removed = [path for path in server.data_dir.iterdir() if path.is_dir() and path.name.startswith("index")]
    if not removed:
        raise Violation("there was no index directory to remove")
    for path in removed:
        shutil.rmtree(path)
    server.start()
    connection = server.connect()
    after = ask(connection, oracle)
    connection.close()
    for one, other in zip(before, after, strict=True):
        if one != other:
            raise Violation(f"an answer differs after the indexes were rebuilt: {one} became {other}")


def falsify(mode: str, writers: list[Writer]) -> None:
    writer = max(writers, key=lambda one: len(one.acknowledged))
    sequence = max(writer.acknowledged)
    if mode == "forget":  # as if one more write had been acknowledged, and lost
        writer.acknowledged[sequence + 1_000_000] = writer.acknowledged[sequence]
    else:
        writer.acknowledged[sequence] = ("item", "i0-0", "what nobody wrote")


def run(arguments: argparse.Namespace, directory: pathlib.Path) -> str:
    chooser = random.Random(arguments.seed)
    settings = (f"storage.durability={arguments.durability}", "storage.min_free_disk=0", "log.level=warn")
    server = TamisServer(arguments.binary, directory / "data", settings)
    oracle = Oracle()
    began = time.monotonic()
    try:
        server.start()
        server.call("PUT", f"/v1/spaces/{SPACE}", {"dim": DIM, "metric": "l2", "quantization": "f16", "keep_f32": False})
        for round_number in range(1, arguments.rounds + 1):
            writers = [Writer(server, n, arguments.seed * 1_000_000 + round_number) for n in range(arguments.connections)]
            for writer in writers:
                writer.start()
            time.sleep(chooser.uniform(0.02, arguments.write_s))
            server.kill()
            for writer in writers:
                writer.join()
                if writer.failure is not None:
                    raise Violation(f"round {round_number}: {writer.failure!r}")
            if arguments.falsify and round_number == arguments.rounds:
                falsify(arguments.falsify, writers)
            server.start()
            connection = server.connect()
            try:
                oracle.check_log(connection, writers)
                oracle.check_tables(connection, chooser)
                oracle.check_duplicates(connection, chooser)
            except Violation as violation:
                raise Violation(f"round {round_number}: {violation}") from None
            connection.close()
            if round_number % arguments.rebuild_every == 0 or round_number == arguments.rounds:
                check_rebuild(server, oracle)
            if arguments.verbose:
                print(f"round {round_number}: {oracle.acknowledged} acknowledged, "
                      f"{oracle.unacknowledged_kept} kept unacknowledged", flush=True)
        code = server.stop()
        if code != 0:
            raise Violation(f"the server left with exit code {code}")
    except Violation:
        print(server.last_log(), file=sys.stderr)
        raise
    finally:
        server.kill()
    seconds = time.monotonic() - began
    return (f"{arguments.rounds} kills, {oracle.acknowledged} acknowledged writes all there, "
            f"{oracle.unacknowledged_kept} in-flight writes kept, log without a hole up to {oracle.next_sequence - 1}, "
            f"{seconds:.1f} s ({seconds / arguments.rounds:.2f} s a round)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--write-s", type=float, default=0.25, help="longest time of writing in a round")
    parser.add_argument("--rebuild-every", type=int, default=10)
    parser.add_argument("--durability", default="sync", choices=("sync", "interval", "none"))
    parser.add_argument("--break", dest="falsify", choices=("forget", "alter"))
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tamis-kill-") as directory:
        try:
            print(run(arguments, pathlib.Path(directory)))
        except Violation as violation:
            print(f"kill_loop: seed {arguments.seed}: {violation}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
