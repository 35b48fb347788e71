#!/usr/bin/env python3
"""Follows the tutorials to the letter: runs their commands in order, each tutorial in one shell, and looks for what they promise.

    tutorials_test.py BINARY REPOSITORY [NAME...]

Blocks marked `sh` are run. A comment `<!-- prints: PATTERN -->` behind a block says what its output must hold. The port and
the folder are the test's own.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from tamis_server import free_port

BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:<!-- prints: (.*?) -->)?", re.MULTILINE | re.DOTALL)
LONGEST_S = 240


def follow(page: pathlib.Path, binary: pathlib.Path, repository: pathlib.Path) -> None:
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert len(blocks) > 3 and all(pattern == pattern.strip() for _, pattern in blocks), page
    port = free_port()
    script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n"
    for number, (commands, _) in enumerate(blocks):
        script += f"printf '\\n=== block {number} ===\\n'\n" + commands.replace("localhost:8080", f"127.0.0.1:{port}")
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        (here / "bin").mkdir()
        (here / "bin" / "tamis").symlink_to(binary)
        for folder in ("data", "docs", "clients"):
            (here / folder).symlink_to(repository / folder)
        environment = {**os.environ, "PATH": f"{here / 'bin'}:{os.environ['PATH']}", "TAMIS_SERVER_PORT": str(port),
                       "TAMIS_URL": f"http://127.0.0.1:{port}"}
        shell = subprocess.Popen(["bash", "-c", script], cwd=here, env=environment, text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = shell.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            sys.exit(f"tutorials_test: {page.name} took longer than {LONGEST_S} s\n{shell.communicate()[0][-3000:]}")
    printed = re.split(r"^=== block \d+ ===\n", output, flags=re.MULTILINE)[1:]
    if shell.returncode != 0:
        sys.exit(f"tutorials_test: {page.name}: block {len(printed)} of {len(blocks)} ended with {shell.returncode}:\n"
                 f"{blocks[len(printed) - 1][0]}\nprinted:\n{printed[-1][-3000:]}")
    for (commands, pattern), text in zip(blocks, printed):
        if pattern and not re.search(pattern, text):
            sys.exit(f"tutorials_test: {page.name}: this printed nothing like {pattern}:\n{commands}\nprinted:\n{text[-3000:]}")
    print(f"tutorials_test: {page.name}: {len(blocks)} blocks")


def main() -> None:
    binary, repository = (pathlib.Path(one).resolve() for one in sys.argv[1:3])
    names = sys.argv[3:] or sorted(page.stem for page in (repository / "docs/tutorials").glob("*.md"))
    for name in names:
        follow(repository / "docs/tutorials" / f"{name}.md", binary, repository)


main()
