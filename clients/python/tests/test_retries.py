"""A write through a proxy that fails is stored once, and what may not be repeated is not."""
import asyncio
import time

import pytest
from flaky_proxy import FlakyProxy

import tamis


@pytest.fixture
def proxy(server):
    running = FlakyProxy(server.url)
    yield running
    running.stop()


FAST = tamis.Retry(attempts=4, first_s=0.01)


def test_an_interaction_is_stored_once(proxy, client):
    with tamis.Client(proxy.url, retry=FAST) as flaky:
        proxy.plan = ["break_before", "break_after", "503"]
        ack = flaky.add_interaction("r1", "x")
        assert (ack.accepted, ack.duplicates, proxy.requests) == (0, 1, 4)
        proxy.plan = ["break_after"]
        assert flaky.add_interactions([{"user": "r1", "item": "y"}] * 3).duplicates == 3
    assert len(list(client.user_interactions("r1"))) == 4


def test_retry_after_is_obeyed(proxy):
    with tamis.Client(proxy.url, retry=FAST) as flaky:
        proxy.plan = ["429"]
        begin = time.monotonic()
        flaky.put_item("r2")
        assert time.monotonic() - begin >= 0.3


def test_what_may_not_be_repeated_is_not(proxy):
    with tamis.Client(proxy.url, retry=FAST) as flaky:
        proxy.plan = ["break_after"]
        with pytest.raises(tamis.ConnectionFailed):
            flaky.add_interactions([{"user": "r3", "item": "x"}], idempotency=False)
        assert proxy.requests == 1
        proxy.plan = ["503"] * 9
        with pytest.raises(tamis.Unavailable):
            flaky.get_item("r2")
        assert proxy.requests == 1 + FAST.attempts


def test_async(proxy):
    async def main():
        async with tamis.AsyncClient(proxy.url, retry=FAST) as flaky:
            proxy.plan = ["503", "break_after"]
            return await flaky.add_interaction("r4", "x")
    assert asyncio.run(main()).duplicates == 1
