#!/usr/bin/env python3
"""Whom to tell of an article, and what is due again: compares answers over HTTP with what the shop sold afterwards.

    bench/quality/audience_and_rebuy.py --tamis build/release/tamis --data ../shared/data

Online Retail, invoices in the order of time; the first nine tenths are imported and trained on (item_knn).
Audience: every article that at least --buyers known customers bought first in the last tenth; right are they.
precision@100 of its audience, mean over articles, against the 100 most active customers who had not had it.
Rebuy: of each customer's first invoice in the last tenth, as of its time, the articles that the customer had bought
before are right; hit rate@10 and recall@10 (over min(10, right)) of the retriever rebuy, mean over customers with any,
against the customer's most often and most lately bought articles. With the standard error of each mean.
"""
import argparse
import collections
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from bought_together import figures, read_invoices  # noqa: E402
from default_list import Server, iso  # noqa: E402


def audiences(server, head, tail, least_buyers):
    had, known = collections.defaultdict(set), collections.Counter()
    for _, customer, _, articles in head:
        known[customer] += len(articles)
        for article in articles:
            had[article].add(customer)
    later = collections.defaultdict(set)
    for _, customer, _, articles in tail:
        for article in articles:
            if customer in known and article in had and customer not in had[article]:
                later[article].add(customer)
    active = [customer for customer, _ in known.most_common()]
    found = {"audience": [], "most active": []}
    for article, buyers in sorted(later.items()):
        if len(buyers) < least_buyers:
            continue
        users = [user["user"] for user in server.call("GET", f"/v1/items/{article}/audience?k=100")["users"]]
        found["audience"].append(len(buyers.intersection(users)) / 100)
        others = [customer for customer in active if customer not in had[article]][:100]
        found["most active"].append(len(buyers.intersection(others)) / 100)
    for name, values in found.items():
        print(f"precision@100 {name:15} {figures(values)}  {len(values)} articles", flush=True)


def rebuys(server, head, tail):
    taken = collections.defaultdict(list)
    for _, customer, _, articles in head:
        taken[customer] += articles
    funnel = {"retrievers": [{"kind": "rebuy", "quota": 100}], "exclude_seen": False, "fallback": []}
    found = {name: ([], []) for name in ("rebuy", "most often", "most lately")}
    asked = set()
    for _, customer, ms, articles in tail:
        right = set(articles).intersection(taken[customer])
        if customer in asked or not right:
            continue
        asked.add(customer)
        answer = server.call("POST", f"/v1/users/{customer}/recommendations",
                             {"k": 10, "override": funnel, "as_of": iso(ms), "dry_run": True})
        lately = list(dict.fromkeys(reversed(taken[customer])))[:10]
        often = [article for article, _ in collections.Counter(reversed(taken[customer])).most_common(10)]
        for name, items in (("rebuy", [item["item"] for item in answer["items"]]), ("most often", often),
                            ("most lately", lately)):
            hits = len(right.intersection(items))
            found[name][0].append(float(hits > 0))
            found[name][1].append(hits / min(10, len(right)))
    for name, (hits, recalls) in found.items():
        print(f"rebuy: {name:12} hit rate@10 {figures(hits)}  recall@10 {figures(recalls)}  {len(hits)} customers")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tamis", default="build/release/tamis", type=pathlib.Path)
    parser.add_argument("--data", default="../shared/data", type=pathlib.Path)
    parser.add_argument("--buyers", default=20, type=int)
    arguments = parser.parse_args()
    invoices = read_invoices(arguments.data)
    head, tail = invoices[:int(len(invoices) * 0.9)], invoices[int(len(invoices) * 0.9):]
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        server = Server(arguments.tamis.resolve(), directory, "[training]\nmodels = [\"popular\", \"item_knn\"]\nholdout = 0\n")
        try:
            with open(directory / "interactions.ndjson", "w") as file:
                for _, customer, ms, articles in head:
                    for article in articles:
                        file.write(json.dumps({"user": customer, "item": article, "type": "purchase",
                                               "timestamp": ms}) + "\n")
            server.run("import", "interactions", directory / "interactions.ndjson")
            server.run("train")
            audiences(server, head, tail, arguments.buyers)
            rebuys(server, head, tail)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
