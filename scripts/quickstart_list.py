#!/usr/bin/env python3
"""Prints a recommendation answer for people; a part of ./quickstart.

    quickstart_list.py URL ANSWER.json [EARLIER.json]   the list, with reasons, and with what changed since EARLIER
    quickstart_list.py --pick URL ANSWER.json           an item to buy: its id, a tab, its name
    quickstart_list.py --ids ANSWER.json                the ids in order
"""
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

BOLD, DIM, GREEN, PLAIN = (os.environ.get(f"TAMIS_{name}", "") for name in ("BOLD", "DIM", "GREEN", "PLAIN"))


class Names:
    """Items' names, asked of the server once each."""

    def __init__(self, url: str, answer: dict):
        self.url = url
        self.known = {item["item"]: item.get("features", {}).get("name", item["item"]) for item in answer["items"]}

    def of(self, item: str) -> str:
        if item not in self.known:
            self.known[item] = item
            try:
                with urllib.request.urlopen(f"{self.url}/v1/items/{urllib.parse.quote(item, safe='')}", timeout=10) as reply:
                    self.known[item] = json.load(reply).get("features", {}).get("name", item)
            except urllib.error.HTTPError:
                pass  # an item without features has only its id
        return self.known[item].strip()


def reason(item: dict, names: Names) -> str:
    """The strongest "because" among the retrievers, else which retrievers found it."""
    retrieved = item.get("explain", {}).get("retrieved_by", [])
    with_reasons = sorted((r for r in retrieved if r.get("because")), key=lambda r: r["rank"])
    if with_reasons:
        because = [names.of(b["item"]) for b in with_reasons[0]["because"][:2]]
        return "because you bought " + " and ".join(because)
    if retrieved:
        return "found by " + ", ".join(r["retriever"] for r in retrieved)
    return "popular in the shop"


def print_list(url: str, answer: dict, earlier: dict | None) -> None:
    names = Names(url, answer)
    before = {item["item"]: item["rank"] for item in earlier["items"]} if earlier else {}
    for item in answer["items"]:
        mark = ""
        if earlier:  # a column of its own: "new", "up 3", "down 12"
            was = before.get(item["item"], 0)
            if was == 0:
                mark = f"{GREEN}{'new':<9}{PLAIN}"
            else:
                moved = was - item["rank"]
                mark = f"{f'up {moved}' if moved > 0 else f'down {-moved}' if moved < 0 else '':<9}"
        price = item.get("features", {}).get("price")
        cost = f"{price:7.2f}" if isinstance(price, (int, float)) else " " * 7
        print(f"   {item['rank']:2d}. {mark}{BOLD}{names.of(item['item']):<38.38}{PLAIN}{cost}  {DIM}{reason(item, names)}{PLAIN}")
    gone = [i for i in (earlier or {"items": []})["items"] if i["item"] not in {a["item"] for a in answer["items"]}]
    if gone:
        print(f"       {DIM}gone: {', '.join(Names(url, earlier).of(i['item']) for i in gone)}{PLAIN}")


def main() -> int:
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "--ids":
        print("\n".join(item["item"] for item in load(arguments[1])["items"]))
    elif len(arguments) == 3 and arguments[0] == "--pick":
        answer = load(arguments[2])
        if not answer["items"]:
            print("quickstart: the list is empty", file=sys.stderr)
            return 1
        item = answer["items"][0]["item"]
        print(f"{item}\t{Names(arguments[1], answer).of(item)}")
    elif len(arguments) in (2, 3) and not arguments[0].startswith("-"):
        print_list(arguments[0], load(arguments[1]), load(arguments[2]) if len(arguments) == 3 else None)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


def load(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


if __name__ == "__main__":
    sys.exit(main())
