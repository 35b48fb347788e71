#!/usr/bin/env python3
"""How good the settings of a model are on data that they were not chosen on.

Converts the sets of a data directory (docs/testing.md, TAMIS_DATA) into the files of the protocol `lightgcn`, each user's
or the whole set's newest part as validation and test, runs `tamis evaluate` for every given setting on every set and
prints recall@20 and NDCG@20 on the validation part, relative to the best of the settings on that set:

    bench/models/default_settings.py --tamis build/release/tamis --data ../shared/data --model item_knn \\
      --settings "" --settings "neighbors=100 shrinkage=0"

Without `--settings` the model's defaults run alone. `--part test` learns from train and validation and reads the test.
"""
import argparse
import collections
import csv
import datetime
import json
import lzma
import pathlib
import random
import subprocess
import tempfile

SETS = ["online_retail", "movietweetings", "ml-100k", "retailrocket", "steam", "toys", "sports", "ml-1m", "gowalla"]


def read_events(data, name):
    """(user, item) in the order of time, and how the set is cut: by `time`, by `user`, or the `last` of each user."""
    def lines(path):
        return lzma.open(data / path, "rt", encoding="utf-8", errors="replace")

    if name == "online_retail":
        rows = []
        for row in csv.DictReader(lines("online_retail/online_retail.csv.xz")):
            if row["CustomerID"] and not row["InvoiceNo"].startswith("C") and float(row["Quantity"]) > 0:
                rows.append((parse_date(row["InvoiceDate"]), row["CustomerID"], row["StockCode"]))
        return [row[1:] for row in sorted(rows, key=lambda row: row[0])], "time"
    if name in ("movietweetings", "ml-100k"):
        path, separator = {"movietweetings": ("ratings.dat.xz", "::"), "ml-100k": ("u.data.xz", "\t")}[name]
        rows = [line.strip().split(separator) for line in lines(f"{name}/{path}")]
        rows.sort(key=lambda row: int(row[3]))
        return [(row[0], row[1]) for row in rows], "time" if name == "movietweetings" else "user"
    if name == "gowalla":  # of the published train file alone; its lines are sorted, so a random part is cut off
        events = []
        for line in lines("gowalla/train.txt.xz"):
            user, *items = line.split()
            events += [(user, item) for item in items]
        random.Random(1).shuffle(events)
        return events, "user"
    path, skip, cut = {"retailrocket": ("retailrocket/view.dat.xz", 1, "user"),
                       "steam": ("steam/game_purchase.dat.xz", 1, "user"),
                       "toys": ("s3rec/toys.txt.xz", 0, "last"), "sports": ("s3rec/sports.txt.xz", 0, "last"),
                       "ml-1m": ("ml-1m/sasrec-ml-1m.txt.xz", 0, "user")}[name]
    events = [tuple(line.split()[:2]) for line in list(lines(path))[skip:] if line.strip()]
    if name == "steam":
        random.Random(2).shuffle(events)
    return events, cut


def parse_date(text):
    for form in ("%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%m/%d/%y %H:%M"):
        try:
            return datetime.datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(f"date {text!r}")


def split(events, cut):
    """Train, validation and test: {user: [item]}, without repeats."""
    ids = {}
    events = [(ids.setdefault(("u", user), len(ids)), ids.setdefault(("i", item), len(ids))) for user, item in events]
    parts = [collections.defaultdict(dict) for _ in range(3)]  # dicts keep the order and drop repeats
    if cut == "time":
        for n, (user, item) in enumerate(events):
            parts[0 if n < 0.8 * len(events) else 1 if n < 0.9 * len(events) else 2][user][item] = True
        return parts
    by_user = collections.defaultdict(dict)
    for user, item in events:
        by_user[user][item] = True
    for user, seen in by_user.items():
        items = list(seen)
        held = 0 if len(items) < 3 else 1 if cut == "last" else max(1, len(items) // 10)
        for n, item in enumerate(items):
            parts[max(0, n - (len(items) - 2 * held) + held) // held if held else 0][user][item] = True
    return parts


def write(path, rows):
    with open(path, "w") as out:
        for user in sorted(rows):
            if rows[user]:
                out.write(" ".join(map(str, [user, *sorted(rows[user])])) + "\n")


def prepare(data, name, folder, part):
    train, validation, test = split(*read_events(data, name))
    target = validation
    if part == "test":
        for user, items in validation.items():
            train[user].update(items)
        target = test
    known = {item for items in train.values() for item in items}
    target = {user: [item for item in items if item in known and item not in train[user]]
              for user, items in target.items() if train.get(user)}
    write(folder / f"{name}.train", train)
    write(folder / f"{name}.test", target)


def evaluate(args, folder, name, settings):
    command = [args.tamis, "evaluate", "--protocol", "lightgcn", "--train", folder / f"{name}.train", "--test",
               folder / f"{name}.test", "--model", args.model, "--format", "json", "--set", "resamples=1"]
    for setting in settings.split():
        command += ["--set", setting]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return report["metrics"]["recall@20"], report["metrics"]["ndcg@20"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tamis", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--settings", action="append")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        found = collections.defaultdict(dict)
        for name in args.sets:
            prepare(args.data, name, folder, args.part)
            for settings in args.settings or [""]:
                found[settings][name] = evaluate(args, folder, name, settings)
        best = {name: [max(row[name][m] for row in found.values()) for m in (0, 1)] for name in args.sets}
        for settings, row in found.items():
            ratios = [sum(row[name][m] / best[name][m] for m in (0, 1)) / 2 for name in args.sets]
            print(f"{settings or 'defaults'}: mean {sum(ratios) / len(ratios):.3f}, least {min(ratios):.3f} of the best")
            for name, ratio in zip(args.sets, ratios):
                print(f"  {name:15} recall@20 {row[name][0]:.4f}  NDCG@20 {row[name][1]:.4f}  {ratio:.3f}")


if __name__ == "__main__":
    main()
