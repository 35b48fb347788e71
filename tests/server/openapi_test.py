#!/usr/bin/env python3
"""Schemathesis asks a server what docs/openapi.yaml describes and what it forbids, with a fixed seed.

    openapi_test.py TAMIS_BINARY REPOSITORY ENVIRONMENT   (77: no Schemathesis; 1 then, where TAMIS_REQUIRE_ALL is set)

ENVIRONMENT is the folder of a virtual environment, made from PyPI and kept. Every operation is asked: no answer is an error of
the server (503 alone is documented: of a min_seq to come), every answer has the described status, type and shape, a method
that is not described answers 405, and what the document forbids is refused. What it allows is accepted, except for operations
whose rules lie between members (MAY_REFUSE), which OpenAPI cannot say.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from tamis_server import TamisServer  # noqa: E402

SKIPPED = 77
PACKAGE = "schemathesis==4.32.5"
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "negative_data_rejection", "positive_data_acceptance", "unsupported_method")
# Cursors, funnels, experiments, forms of a query and past answers hang together in ways that no schema of members tells.
MAY_REFUSE = (
    "DELETE /v1/interactions", "GET /v1/items", "GET /v1/users", "GET /v1/items/{id}/interactions",
    "GET /v1/users/{id}/interactions", "GET /v1/items/{id}/similar", "GET /v1/users/{id}/similar",
    "GET /v1/items/{id}/bought_together", "GET /v1/items/{id}/audience", "POST /v1/bought_together", "POST /v1/compare",
    "POST /v1/pages", "POST /v1/batches", "POST /v1/evaluate", "POST /v1/recommendations", "POST /v1/search", "POST /v1/train",
    "GET /v1/users/{id}/recommendations", "POST /v1/users/{id}/recommendations",
    "POST /v1/users/{id}/recommendations/what-if/{item}", "POST /v1/spaces/{name}/vectors/users/{id}/parts",
    "GET /v1/users/{id}/recommendations/why-not/{item}", "POST /v1/users/{id}/recommendations/why-not/{item}",
    "POST /v1/spaces/{name}/vectors", "PUT /v1/experiments/{name}", "PUT /v1/funnels/{name}", "POST /v1/funnels/validate",
    "PUT /v1/interaction-types/{name}", "POST /v1/users/{id}/merge")
NOT_ASKED = ("PUT /v1/generations/{id}",  # a tar archive, which Schemathesis cannot make
             "GET /v1/jobs/{id}/events")  # a stream without an end


def configuration() -> str:
    text = 'seed = 1\n[checks]\nenabled = false\n' + "".join(f"{check}.enabled = true\n" for check in CHECKS)
    text += 'not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]\n'
    for operation in MAY_REFUSE:
        text += f'[[operations]]\ninclude-name = "{operation}"\nchecks.positive_data_acceptance.enabled = false\n'
    for operation in NOT_ASKED:
        text += f'[[operations]]\ninclude-name = "{operation}"\nenabled = false\n'
    return text


def environment_of(folder: pathlib.Path) -> pathlib.Path | None:
    """The command, or None where it cannot be had."""
    command = folder / "bin" / "schemathesis"
    ready = folder / "ready"
    if ready.exists() and ready.read_text() == PACKAGE:
        return command
    for step in ([sys.executable, "-m", "venv", str(folder)],
                 [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", PACKAGE]):
        ran = subprocess.run(step, capture_output=True, text=True)
        if ran.returncode != 0:
            print(f"openapi_test: {' '.join(step)}: {ran.stderr.strip()[-500:]}")
            return None
    ready.write_text(PACKAGE)
    return command


def main() -> int:
    binary, repository, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    command = environment_of(folder)
    if command is None:
        print("openapi_test is skipped: Schemathesis cannot be installed (python3-venv, access to PyPI)")
        return 1 if os.environ.get("TAMIS_REQUIRE_ALL") else SKIPPED
    with tempfile.TemporaryDirectory(prefix="tamis-openapi-") as directory:
        server = TamisServer(str(binary), pathlib.Path(directory) / "data", ("storage.min_free_disk=0",))
        server.start()
        try:
            (pathlib.Path(directory) / "schemathesis.toml").write_text(configuration())
            ran = subprocess.run(
                [command, "--config-file", "schemathesis.toml", "run", repository / "docs" / "openapi.yaml", "--url", server.url,
                 "--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--continue-on-failure", "--no-shrink", "--warnings", "off", "--request-timeout", "30"],
                cwd=directory, capture_output=True, text=True, timeout=420)
            if ran.returncode != 0:
                print("\n".join(line[:500] for line in ran.stdout.splitlines())[-20000:], ran.stderr[-5000:])
            code = server.stop()
        finally:
            server.kill()
    print(f"Schemathesis ended with {ran.returncode}, the server with {code}")
    return 0 if ran.returncode == 0 and code == 0 else 1


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main())
