"""The shop's purchases (data/online_retail.csv.xz) and a server to learn from them: for tests and benches over HTTP."""
import collections
import csv
import datetime
import lzma
import math
import pathlib
import random
import time

from tamis_server import TamisServer

DATA = pathlib.Path(__file__).resolve().parents[2] / "data/online_retail.csv.xz"
NO_GOODS = {"POST", "DOT", "M", "C2", "PADS", "BANK CHARGES"}


class Shop:
    """`purchases` by time, as (user, item, Unix ms); `names`, `prices` by item; `countries` by user."""

    def __init__(self, path: pathlib.Path = DATA):
        names = collections.defaultdict(collections.Counter)
        prices = collections.defaultdict(list)
        self.purchases: list[tuple[str, str, int]] = []
        self.countries: dict[str, str] = {}
        with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                item, user = row["StockCode"], row["CustomerID"]
                if not user or int(row["Quantity"]) <= 0 or row["InvoiceNo"].startswith("C") or item in NO_GOODS:
                    continue
                at = datetime.datetime.fromisoformat(row["InvoiceDate"] + "+00:00")
                moment = int(at.timestamp() * 1000)
                self.purchases.append((user, item, moment))
                names[item][row["Description"]] += 1
                prices[item].append(float(row["UnitPrice"]))
                self.countries[user] = row["Country"]
        self.purchases.sort(key=lambda purchase: purchase[2])
        self.names = {item: counts.most_common(1)[0][0] for item, counts in names.items()}
        self.prices = {item: sorted(all_prices)[len(all_prices) // 2] for item, all_prices in prices.items()}

    def put_items(self, server: TamisServer, items) -> None:
        send(server, "/v1/items", [
            {"id": item, "features": {"name": self.names[item], "price": self.prices[item]}} for item in sorted(items)
        ])

    def put_users(self, server: TamisServer, users) -> None:
        send(server, "/v1/users", [{"id": user, "features": {"country": self.countries[user]}} for user in sorted(users)])


def send(server: TamisServer, path: str, rows: list) -> None:
    connection = server.connect()
    for begin in range(0, len(rows), 20_000):
        connection.call("POST", path, rows[begin : begin + 20_000])
    connection.close()


def put_purchases(server: TamisServer, purchases) -> None:
    send(server, "/v1/interactions?durability=none", [
        {"user": user, "item": item, "type": "purchase", "timestamp": at} for user, item, at in purchases
    ])


def train(server: TamisServer, models: list[str], timeout_s: float = 3600) -> dict:
    job = server.call("POST", "/v1/train", {"models": models})["job"]
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        state = server.call("GET", f"/v1/jobs/{job}")
        if state["state"] in ("succeeded", "failed", "cancelled", "rejected"):
            if state["state"] != "succeeded":
                raise RuntimeError(f"training: {state}")
            return state
        time.sleep(0.05)
    raise RuntimeError("training takes too long")


def put_funnel(server: TamisServer, name: str, retriever: dict, exclude_seen: bool = True) -> None:
    document = {"retrievers": [{"quota": 100, **retriever}], "fallback": [], "exclude_seen": exclude_seen}
    server.call("PUT", f"/v1/funnels/{name}", document)


def recall(found: list[str], relevant: set[str], k: int) -> float:
    return sum(item in relevant for item in found[:k]) / min(len(relevant), k)


def ndcg(found: list[str], relevant: set[str], k: int) -> float:
    gained = sum(1 / math.log2(rank + 2) for rank, item in enumerate(found[:k]) if item in relevant)
    return gained / sum(1 / math.log2(rank + 2) for rank in range(min(len(relevant), k)))


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def interval(values: list[float], seed: int = 1, draws: int = 1000) -> tuple[float, float]:
    """The middle 95% of the means of `draws` resamples."""
    source = random.Random(seed)
    means = sorted(mean(source.choices(values, k=len(values))) for _ in range(draws))
    return means[int(0.025 * draws)], means[int(0.975 * draws)]
