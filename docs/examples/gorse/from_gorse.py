#!/usr/bin/env python3
"""Takes users, items and feedback out of a running Gorse and writes them as Tamis imports them. Standard library only.

    from_gorse.py GORSE_URL FOLDER [--key API_KEY]

Writes users.ndjson, items.ndjson and interactions.ndjson. Reads Gorse's REST API, page by page, so that memory stays bounded.
"""
import argparse
import json
import pathlib
import urllib.parse
import urllib.request


def pages(url: str, key: str, path: str, member: str):
    cursor = ""
    while True:
        query = urllib.parse.urlencode({"n": 1000, "cursor": cursor})
        request = urllib.request.Request(f"{url}{path}?{query}", headers={"X-API-Key": key})
        with urllib.request.urlopen(request, timeout=60) as response:
            page = json.load(response)
        yield from page.get(member) or []
        cursor = page.get("Cursor") or ""
        if not cursor:
            return


def features(labels, more: dict) -> dict:
    """Labels are a list of texts, or an object whose members may be numbers, texts, lists of texts, or objects again."""
    made = {}

    def add(name: str, value) -> None:
        if isinstance(value, dict):
            for key, member in value.items():
                add(f"{name}.{key}" if name else key, member)
        elif isinstance(value, list):
            made[name or "labels"] = [str(one) for one in value]
        elif value is not None:
            made[name or "labels"] = value
    add("", labels)
    made.update({name: value for name, value in more.items() if value})
    return made


def user(one: dict) -> dict:
    return {"id": one["UserId"], "features": features(one.get("Labels"), {"comment": one.get("Comment")})}


def item(one: dict) -> dict:
    time = one.get("Timestamp") or ""
    made = {"id": one["ItemId"], "features": features(one.get("Labels"), {
        "categories": one.get("Categories"), "name": one.get("Comment"),
        "listed_at": time if time and not time.startswith("0001-") else None})}
    return {**made, "hidden": True} if one.get("IsHidden") else made


def interaction(one: dict) -> dict:
    made = {"user": one["UserId"], "item": one["ItemId"], "type": one["FeedbackType"]}
    if one.get("Timestamp") and not one["Timestamp"].startswith("0001-"):
        made["timestamp"] = one["Timestamp"]
    if one.get("Value"):  # Gorse writes 0 where nothing was given
        made["value"] = one["Value"]
    return made


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("url")
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--key", default="")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, path, member, converted in (("users", "/api/users", "Users", user), ("items", "/api/items", "Items", item),
                                          ("interactions", "/api/feedback", "Feedback", interaction)):
        count = 0
        with (given.folder / f"{name}.ndjson").open("w", encoding="utf-8") as file:
            for one in pages(given.url.rstrip("/"), given.key, path, member):
                file.write(json.dumps(converted(one), ensure_ascii=False) + "\n")
                count += 1
        print(f"{name}: {count}")


main()
