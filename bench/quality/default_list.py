#!/usr/bin/env python3
"""What people get: imports a data set, runs `tamis train`, asks for lists over HTTP and compares them with what followed.

    bench/quality/default_list.py --tamis build/release/tamis --data ../shared/data --set shop,ml-100k --out figures.jsonl

For every set the last part is held out and never imported: the newest tenth where interactions have times of their own
(shop, ml-100k, movietweetings), else the last item of each user (sequences), or a fifth of the user's items, chosen by a
seed. Right is what a user took (ratings: liked) and had not met before; `all` counts what they had met, too, with lists
that may repeat. Full ranking by the database itself, binary relevance, an ideal list of min(|relevant|, k), mean over at
most --users users. One line of JSON per set, funnel and metric.
"""
import argparse
import collections
import datetime
import json
import lzma
import math
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

Event = collections.namedtuple("Event", "user item type value ms")


def lines(path, encoding="utf-8"):
    with lzma.open(path, "rt", encoding=encoding, newline=None) as file:
        yield from (line.rstrip("\n") for line in file)


# --- the sets: events in order, items' features, which share and how to hold out ---

def shop(data):
    import csv
    events, items = [], {}
    left_out = {"POST", "DOT", "M", "C2", "PADS", "BANK CHARGES"}
    with lzma.open(data / "online_retail/online_retail.csv.xz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if int(row["Quantity"]) <= 0 or not row["CustomerID"] or row["StockCode"] in left_out:
                continue
            if row["InvoiceNo"].startswith("C"):
                continue
            when = datetime.datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=datetime.timezone.utc)
            ms = int(when.timestamp() * 1000)
            events.append(Event(row["CustomerID"], row["StockCode"], "purchase", float(row["Quantity"]), ms))
            item = items.setdefault(row["StockCode"], {"name": row["Description"], "price": float(row["UnitPrice"]),
                                                       "listed_at": ms})
            item["listed_at"] = min(item["listed_at"], ms)
    for item in items.values():
        item["listed_at"] = iso(item["listed_at"])
    return events, items, "time"


