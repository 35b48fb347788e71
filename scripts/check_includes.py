#!/usr/bin/env python3
"""Fails where an include breaks the order of rooms in docs/architecture.md, or a folder sees a library of another.

    scripts/check_includes.py              checks the repository
    scripts/check_includes.py --self-test  proves that the check can fail
"""
import pathlib
import re
import sys

# The order of rooms. A room is one folder without its subfolders, so every folder that holds sources stands here once.
# A room may include itself and the rooms on the lines above its own, within its house (the top folder) and the houses
# that HOUSES names. Rooms of one line do not know each other. So no circle of folders can exist, at any depth.
ROOMS = [
    ["common"],
    ["storage"],
    ["index"],
    ["models"],
    ["models/bought_together", "models/bpr", "models/ease", "models/graph_filter", "models/ials", "models/mf", "models/nn"],
    ["models/content", "models/sequence"],
    ["models/two_tower"],
    ["models/pinsage"],
    ["models/kinds"],
    ["models/evaluate"],
    ["ranker", "ranker/rules"],
    ["ranker/evaluate"],
    ["engine"],
    ["engine/documents"],
    ["engine/funnel", "engine/interactions"],
    ["engine/serving"],
    ["engine/generations", "engine/live", "engine/settings"],
    ["engine/experiments", "engine/online", "engine/overview", "engine/recovery", "engine/retrieval"],
    ["engine/learn", "engine/query"],
    ["engine/batch", "engine/measure", "engine/replay", "engine/simulation", "engine/snapshot"],
    ["engine/database"],
    ["client/http"],
    ["client"],
    ["client/import"],
    ["client/command_line"],
    ["embeddings"],
    ["server/archive", "server/json"],
    ["server/log"],
    ["server/app"],
    ["server/metrics"],
    ["server/http"],
    ["server/bulk"],
    ["server/routes"],
    ["server/gorse"],
    ["server"],
    ["server/config"],
    ["server/commands"],
]
# The other houses that a house may include.
HOUSES = {
    "common": set(),
    "storage": {"common"},
    "index": {"common"},
    "models": {"common"},
    "ranker": {"common"},
    "engine": {"ranker", "index", "models", "storage", "common"},
    "client": {"common"},
    "embeddings": {"client", "models", "common"},
    "server": {"embeddings", "engine", "ranker", "index", "models", "storage", "common"},
}
# Public headers of a neighbour that a house may see: tools, not the neighbour's internals.
SHARED = {
    "ranker": re.compile(
        r"models/(nn/\w+|blas|parallel|train_control|settings|text_lines|matrix_io|kinds/model_options|evaluate/evaluation_report)\.h$"
    ),
}
# The binary joins the server's and the client's commands in one file.
EXCEPTIONS = {("server/commands/main.cc", "client")}
# Rooms of declarations alone: what embedders include.
HEADERS_ONLY = {"engine"}
# Libraries that one house owns.
OWNED = {
    r"rocksdb/": {"storage"},
    r"hnswlib/": {"index"},
    r"hwy/": {"index", "models"},
    r"roaring/": {"index"},
    r"cblas\.h|lapacke\.h": {"models", "ranker"},
    r"utf8proc\.h": {"models"},
    r"prometheus/": {"server"},
    r"boost/beast|boost/asio": {"server", "client"},
    r"simdjson": {"server"},
    r"toml\+\+": {"server", "client"},
    r"CLI/": {"server", "client"},
    r"openssl/": {"server", "client"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
LEVEL = {room: level for level, line in enumerate(ROOMS) for room in line}


def house_of(path: str) -> str:
    return path.split("/")[0]


def table_faults(rooms: list[list[str]], houses: dict[str, set[str]]) -> list[str]:
    """What would let a circle pass: a room that stands twice, a house in two places or unknown, a house that may
    include one below it. Where this finds nothing, all arrows point up the table, whether rooms or houses are drawn."""
    found = []
    names = [room for line in rooms for room in line]
    found += [f"{room} stands twice in ROOMS" for room in sorted(set(names)) if names.count(room) > 1]
    order: list[str] = []  # houses as they come; one that comes again stands in two places
    for line in rooms:
        inhabited = sorted({house_of(room) for room in line})
        if len(inhabited) > 1:
            found.append(f"{' and '.join(inhabited)} share a line of ROOMS")
        for house in inhabited:
            if house not in houses:
                found.append(f"{house} is not in HOUSES")
            if not order or order[-1] != house:
                if house in order:
                    found.append(f"{house} stands in two places of ROOMS")
                order.append(house)
    for house, seen in houses.items():
        for other in sorted(seen):
            if house not in order or other not in order or order.index(other) >= order.index(house):
                found.append(f"{house} may not be allowed {other}, which does not stand above it in ROOMS")
    return found


def faults(path: str, text: str) -> list[str]:
    house, room = house_of(path), path.rsplit("/", 1)[0]
    if house not in HOUSES:
        return []
    if room not in LEVEL:
        return [f"{path}: the folder {room} has no place in ROOMS of scripts/check_includes.py"]
    found = []
    if room in HEADERS_ONLY and not path.endswith(".h"):
        found.append(f"{path}: {room}/ holds headers only; the code belongs into one of its rooms")
    for _, target in INCLUDE.findall(text):
        for pattern, owners in OWNED.items():
            if re.match(pattern, target) and house not in owners:
                found.append(f"{path}: only {' and '.join(sorted(owners))} may include {target}")
        other, target_room = house_of(target), target.rsplit("/", 1)[0]
        if other not in HOUSES or target_room == room:
            continue
        is_shared = house in SHARED and SHARED[house].match(target)
        if other != house and other not in HOUSES[house] and not is_shared and (path, other) not in EXCEPTIONS:
            found.append(f"{path}: {house} may not include {target}")
        elif target_room not in LEVEL:
            found.append(f"{path}: {target} is in a folder that has no place in ROOMS")
        elif LEVEL[target_room] >= LEVEL[room]:
            found.append(f"{path}: {room} may not include {target}, which does not stand above it in ROOMS")
    return found


def circle(arrows: set[tuple[str, str]]) -> list[str]:
    """A circle of these arrows, as the nodes along it; empty where there is none."""
    targets: dict[str, list[str]] = {}
    for start, end in sorted(arrows):
        targets.setdefault(start, []).append(end)
    done: set[str] = set()
    path: list[str] = []

    def walk(node: str) -> list[str]:
        if node in path:
            return path[path.index(node) :] + [node]
        if node in done:
            return []
        path.append(node)
        for end in targets.get(node, []):
            if found := walk(end):
                return found
        done.add(path.pop())
        return []

    for node in sorted(targets):
        if found := walk(node):
            return found
    return []


def circles(files: dict[str, str]) -> list[str]:
    """The circles that the includes really make, at every depth of folders: the table apart, and proof against a fault
    of its check."""
    found = []
    deepest = max(path.count("/") for path in files)
    for depth in range(1, deepest + 1):
        arrows = set()
        for path, text in files.items():
            start = "/".join(path.split("/")[:-1][:depth])
            for _, target in INCLUDE.findall(text):
                end = "/".join(target.split("/")[:-1][:depth])
                is_joint = (path, house_of(target)) in EXCEPTIONS
                if house_of(target) in HOUSES and end != start and not is_joint:
                    arrows.add((start, end))
        if around := circle(arrows):
            found.append(f"a circle of folders at depth {depth}: {' -> '.join(around)}")
    return found


def self_test() -> None:
    assert faults("storage/a.cc", '#include "engine/database.h"\n'), "an upward include must be found"
    assert faults("models/a.cc", '#include "storage/store.h"\n'), "a sideways include must be found"
    assert faults("engine/query/a.cc", "#include <rocksdb/db.h>\n"), "a library of another house must be found"
    assert faults("server/routes/a.cc", '#include "client/command_line/commands.h"\n'), "only main.cc joins the commands"
    assert faults("ranker/a.cc", '#include "models/ials/ials.h"\n'), "a neighbour's internals must be found"
    assert not faults("ranker/a.cc", '#include "models/nn/linear.h"\n')
    assert not faults("engine/live/a.cc", '#include "storage/store.h"\n#include <vector>\n')
    assert not faults("server/commands/main.cc", '#include "client/command_line/commands.h"\n')

    # Rooms of one house.
    assert faults("engine/live/a.cc", '#include "engine/query/query.h"\n'), "a room below must be found"
    assert faults("engine/query/a.cc", '#include "engine/learn/dataset.h"\n'), "a room of the same line must be found"
    assert faults("engine/funnel.h", '#include "engine/funnel/members.h"\n'), "the root may not see a room of its own"
    assert faults("models/ials/a.cc", '#include "models/kinds/model_options.h"\n'), "also outside of engine"
    assert faults("engine/attic/a.cc", ""), "a folder without a place must be found"
    assert faults("engine/query/a.cc", '#include "engine/attic/b.h"\n'), "so must an include from one"
    assert faults("engine/a.cc", ""), "code in a room of headers must be found"
    assert not faults("engine/query/a.cc", '#include "engine/query/b.h"\n#include "engine/live/read_state.h"\n')

    # The table itself.
    assert not table_faults(ROOMS, HOUSES)
    assert table_faults([["a"], ["a/b"], ["a"]], {"a": set()}), "a room that stands twice must be found"
    assert table_faults([["a"], ["b"], ["a/c"]], {"a": set(), "b": {"a"}}), "a house in two places must be found"
    assert table_faults([["a"], ["b"]], {"a": {"b"}, "b": set()}), "a house that may include one below must be found"
    assert table_faults([["a", "b"]], {"a": set(), "b": set()}), "two houses on one line must be found"
    assert table_faults([["a"]], {}), "a house without rules must be found"

    # The circles that files make, whatever the table says.
    two = {"engine/x/a.h": '#include "engine/y/b.h"\n', "engine/y/b.h": '#include "engine/x/a.h"\n'}
    assert circles(two) and circles(two)[0].startswith("a circle of folders at depth 2"), "a circle of two must be found"
    three = {
        "engine/x/a.h": '#include "engine/y/b.h"\n',
        "engine/y/c.h": '#include "engine/z/d.h"\n',  # no circle of files, but one of folders
        "engine/z/e.h": '#include "engine/x/f.h"\n',
    }
    assert circles(three), "a circle of three must be found"
    parent = {"engine/a.h": '#include "engine/x/b.h"\n', "engine/x/c.h": '#include "engine/d.h"\n'}
    assert circles(parent), "a circle of a folder and its subfolder must be found"
    deep = {"engine/x/u/a.h": '#include "engine/y/b.h"\n', "engine/y/c.h": '#include "engine/x/v/d.h"\n'}
    assert circles(deep), "a circle of two folders that only their subfolders make must be found"
    assert not circles({"engine/x/a.h": '#include "engine/y/b.h"\n', "engine/y/b.h": '#include "common/c.h"\n'})


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    root = pathlib.Path(__file__).resolve().parent.parent
    files = {}
    for house in HOUSES:
        for path in sorted((root / house).rglob("*")):
            if path.suffix in (".cc", ".h"):
                files[str(path.relative_to(root))] = path.read_text(encoding="utf-8")
    found = table_faults(ROOMS, HOUSES)
    for path, text in files.items():
        found += faults(path, text)
    inhabited = {path.rsplit("/", 1)[0] for path in files}
    found += [f"{room} stands in ROOMS and holds no source" for room in LEVEL if room not in inhabited]
    found += circles(files)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
