#!/usr/bin/env python3
"""Every relative link of a Markdown file of the repository leads to a file, and every docs/NAME.md that one mentions is there."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"(?<![\w/.])(?:docs|tests|scripts|deploy|bench|clients)/[\w/]+\.(?:md|py|yaml|cc)\b")


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    dead = []
    for name in listed:
        page = ROOT / name
        if not page.exists() or name == "CHANGELOG.md":  # names files that have since moved
            continue
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in LINK.findall(text):
            target = target.split("#")[0]
            if target and not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                dead.append(f"{name}: the link {target} leads nowhere")
        for target in NAMED.findall(text):
            if not (ROOT / target).exists() and not (page.parent / target).exists():
                dead.append(f"{name}: {target} is not there")
    print("\n".join(dead) or f"the links of {len(listed)} pages hold")
    return 1 if dead else 0


sys.exit(main())
