#!/usr/bin/env python3
"""NDCG@10 against the diversity of the lists, for MMR and DPP over their relevance, on a database's held-out tail.

    bench/engine/diversity_curve.py --tamis build/release/tamis --data shop --out docs/training_logs/diversity

writes OUT.csv and OUT.svg. Every funnel is docs/examples/funnels/blended.json with one rule more, evaluated by
`tamis evaluate --protocol time-split --funnel`, all against one generation.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

RULES = {
    "mmr": [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3],
    "dpp": [32, 16, 8, 4, 2, 1, 0.5, 0.25],
}


def write_funnels(base: pathlib.Path, space: str, folder: pathlib.Path) -> list[pathlib.Path]:
    document = json.loads(base.read_text())
    plain = folder / "none.json"
    plain.write_text(json.dumps(document))
    files = [plain]
    for method, values in RULES.items():
        for value in values:
            rule = {"kind": "diversity", "method": method, "space": space, "relevance": value}
            file = folder / f"{method}_{value}.json"
            file.write_text(json.dumps({**document, "rules": [rule]}))
            files.append(file)
    return files


def evaluate(tamis: str, data: str, space: str, extra: list[str], files: list[pathlib.Path]) -> list[dict]:
    command = [tamis, "evaluate", "--protocol", "time-split", "--data", data, "--diversity-space", space,
               "--model", "popular,item_knn,user_knn,ials,dlrm", "--format", "json", *extra]
    for file in files:
        command += ["--funnel", str(file)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def to_rows(reports: list[dict]) -> list[dict]:
    plain = reports[0]["metrics"]
    rows = []
    for report in reports:
        method, _, value = report["model"].removeprefix("funnel ").partition("_")
        low, high = report["intervals"]["ndcg@10"]
        metrics = report["metrics"]
        rows.append({
            "method": method, "relevance": value, "ndcg@10": round(metrics["ndcg@10"], 5), "low": round(low, 5),
            "high": round(high, 5), "diversity@10": round(metrics["diversity@10"], 5),
            "ndcg_share": round(metrics["ndcg@10"] / plain["ndcg@10"], 4),
            "diversity_ratio": round(metrics["diversity@10"] / plain["diversity@10"], 4),
            "coverage@10": round(metrics["coverage@10"], 4)})
    return rows


def draw(rows: list[dict]) -> str:
    width, height, margin = 560, 360, 60
    xs = [row["diversity@10"] for row in rows]
    ys = [row["ndcg@10"] for row in rows]
    def x(value): return margin + (value - min(xs)) / (max(xs) - min(xs) or 1) * (width - 2 * margin)
    def y(value): return height - margin - (value - min(ys)) / (max(ys) - min(ys) or 1) * (height - 2 * margin)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">',
             '<style>text{font:11px sans-serif}</style><rect width="100%" height="100%" fill="#fff"/>',
             f'<path d="M{margin} {margin}V{height - margin}H{width - margin}" fill="none" stroke="#888"/>',
             f'<text x="{width / 2}" y="{height - 15}" text-anchor="middle">diversity@10: mean distance within a list</text>',
             f'<text x="12" y="{margin - 15}">NDCG@10</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        vx, vy = min(xs) + share * (max(xs) - min(xs)), min(ys) + share * (max(ys) - min(ys))
        parts.append(f'<text x="{x(vx):.0f}" y="{height - margin + 15}" text-anchor="middle">{vx:.3f}</text>')
        parts.append(f'<text x="{margin - 5}" y="{y(vy):.0f}" text-anchor="end">{vy:.4f}</text>')
    for place, (method, color) in enumerate((("mmr", "#27c"), ("dpp", "#b33"))):
        line = [row for row in rows if row["method"] in ("none", method)]
        points = " ".join(f'{x(row["diversity@10"]):.1f},{y(row["ndcg@10"]):.1f}' for row in line)
        parts.append(f'<polyline fill="none" stroke="{color}" stroke-width="1.8" points="{points}"/>')
        parts += [f'<circle cx="{x(row["diversity@10"]):.1f}" cy="{y(row["ndcg@10"]):.1f}" r="3" fill="{color}"/>'
                  for row in line]
        parts.append(f'<text x="{width - margin - 30}" y="{margin + 14 * place}" fill="{color}">{method.upper()}</text>')
    return "\n".join(parts) + "\n</svg>\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tamis", default="build/release/tamis")
    parser.add_argument("--data", required=True)
    parser.add_argument("--space", default="ials")
    parser.add_argument("--out", required=True)
    parser.add_argument("--base", default=ROOT / "docs/examples/funnels/blended.json", type=pathlib.Path)
    parser.add_argument("--validation", action="store_true", help="on the tenth before the tail")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_funnels(options.base, options.space, pathlib.Path(folder))
        extra = ["--validation"] if options.validation else []
        rows = to_rows(evaluate(options.tamis, options.data, options.space, extra, files))
    with open(options.out + ".csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    pathlib.Path(options.out + ".svg").write_text(draw(rows))


if __name__ == "__main__":
    main()
