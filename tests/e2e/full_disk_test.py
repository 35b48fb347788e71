#!/usr/bin/env python3
"""A disk that runs full, is full at the start, and has room again: full_disk_test.py path/to/tamis [--runs 1]

On a file system of 64 MiB in memory (which needs the right to mount one; exit code 77 without it), with the watermark
storage.min_free_disk at 0, 4 and 8 MiB: the server never aborts, /readyz says 200 where queries are answered and 503
where they are not, no acknowledged write is lost, and writes resume by themselves once there is room.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from tamis_server import Refused, TamisServer

DISK = "64m"
BALLAST_BYTES = 36 << 20  # what is freed in the end: opening needs as much as the logs hold, which is less
SOME_BYTES = 3 << 20
SKIPPED = 77
WRITERS = 3
BATCH = 50


class Disk:
    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tamis-full-disk-"))
        self.ballast = self.path / "ballast"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(self.path)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.path.rmdir()
            print(f"skipped: {mounted.stderr.strip()}")
            sys.exit(SKIPPED)
        self.ballast.write_bytes(bytes(BALLAST_BYTES))

    def free_bytes(self) -> int:
        disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize

    def fill(self) -> None:
        """Takes what is left, to the last page."""
        with open(self.path / "filling", "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def free_some(self) -> None:
        os.truncate(self.ballast, self.ballast.stat().st_size - SOME_BYTES)

    def free(self) -> None:
        self.ballast.unlink()
        (self.path / "filling").unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.path)], check=True)
        self.path.rmdir()


class Run:
    def __init__(self, binary: str, min_free: int, memtable: str, seed: int):
        self.random = random.Random(seed)
        self.disk = Disk()
        # The log of the server stands beside the data directory: there it would run into the full disk, too.
        self.server = TamisServer(binary, self.disk.path / "data", (
            f"storage.min_free_disk={min_free}MiB" if min_free else "storage.min_free_disk=0",
            f"storage.memtable={memtable}", "storage.erase_within=2s"))
        self.server.log_path = pathlib.Path(f"{self.disk.path}.log")
        self.lock = threading.Lock()
        self.acknowledged: list[int] = []
        self.tried = 0
        self.refusals: set[str] = set()

    def must_live(self, when: str) -> None:
        if (code := self.server.process.poll()) is not None:
            raise SystemExit(f"{when}: the server ended with {code}:\n{self.server.last_log()}")

    def call(self, method: str, path: str, body=None):
        """The answer, or the status and code of the refusal."""
        try:
            return 200, self.server.call(method, path, body)
        except Refused as refused:
            return refused.status, refused.problem

    def write(self) -> bool:
        with self.lock:
            self.tried += 1
            number = self.tried
        user = f"u{number}"
        durability = self.random.choice(("sync", "interval", "none"))
        status, answer = self.call("POST", f"/v1/interactions?durability={durability}", [
            {"user": user, "item": f"i{self.random.randrange(300)}", "idempotency_key": f"{user}-{n}",
             "context": {"noise": self.random.randbytes(300).hex()}} for n in range(BATCH)])
        with self.lock:
            if status == 200:
                self.acknowledged.append(number)
            else:
                self.refusals.add(f"{status} {answer.get('code')}")
        return status == 200

    def must_be_true(self, when: str) -> bool:
        """What /readyz says holds; whether it says ready."""
        self.must_live(when)
        ready, _ = self.call("GET", "/readyz")
        user = self.random.choice(self.acknowledged)
        status, answer = self.call("GET", f"/v1/users/u{user}/interactions?limit=100")
        again, _ = self.call("GET", "/readyz")
        if ready == again and (ready == 200) != (status == 200):
            raise SystemExit(f"{when}: /readyz says {ready}, a query {status}: {answer}")
        return ready == 200

    def must_have_all(self, when: str) -> None:
        connection = self.server.connect()
        for number in self.acknowledged:
            try:
                rows = connection.call("GET", f"/v1/users/u{number}/interactions?limit=100")["interactions"]
            except Refused as refused:
                raise SystemExit(f"{when}: the acknowledged u{number} is not there: {refused}") from None
            if len(rows) != BATCH:
                raise SystemExit(f"{when}: {len(rows)} of {BATCH} acknowledged interactions of u{number} are there")
        connection.close()

    def write_until_full(self, refusals: int = 10) -> None:
        failures: list[Exception] = []

        def write() -> None:
            refused, deadline = 0, time.monotonic() + 120
            while refused < refusals and time.monotonic() < deadline:
                try:
                    refused += not self.write()
                except (ConnectionError, OSError) as failure:
                    failures.append(failure)
                    return
                time.sleep(0.05 if refused else 0)

        writers = [threading.Thread(target=write) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.must_live("writing")
        if failures:
            raise SystemExit(f"a write was not answered: {failures[0]!r}")
        self.must_be_true("full")

    def fill_again(self) -> None:
        """A little room comes, and is used up, by the server or by others."""
        for turn in range(6):
            self.disk.free_some()
            self.write_until_full()
            if turn % 2:
                self.disk.fill()
                self.write_until_full(3)

    def work_on_full_disk(self) -> None:
        """What else writes files: an erasure, a training, a snapshot. Each may fail, with an answer."""
        deleted = self.acknowledged.pop(0)
        if self.call("DELETE", f"/v1/users/u{deleted}")[0] >= 500:  # unknown outcome
            self.refusals.add("a deletion")
        self.call("POST", "/v1/train", {"models": ["popular", "item_knn"]})
        self.call("POST", "/v1/snapshots", {"name": "full"})
        until = time.monotonic() + 3
        while time.monotonic() < until:
            self.write()
            self.must_be_true("full")
            time.sleep(0.1)

    def must_write_again(self, when: str) -> float:
        begin = time.monotonic()
        while not self.write():
            self.must_live(when)
            self.must_be_true(when)
            if time.monotonic() > begin + 60:
                raise SystemExit(f"{when}: writes do not resume: {self.refusals}, {self.disk.free_bytes()} free\n{self.server.last_log()}")
            time.sleep(0.1)
        return time.monotonic() - begin

    def start_on_full_disk(self, by_kill: bool) -> str:
        if by_kill:
            self.server.kill()
        else:
            code = self.server.stop()
            if code < 0:
                raise SystemExit(f"stopping on the full disk ended with {code}:\n{self.server.last_log()}")
        self.disk.fill()
        try:
            self.server.start(5)
        except RuntimeError:
            if self.server.process.poll() is None:
                return "not ready"
            if self.server.process.returncode < 0:
                raise SystemExit(f"starting on the full disk ended with {self.server.process.returncode}:\n{self.server.last_log()}") from None
            return f"refused ({self.server.process.returncode})"
        for _ in range(20):
            self.write()
            self.must_be_true("started on the full disk")
        return "ready"

    def run(self, end: str) -> str:
        try:
            self.server.start()
            self.write_until_full()
            self.must_have_all("full")
            self.work_on_full_disk()
            started = "no"
            if end == "stay":
                self.fill_again()
            else:
                started = self.start_on_full_disk(end == "kill")
            if not started.startswith("refused"):
                self.must_have_all("still full")
            self.disk.free()
            if started.startswith("refused"):
                self.server.start()
            resumed = self.must_write_again("with room again")
            self.must_have_all("with room again")
            if (code := self.server.stop()) != 0:
                raise SystemExit(f"stopping ended with {code}")
            self.server.start()
            self.must_have_all("started again")
            for line in self.server.log_path.read_text(errors="replace").splitlines():
                if "ssert" in line:
                    raise SystemExit(line)
            return (f"{len(self.acknowledged)} batches, refusals {sorted(self.refusals)}, start on the full disk: {started}, "
                    f"writes resume after {resumed:.1f} s")
        finally:
            self.server.kill()
            self.disk.close()
            self.server.log_path.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=1, help="of each watermark")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--falsify", action="store_true", help="claim a write that never was: every run must fail")
    arguments = parser.parse_args()
    failed = 0
    for min_free in (0, 4, 8):
        for number in range(arguments.runs):
            seed = arguments.seed + number
            # A small memtable has tables flushed and compacted while the disk runs full; a large one fills it with logs.
            memtable, end = ("4MiB", "128MiB")[number % 2], ("stay", "kill", "stop")[number % 3]
            name = f"min_free_disk {min_free} MiB, memtable {memtable}, {end}, seed {seed}"
            try:
                run = Run(arguments.binary, min_free, memtable, seed)
                if arguments.falsify:
                    run.acknowledged.append(10**6)
                print(f"{name}: {run.run(end)}", flush=True)
            except (SystemExit, RuntimeError, ConnectionError, Refused) as failure:
                if failure.args == (SKIPPED,):
                    raise
                failed += 1
                print(f"{name}: FAILED: {failure}", flush=True)
    if failed:
        raise SystemExit(f"{failed} runs failed")


if __name__ == "__main__":
    main()
