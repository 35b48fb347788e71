"""`tamis.local()`: a server of its own for notebooks and tests."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
from typing import Any, Mapping, Optional

from ._client import Client
from .errors import TamisError


class LocalServer:
    """A running server. `url` is its address, `client` a client of it; `stop()` ends it cleanly."""

    def __init__(self, path: Optional[os.PathLike] = None, config: Optional[Mapping[str, Any]] = None,
                 binary: Optional[str] = None, timeout_s: float = 60.0):
        program = binary or os.environ.get("TAMIS_BINARY") or shutil.which("tamis")
        if not program:
            raise TamisError("there is no tamis program: give binary=, set TAMIS_BINARY or put it on PATH")
        self._temporary = None if path else tempfile.TemporaryDirectory(prefix="tamis-", ignore_cleanup_errors=True) \
            if _cleanup_errors() else tempfile.TemporaryDirectory(prefix="tamis-")
        self.path = pathlib.Path(path) if path else pathlib.Path(self._temporary.name) / "data"  # type: ignore[union-attr]
        self.log_path = self.path.with_name(self.path.name + ".log")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        command = [program, "serve", "--data", str(self.path), "--port", "0"]
        for name, value in (config or {}).items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            command += ["--set", f"{name}={text}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TAMIS_")}
        log_begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        try:
            self.url = self._wait(time.monotonic() + timeout_s, log_begin)
        except BaseException:
            self.stop()
            raise
        self.client = Client(self.url, api_key=None, trust_env=False)

    def _wait(self, until: float, log_begin: int) -> str:
        """The server logs its port when it serves."""
        import json
        while time.monotonic() < until:
            text = self.log_path.read_bytes()[log_begin:].decode(errors="replace")
            for line in text.splitlines():
                if '"serving"' in line and line.endswith("}"):
                    return f"http://127.0.0.1:{json.loads(line)['port']}"
            if self.process.poll() is not None:
                raise TamisError(f"the server ended with {self.process.returncode}:\n{text[-2000:]}")
            time.sleep(0.01)
        raise TamisError(f"the server is not ready; its log is {self.log_path}")

    def stop(self) -> int:
        """SIGTERM, and SIGKILL after 30 s; the exit code. A temporary data directory is removed."""
        if hasattr(self, "client"):
            self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._temporary:
            self._temporary.cleanup()
        return self.process.returncode

    def __enter__(self) -> Client:
        return self.client

    def __exit__(self, *_: Any) -> None:
        self.stop()


def _cleanup_errors() -> bool:
    import sys
    return sys.version_info >= (3, 10)


def local(path: Optional[os.PathLike] = None, config: Optional[Mapping[str, Any]] = None, *, binary: Optional[str] = None,
          timeout_s: float = 60.0) -> LocalServer:
    """Start a server on a free port; `with tamis.local() as client:` gives its client and stops it at the end.

    `path` is the data directory (default a temporary one that is removed), `config` settings such as
    {"recommend.trending_half_life": "30d"}. The program is `binary`, $TAMIS_BINARY or `tamis` on PATH.
    """
    return LocalServer(path, config, binary, timeout_s)
