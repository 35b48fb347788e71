"""What refits between trainings are worth: python3 bench/server/online_refits.py build/release/tamis [--shares 0.8,0.1,0.1]

The shop's purchases (data/) by time: iALS learns from the head, then the middle is streamed in, and the tail is foreseen:
recall@20 and NDCG@20 of the articles that a customer had not bought before, over the customers who are known from head
or middle, by the ials space alone. Users are folded in from their whole history in every case; what differs is whether
items are refitted to the streamed purchases (training.online.*). Prints JSON, with the mean difference to no refits and
the middle 95% of its resamples by customer.
"""

import argparse
import collections
import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from shop_data import Shop, interval, mean, ndcg, put_funnel, put_purchases, recall, train  # noqa: E402
from tamis_server import TamisServer  # noqa: E402

VARIANTS = {
    "off": (),
    "on": ("training.online.enabled=true",),
    "on, half rate": ("training.online.enabled=true", "training.online.learning_rate=0.5"),
    "on, drift 0.3": ("training.online.enabled=true", "training.online.max_drift=0.3"),
    "new articles only": ("training.online.enabled=true", "training.online.learning_rate=0"),
}


def metric(server: TamisServer, name: str) -> float:
    import urllib.request

    with urllib.request.urlopen(f"{server.url}/metrics") as reply:
        for line in reply.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
    return 0.0


def measure(binary: str, shop: Shop, shares: list[float], settings: tuple[str, ...]) -> dict:
    first = int(len(shop.purchases) * shares[0])
    second = int(len(shop.purchases) * (shares[0] + shares[1]))
    end = int(len(shop.purchases) * sum(shares))
    met = collections.defaultdict(set)
    for user, item, _ in shop.purchases[:second]:
        met[user].add(item)
    relevant = collections.defaultdict(set)
    for user, item, _ in shop.purchases[second:end]:
        if user in met and item not in met[user]:
            relevant[user].add(item)
    with tempfile.TemporaryDirectory(prefix="tamis-online-") as directory:
        server = TamisServer(binary, pathlib.Path(directory) / "data",
                             ("storage.min_free_disk=0", "training.holdout=0", *settings))
        server.start()
        try:
            put_purchases(server, shop.purchases[:first])
            train(server, ["ials"])
            put_funnel(server, "ials", {"kind": "ann", "space": "ials"})
            start = time.monotonic()
            put_purchases(server, shop.purchases[first:second])
            streamed_s = time.monotonic() - start
            while metric(server, "tamis_online_waiting_items") > 0:
                time.sleep(0.1)
            settled_s = time.monotonic() - start
            refitted = metric(server, "tamis_online_refitted_items_total")
            connection = server.connect()
            found = {
                user: [row["item"] for row in connection.call(
                    "POST", f"/v1/users/{user}/recommendations", {"funnel": "ials", "k": 20})["items"]]
                for user in sorted(relevant)
            }
        finally:
            server.kill()
    return {"recalls": {user: recall(found[user], relevant[user], 20) for user in found},
            "ndcgs": {user: ndcg(found[user], relevant[user], 20) for user in found},
            "streamed_s": round(streamed_s, 2), "settled_s": round(settled_s, 2), "refits": refitted}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--shares", default="0.8,0.1,0.1", help="of head, middle and tail; what is left is not used")
    parser.add_argument("--variants", default=",".join(VARIANTS).replace("on, ", "on; "))
    options = parser.parse_args()
    shop = Shop()
    shares = [float(share) for share in options.shares.split(",")]
    names = [name.replace("on; ", "on, ") for name in options.variants.split(",")]
    without = None
    for name in names:
        got = measure(options.binary, shop, shares, VARIANTS[name])
        without = without or got
        differences = [got["recalls"][user] - without["recalls"][user] for user in got["recalls"]]
        low, high = interval(differences)
        print(json.dumps({
            "variant": name, "customers": len(differences), "recall@20": round(mean(list(got["recalls"].values())), 4),
            "ndcg@20": round(mean(list(got["ndcgs"].values())), 4), "difference": round(mean(differences), 4),
            "interval": [round(low, 4), round(high, 4)], "refits": got["refits"], "streamed_s": got["streamed_s"],
            "settled_s": got["settled_s"]}), flush=True)


if __name__ == "__main__":
    main()
