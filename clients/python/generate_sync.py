#!/usr/bin/env python3
"""Writes src/tamis/_client.py from _async_client.py; --check fails where it is out of date."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent / "src" / "tamis"
WORDS = [(r"\basync (def|with|for)\b", r"\1"), (r"\bawait ", ""), (r"\bAsyncClient\b", "Client"),
         (r"\bAsyncIterator\b", "Iterator"), (r"__aenter__", "__enter__"), (r"__aexit__", "__exit__"), (r"\baclose\b", "close"),
         (r"\baread\b", "read"), (r"\baiter_lines\b", "iter_lines"), (r"\basyncio\.sleep\b", "time.sleep"),
         (r"import asyncio\n", "")]

text = (HERE / "_async_client.py").read_text()
for found, put in WORDS:
    text = re.sub(found, put, text)
text = re.sub(r'^""".*?"""', '"""The synchronous client. Made from _async_client.py by generate_sync.py; do not edit."""', text)
target = HERE / "_client.py"
if "--check" in sys.argv:
    if target.read_text() != text:
        sys.exit("src/tamis/_client.py is out of date; run generate_sync.py")
else:
    target.write_text(text)
