#!/usr/bin/env python3
"""Users are erased under load; then no file of the data directory says their ids, and the answers of others are as before.

    erasure_test.py path/to/tamis path/to/print_tables [--interactions 1000000] [--erased 1000] [--within 60] [--keep DIR]

Ids of users who are erased stand in interactions, their contexts and idempotency keys, in features, vectors, served
lists, merged sessions and generations. Writers and readers go on while the users are deleted. Figures are printed: the
time until no id is found, and latencies before, during and after.
"""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time

from shop_data import train
from tamis_server import Refused, TamisServer

NAME = b"erase-me-"
ITEMS = 5_000
DIM = 16
START_MS = 1_700_000_000_000
BATCH = 100
MODELS = ["popular", "item_knn", "user_knn", "ials"]
REPLAYED = 1_000


class Population:
    """Who did what: `others` stay, `erased` go. Each of the erased has a session, which is merged into them."""

    def __init__(self, interactions: int, erased: int, seed: int):
        self.random = random.Random(seed)
        self.erased = [f"{NAME.decode()}{n:06}-{self.random.getrandbits(32):08x}" for n in range(erased)]
        self.sessions = {user: f"session-of-{user}" for user in self.erased}
        self.others = [f"u{n}" for n in range(max(interactions // 50, 200))]
        self.interactions = interactions

    def item(self) -> str:
        return f"i{int(ITEMS * self.random.random() ** 2)}"

    def interaction(self, user: str, n: int) -> dict:
        row = {"user": user, "item": self.item(), "type": "purchase" if n % 5 == 0 else "view",
               "timestamp": START_MS + n * 1000}
        if user.startswith(NAME.decode()):
            row |= {"idempotency_key": f"{user}-order-{n}", "context": {"device": f"phone of {user}"}}
        return row

    def rows(self):
        everybody = self.others + self.erased + list(self.sessions.values())
        for n in range(self.interactions):
            # Everybody does something; the rest at random, the early ones of `others` more often.
            user = everybody[n] if n < len(everybody) else (
                self.random.choice(everybody) if n % 2 else self.others[int(len(self.others) * self.random.random() ** 2)])
            yield self.interaction(user, n)


class Latencies:
    """Of one kind of request, by phase; `phase` is set by the test."""

    def __init__(self):
        self.phase = "before"
        self.lock = threading.Lock()
        self.taken: dict[tuple[str, str], list[float]] = collections.defaultdict(list)

    @contextlib.contextmanager
    def measure(self, kind: str):
        phase, begin = self.phase, time.monotonic()
        yield
        with self.lock:
            self.taken[phase, kind].append(time.monotonic() - begin)

    def print(self, seconds: dict[str, float]) -> None:
        for (phase, kind), taken in sorted(self.taken.items()):
            taken.sort()
            at = {share: 1000 * taken[min(int(share * len(taken)), len(taken) - 1)] for share in (0.5, 0.99, 1)}
            print(f"{kind:9} {phase:7} {len(taken) / seconds[phase]:8.1f} /s   "
                  f"ms: median {at[0.5]:.2f}, p99 {at[0.99]:.2f}, worst {at[1]:.1f}", flush=True)


class Load(threading.Thread):
    """Calls `work(connection)` until stopped; what it raises is told by `check`."""

    def __init__(self, server: TamisServer, work):
        super().__init__(daemon=True)
        self.server, self.work = server, work
        self.ends = threading.Event()
        self.failure: Exception | None = None

    def run(self):
        connection = self.server.connect()
        try:
            while not self.ends.is_set():
                self.work(connection)
        except Exception as failure:  # told by check()
            self.failure = failure
        connection.close()

    def check(self):
        if self.failure is not None:
            raise SystemExit(f"the load failed: {self.failure!r}")


class DataDirectory:
    """What the files of a data directory say."""

    def __init__(self, path: pathlib.Path, print_tables: str):
        self.path = path
        self.print_tables = print_tables

    def files(self) -> list[pathlib.Path]:
        return [pathlib.Path(folder) / name for folder, _, names in os.walk(self.path) for name in names]

    def size(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return sum(file.stat().st_size for file in self.files())
        return 0

    def in_bytes(self, first_only: bool = False) -> dict[str, set[bytes]]:
        """Ids by file, where the bytes say them as they are."""
        found = {}
        for file in self.files():
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile
                if ids := set(re.findall(NAME + rb"\d{6}-[0-9a-f]{8}", file.read_bytes())):
                    found[str(file.relative_to(self.path))] = ids
                    if first_only:
                        break
        return found

    def in_tables(self) -> dict[str, set[bytes]]:
        """Ids by file, where a block says them once it is decompressed. Works beside a running server."""
        pattern = re.compile(NAME.hex().encode() + rb"((?:[0-9a-f]{2}){15})", re.IGNORECASE)
        found: dict[str, set[bytes]] = collections.defaultdict(set)
        with tempfile.TemporaryDirectory(dir=self.path.parent) as links:
            tables = []
            for table in self.files():
                if table.suffix != ".sst":
                    continue
                tables.append(pathlib.Path(links) / f"{len(tables)}-{table.name}")
                try:
                    os.link(table, tables[-1])
                except FileNotFoundError:  # gone meanwhile
                    tables.pop()
            for table in tables:
                entries = 0
                with subprocess.Popen([self.print_tables, str(table)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tool:
                    for line in tool.stdout:
                        entries += line.startswith(b"'")
                        for match in pattern.finditer(line):
                            found[table.name].add(NAME + bytes.fromhex(match[1].decode()))
                if tool.returncode != 0 or entries == 0:
                    raise SystemExit(f"print_tables says nothing of {table} (exit code {tool.returncode})")
        return found

    def must_be_silent(self, when: str) -> None:
        for kind, found in (("bytes", self.in_bytes()), ("entries", self.in_tables())):
            for file, ids in found.items():
                print(f"{when}: the {kind} of {file} say {len(ids)} ids: {sorted(ids)[:3]}")
            if found:
                raise SystemExit(f"{when}: ids of erased users are found")
        print(f"{when}: no id is found in {len(self.files())} files, {self.size() / 1e6:.0f} MB", flush=True)


class ErasureTest:
    def __init__(self, arguments, directory: pathlib.Path):
        self.arguments = arguments
        self.population = Population(arguments.interactions, arguments.erased, arguments.seed)
        self.random = random.Random(arguments.seed + 1)
        self.server = TamisServer(arguments.binary, directory / "data", (f"storage.erase_within={arguments.within}s",))
        self.files = DataDirectory(directory / "data", arguments.print_tables)
        self.latencies = Latencies()
        self.written = 0
        self.deleted: list[str] = []

    def stream(self, path: str, rows) -> int:
        accepted, connection = 0, self.server.connect()
        lines: list[str] = []
        def post():
            nonlocal accepted
            answer = connection.call("POST", path, "\n".join(lines), "application/x-ndjson")
            if answer.get("rejected"):
                raise SystemExit(f"{path}: {answer}")
            accepted += answer["accepted"]
            lines.clear()
        for row in rows:
            lines.append(json.dumps(row))
            if len(lines) == 50_000:
                post()
        if lines:
            post()
        connection.close()
        return accepted

    def fill(self):
        begin = time.monotonic()
        people = self.population
        self.server.call("PUT", "/v1/spaces/look", {"dim": DIM})
        self.stream("/v1/items", ({"id": f"i{n}", "features": {"price": n % 97}} for n in range(ITEMS)))
        self.stream("/v1/users", ({"id": user, "features": {"mail": f"{user}@example.org"}} for user in people.erased))
        accepted = self.stream("/v1/interactions?durability=none", people.rows())
        self.stream("/v1/spaces/look/vectors", (
            {"user": user, "vector": [self.random.random() for _ in range(DIM)]} for user in people.erased + people.others[:1000]))
        print(f"{accepted} interactions are there after {time.monotonic() - begin:.1f} s", flush=True)

    def merge_sessions(self):
        connection = self.server.connect()
        for user, session in self.population.sessions.items():
            self.clicked(connection, session)
            connection.call("POST", f"/v1/users/{user}/merge", {"session": session})
            answer = self.clicked(connection, user)
            connection.call("DELETE", f"/v1/interactions?user={user}&item={answer['items'][0]['item']}")
        connection.close()

    def clicked(self, connection, user: str) -> dict:
        """An answer for `user`, and the interaction that comes of it."""
        answer = connection.call("POST", f"/v1/users/{user}/recommendations", {"k": 5, "context": {"device": f"phone of {user}"}})
        connection.call("POST", "/v1/interactions?durability=none", {
            "user": user, "item": answer["items"][0]["item"], "type": "click", "recommendation_id": answer["recommendation_id"],
            "idempotency_key": f"{user}-click-{answer['recommendation_id']}"})
        return answer

    def exact_answers(self) -> list[tuple[str, dict]]:
        connection = self.server.connect()
        noted = []
        for user in self.random.sample(self.population.others, min(2 * REPLAYED, len(self.population.others))):
            answer = connection.call("POST", f"/v1/users/{user}/recommendations", {"k": 10})
            if answer["exact"]:
                noted.append((user, answer))
            if len(noted) == REPLAYED:
                break
        connection.close()
        return noted

    def must_replay(self, noted: list[tuple[str, dict]], when: str) -> None:
        begin, differing = time.monotonic(), []
        connection = self.server.connect()
        connection.http.timeout = 600
        connection.http.sock.settimeout(600)
        for user, answer in noted:
            again = connection.call("POST", f"/v1/users/{user}/recommendations", {
                "k": 10, "as_of_sequence": answer["sequence"], "generation": answer["generation"],
                "recommendation_id": answer["recommendation_id"], "as_of": answer["served_at"]})
            if again != answer:
                differing.append((answer, again))
        connection.close()
        print(f"{when}: {len(noted) - len(differing)} of {len(noted)} exact answers of others came back the same, "
              f"in {time.monotonic() - begin:.1f} s", flush=True)
        if differing:
            raise SystemExit("first that differs:\n{}\n{}".format(*differing[0]))
        if len(noted) < min(REPLAYED, len(self.population.others)) // 2:
            raise SystemExit("too few answers were exact")

    # --- under load ---

    def read(self, connection):
        user = self.random.choice(self.population.others)
        with self.latencies.measure("query"):
            connection.call("GET", f"/v1/users/{user}/recommendations?k=10")

    def write(self, connection):
        rows = [self.population.interaction(self.random.choice(self.population.others), self.population.interactions + n)
                for n in range(BATCH)]
        with self.latencies.measure("write"):
            self.written += connection.call("POST", "/v1/interactions", rows)["accepted"]

    def ask_of_the_deleted(self, connection, user: str):
        """What an application that does not know yet sends of a user who was deleted: acknowledged, not kept."""
        for name in (user, self.population.sessions[user]):
            late = self.population.interaction(name, self.random.randrange(self.population.interactions))
            answer = connection.call("POST", "/v1/interactions", late | {"idempotency_key": f"{name}-late"})
            if answer.get("ignored") != 1:
                raise SystemExit(f"an interaction of {name} was stored: {answer}")
            connection.call("POST", f"/v1/users/{name}/recommendations", {"k": 5, "context": {"device": f"phone of {name}"}})

    def delete(self):
        connection = self.server.connect()
        order = list(self.population.erased)
        self.random.shuffle(order)
        for user in order:
            with self.latencies.measure("delete"):
                receipt = connection.call("DELETE", f"/v1/users/{user}")
            if receipt["interactions"] == 0:
                raise SystemExit(f"{user} had done nothing: {receipt}")
            self.deleted.append(user)
            self.ask_of_the_deleted(connection, user)
        connection.close()

    def erase_under_load(self):
        seconds, pause = {}, self.arguments.quiet
        loads = [Load(self.server, work) for work in (self.read, self.read, self.write)]
        for load in loads:
            load.start()
        time.sleep(pause)
        seconds["before"] = pause
        self.latencies.phase, begin = "during", time.monotonic()
        training = None
        if self.arguments.train_meanwhile:  # it reads the users before they go
            training = threading.Thread(target=train, args=(self.server, MODELS))
            training.start()
            time.sleep(0.5)
        self.delete()
        deleted = time.monotonic()
        print(f"{len(self.deleted)} users were deleted in {deleted - begin:.1f} s", flush=True)
        if training is not None:
            training.join()
            deleted = time.monotonic()
            said = len(set().union(*self.files.in_bytes().values()))
            print(f"a training that began before ended {deleted - begin:.1f} s after; the files say {said} ids", flush=True)
        silent = None
        while time.monotonic() < deleted + self.arguments.within:
            time.sleep(0.5)
            if self.files.in_bytes(first_only=True):
                silent = None
            elif silent is None:
                silent = time.monotonic()
        if silent is not None:
            print(f"no bytes say an id {silent - deleted:.1f} s after that (bound: {self.arguments.within} s)", flush=True)
        seconds["during"] = time.monotonic() - begin
        self.files.must_be_silent("at the bound")
        self.latencies.phase = "after"
        time.sleep(pause)
        seconds["after"] = pause
        for load in loads:
            load.ends.set()
        for load in loads:
            load.join()
            load.check()
        self.latencies.print(seconds)

    def run(self):
        self.server.start()
        self.fill()
        begin = time.monotonic()
        train(self.server, MODELS)
        self.merge_sessions()
        train(self.server, MODELS)
        print(f"trained twice, sessions are merged: {time.monotonic() - begin:.1f} s", flush=True)
        for kind, found in (("bytes", self.files.in_bytes()), ("entries", self.files.in_tables())):
            print(f"before: {kind} of {len(found)} files say {len(set().union(*found.values()))} ids")
            if not found:
                raise SystemExit(f"the search finds nothing in {kind}, where the ids are")
        noted = self.exact_answers()
        self.erase_under_load()
        self.must_replay(noted, "after the erasure")
        if self.server.stop() != 0:
            raise SystemExit("the server did not stop well")
        self.files.must_be_silent("stopped")
        self.server.start(600)
        self.files.must_be_silent("started again")
        self.must_replay(noted, "started again")
        for user in self.population.erased[:100]:
            try:
                self.server.call("GET", f"/v1/users/{user}")
            except Refused as refused:
                if refused.status == 404:
                    continue
            raise SystemExit(f"{user} is known after the erasure")
        self.server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("print_tables")
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--erased", type=int, default=1_000)
    parser.add_argument("--within", type=int, default=60, help="storage.erase_within in seconds")
    parser.add_argument("--quiet", type=float, default=10, help="seconds of load before and after the erasures")
    parser.add_argument("--train-meanwhile", action="store_true", help="a training runs while the users are deleted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="a directory for the data, which stays")
    arguments = parser.parse_args()
    directory = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="tamis-erasure-"))
    test = ErasureTest(arguments, directory)
    try:
        test.run()
    finally:
        test.server.kill()
        if arguments.keep is None:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
