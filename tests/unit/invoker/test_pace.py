"""A client may be slow, but not too slow; the time in which it cannot do anything does not count."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.http.limits import WireLimits
from funcpack_invoker.http.pace import UploadPace, WritePace

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = WireLimits(
    body_timeout=10,
    body_progress=100,
    upload=1000,
    upload_progress=500,
    body_grace=30,
    body_rate=100,
    write_timeout=10,
    write_progress=100_000,
)


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose time passes when the test says so."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def turn(self) -> None:
        """Run what is due."""
        self.run_until_complete(asyncio.sleep(0))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.turn()


@pytest.fixture
def loop() -> Iterator[Loop]:
    found = Loop()
    yield found
    found.close()


class Upload:
    """A body that arrives."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.is_waiting = True
        self.lates: list[float] = []
        self.pace = UploadPace(loop, LIMITS, lambda: self.is_waiting, lambda: self.lates.append(loop.now))

    def begin(self, count: int) -> None:
        """Have the first bytes arrive: those with which the first period begins."""
        self.pace.arrived(count)

    def arrive(self, *counts: int) -> None:
        """Have so many bytes arrive in each period."""
        for count in counts:
            self.pace.arrived(count)
            self.loop.pass_time(LIMITS.body_timeout)


@pytest.mark.parametrize(
    ("counts", "late"),
    [
        pytest.param([1, 100, 100], [], id="fast enough"),
        pytest.param([1, 99], [10.0], id="too few in a period"),
        pytest.param([1, 100, 0], [20.0], id="nothing in a period"),
        pytest.param([1001, 500, 500], [], id="fast enough for a large one"),
        pytest.param([1001, 500, 499], [20.0], id="too few for a large one"),
        pytest.param([1, 101, 101, 101, 101], [40.0], id="too long on the whole"),
    ],
)
def test_upload_that_is_too_slow_is_late(loop: Loop, counts: list[int], late: list[float]) -> None:
    upload = Upload(loop)
    upload.begin(counts[0])
    upload.arrive(*counts[1:])
    assert upload.lates == late


def test_time_in_which_the_client_is_not_waited_for_does_not_count(loop: Loop) -> None:
    upload = Upload(loop)
    upload.begin(1)
    upload.is_waiting = False
    upload.arrive(*[0] * 100)
    upload.is_waiting = True
    upload.arrive(100)
    assert upload.lates == []
    upload.arrive(0)
    assert len(upload.lates) == 1


def test_next_body_begins_from_the_beginning(loop: Loop) -> None:
    upload = Upload(loop)
    upload.begin(5000)
    upload.arrive(500, 500)
    upload.pace.end()
    loop.pass_time(1000)
    upload.begin(1)
    upload.arrive(100, 100)
    assert upload.lates == []


def test_client_that_reads_too_slowly_is_late(loop: Loop) -> None:
    own, other = socket.socketpair()
    with other:
        transport, _ = loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=own))
        lates: list[float] = []
        pace = WritePace(loop, LIMITS, transport, lambda: lates.append(loop.now))
        transport.write(bytes(1 << 20))
        pace.start()
        for _ in range(2):
            assert len(other.recv(LIMITS.write_progress * 2, socket.MSG_WAITALL)) >= LIMITS.write_progress
            loop.turn()
            loop.pass_time(LIMITS.write_timeout)
        assert lates == []
        loop.pass_time(LIMITS.write_timeout)
        assert lates == [30.0]
        transport.abort()
        loop.turn()


def test_client_that_has_read_all_is_not_late(loop: Loop) -> None:
    own, other = socket.socketpair()
    with other:
        transport, _ = loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=own))
        lates: list[float] = []
        pace = WritePace(loop, LIMITS, transport, lambda: lates.append(loop.now))
        transport.write(b"end")
        pace.start()
        assert other.recv(3) == b"end"
        loop.pass_time(LIMITS.write_timeout)
        pace.stop()
        loop.pass_time(1000)
        assert lates == []
        transport.abort()
        loop.turn()
