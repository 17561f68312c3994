from __future__ import annotations

import functools
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.fuzz.profile import MINUTES

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds for one example. They end a target that hangs; an example takes some milliseconds.
_LONGEST = 30

_executed: dict[str, int] = {}


class StalledError(Exception):
    """An example did not come to an end."""


def _stalled(_signal: int, _frame: object) -> None:
    raise StalledError


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """Limit the time of each example, and repeat a target until its share of the time is over."""
    function: Any = pyfuncitem.obj
    if not hasattr(function, "hypothesis"):
        return (yield)
    if pyfuncitem.nodeid.partition("[")[0] not in _executed:  # its parameters share a function
        function.hypothesis.inner_test = _limited(function.hypothesis.inner_test, pyfuncitem.nodeid.partition("[")[0])
    end = time.monotonic() + 60 * MINUTES / pyfuncitem.session.testscollected
    found = yield
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem.fixturenames if name in _parameters(pyfuncitem)}
    while time.monotonic() < end:
        function(**arguments)
    return found


def _parameters(item: pytest.Function) -> tuple[str, ...]:
    return item._fixtureinfo.argnames  # noqa: SLF001 - as pytest's own hook


def _limited(test: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a test that fails if it does not come to an end, and whose calls are counted."""
    _executed[name] = 0

    @functools.wraps(test)
    def limited(*arguments: Any, **named: Any) -> Any:
        _executed[name] += 1
        before = signal.signal(signal.SIGALRM, _stalled)
        signal.alarm(_LONGEST)
        try:
            return test(*arguments, **named)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)

    return limited


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MINUTES:
        terminalreporter.section("examples")
        for name, count in _executed.items():
            terminalreporter.write_line(f"{count:>9,} {name}")
