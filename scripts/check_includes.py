#!/usr/bin/env python3
"""Fails where an include breaks the layers of docs/architecture.md or a folder sees a library that is not its own.

    scripts/check_includes.py            checks the repository
    scripts/check_includes.py --self-test  proves that the check can fail
"""
import pathlib
import re
import sys

# A folder may include itself and these.
ALLOWED = {
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
# Public headers of a neighbour that a folder may see: tools, not the neighbour's internals.
SHARED = {
    "ranker": re.compile(
        r"models/(nn/\w+|blas|parallel|train_control|settings|text_lines|matrix_io|kinds/model_options|evaluate/evaluation_report)\.h$"
    ),
}
# The binary joins the server's and the client's commands in one file.
EXCEPTIONS = {("server/commands/main.cc", "client")}
# Libraries that one folder owns.
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


def faults(path: str, text: str) -> list[str]:
    folder = path.split("/")[0]
    if folder not in ALLOWED:
        return []
    found = []
    for _, target in INCLUDE.findall(text):
        top = target.split("/")[0]
        if folder in SHARED and SHARED[folder].match(target):
            continue
        if top in ALLOWED and top != folder and top not in ALLOWED[folder] and (path, top) not in EXCEPTIONS:
            found.append(f"{path}: {folder} may not include {target}")
        for pattern, owners in OWNED.items():
            if re.match(pattern, target) and folder not in owners:
                found.append(f"{path}: only {' and '.join(sorted(owners))} may include {target}")
    return found


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        assert faults("storage/a.cc", '#include "engine/database.h"\n'), "an upward include must be found"
        assert faults("models/a.cc", '#include "storage/store.h"\n'), "a sideways include must be found"
        assert faults("engine/a.cc", "#include <rocksdb/db.h>\n"), "a library of another folder must be found"
        assert faults("server/routes.cc", '#include "client/command_line/commands.h"\n'), "only main.cc joins the commands"
        assert faults("ranker/a.cc", '#include "models/ials/ials.h"\n'), "a neighbour's internals must be found"
        assert not faults("ranker/a.cc", '#include "models/nn/linear.h"\n')
        assert not faults("engine/a.cc", '#include "storage/store.h"\n#include <vector>\n')
        assert not faults("server/commands/main.cc", '#include "client/command_line/commands.h"\n')
        return 0
    root = pathlib.Path(__file__).resolve().parent.parent
    found = []
    for folder in ALLOWED:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cc", ".h"):
                found += faults(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
