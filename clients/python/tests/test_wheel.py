"""The built wheel installs in a bare environment, and the example of the README and the example application run there."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


def test_wheel_and_examples(binary, tmp_path):
    if os.environ.get("TAMIS_SKIP_WHEEL"):
        pytest.skip("TAMIS_SKIP_WHEEL is set")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)], check=True)
    wheel = next(tmp_path.glob("tamis-*.whl"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "bare")], check=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", f"{wheel}[pandas]"], check=True)
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    environment = {**os.environ, "TAMIS_BINARY": binary, "PYTHONPATH": ""}
    said = subprocess.run([python, "-c", example], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout
    assert "cup" in said or "pot" in said, said
    said = subprocess.run([python, str(ROOT / "examples" / "gift_shop.py")], cwd=tmp_path, env=environment, check=True,
                          capture_output=True, text=True).stdout
    assert "recommended" in said, said
