#!/usr/bin/env python3
"""Training is killed and runs out of memory while queries are asked: not one of them fails.

    training_process_test.py path/to/tamis
"""
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import unittest

from tamis_server import Connection, TamisServer

BINARY = ""


class QueryLoad:
    """Recommendations over two connections until closed."""

    def __init__(self, port: int):
        self.failures: list[str] = []
        self.queries = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(port, seed)) for seed in range(2)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def ask(self, port: int, seed: int) -> None:
        source = random.Random(seed)
        connection = Connection(port)
        while not self.stopping.is_set():
            try:
                answer = connection.call("GET", f"/v1/users/u{source.randrange(200)}/recommendations?k=10")
                if not answer["items"]:
                    self.failures.append("an empty answer")
            except Exception as failure:  # noqa: BLE001: whatever it is, it is a failed query
                self.failures.append(repr(failure))
            self.queries += 1


class TrainingProcess(unittest.TestCase):
    def start(self, *settings: str) -> TamisServer:
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tamis-training-"))
        server = TamisServer(BINARY, self.directory / "data", ("storage.min_free_disk=0", *settings))
        server.start()
        self.addCleanup(shutil.rmtree, self.directory)
        self.addCleanup(server.kill)
        source = random.Random(3)
        rows = []
        for n in range(6000):
            user = source.randrange(200)
            item = source.randrange(100) * 2 + user % 2
            rows.append({"user": f"u{user}", "item": f"i{item}", "type": "click", "timestamp": 1_700_000_000_000 + n})
        server.call("POST", "/v1/interactions", rows)
        return server

    def events(self, server: TamisServer, job: str):
        """The job as server-sent events tell it."""
        connection = Connection(server.port, 120)
        connection.http.request("GET", f"/v1/jobs/{job}/events")
        response = connection.http.getresponse()
        for line in response:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
        connection.close()

    def worker_of(self, server: TamisServer) -> int:
        for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
            children = (task / "children").read_text().split()
            if children:
                return int(children[0])
        return 0

    def test_kill_9(self):
        server = self.start("training.settings.ials.dim=512", "training.settings.ials.iterations=1000")
        with QueryLoad(server.port) as load:
            job = server.call("POST", "/v1/train", {"models": ["ials"]})["job"]
            seen = []
            for event in self.events(server, job):
                seen.append(event["state"])
                if event["progress"] > 0.05 and event["state"] == "running" and (worker := self.worker_of(server)):
                    os.kill(worker, signal.SIGKILL)
                    worker = 0
            self.assertEqual(seen[-1], "failed")
            self.assertIn("signal 9", server.call("GET", f"/v1/jobs/{job}")["detail"])
            asked = load.queries
            while load.queries < asked + 50:
                time.sleep(0.01)
        self.assertEqual(load.failures, [])
        self.assertEqual(list((self.directory / "data/generations").iterdir()), [])

    def test_out_of_memory(self):
        server = self.start("training.settings.ials.dim=2048", "training.memory_limit=48MiB")
        with QueryLoad(server.port) as load:
            job = server.call("POST", "/v1/train", {"models": ["ials"]})["job"]
            last = list(self.events(server, job))[-1]
            self.assertEqual(last["state"], "failed")
            self.assertIn("memory", last["detail"])
        self.assertEqual(load.failures, [])
        self.assertGreater(load.queries, 0)

    def running_worker(self, server: TamisServer, job: str) -> int:
        """The worker's process id once it learns; its task is then limited."""
        for event in self.events(server, job):
            self.assertIn(event["state"], ("queued", "running"))
            worker = self.worker_of(server)
            if event["stage"] == "ials" and worker:
                return worker
        self.fail("the job ended before it was seen to run")

    def test_cancel(self):
        server = self.start("training.settings.ials.dim=512", "training.settings.ials.iterations=1000", "training.holdout=0")
        with QueryLoad(server.port) as load:
            job = server.call("POST", "/v1/train", {"models": ["ials"]})["job"]
            worker = self.running_worker(server, job)
            start = time.monotonic()
            server.call("POST", f"/v1/jobs/{job}/cancel")
            self.assertEqual(list(self.events(server, job))[-1]["state"], "cancelled")
            self.assertLess(time.monotonic() - start, 10)
            self.assertFalse(pathlib.Path(f"/proc/{worker}").exists())
        self.assertEqual(load.failures, [])
        self.assertEqual(list((self.directory / "data/generations").iterdir()), [])

    def test_the_worker_stands_back_and_tells_how_far_it_is(self):
        server = self.start("training.settings.ials.dim=256", "training.settings.ials.iterations=60", "training.holdout=0",
                            "training.nice=7", "training.threads=1")
        job = server.call("POST", "/v1/train", {"models": ["ials"]})["job"]
        worker = self.running_worker(server, job)
        self.assertEqual(os.getpriority(os.PRIO_PROCESS, worker), 7)
        self.assertEqual(os.sched_getscheduler(worker), os.SCHED_BATCH)
        self.assertEqual(pathlib.Path(f"/proc/{worker}/oom_score_adj").read_text().strip(), "1000")
        self.assertLessEqual(len(list(pathlib.Path(f"/proc/{worker}/task").iterdir())), 4)
        limits = pathlib.Path(f"/proc/{worker}/limits").read_text()
        self.assertNotIn("unlimited", next(line for line in limits.splitlines() if line.startswith("Max data size")))
        told = list(self.events(server, job))
        self.assertEqual(told[-1]["state"], "succeeded")
        progress = [event["progress"] for event in told]
        self.assertEqual(progress, sorted(progress))
        self.assertGreater(len({round(value, 2) for value in progress}), 3, "it moves while the model learns")

    def test_a_schedule_trains_by_itself(self):
        server = self.start("training.schedule=1s", "training.min_new_interactions=100", "training.models=popular",
                            "training.holdout=0")
        deadline = time.monotonic() + 30
        while not server.call("GET", "/v1/generations")["generations"]:
            self.assertLess(time.monotonic(), deadline, "nothing was trained")
            time.sleep(0.05)
        while server.call("GET", "/v1/jobs")["jobs"][0]["state"] not in ("succeeded", "failed"):
            time.sleep(0.05)
        jobs = len(server.call("GET", "/v1/jobs")["jobs"])
        time.sleep(2.5)
        self.assertEqual(len(server.call("GET", "/v1/jobs")["jobs"]), jobs, "without news nothing is trained again")
        rows = [{"user": "u1", "item": f"i{n}", "type": "click"} for n in range(100)]
        server.call("POST", "/v1/interactions", rows)
        deadline = time.monotonic() + 60  # a run waits for the end of what looks like an import
        while len(server.call("GET", "/v1/jobs")["jobs"]) == jobs:
            self.assertLess(time.monotonic(), deadline, "news were not learned from")
            time.sleep(0.05)

    def test_training_promotes_under_load(self):
        server = self.start("training.settings.ials.dim=8")
        with QueryLoad(server.port) as load:
            for _ in range(2):
                job = server.call("POST", "/v1/train", {"models": ["popular", "ials"]})["job"]
                self.assertEqual(list(self.events(server, job))[-1]["state"], "succeeded")
            self.assertEqual(server.call("POST", "/v1/generations/rollback")["generation"], "g1")
        self.assertEqual(load.failures, [])


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
