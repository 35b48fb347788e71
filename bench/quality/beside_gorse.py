#!/usr/bin/env python3
"""Tamis beside Gorse on the shop's data: the same import, the same customers, the same question.

    bench/quality/beside_gorse.py --tamis build/release/tamis --gorse PATH/gorse-in-one --data ../shared/data --users 500

Data, cut and customers are those of the set `shop` of default_list.py. Right is what a customer bought after the cut and
had not bought before. Gorse v0.5.9 (https://github.com/gorse-io/gorse, Apache 2.0; nothing of it is here) is built with
Go 1.26 from its public source: `go build ./cmd/gorse-in-one`. It keeps data and cache in SQLite, is fed over its HTTP API,
and is asked by GET /api/recommend/{user}?n=20. Times are shifted so that the cut is now, since its windows count back from now.

Every way of recommending that Gorse has without a language model is tried: each recommender alone (it allows one
where there is no ranker), and its ranker over them. --trials N lets it search for the settings of its factors, too.
Besides the quality: seconds from the import's end to the first personalised list and to the last, freshness (one purchase
until the customer's list changes), latency over one connection, requests/s over eight (needs wrk), memory.
"""
import argparse
import datetime
import http.client
import json
import math
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import default_list as lists

BATCH = 5_000


class Connection:
    """One kept-alive connection, made anew where the server closed it while it was idle."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        for closed in (http.client.RemoteDisconnected, ()):
            try:
                self.http.request(method, path, data, {"Content-Type": "application/json"})
                answer = self.http.getresponse()
                break
            except closed:
                self.http.close()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_mib(pid, field):
    with open(f"/proc/{pid}/status") as status:
        return round(next((int(line.split()[1]) for line in status if line.startswith(field)), 0) / 1024)


def quality(ask, cases):
    """Means over the customers, with 1.96 standard errors of NDCG@10."""
    gains, recalls = [], []
    for user, (_, fresh) in cases.items():
        if fresh:
            ranked = ask(user)
            gains.append(lists.ndcg(ranked, fresh, 10))
            recalls.append(len(set(ranked) & fresh) / len(fresh))
    n = len(gains)
    mean = sum(gains) / n
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / (n - 1) / n)
    return {"ndcg@10": mean, "ndcg@10_interval": 1.96 * spread, "recall@20": sum(recalls) / n, "users": n}


def latency(ask, users):
    took = []
    for user in users:
        start = time.perf_counter()
        ask(user)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return {"p50_ms": round(took[len(took) // 2], 2), "p99_ms": round(took[int(len(took) * 0.99)], 2)}


def load(port, path, users, seconds):
    """Requests per second over eight connections; {} is the customer in `path`."""
    if shutil.which("wrk") is None:
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        paths = ",".join(json.dumps(path.format(user)) for user in users)
        script.write(f"local paths, i = {{{paths}}}, 0\n"
                     "request = function() i = i % #paths + 1; return wrk.format('GET', paths[i]) end\n")
        script.flush()
        told = subprocess.run(["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", "-s", script.name,
                               f"http://127.0.0.1:{port}"], capture_output=True, text=True).stdout
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", told), re.search(r"99%\s+(\S+)", told)
    return {"requests_per_s": round(float(rate[1])), "p99_of_8": p99[1],
            "errors": told.count("Non-2xx")} if rate and p99 else {"load": told}


def freshness(ask, buy, user, item, patience_s):
    """Seconds from one purchase until the list is another one; None: not within `patience_s`."""
    before = ask(user)
    start = time.perf_counter()
    buy(user, item)
    while time.perf_counter() - start < patience_s:
        if ask(user) != before:
            return round(time.perf_counter() - start, 3)
        time.sleep(0.005)
    return None


def bought_next(ranked, items, met):
    """Something that the list does not show, so that only what it says can change the list."""
    return next(item for item in sorted(items) if item not in ranked and item not in met)


# --- Tamis ---

def measure_tamis(options, head, items, cases, directory):
    kinds = "".join(f'{name} = "{kind}"\n' for name, kind in lists.KINDS["shop"].items())
    server = lists.Server(options.tamis, directory, "[items.features]\n" + kinds)
    try:
        port = int(server.url.rsplit(":", 1)[1])
        connection = Connection(port)

        def ask(user):
            path = f"/v1/users/{urllib.parse.quote(user, safe='')}/recommendations?k=20&dry_run=true"
            return [entry["item"] for entry in connection.call("GET", path)["items"]]

        lists.write_ndjson(directory / "interactions.ndjson", lists.rows_of(head))
        lists.write_ndjson(directory / "items.ndjson",
                           ({"id": item, "features": features} for item, features in items.items()))
        start = time.perf_counter()
        server.run("import", "items", directory / "items.ndjson")
        server.run("import", "interactions", directory / "interactions.ndjson")
        figures = {"import_s": round(time.perf_counter() - start, 1)}
        start = time.perf_counter()
        training = subprocess.Popen([options.tamis, "train", "--quiet", "--url", server.url], stdout=subprocess.DEVNULL)
        while training.poll() is None:
            if "first_list_s" not in figures and connection.call("GET", "/v1/generations").get("serving"):
                ask(next(iter(cases)))
                figures["first_list_s"] = round(time.perf_counter() - start, 1)
            time.sleep(0.1)
        figures["last_list_s"] = round(time.perf_counter() - start, 1)
        figures["train_cpu_s"] = round(server.children_cpu_s(), 1)
        figures |= quality(ask, cases)
        figures |= latency(ask, list(cases))
        figures |= load(port, "/v1/users/{}/recommendations?k=20", list(cases), options.seconds)
        figures["resident_mib"] = memory_mib(server.process.pid, "VmRSS")

        def buy(user, item):
            connection.call("POST", "/v1/interactions", {"user": user, "item": item, "type": "purchase",
                                                         "timestamp": head[-1].ms + 1_000})
        met = {event.item for event in head if event.user == options.buyer}
        item = bought_next(ask(options.buyer), {event.item for event in head}, met)
        figures["fresh_s"] = freshness(ask, buy, options.buyer, item, 60)
        return figures
    finally:
        server.stop()


# --- Gorse ---

RECOMMENDERS = {
    "latest": "latest",
    "popular": "non-personalized/popular",
    "popular of 30 days": "non-personalized/popular_month",
    "item-to-item": "item-to-item/bought",
    "item-to-item with words": "item-to-item/mixed",
    "user-to-user": "user-to-user/bought",
    "collaborative": "collaborative",
}
# What its ranker orders. Not `latest`: where there is no ranker yet, its scores, which are times, would beat all others.
# Not item-to-item and user-to-user, which read all neighbours of a customer: with SQLite on two busy cores that makes the
# lists of one or two customers a second, an hour for all.
RANKED = ["collaborative", "non-personalized/popular_month"]


def recommend_settings(ranker, recommenders, trials):
    return {
        "cache_size": 100, "cache_expire": "72h", "context_size": 100, "active_user_ttl": 0,
        "data_source": {"positive_feedback_types": ["purchase"], "read_feedback_types": ["read"],
                        "positive_feedback_ttl": 0, "item_ttl": 0},
        "non-personalized": [
            {"name": "popular", "score": "count(feedback, .FeedbackType == 'purchase')", "filter": ""},
            {"name": "popular_month", "filter": "",
             "score": "count(feedback, .FeedbackType == 'purchase' && (now() - .Timestamp).Hours() < 720)"}],
        "item-to-item": [{"name": "bought", "type": "users", "column": "", "prompt": ""},
                         {"name": "mixed", "type": "auto", "column": "item.Labels", "prompt": ""}],
        "user-to-user": [{"name": "bought", "type": "items", "column": ""}],
        "external": [],
        "collaborative": {"type": "mf", "fit_period": "60m", "fit_epoch": 100,
                          "optimize_period": "360m" if trials else "0s",
                          "optimize_trials": max(1, trials), "early_stopping": {"patience": 10}},
        "replacement": {"enable_replacement": False, "positive_replacement_decay": 0.8, "read_replacement_decay": 0.6},
        "ranker": {"type": ranker, "recommenders": recommenders, "cache_expire": "120h", "fit_period": "60m",
                   "fit_epoch": 100, "optimize_period": "0s", "optimize_trials": 1, "early_stopping": {"patience": 10},
                   "query_template": "", "document_template": "",
                   "reranker_api": {"auth_token": "", "model": "", "url": ""}},
        "fallback": {"recommenders": ["item-to-item/bought", "non-personalized/popular", "latest"]},
        "search": {"columns": []},
    }


class Gorse:
    def __init__(self, options, directory):
        self.port, rpc = free_port(), free_port()
        config = directory / "gorse.toml"
        config.write_text(f"""[database]
