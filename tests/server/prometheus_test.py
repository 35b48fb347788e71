"""A real Prometheus scrapes a loaded Tamis; every expression of the dashboard and of the alert rules returns data.

usage: prometheus_test.py TAMIS_BINARY REPOSITORY   (exit 77: prometheus is not installed; 1 then, where TAMIS_REQUIRE_ALL is set)
"""

import json
import os
import math
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

SKIPPED = 77
RATE_WINDOW = "1m"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(base: str, method: str, path: str, body=None, kind: str = "application/json") -> int:
    data = body.encode() if isinstance(body, str) else (json.dumps(body).encode() if body is not None else None)
    request = urllib.request.Request(base + path, data=data, method=method, headers={"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def expect(status: int, *allowed: int) -> None:
    if status not in allowed:
        sys.exit(f"a request was answered {status}; expected one of {allowed}")


def fill(base: str) -> None:
    """Data enough for every stage of a funnel, a space and a training run."""
    rng = random.Random(1)
    lines = []
    for user in range(120):
        for item in rng.sample(range(60), 12):
            lines.append(json.dumps({"user": f"u{user}", "item": f"i{item}", "type": rng.choice(["view", "purchase"]),
                                     "timestamp": 1_700_000_000_000 + rng.randrange(10**9)}))
    expect(call(base, "POST", "/v1/interactions", "\n".join(lines), "application/x-ndjson"), 200)
    items = "\n".join(json.dumps({"id": f"i{i}", "features": {"price": i}}) for i in range(60))
    expect(call(base, "POST", "/v1/items", items, "application/x-ndjson"), 200)
    expect(call(base, "PUT", "/v1/spaces/looks", {"dim": 4}), 200)
    vectors = "\n".join(json.dumps({"item": f"i{i}", "vector": [rng.random() for _ in range(4)]}) for i in range(60))
    expect(call(base, "POST", "/v1/spaces/looks/vectors", vectors, "application/x-ndjson"), 200)


def load(base: str, stop: threading.Event) -> None:
    """Traffic of every kind, errors included, until told to stop."""
    turn = 0
    while not stop.is_set():
        turn += 1
        call(base, "GET", f"/v1/users/u{turn % 120}/recommendations?k=5")
        call(base, "POST", "/v1/interactions", {"user": f"u{turn % 120}", "item": f"i{turn % 60}"})
        call(base, "POST", "/v1/interactions", json.dumps({"user": "u1", "item": "i2"}), "application/x-ndjson")
        call(base, "POST", "/v1/search", {"space": "looks", "vector": [1, 0, 0, 0]})
        call(base, "GET", f"/v1/items/i{turn % 60}/similar")
        if turn % 100 == 1:
            call(base, "POST", "/v1/train", {})
        if turn % 5 == 0:
            call(base, "GET", "/v1/items/nobody")
            call(base, "POST", "/v1/users/u1/recommendations", {"min_seq": 10**15, "min_seq_timeout_ms": 1})
        time.sleep(0.02)


def last_run(base: str) -> str:
    """The state that the newest ended training has by the metrics; "" without one."""
    with urllib.request.urlopen(base + "/metrics", timeout=30) as answer:
        states = re.findall(r'^tamis_training_last_run\{state="(\w+)"\} 1$', answer.read().decode(), re.MULTILINE)
    return states[0] if states else ""


def dashboard_expressions(repository: pathlib.Path) -> list[str]:
    dashboard = json.loads((repository / "deploy/grafana/tamis.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return [e.replace("$__rate_interval", RATE_WINDOW).replace("$instance", ".*") for e in expressions]


def rule_expressions(repository: pathlib.Path) -> list[str]:
    import yaml

    rules = yaml.safe_load((repository / "deploy/prometheus/tamis_alerts.yml").read_text())
    with_thresholds = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    bare = [re.sub(r"\s*[<>]=?\s*[0-9.]+$", "", expression) for expression in with_thresholds]
    for before, after in zip(with_thresholds, bare):
        if before == after:
            sys.exit(f"the rule has no threshold at its end: {before}")
    return bare


def query(prometheus: str, expression: str) -> list:
    url = f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def has_data(prometheus: str, expression: str) -> bool:
    return any(not math.isnan(float(sample["value"][1])) for sample in query(prometheus, expression))


def wait_for(what: str, probe, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if probe():
                return
        except OSError:
            pass
        time.sleep(0.3)
    sys.exit(f"{what} did not happen within {seconds} s")


def check_files(repository: pathlib.Path) -> None:
    folder = repository / "deploy/prometheus"
    subprocess.run(["promtool", "check", "rules", folder / "tamis_alerts.yml"], check=True, stdout=subprocess.DEVNULL)
    for name in ("prometheus.yml", "prometheus.compose.yml"):
        subprocess.run(["promtool", "check", "config", folder / name], check=True, stdout=subprocess.DEVNULL)


def run(tamis: str, repository: pathlib.Path, directory: pathlib.Path, started: list) -> None:
    port, prometheus_port = free_port(), free_port()
    base, prometheus = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{prometheus_port}"
    started.append(subprocess.Popen([tamis, "serve", "--data", directory / "data", "--port", str(port),
                                     "--set", "index.recall_interval=200ms", "--set", "log.access=none"]))
    wait_for("readiness", lambda: call(base, "GET", "/readyz") == 200, 30)
    expect(call(base, "POST", "/v1/train", {}), 202)
    wait_for("a failure of a training without data", lambda: last_run(base) == "failed", 30)
    fill(base)

    config = (repository / "deploy/prometheus/prometheus.yml").read_text()
    config = config.replace("15s", "1s").replace("localhost:8080", f"127.0.0.1:{port}")
    config = config.replace("tamis_alerts.yml", str(repository / "deploy/prometheus/tamis_alerts.yml"))
    (directory / "prometheus.yml").write_text(config)
    started.append(subprocess.Popen(
        ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/tsdb",
         f"--web.listen-address=127.0.0.1:{prometheus_port}", "--log.level=error"]))
    stop = threading.Event()
    traffic = threading.Thread(target=load, args=(base, stop), daemon=True)
    traffic.start()
    try:
        wait_for("a scrape", lambda: has_data(prometheus, "tamis_ready"), 60)
        missing = dashboard_expressions(repository) + rule_expressions(repository)
        count = len(missing)
        deadline = time.monotonic() + 90
        while missing and time.monotonic() < deadline:
            time.sleep(2)
            missing = [expression for expression in missing if not has_data(prometheus, expression)]
        wait_for("a training that ends the alert of the failed one", lambda: last_run(base) in ("succeeded", "rejected"), 60)
    finally:
        stop.set()
        traffic.join(timeout=30)
    if missing:
        sys.exit("no data for:\n  " + "\n  ".join(missing))
    if has_data(prometheus, "tamis_no_such_metric"):
        sys.exit("the check cannot fail: a metric that does not exist has data")
    print(f"{count} expressions return data")


def main() -> None:
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        print("skipped: prometheus and promtool are not installed")
        sys.exit(1 if "TAMIS_REQUIRE_ALL" in os.environ else SKIPPED)
    tamis, repository = sys.argv[1], pathlib.Path(sys.argv[2])
    check_files(repository)
    started: list = []
    with tempfile.TemporaryDirectory() as directory:
        try:
            run(tamis, repository, pathlib.Path(directory), started)
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait(timeout=30)


if __name__ == "__main__":
    main()
