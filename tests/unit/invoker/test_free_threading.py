"""The line about a module that turns the GIL on. The text of the warning is that of CPython 3.13 to 3.15."""

from __future__ import annotations

import sys
import sysconfig
import warnings
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.free_threading import report_modules, runs_without_gil

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (
    "The global interpreter lock (GIL) has been enabled to load module 'yaml._yaml', which has not declared that it can run "
    "safely without the GIL. To override this behavior and keep the GIL disabled (at your own risk), run with PYTHON_GIL=0 "
    "or -Xgil=0."
)
LINE = "Python has turned the GIL on, because the module yaml._yaml is not marked as safe without it; upgrade its package, "


@pytest.fixture
def shown() -> Iterator[list[str]]:
    """The warnings that are shown in the ordinary way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        others: list[str] = []
        warnings.showwarning = lambda message, *_: others.append(str(message))
        report_modules()
        yield others
        assert caught == []


def warn(text: str, category: type[Warning]) -> None:
    """Warn as the import system does: it has no source."""
    warnings.warn_explicit(text, category, "<frozen importlib._bootstrap>", 488)


def test_module_is_named(shown: list[str], caplog: pytest.LogCaptureFixture) -> None:
    warn(TEXT, RuntimeWarning)
    ((logger, level, line),) = caplog.record_tuples
    assert (logger, level, shown) == ("funcpack", 30, [])
    assert line.startswith(LINE)


@pytest.mark.parametrize(
    ("text", "category"), [(TEXT, UserWarning), ("The global interpreter lock is fine", RuntimeWarning)]
)
def test_other_warnings_are_shown_as_before(
    shown: list[str], caplog: pytest.LogCaptureFixture, text: str, category: type[Warning]
) -> None:
    warn(text, category)
    assert (shown, caplog.records) == ([text], [])


def test_gil_is_off_in_a_free_threaded_python_only() -> None:
    is_free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    is_gil_enabled = getattr(sys, "_is_gil_enabled", bool)
    assert runs_without_gil() == (is_free_threaded and not is_gil_enabled())
