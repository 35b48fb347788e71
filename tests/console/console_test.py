#!/usr/bin/env python3
"""The console in headless Chromium over a real server that holds the shop's purchases: every view, light and dark, desktop and phone.

    console_test.py path/to/tamis [--console URL] [--keep] [arguments of console/tests/run.mjs]

--console looks at another origin (a `vite dev` or `vite preview` that leads to this server), --keep leaves the server running afterwards.
Exit code 77: Chromium, Node.js or the console's packages are absent; 1 where TAMIS_REQUIRE_ALL is set.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import shop_data  # noqa: E402
from tamis_server import TamisServer  # noqa: E402

SKIPPED = 77
CUSTOMERS = 1200
MODELS = ["item_knn", "user_knn", "ials", "bought_together", "content", "ranker"]
# Small, so that training takes seconds: the test looks at pages, not at quality.
SETTINGS = (
    "training.settings.dlrm.epochs=2",
    "training.settings.ials.dim=32",
    "training.settings.ials.iterations=6",
    "training.gate_tolerance=1",  # a ranker of two epochs is kept, whatever it is worth
)
RANKED = {
    "retrievers": [{"kind": "ann", "space": "ials", "quota": 200}, {"kind": "item_knn", "quota": 200}],
    "ranker": {"kind": "dlrm", "candidates": 200},
    "fallback": ["popular"],
}


def skip(reason: str) -> None:
    print(f"skipped: {reason}")
    sys.exit(1 if "TAMIS_REQUIRE_ALL" in os.environ else SKIPPED)


def has_console(server: TamisServer) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/console/", timeout=10) as reply:
            return b"<script" in reply.read()
    except urllib.error.HTTPError:
        return False


def fill(server: TamisServer) -> None:
    """What every view needs to have something to show."""
    shop = shop_data.Shop()
    customers = set(sorted(shop.countries)[:CUSTOMERS])
    purchases = [purchase for purchase in shop.purchases if purchase[0] in customers]
    shop.put_items(server, {item for _, item, _ in purchases})
    shop.put_users(server, customers)
    shop_data.put_purchases(server, purchases)
    shop_data.train(server, MODELS)
    server.call("PUT", "/v1/funnels/ranked", RANKED)
    server.call("PUT", "/v1/experiments/ranker", {
        "funnel": "default", "arms": [{"name": "control", "share": 0.5}, {"name": "ranked", "share": 0.5, "funnel": "ranked"}],
    })
    for customer in sorted(customers)[:60]:  # lists that count, and what followed
        answer = server.call("GET", f"/v1/users/{customer}/recommendations?k=10")
        server.call("POST", "/v1/interactions", {
            "user": customer, "item": answer["items"][int(customer) % 10]["item"], "type": "click",
            "recommendation_id": answer["recommendation_id"],
        })


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--console")
    parser.add_argument("--keep", action="store_true")
    arguments, others = parser.parse_known_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    node = shutil.which("node")
    if chromium is None:
        skip("there is no chromium; scripts/install_dependencies test installs it")
    if node is None or not (ROOT / "console/node_modules/playwright-core").exists():
        skip("there is no Node.js, or console/node_modules is not installed (npm ci in console/)")
    with tempfile.TemporaryDirectory(prefix="tamis-console-") as directory:
        server = TamisServer(arguments.binary, pathlib.Path(directory) / "shop", SETTINGS)
        empty = TamisServer(arguments.binary, pathlib.Path(directory) / "empty", SETTINGS)
        try:
            server.start()
            empty.start()
            if not arguments.console and not has_console(server):
                skip("the server was built without the console (-DTAMIS_CONSOLE=OFF, or without npm)")
            begin = time.monotonic()
            fill(server)
            print(f"the shop is imported and trained after {time.monotonic() - begin:.1f} s", flush=True)
            ran = subprocess.run(
                [node, str(ROOT / "console/tests/run.mjs"), "--chromium", chromium, "--server", server.url,
                 "--console", arguments.console or server.url, "--empty", empty.url, *others], check=False)
            if arguments.keep:
                input(f"{server.url} and {empty.url} serve; press Enter to end ")
            if ran.returncode != 0:
                print(server.last_log())
            return ran.returncode
        finally:
            server.stop()
            empty.stop()


if __name__ == "__main__":
    sys.exit(main())
