#!/usr/bin/env python3
"""What goes with a cart: hides the rest of the shop's later invoices and asks the database for it over HTTP.

    bench/quality/bought_together.py --tamis build/release/tamis --data ../shared/data

Online Retail's invoices in the order of time. --part test (the default) imports the first nine tenths and asks about the
last; --part validation imports the first eight tenths and asks about the ninth: settings are chosen there. Of each
invoice of two known articles or more a cart is drawn (--seed): one article, two, or half of them; the rest is right.
hit rate@10 is the share of carts with one right article among the ten found, recall@10 the hits over min(10, |rest|),
both means over invoices, with the standard error of the mean. The database answers every question itself:
bought_together by POST /v1/bought_together, the others as a funnel of that one retriever for a session of the cart.
"""
import argparse
import csv
import datetime
import json
import lzma
import pathlib
import random
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from default_list import Server  # noqa: E402

LEFT_OUT = {"POST", "DOT", "M", "C2", "PADS", "BANK CHARGES"}  # as in data/online_retail.toml
KNOWN = ["85123A", "22423", "85099B", "47566", "22697", "20725", "84879", "21212", "22960", "23203"]


def read_invoices(data):
    """[(invoice, customer, ms, {article: name})], by time."""
    invoices = {}
    with lzma.open(data / "online_retail/online_retail.csv.xz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if int(row["Quantity"]) <= 0 or not row["CustomerID"] or row["StockCode"] in LEFT_OUT:
                continue
            if row["InvoiceNo"].startswith("C"):
                continue
            when = datetime.datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=datetime.timezone.utc)
            invoice = invoices.setdefault(row["InvoiceNo"],
                                          (row["InvoiceNo"], row["CustomerID"], int(when.timestamp() * 1000), {}))
            invoice[3][row["StockCode"]] = row["Description"]
    return sorted(invoices.values(), key=lambda invoice: invoice[2])


def ask_funnel(kind):
    funnel = {"retrievers": [{"kind": kind}], "fallback": []}

    def ask(server, cart):
        body = {"history": [{"item": item, "type": "purchase"} for item in cart], "k": 10, "override": funnel,
                "exclude_seen": True, "dry_run": True}
        return [item["item"] for item in server.call("POST", "/v1/recommendations", body)["items"]]
    return ask


def ask_cart(mode):
    def ask(server, cart):
        answer = server.call("POST", "/v1/bought_together", {"items": cart, "k": 10, "mode": mode})
        return [item["item"] for item in answer["items"]]
    return ask


METHODS = {"popular": ask_funnel("popular"), "item_knn": ask_funnel("item_knn"),
           "bought_together, strict": ask_cart("strict"), "bought_together, relaxed": ask_cart("relaxed")}
CARTS = {"1 article": lambda n: 1, "2 articles": lambda n: 2, "half": lambda n: n // 2}


def figures(values):
    return f"{statistics.mean(values):.4f} +- {statistics.stdev(values) / len(values) ** 0.5:.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tamis", default="build/release/tamis", type=pathlib.Path)
    parser.add_argument("--data", default="../shared/data", type=pathlib.Path)
    parser.add_argument("--part", choices=("validation", "test"), default="test")
    parser.add_argument("--by-time", action="store_true", help="leave out the invoice numbers, so that time gaps separate the baskets")
    parser.add_argument("--set", action="append", default=[], help="setting=value of the model bought_together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", action="store_true", help="what goes with ten well-known articles")
    arguments = parser.parse_args()

    invoices = read_invoices(arguments.data)
    begin = int(len(invoices) * (0.8 if arguments.part == "validation" else 0.9))
    end = int(len(invoices) * 0.9) if arguments.part == "validation" else len(invoices)
    head, asked = invoices[:begin], invoices[begin:end]
    names = {article: name for invoice in head for article, name in invoice[3].items()}
    settings = "".join(f'{key} = "{value}"\n' for key, value in (entry.split("=", 1) for entry in arguments.set))
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        server = Server(arguments.tamis.resolve(), directory,
                        "[training]\nmodels = [\"popular\", \"item_knn\", \"bought_together\"]\nholdout = 0\n"
                        f"[training.settings.bought_together]\n{settings}")
        try:
            interactions = directory / "interactions.ndjson"
            with open(interactions, "w") as file:
                for invoice, customer, ms, articles in head:
                    for article in articles:
                        event = {"user": customer, "item": article, "type": "purchase", "timestamp": ms}
                        if not arguments.by_time:
                            event["context"] = {"basket": invoice}
                        file.write(json.dumps(event) + "\n")
            server.run("import", "interactions", interactions)
            server.run("train")
            baskets = server.call("POST", "/v1/bought_together", {"items": [KNOWN[0]], "k": 1})["baskets"]
            print(f"{arguments.part}: {len(head)} invoices imported, {baskets} baskets of two articles or more; "
                  f"{len(asked)} asked about, seed {arguments.seed}")
            print(f"{'cart':12} {'method':25} {'hit rate@10':>20} {'recall@10':>20} {'invoices':>9}")
            for cart_name, size in CARTS.items():
                chance = random.Random(arguments.seed)
                cases = []
                for _, _, _, articles in asked:
                    known = [article for article in articles if article in names]
                    chance.shuffle(known)
                    count = size(len(known))
                    if len(known) > count > 0:
                        cases.append((known[:count], set(known[count:])))
                for method, ask in METHODS.items():
                    hits, recalls = [], []
                    for cart, rest in cases:
                        right = len(rest.intersection(ask(server, cart)))
                        hits.append(float(right > 0))
                        recalls.append(right / min(10, len(rest)))
                    print(f"{cart_name:12} {method:25} {figures(hits):>20} {figures(recalls):>20} {len(cases):>9}",
                          flush=True)
            if arguments.examples:
                for article in KNOWN:
                    answer = server.call("POST", "/v1/bought_together", {"items": [article], "k": 3, "mode": "strict"})
                    found = "; ".join(f"{names[item['item']]} ({item['lift']:.1f}x, {item['baskets']})"
                                      for item in answer["items"])
                    print(f"{names[article]} -> {found}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
