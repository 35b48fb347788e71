#!/usr/bin/env python3
"""What Tamis knows of whom it has never seen: cold_start.py path/to/tamis [--part items|users|session] [--seed 1]

On the shop's purchases, over HTTP, from a fresh data directory:

  items    a tenth of the articles is left out of training, with all of its purchases, and put in afterwards with name
           and price alone. For customers who bought some of them: recall@20 and NDCG@20 over these articles alone, and
           how many come into the top 100 of the whole catalogue.
  users    a tenth of the customers is left out and put in with a country alone: recall@20 of what they bought, against
           the popular articles and the popular articles of their country.
  session  the same customers as strangers whose first three articles come as the request's history: recall@20 of the
           rest of what they bought.

Prints JSON; cold_start_test.py holds parts of it to floors.
"""
import argparse
import collections
import json
import pathlib
import random
import tempfile

from shop_data import Shop, interval, mean, ndcg, put_funnel, put_purchases, recall, train
from tamis_server import TamisServer

K = 20


def summary(cases: list[tuple[list[str], set[str]]]) -> dict:
    recalls = [recall(found, relevant, K) for found, relevant in cases]
    low, high = interval(recalls)
    return {"customers": len(cases), "recall@20": round(mean(recalls), 4), "interval": [round(low, 4), round(high, 4)],
            "ndcg@20": round(mean([ndcg(found, relevant, K) for found, relevant in cases]), 4)}


def tenth(things, seed: int) -> set[str]:
    return set(random.Random(seed).sample(sorted(things), len(things) // 10))


def ask(connection, user: str | None, funnel: str, k: int, **more) -> list[str]:
    path = f"/v1/users/{user}/recommendations" if user else "/v1/recommendations"
    answer = connection.call("POST", path, {"funnel": funnel, "k": k, **more})
    return [row["item"] for row in answer["items"]]


def cold_items(server: TamisServer, shop: Shop, seed: int, models: list[str], most_customers: int = 1000) -> dict:
    cold = tenth(shop.names, seed)
    warm_purchases = [purchase for purchase in shop.purchases if purchase[1] not in cold]
    shop.put_items(server, set(shop.names) - cold)
    put_purchases(server, warm_purchases)
    train(server, models)
    shop.put_items(server, cold)
    bought = collections.defaultdict(set)
    for user, item, _ in shop.purchases:
        if item in cold:
            bought[user].add(item)
    known = {user for user, _, _ in warm_purchases}
    users = sorted(set(bought) & known)
    random.Random(seed).shuffle(users)
    users = users[:most_customers]
    for model in models:
        put_funnel(server, model, {"kind": "ann", "space": model, "quota": 500})
    among_cold = {"field": "id", "in": sorted(cold)}
    source = random.Random(seed)
    by_sales = [item for item, _ in collections.Counter(
        item for _, item, _ in shop.purchases if item in cold).most_common()]
    result = {
        "articles": len(cold),
        "random": summary([(source.sample(sorted(cold), K), bought[user]) for user in users]),
        # What nobody could know beforehand: how each of them was going to sell.
        "popular, by sales to come": summary([(by_sales, bought[user]) for user in users]),
    }
    connection = server.connect()
    for model in models:
        cases, reached = [], []
        for user in users:
            cases.append((ask(connection, user, model, K, filter=among_cold), bought[user]))
            reached.append(recall(ask(connection, user, model, 100), bought[user], 100))
        result[model] = {**summary(cases), "recall@100 in the whole catalogue": round(mean(reached), 4)}
    connection.close()
    return result


def cold_users(server: TamisServer, shop: Shop, seed: int, with_session: bool, models: list[str]) -> dict:
    cold = tenth(shop.countries, seed)
    warm_purchases = [purchase for purchase in shop.purchases if purchase[0] not in cold]
    shop.put_items(server, shop.names)
    shop.put_users(server, set(shop.countries) - cold)
    put_purchases(server, warm_purchases)
    train(server, models)
    shop.put_users(server, cold)
    baskets = collections.defaultdict(dict)  # items in the order of their first purchase
    for user, item, _ in shop.purchases:
        if user in cold:
            baskets[user].setdefault(item)
    clicks = 3 if with_session else 0
    users = [user for user in sorted(baskets) if len(baskets[user]) > clicks]
    relevant = {user: set(list(baskets[user])[clicks:]) for user in users}
    popular = collections.Counter(item for _, item, _ in warm_purchases)
    by_country = collections.defaultdict(collections.Counter)
    for user, item, _ in warm_purchases:
        by_country[shop.countries[user]][item] += 1

    def most(counts: collections.Counter, user: str) -> list[str]:
        seen = set(list(baskets[user])[:clicks])
        ranked = [item for item, _ in counts.most_common(K + clicks)]
        ranked += [item for item, _ in popular.most_common(2 * K) if item not in ranked]
        return [item for item in ranked if item not in seen]

    result = {"popular": summary([(most(popular, user), relevant[user]) for user in users])}
    if not with_session:
        countries = [(most(by_country[shop.countries[user]], user), relevant[user]) for user in users]
        result["popular in the country"] = summary(countries)
    abroad = [user for user in users if shop.countries[user] != "United Kingdom"]
    connection = server.connect()
    for model in models:
        kind = {"kind": "ann", "space": model} if model not in ("item_knn", "user_knn") else {"kind": model}
        put_funnel(server, model, kind)
        found = {}
        for user in users:
            history = [{"item": item, "type": "view"} for item in list(baskets[user])[:clicks]]
            found[user] = ask(connection, None if with_session else user, model, K, **({"history": history} if history else {}))
        result[model] = summary([(found[user], relevant[user]) for user in users])
        if not with_session and abroad:
            result[f"{model}, abroad"] = summary([(found[user], relevant[user]) for user in abroad])
    if not with_session and abroad:
        result["popular, abroad"] = summary([(most(popular, user), relevant[user]) for user in abroad])
        result["popular in the country, abroad"] = summary(
            [(most(by_country[shop.countries[user]], user), relevant[user]) for user in abroad])
    connection.close()
    return result


def run(binary: str, part: str, seed: int, models: list[str], settings: tuple[str, ...] = (),
        most_customers: int = 1000) -> dict:
    shop = Shop()
    with tempfile.TemporaryDirectory(prefix="tamis-cold-") as directory:
        server = TamisServer(binary, pathlib.Path(directory) / "data",
                             ("storage.min_free_disk=0", "training.holdout=0", "items.features.name=text", *settings))
        server.start()
        try:
            if part == "items":
                return cold_items(server, shop, seed, models, most_customers)
            return cold_users(server, shop, seed, part == "session", models)
        finally:
            server.kill()


MODELS = {"items": ["two_tower", "content"], "users": ["two_tower"],
          "session": ["item_knn", "ials", "two_tower", "content"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--part", choices=sorted(MODELS), action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    for part in options.part or sorted(MODELS):
        result = run(options.binary, part, options.seed, MODELS[part], tuple(options.set))
        print(json.dumps({"part": part, "seed": options.seed, **result}, indent=1))


if __name__ == "__main__":
    main()