data_store = "sqlite://{directory}/data.db"
cache_store = "sqlite://{directory}/cache.db"
[master]
port = {rpc}
host = "127.0.0.1"
http_port = {self.port}
http_host = "127.0.0.1"
n_jobs = {os.cpu_count()}
[blob]
uri = "{directory}/blob"
[recommend.data_source]
positive_feedback_types = ["purchase"]
read_feedback_types = ["read"]
[recommend.ranker]
type = "none"
recommenders = ["latest"]
[openai]
base_url = ""
log_file = "{directory}/openai.log"
""")
        (directory / "var").mkdir()
        self.log = open(directory / "gorse.log", "w")
        self.process = subprocess.Popen([options.gorse, "-c", config, "--cache-path", directory / "var"],
                                        stdout=self.log, stderr=subprocess.STDOUT, cwd=directory)
        for _ in range(600):
            try:
                self.connection = Connection(self.port)
                self.connection.call("GET", "/api/health/ready")
                return
            except (OSError, RuntimeError):
                time.sleep(0.1)
        raise RuntimeError("Gorse is not ready")

    def ask(self, user):
        return self.connection.call("GET", f"/api/recommend/{urllib.parse.quote(user, safe='')}?n=20") or []

    def shown_by(self, user, recommender):
        path = f"/api/dashboard/recommend/{urllib.parse.quote(user, safe='')}/{recommender}?n=20"
        return [shown["ItemId"] for shown in self.connection.call("GET", path) or []]

    def configure(self, ranker, recommenders, idle=False, trials=0):
        """Sets how it recommends, which makes it begin to learn anew. `idle`: with a leaderboard that cannot be made, which
        ends that at once, so that nothing runs behind the requests that are measured."""
        settings = recommend_settings(ranker, recommenders, trials)
        if idle:
            settings["non-personalized"].append({"name": "idle", "score": "nothing(1)", "filter": ""})
        self.connection.call("POST", "/api/dashboard/config", {"recommend": settings})

    def rounds(self):
        """How many times it has made the lists of all users, the last of what a round learns."""
        return pathlib.Path(self.log.name).read_text(errors="replace").count("complete ranking recommendation")

    def wait_for(self, message):
        while message not in pathlib.Path(self.log.name).read_text(errors="replace"):
            time.sleep(1)

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait(self, rounds, watch=None):
        """Until another round has ended."""
        while self.rounds() <= rounds:
            if self.process.poll() is not None:
                raise RuntimeError("Gorse has ended")
            if watch is not None:
                watch()
            time.sleep(0.25)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def words(name):
    return sorted(set(re.findall(r"[a-z]{3,}", name.lower())))


def measure_gorse(options, head, items, cases, directory):
    """Figures of each way of recommending, by name."""
    shift = int(time.time() * 1000) - 3_600_000 - head[-1].ms
    gorse = Gorse(options, directory)
    try:
        start = time.perf_counter()
        rows = [{"ItemId": item, "Comment": features["name"], "Labels": {"words": words(features["name"])},
                 "Categories": [], "IsHidden": False,
                 "Timestamp": lists.iso(int(datetime.datetime.fromisoformat(features["listed_at"].replace("Z", "+00:00"))
                                            .timestamp() * 1000) + shift)} for item, features in items.items()]
        for first in range(0, len(rows), BATCH):
            gorse.connection.call("POST", "/api/items", rows[first:first + BATCH])
        rows = [{"FeedbackType": "purchase", "UserId": event.user, "ItemId": event.item, "Value": event.value,
                 "Timestamp": lists.iso(event.ms + shift)} for event in head]
        for first in range(0, len(rows), BATCH):
            gorse.connection.call("POST", "/api/feedback", rows[first:first + BATCH])
        import_s = round(time.perf_counter() - start, 1)
        probe = next(iter(cases))

        # One round learns everything that any of the ways shows.
        rounds, found, start = gorse.rounds(), {}, time.perf_counter()
        gorse.configure("none", ["collaborative"])

        def watch():
            for what in ("item-to-item/bought", "user-to-user/bought", "collaborative"):
                if what not in found and len(gorse.shown_by(probe, what)) == 20:
                    found[what] = round(time.perf_counter() - start, 1)
        gorse.wait(rounds, watch)
        yield {"way": "all", "import_s": import_s, "first_lists_s": found,
               "last_list_s": round(time.perf_counter() - start, 1), "cpu_s": round(gorse.cpu_s(), 1)}
        ways = {}
        for name, recommender in RECOMMENDERS.items():
            gorse.configure("none", [recommender], idle=True)
            ways[name] = quality(gorse.ask, cases)
            yield {"way": name, **ways[name]}
        personal = [name for name in ways if not RECOMMENDERS[name].startswith(("latest", "non-"))]
        best = {max(names, key=lambda name: ways[name]["ndcg@10"]): None for names in (ways, personal)}

        def buy(user, item):
            gorse.connection.call("POST", "/api/feedback", [{
                "FeedbackType": "purchase", "UserId": user, "ItemId": item, "Value": 1,
                "Timestamp": lists.iso(int(time.time() * 1000))}])

        def measure(name):
            figures = {"way": name, **quality(gorse.ask, cases), **latency(gorse.ask, list(cases)),
                       **load(gorse.port, "/api/recommend/{}?n=20", list(cases), options.seconds),
                       "resident_mib": memory_mib(gorse.process.pid, "VmRSS")}
            item = bought_next(gorse.ask(options.buyer), {event.item for event in head}, met)
            met.add(item)
            return {**figures, "fresh_s": freshness(gorse.ask, buy, options.buyer, item, 30)}

        met = {event.item for event in head if event.user == options.buyer}
        for name in best:
            gorse.configure("none", [RECOMMENDERS[name]], idle=True)
            time.sleep(5)
            yield measure(f"{name}, served")
        rounds = gorse.rounds()
        gorse.configure("fm", RANKED)
        gorse.wait(rounds)
        gorse.configure("fm", RANKED, idle=True)
        time.sleep(5)
        yield measure("ranker, served")
        if options.trials:  # it learns with what it found in the round after, where there is something new to learn from
            start = time.perf_counter()
            gorse.configure("none", ["collaborative"], trials=options.trials)
            gorse.wait_for("optimize collaborative filtering model completed")
            yield {"way": "search for settings", "seconds": round(time.perf_counter() - start, 1)}
            buy(options.buyer, next(iter({event.item for event in head} - met)))
            rounds = gorse.rounds()
            gorse.configure("none", ["collaborative"])
            gorse.wait(rounds)
            yield {"way": "collaborative with found settings", **quality(gorse.ask, cases)}
        yield {"way": "Gorse", "peak_mib": memory_mib(gorse.process.pid, "VmHWM")}
    finally:
        gorse.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tamis", help="a binary of Tamis; none: Gorse alone")
    parser.add_argument("--gorse", help="a binary of gorse-in-one; none: Tamis alone")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(os.environ.get("TAMIS_DATA", "../shared/data")))
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=10, help="of load over eight connections")
    parser.add_argument("--trials", type=int, default=0, help="of Gorse's search for settings of its factors; 0: none")
    parser.add_argument("--work", default=None, help="an existing directory, where the databases are made")
    parser.add_argument("--out", type=argparse.FileType("a"), default=sys.stdout)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    head, items, cases = lists.prepare("shop", options)
    cases = {user: case for user, case in cases.items() if case[1]}
    options.buyer = next(iter(cases))
    for system, measure in (("tamis", measure_tamis), ("gorse", measure_gorse)):
        if getattr(options, system) is None:
            continue
        setattr(options, system, str(pathlib.Path(getattr(options, system)).resolve()))
        directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{system}-", dir=options.work))
        try:
            told = measure(options, head, items, cases, directory)
            for figures in [told] if isinstance(told, dict) else told:
                print(json.dumps({"system": system, **figures}), file=options.out, flush=True)
        finally:
            if not options.keep:
                shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
