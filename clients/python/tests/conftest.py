import os
import shutil

import pytest

import tamis


@pytest.fixture(scope="session")
def binary():
    found = os.environ.get("TAMIS_BINARY") or shutil.which("tamis")
    if not found:
        pytest.skip("no server program: set TAMIS_BINARY")
    return found


@pytest.fixture(scope="module")
def server(binary):
    running = tamis.local(binary=binary, config={"storage.durability": "none"})
    yield running
    running.stop()


@pytest.fixture
def client(server):
    return server.client
