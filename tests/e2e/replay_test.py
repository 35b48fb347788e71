#!/usr/bin/env python3
"""A thousand past answers on the shop's purchases, asked again: replay_test.py path/to/tamis [--seed 1]

Answers are noted while purchases come in, two generations are trained and promoted, and the server is killed and
restarted; then every one is asked for again, in random order by runs, and must come back the same: items, order, scores.
"""
import argparse
import pathlib
import random
import tempfile

from shop_data import Shop, put_purchases, train
from tamis_server import TamisServer

RULES = {"base": "default", "rules": [
    {"kind": "diversity", "space": "ials", "relevance": 0.8},
    {"kind": "explore", "policy": "epsilon_greedy", "share": 0.2, "most_impressions": 1e12},
]}
RUN = 50  # replays of rising sequence; then the past starts over


class Past:
    def __init__(self, server: TamisServer, shop: Shop, seed: int):
        self.server = server
        self.random = random.Random(seed)
        self.coming = iter(shop.purchases[len(shop.purchases) // 2:])
        self.users = sorted(shop.countries)
        self.answers: list[tuple[str, dict, dict]] = []
        self.inexact = 0

    def note(self, answers: int) -> None:
        connection = self.server.connect()
        wanted = len(self.answers) + answers
        while len(self.answers) < wanted:
            if self.random.random() < 0.3:
                put_purchases(self.server, [next(self.coming)])
            user = self.random.choice(self.users)
            request = {"k": self.random.choice([5, 10, 20]), "funnel": self.random.choice(["default", "rules"])}
            answer = connection.call("POST", f"/v1/users/{user}/recommendations", request)
            if answer["exact"]:
                self.answers.append((user, request, answer))
            else:
                self.inexact += 1
        connection.close()

    def promote_another(self) -> None:
        put_purchases(self.server, [next(self.coming) for _ in range(20_000)])
        generation = train(self.server, ["ials"])["generation"]
        if self.server.call("GET", "/v1/stats")["generation"] != generation:
            self.server.call("POST", f"/v1/generations/{generation}/promote")

    def differing(self) -> list[tuple[dict, dict]]:
        asked = list(self.answers)
        self.random.shuffle(asked)
        differing = []
        connection = self.server.connect()
        for begin in range(0, len(asked), RUN):
            for user, request, answer in sorted(asked[begin:begin + RUN], key=lambda noted: noted[2]["sequence"]):
                again = connection.call("POST", f"/v1/users/{user}/recommendations", request | {
                    "as_of_sequence": answer["sequence"], "generation": answer["generation"],
                    "recommendation_id": answer["recommendation_id"], "as_of": answer["served_at"]})
                if again != answer:
                    differing.append((answer, again))
        connection.close()
        return differing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shop = Shop()
    with tempfile.TemporaryDirectory() as directory:
        server = TamisServer(arguments.binary, pathlib.Path(directory) / "data")
        server.start()
        shop.put_items(server, shop.names)
        put_purchases(server, shop.purchases[:len(shop.purchases) // 2])
        train(server, ["ials"])
        server.call("PUT", "/v1/funnels/rules", RULES)
        past = Past(server, shop, arguments.seed)
        past.note(400)
        past.promote_another()
        past.note(300)
        server.kill()
        server.start()
        past.note(300)
        server.stop()
        server.start()
        differing = past.differing()
        server.stop()
    print(f"{len(past.answers) - len(differing)} of {len(past.answers)} exact answers came back the same; "
          f"{past.inexact} more were not exact")
    if differing:
        raise SystemExit("first that differs:\n{}\n{}".format(*differing[0]))


if __name__ == "__main__":
    main()