def iso(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def ml_100k(data):
    genres = ["unknown", "action", "adventure", "animation", "children", "comedy", "crime", "documentary", "drama",
              "fantasy", "film-noir", "horror", "musical", "mystery", "romance", "sci-fi", "thriller", "war", "western"]
    events = []
    for line in lines(data / "ml-100k/u.data.xz"):
        user, item, rating, seconds = line.split("\t")
        events.append(Event(user, item, "rating", float(rating), int(seconds) * 1000))
    items = {}
    for line in lines(data / "ml-100k/u.item.xz", "latin-1"):
        fields = line.split("|")
        items[fields[0]] = {"title": fields[1], "genres": [g for g, on in zip(genres, fields[5:]) if on == "1"]}
    return events, items, "time"


def movietweetings(data):
    events = []
    for line in lines(data / "movietweetings/ratings.dat.xz"):
        user, item, rating, seconds = line.split("::")
        events.append(Event(user, item, "rating", float(rating), int(seconds) * 1000))
    items = {}
    for line in lines(data / "movietweetings/movies.dat.xz"):
        item, title, genres = line.split("::")
        items[item] = {"title": title, "genres": [g for g in genres.split("|") if g]}
    return events, items, "time"


def sequences(path):
    def read(data):
        events = []
        for line in lines(data / path):
            user, item = line.split()
            events.append(Event(user, item, "view", None, None))
        return events, {}, "last"
    return read


def gowalla(data):
    def read(name):
        for line in lines(data / "gowalla" / name):
            user, *items = line.split()
            yield from (Event(user, item, "view", None, None) for item in items)
    return list(read("train.txt.xz")), {}, list(read("test.txt.xz"))


def pairs(path, kind):
    def read(data):
        rows = (line.split("\t") for line in lines(data / path))
        next(rows)
        return [Event(row[0], row[1], kind, None, None) for row in rows], {}, "fifth"
    return read


def retailrocket(data):
    events = []
    for name, kind in (("view", "view"), ("add_to_cart", "cart"), ("purchase", "purchase")):
        rows = (line.split("\t") for line in lines(data / f"retailrocket/{name}.dat.xz"))
        next(rows)
        events += [Event(row[0], row[1], kind, None, None) for row in rows]
    return events, {}, "fifth"


def frappe(data):
    seen = {}
    for name in ("train", "valid", "test"):
        rows = (line.split(",") for line in lines(data / f"frappe_x1/{name}.csv.xz"))
        next(rows)
        for row in rows:
            if float(row[0]) > 0:
                seen[(row[1], row[2])] = None
    return [Event(user, item, "view", None, None) for user, item in seen], {}, "fifth"


SETS = {"shop": shop, "ml-100k": ml_100k, "movietweetings": movietweetings,
        "ml-1m": sequences("ml-1m/sasrec-ml-1m.txt.xz"), "sports": sequences("s3rec/sports.txt.xz"),
        "toys": sequences("s3rec/toys.txt.xz"), "gowalla": gowalla, "steam": pairs("steam/game_purchase.dat.xz", "purchase"),
        "retailrocket": retailrocket, "frappe": frappe}
KINDS = {"shop": {"name": "text", "listed_at": "timestamp"}, "ml-100k": {"title": "text"},
         "movietweetings": {"title": "text"}}
LIKED = {"ml-100k": 4, "movietweetings": 7}


def hold_out(events, how, seed):
    """The events to import, and those that follow."""
    if isinstance(how, list):
        return events, how
    if how == "time":
        events = sorted(events, key=lambda event: event.ms)
        cut = events[int(len(events) * 0.9)].ms
        return [e for e in events if e.ms < cut], [e for e in events if e.ms >= cut]
    by_user = collections.defaultdict(list)
    for event in events:
        by_user[event.user].append(event)
    head, tail = [], []
    chance = random.Random(seed)
    for user, own in by_user.items():
        if how == "last":
            held = {own[-1].item} if len(own) > 2 else set()
        else:
            met = sorted({event.item for event in own})
            held = set(chance.sample(met, len(met) // 5)) if len(met) >= 5 else set()
        head += [e for e in own if e.item not in held]
        tail += [e for e in own if e.item in held]
    return head, tail


# --- the server ---

class Server:
    def __init__(self, tamis, directory, settings):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.tamis = tamis
        self.url = f"http://127.0.0.1:{port}"
        config = directory / "tamis.toml"
        config.write_text(settings)
        self.log = open(directory / "server.log", "w")
        self.process = subprocess.Popen([tamis, "serve", "--data", directory / "data", "--config", config, "--port",
                                         str(port)], stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(600):
            try:
                self.call("GET", "/readyz")
                return
            except (OSError, urllib.error.HTTPError):
                time.sleep(0.05)
        raise RuntimeError("the server is not ready")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=600) as answer:
            text = answer.read()
        return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    def run(self, *arguments):
        ran = subprocess.run([self.tamis, *arguments, "--url", self.url], capture_output=True, text=True)
        if ran.returncode != 0:
            raise RuntimeError(f"tamis {' '.join(map(str, arguments))}: {ran.stdout}{ran.stderr}")
        return ran.stdout + ran.stderr

    def children_cpu_s(self):
        """Of the processes that train, once they have ended."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def children_peak_mib(self):
        """Of the largest process that trains now."""
        peak = 0
        try:
            for task in os.listdir(f"/proc/{self.process.pid}/task"):
                children = pathlib.Path(f"/proc/{self.process.pid}/task/{task}/children").read_text().split()
                for child in children:
                    status = pathlib.Path(f"/proc/{child}/status").read_text()
                    peak = max([peak] + [int(line.split()[1]) for line in status.splitlines() if line[:5] == "VmHWM"])
        except OSError:  # it has just ended
            pass
        return peak / 1024

    def train(self, *arguments):
        """What it told, seconds by the clock, seconds of CPU, MiB of the process that trained."""
        cpu, peak, done = self.children_cpu_s(), [0], threading.Event()

        def watch():
            while not done.wait(0.2):
                peak[0] = max(peak[0], self.children_peak_mib())
        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        try:
            told = self.run("train", *arguments)
        finally:
            done.set()
            watcher.join()
        return told, time.perf_counter() - start, self.children_cpu_s() - cpu, peak[0]

    def stop(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            peak = next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
        return peak / 1024


def write_ndjson(path, rows):
    with open(path, "w") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")


def rows_of(head):
    for event in head:
        row = {"user": event.user, "item": event.item, "type": event.type}
        if event.value is not None:
            row["value"] = event.value
        if event.ms is not None:
            row["timestamp"] = event.ms
        yield row


# --- the measure ---

# Retrievers that are not named "ann" over a space of the model's name.
PLAIN = {"popular", "trending", "item_knn", "user_knn", "ease", "graph_filter", "bspm"}
NEARLY = 0.8  # of the best model's figure, by the report


def alone(model):
    retriever = {"kind": model} if model in PLAIN else {"kind": "ann", "space": model}
    return {"retrievers": [{**retriever, "quota": 200}], "ranker": {"kind": "none"}, "fallback": ["popular"]}


def single_models(server):
    """Funnels of one model each. Learns those that the run left out although they are nearly as good as the best."""
    def served():
        told = server.call("GET", "/v1/generations")
        return next(one for one in told["generations"] if one["generation"] == told["serving"])
    serving = served()
    figures = {}
    for trial in server.call("GET", f"/v1/generations/{serving['generation']}/report")["trials"]:
        if trial["step"] in ("model", "settings"):
            figures[trial["name"]] = max(figures.get(trial["name"], 0), trial.get("ndcg@10", 0))
    worth = [model for model, figure in figures.items() if figure > 0 and figure >= NEARLY * max(figures.values())]
    missing = [model for model in worth if model not in serving["models"]]
    if missing:
        server.train("--model", ",".join(missing))
        serving = served()
    models = (set(serving["models"]) & set(figures)) | {"trending"}
    return {f"{model} alone": {"override": alone(model)} for model in sorted(models)}


def ndcg(ranked, relevant, k):
    gain = sum(1 / math.log2(i + 2) for i, item in enumerate(ranked[:k]) if item in relevant)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(len(relevant), k)))


def measure(server, funnel, cases, reading):
    """The means over users, with 1.96 standard errors of NDCG@10."""
    scores = {"ndcg@10": [], "recall@20": []}
    took_ms = []
    for user, (relevant, fresh) in cases.items():
        right = fresh if reading == "new" else relevant
        if not right:
            continue
        body = {"k": 20, "dry_run": True, **funnel}
        start = time.perf_counter()
        answer = server.call("POST", f"/v1/users/{urllib.parse.quote(user, safe=str())}/recommendations", body)
        took_ms.append((time.perf_counter() - start) * 1000)
        ranked = [entry["item"] for entry in answer["items"]]
        scores["ndcg@10"].append(ndcg(ranked, right, 10))
        scores["recall@20"].append(len(set(ranked) & right) / len(right))
    n = len(took_ms)
    means = {name: sum(values) / n for name, values in scores.items()}
    spread = math.sqrt(sum((v - means["ndcg@10"]) ** 2 for v in scores["ndcg@10"]) / max(1, n - 1) / n)
    took_ms.sort()
    return {**means, "ndcg@10_interval": 1.96 * spread, "users": n, "p50_ms": took_ms[n // 2]}


def prepare(name, options):
    """What is imported, the items' features, and {user: (what they took after it, what of that was new)}."""
    events, items, how = SETS[name](options.data)
    head, tail = hold_out(events, how, options.seed)
    liked = LIKED.get(name)
    met = collections.defaultdict(set)
    for event in head:
        met[event.user].add(event.item)
    known = set(items) | {event.item for event in head}
    followed = collections.defaultdict(set)
    for event in tail:
        if event.user in met and event.item in known and (liked is None or event.value >= liked):
            followed[event.user].add(event.item)
    users = sorted(followed)
    random.Random(options.seed).shuffle(users)
    return head, items, {user: (followed[user], followed[user] - met[user]) for user in users[:options.users]}


def run(name, options):
    head, items, cases = prepare(name, options)
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"tamis-{name}-", dir=options.work))
    try:
        kinds = "".join(f'{feature} = "{kind}"\n' for feature, kind in KINDS.get(name, {}).items())
        settings = options.settings.replace("\\n", "\n") + "\n[items.features]\n" + kinds
        server = Server(options.tamis, directory, settings)
        write_ndjson(directory / "interactions.ndjson", rows_of(head))
        write_ndjson(directory / "items.ndjson",
                     ({"id": item, "features": features} for item, features in items.items()))
        if items:
            server.run("import", "items", directory / "items.ndjson")
        server.run("import", "interactions", directory / "interactions.ndjson")
        told, train_s, train_cpu_s, train_peak = server.train(*options.train.split())
        funnels = {"default": {}}
        for entry in options.funnel or []:
            label, _, document = entry.partition("=")
            funnels[label] = {"override": json.loads(document)}
        report = server.run("report")
        def measured(funnels):
            for label, funnel in funnels.items():
                for reading in ("new", "all") if name == "shop" or options.all else ("new",):
                    if reading == "all" and label != "default":
                        funnel = {"override": {**funnel["override"], "exclude_seen": False}}
                    try:
                        figures = measure(server, funnel, cases, reading)
                    except urllib.error.HTTPError as error:
                        figures = {"error": error.read().decode()[:300]}
                    yield {"set": name, "funnel": label, "reading": reading, "train_s": round(train_s, 1), **figures}
        yield from measured(funnels)
        if options.singles:
            yield from measured(single_models(server))
        yield {"set": name, "report": report, "told": told, "train_cpu_s": round(train_cpu_s, 1),
               "train_peak_mib": round(train_peak), "peak_mib": round(server.stop())}
    finally:
        if "server" in locals() and server.process.poll() is None:
            server.process.kill()
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tamis", default="build/release/tamis")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(os.environ.get("TAMIS_DATA", "../shared/data")))
    parser.add_argument("--set", default=",".join(SETS))
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train", default="", help="further arguments of tamis train")
    parser.add_argument("--funnel", action="append", help="LABEL=DOCUMENT: a funnel to measure beside the default one")
    parser.add_argument("--singles", action="store_true", help="each model alone, too")
    parser.add_argument("--settings", default="", help="TOML of the server; \\n parts lines")
    parser.add_argument("--all", action="store_true", help="also with what users had met before")
    parser.add_argument("--work", default=None, help="an existing directory, where the databases are made")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--out", type=argparse.FileType("a"), default=sys.stdout)
    options = parser.parse_args()
    for name in options.set.split(","):
        for figures in run(name, options):
            print(json.dumps(figures), file=options.out, flush=True)


if __name__ == "__main__":
    main()
