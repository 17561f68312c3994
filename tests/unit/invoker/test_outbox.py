"""Responses of one iteration of the event loop are written together, in order, and none is lost by a close."""

from __future__ import annotations

import asyncio

from funcpack_invoker.http.outbox import Outbox


class Transport(asyncio.Transport):
    """Takes down what is written to it."""

    def __init__(self, written: list[bytes]) -> None:
        super().__init__()
        self.written = written

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def test_responses_of_an_iteration_are_written_together() -> None:
    async def send() -> tuple[list[bytes], list[bytes]]:
        written: list[bytes] = []
        outbox = Outbox(asyncio.get_running_loop())
        outbox.put(Transport(written), b"a")
        outbox.put(Transport(written), b"b")
        at_once = written.copy()
        await asyncio.sleep(0)
        return at_once, written

    assert asyncio.run(send()) == ([], [b"a", b"b"])


def test_flush_writes_what_waits_and_only_once() -> None:
    async def send() -> list[bytes]:
        written: list[bytes] = []
        outbox = Outbox(asyncio.get_running_loop())
        outbox.put(Transport(written), b"a")
        outbox.flush()
        outbox.put(Transport(written), b"b")
        await asyncio.sleep(0)
        return written

    assert asyncio.run(send()) == [b"a", b"b"]
