"""A real `tamis serve` for the end-to-end tests: start, ask, kill, start again. Standard library only."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time


class Refused(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, problem: dict):
        super().__init__(f"{status}: {problem}")
        self.status = status
        self.problem = problem


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Connection:
    """One keep-alive connection. Any transport failure is a ConnectionError."""

    def __init__(self, port: int, timeout_s: float = 30):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        self.http.connect()
        self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method: str, path: str, body=None, content_type: str = "application/json") -> dict:
        data = body if isinstance(body, (bytes, str, type(None))) else json.dumps(body)
        headers = {"Content-Type": content_type} if data is not None else {}
        try:
            self.http.request(method, path, data, headers)
            response = self.http.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as failure:
            raise ConnectionError(str(failure)) from failure
        document = json.loads(text) if text else {}
        if response.status >= 300:
            raise Refused(response.status, document)
        return document

    def close(self) -> None:
        self.http.close()


class TamisServer:
    """`binary` serving `data_dir` on a free port, with `settings` as --set KEY=VALUE."""

    def __init__(self, binary: str, data_dir: pathlib.Path, settings: tuple[str, ...] = ()):
        self.binary = binary
        self.data_dir = data_dir
        self.settings = settings
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self.log_path = pathlib.Path(f"{data_dir}.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout_s: float = 60) -> None:
        command = [self.binary, "serve", "--data", str(self.data_dir), "--port", str(self.port)]
        for setting in self.settings:
            command += ["--set", setting]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TAMIS_")}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.last_log()}")
            try:
                connection = Connection(self.port, 5)
                connection.call("GET", "/readyz")
                connection.close()
                return
            except (ConnectionError, OSError, Refused):
                time.sleep(0.005)
        raise RuntimeError(f"the server is not ready after {timeout_s} s:\n{self.last_log()}")

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process = None
        return code

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def connect(self) -> Connection:
        return Connection(self.port)

    def call(self, method: str, path: str, body=None, content_type: str = "application/json") -> dict:
        connection = self.connect()
        try:
            return connection.call(method, path, body, content_type)
        finally:
            connection.close()

    def last_log(self, lines: int = 20) -> str:
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
