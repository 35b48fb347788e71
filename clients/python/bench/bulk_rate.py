"""1M interactions from pandas against the same rows as raw NDJSON by curl, with and without idempotency keys, each into a fresh server.

    python bench/bulk_rate.py [ROWS]        (TAMIS_BINARY names the program; needs pandas, pyarrow and curl)
"""
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd

import tamis
from tamis import _bulk

rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
random = np.random.default_rng(1)
frame = pd.DataFrame({
    "user": "u" + pd.Series(random.integers(0, 100_000, rows)).astype(str),
    "item": "i" + pd.Series(np.minimum(random.pareto(0.7, rows), 50_000).astype(int)).astype(str),
    "type": "view", "value": random.integers(1, 9, rows),
    "timestamp": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows), unit="s")})


def report(name, seconds):
    print(f"{name:32} {seconds:6.2f} s  {rows / seconds:9.0f} rows/s", flush=True)


def send_raw(name, file):
    with tamis.local() as client:
        begin = time.perf_counter()
        subprocess.run(["curl", "-sf", "-o", "/dev/null", "-H", "Content-Type: application/x-ndjson", "-X", "POST", "-T", file.name,
                        f"{client._http.base_url}/v1/interactions"], check=True)
        report(name, time.perf_counter() - begin)


with tempfile.NamedTemporaryFile(suffix=".ndjson") as raw, tempfile.NamedTemporaryFile(suffix=".ndjson") as keyed:
    begin = time.perf_counter()
    for chunk in _bulk.chunks(frame, _bulk.INTERACTION_FIELDS, None, None, {}, False, None, 20_000):
        raw.write(chunk.body)
    raw.flush()
    for chunk in _bulk.chunks(frame, _bulk.INTERACTION_FIELDS, None, None, {}, True, None, 20_000):
        keyed.write(chunk.body)
    keyed.flush()
    report("encode alone", time.perf_counter() - begin)
    for _ in range(2):
        send_raw("raw NDJSON by curl", raw)
        send_raw("raw NDJSON by curl, with keys", keyed)
        for keys in (True, False):
            with tamis.local() as client:
                begin = time.perf_counter()
                assert client.add_interactions(frame, idempotency=keys).accepted == rows
                report("pandas" + (", with keys" if keys else ", idempotency=False"), time.perf_counter() - begin)
