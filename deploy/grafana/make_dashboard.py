"""Writes deploy/grafana/tamis.json, the Grafana dashboard: python3 make_dashboard.py > tamis.json

Panels are listed here, row by row, so that a reviewer reads expressions and not 2,000 lines of JSON.
"""

import json
import sys

SELECT = 'instance=~"$instance"'


def rate(metric: str, by: str = "", where: str = "") -> str:
    matchers = SELECT + ("," + where if where else "")
    return f"sum{' by (' + by + ')' if by else ''} (rate({metric}{{{matchers}}}[$__rate_interval]))"


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    labels = "le" + (", " + by if by else "")
    return f"histogram_quantile({share}, {rate(metric + '_bucket', labels, where)})"


def gauge(metric: str, where: str = "") -> str:
    return f"{metric}{{{SELECT + (',' + where if where else '')}}}"


ROWS = [
    ("Traffic", [
        ("Requests by route", "reqps", [(rate("tamis_http_request_seconds_count", "method, route"), "{{method}} {{route}}")]),
        ("Requests in flight, connections", "short", [(gauge("tamis_http_requests_in_flight"), "requests"),
                                                      (gauge("tamis_http_connections"), "connections"),
                                                      (gauge("tamis_bulk_streams"), "bulk streams")]),
        ("Bytes", "Bps", [(rate("tamis_http_received_bytes_total"), "received"), (rate("tamis_http_sent_bytes_total"), "sent")]),
        ("Writes", "wps", [("sum (rate(" + gauge("tamis_sequence_total") + "[$__rate_interval]))", "mutations"),
                           (rate("tamis_bulk_records_total", "outcome"), "bulk {{outcome}}")]),
    ]),
    ("Latency", [
        ("Recommendations", "s", [(quantile(q, "tamis_http_request_seconds", where='route=~"/v1/users/\\\\{id\\\\}/recommendations|/v1/recommendations"'), f"p{int(q * 100)}") for q in (0.5, 0.95, 0.99)]),
        ("p99 by route", "s", [(quantile(0.99, "tamis_http_request_seconds", "route"), "{{route}}")]),
        ("Commit of a group", "s", [(quantile(0.5, "tamis_commit_seconds"), "p50"), (quantile(0.99, "tamis_commit_seconds"), "p99")]),
        ("Lag from write to visibility", "s", [(quantile(0.5, "tamis_write_visible_seconds"), "p50"), (quantile(0.99, "tamis_write_visible_seconds"), "p99")]),
    ]),
    ("Errors", [
        ("Answers by status class", "reqps", [(rate("tamis_http_request_seconds_count", "status"), "{{status}}")]),
        ("Share of client and server errors", "percentunit", [
            (rate("tamis_http_request_seconds_count", where='status=~"4xx|5xx"') + " / " + rate("tamis_http_request_seconds_count"), "errors")]),
        ("Refused by a limit", "reqps", [(rate("tamis_http_refused_total", "reason"), "{{reason}}")]),
        ("Ready, writable", "short", [(gauge("tamis_ready"), "ready"), (gauge("tamis_writable"), "writable")]),
    ]),
    ("What is served", [
        ("Answers by what they hold", "reqps", [(rate("tamis_answers_total", "outcome"), "{{outcome}}")]),
        ("Share of answers with fallback items, of empty ones", "percentunit", [
            (rate("tamis_answers_total", where='outcome="fallback"') + " / " + rate("tamis_answers_total"), "fallback"),
            (rate("tamis_answers_total", where='outcome="empty"') + " / " + rate("tamis_answers_total"), "empty")]),
        ("Clicked slots per slot, last hour", "percentunit", [
            (gauge("tamis_funnel_click_through_ratio", where='window="hour"'), "{{funnel}} {{arm}}")]),
        ("Share of the items that were served, last day", "percentunit", [
            (gauge("tamis_funnel_coverage_ratio", where='window="day"'), "{{funnel}} {{arm}}")]),
    ]),
    ("Funnel stages", [
        ("p99 by stage", "s", [(quantile(0.99, "tamis_funnel_stage_seconds", "funnel, stage"), "{{funnel}} {{stage}}")]),
        ("Mean candidates left by stage", "short", [
            (rate("tamis_funnel_stage_candidates_total", "funnel, stage") + " / " + rate("tamis_funnel_stage_seconds_count", "funnel, stage"), "{{funnel}} {{stage}}")]),
    ]),
    ("Index", [
        ("Recall against exact search", "percentunit", [(gauge("tamis_index_recall"), "{{space}}")]),
        ("Search breadth ef", "short", [(gauge("tamis_index_ef"), "{{space}}")]),
        ("Vectors", "short", [(gauge("tamis_index_vectors"), "{{space}} {{kind}}")]),
        ("Segments, tombstones", "short", [(gauge("tamis_index_segments"), "{{space}} segments"), (gauge("tamis_index_tombstones"), "{{space}} tombstones")]),
        ("Index memory", "bytes", [(gauge("tamis_index_size_bytes"), "{{space}}")]),
    ]),
    ("Storage", [
        ("Users, items", "short", [(gauge("tamis_users"), "users"), (gauge("tamis_items"), "items")]),
        ("Interactions by type", "short", [(gauge("tamis_interactions"), "{{type}}")]),
        ("Pending writes", "short", [(gauge("tamis_pending_writes"), "mutations")]),
        ("Mutations and writers per commit", "short", [
            (rate("tamis_commit_mutations_sum") + " / " + rate("tamis_commit_mutations_count"), "mutations"),
            (rate("tamis_commit_writers_sum") + " / " + rate("tamis_commit_writers_count"), "writers")]),
        ("Disk", "bytes", [(gauge("tamis_disk_free_bytes"), "free"), (gauge("tamis_disk_watermark_bytes"), "watermark"), (gauge("tamis_rocksdb_sst_bytes"), "table files")]),
        ("Memory", "bytes", [(gauge("tamis_memory_used_bytes"), "engine"), (gauge("tamis_memory_limit_bytes"), "cap"), (gauge("process_resident_memory_bytes"), "process")]),
        ("Memory by part", "bytes", [(gauge("tamis_memory_part_bytes"), "{{part}}")]),
        ("Cache hits by part", "percentunit", [
            (rate("tamis_cache_hits_total", "part") + " / clamp_min(" + rate("tamis_cache_hits_total", "part") + " + " + rate("tamis_cache_misses_total", "part") + ", 1e-9)", "{{part}}")]),
        ("Commits waited for work between them", "s", [(rate("tamis_commit_pause_seconds_sum", "work"), "{{work}}")]),
        ("RocksDB block cache hits", "percentunit", [
            (rate("tamis_rocksdb_block_cache_hits_total") + " / clamp_min(" + rate("tamis_rocksdb_block_cache_hits_total") + " + " + rate("tamis_rocksdb_block_cache_misses_total") + ", 1e-9)", "hits")]),
        ("RocksDB log syncs", "ops", [(rate("tamis_rocksdb_wal_syncs_total"), "syncs")]),
        ("Processor", "short", [(rate("process_cpu_seconds_total"), "cores")]),
    ]),
    ("Training", [
        ("Jobs by state", "short", [(gauge("tamis_jobs"), "{{state}}")]),
        ("Progress of the running job", "percentunit", [(gauge("tamis_job_progress_ratio"), "progress")]),
        ("Quality of the serving generation", "short", [(gauge("tamis_generation_metric"), "{{model}} {{metric}}")]),
        ("Age of the serving generation", "s", [("time() - " + gauge("tamis_generation_created_timestamp_seconds"), "{{instance}}")]),
        ("Mean duration of jobs", "s", [(rate("tamis_job_seconds_sum", "state") + " / " + rate("tamis_job_seconds_count", "state"), "{{state}}")]),
    ]),
]

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panel(number: int, title: str, unit: str, targets: list, x: int, y: int) -> dict:
    return {
        "id": number, "type": "timeseries", "title": title, "datasource": DATASOURCE,
        "gridPos": {"h": 8, "w": 8, "x": x, "y": y},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 8}}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [{"refId": chr(ord("A") + i), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
                    for i, (expression, legend) in enumerate(targets)],
    }


def main() -> None:
    panels, number, y = [], 0, 0
    for title, entries in ROWS:
        number += 1
        panels.append({"id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}})
        y += 1
        for i, (name, unit, targets) in enumerate(entries):
            number += 1
            panels.append(panel(number, name, unit, targets, 8 * (i % 3), y + 8 * (i // 3)))
        y += 8 * ((len(entries) + 2) // 3)
    dashboard = {
        "uid": "tamis", "title": "Tamis", "tags": ["tamis"], "schemaVersion": 38, "version": 1, "editable": True,
        "timezone": "browser", "refresh": "15s", "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}},
            {"name": "instance", "label": "Instance", "type": "query", "datasource": DATASOURCE, "refresh": 2,
             "query": {"query": "label_values(tamis_ready, instance)", "refId": "instances"},
             "definition": "label_values(tamis_ready, instance)", "includeAll": True, "allValue": ".*", "multi": True,
             "current": {"selected": True, "text": ["All"], "value": ["$__all"]}},
        ]},
        "panels": panels,
    }
    json.dump(dashboard, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
