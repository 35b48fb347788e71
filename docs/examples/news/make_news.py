#!/usr/bin/env python3
"""A made-up newspaper for docs/tutorials/news.md: writes articles.ndjson and reads.ndjson, of the last three days.

    make_news.py FOLDER

300 readers like two sections each; they read what is new in them, and now and then something else. The draw is fixed, the times
are relative to now.
"""
import datetime
import json
import pathlib
import random
import sys

SECTIONS = {"politics": ["parliament", "vote", "minister", "budget"], "sport": ["cup", "final", "coach", "season"],
            "science": ["telescope", "genome", "climate", "probe"], "culture": ["film", "novel", "festival", "painter"],
            "business": ["shares", "merger", "harvest", "startup"]}


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    now = datetime.datetime.now(datetime.timezone.utc)
    articles = []
    for number in range(400):
        section = draw.choice(list(SECTIONS))
        published = now - datetime.timedelta(hours=draw.uniform(0.5, 72))
        words = draw.sample(SECTIONS[section], 2)
        articles.append({"id": f"a{number}", "ttl_s": 7 * 86400, "features": {
            "title": f"{words[0]} and {words[1]}, part {number}", "section": section, "published_at": published.isoformat()}})
    with (folder / "articles.ndjson").open("w") as file:
        file.writelines(json.dumps(one) + "\n" for one in articles)
    with (folder / "reads.ndjson").open("w") as file:
        for reader in range(300):
            liked = draw.sample(list(SECTIONS), 2)
            for article in draw.sample(articles, 60):
                features = article["features"]
                likes = features["section"] in liked
                if draw.random() > (0.6 if likes else 0.1):
                    continue
                published = datetime.datetime.fromisoformat(features["published_at"])
                at = published + (now - published) * min(1.0, draw.expovariate(4))
                file.write(json.dumps({"user": f"reader{reader}", "item": article["id"], "type": "read",
                                       "value": round(draw.uniform(25, 200) if likes else draw.uniform(1, 40)),
                                       "timestamp": at.isoformat()}) + "\n")


main()
