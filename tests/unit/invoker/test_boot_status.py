from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funcpack_invoker.server.boot_status import BootStatus

if TYPE_CHECKING:
    from collections.abc import Callable


def test_worker_that_says_nothing_has_not_succeeded() -> None:
    birth = BootStatus()
    assert (birth.succeeded, birth.failure) == (False, "")


def test_success_is_known_in_the_parent() -> None:
    birth = BootStatus()
    _in_child(birth.succeed)
    assert (birth.succeeded, birth.failure) == (True, "")


def test_failure_is_known_in_the_parent() -> None:
    birth = BootStatus()
    _in_child(lambda: birth.fail("no \udcff fun: é"))
    assert (birth.succeeded, birth.failure) == (False, "no \\udcff fun: é")


def test_failure_longer_than_the_room_is_cut() -> None:
    birth = BootStatus()
    birth.fail("x" * (1 << 20))
    assert 0 < len(birth.failure) < 1 << 20
    assert set(birth.failure) == {"x"}


def _in_child(write: Callable[[], None]) -> None:
    pid = os.fork()
    if not pid:
        write()
        os._exit(0)
    os.waitpid(pid, 0)
