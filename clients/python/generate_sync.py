#!/usr/bin/env python3
"""Writes src/tamis/_client.py and _exchange.py from their _async_ namesakes; --check fails where one is out of date."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent / "src" / "tamis"
WORDS = [(r"\basync (def|with|for)\b", r"\1"), (r"\bawait ", ""), (r"\bAsyncClient\b", "Client"),
         (r"\bAsyncIterator\b", "Iterator"), (r"__aenter__", "__enter__"), (r"__aexit__", "__exit__"), (r"\baclose\b", "close"),
         (r"\baread\b", "read"), (r"\baiter_lines\b", "iter_lines"), (r"\basyncio\.sleep\b", "time.sleep"),
         (r"import asyncio\n(import time\n)?", "import time\n"), (r"\bAsyncExchange\b", "Exchange"), (r"\b_async_exchange\b", "_exchange")]

for name in ("client", "exchange"):
    source, target = HERE / f"_async_{name}.py", HERE / f"_{name}.py"
    text = source.read_text()
    for found, put in WORDS:
        text = re.sub(found, put, text)
    text = re.sub(r'^""".*?"""', f'"""Synchronous. Made from {source.name} by generate_sync.py; do not edit."""', text, flags=re.DOTALL)
    if "--check" not in sys.argv:
        target.write_text(text)
    elif target.read_text() != text:
        sys.exit(f"src/tamis/{target.name} is out of date; run generate_sync.py")
