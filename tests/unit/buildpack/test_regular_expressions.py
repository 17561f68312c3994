"""Every regular expression of the buildpack, with the texts that would take it longest, and what bounds the time.

Each text has a length of about 20,000 characters. A search whose time grows with the square of the length takes seconds of
the processor, and is stopped; the others take milliseconds. How busy the machine is does not count.
"""

from __future__ import annotations

import ast
import re
import signal
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.install import uv_failures

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
FUNCTIONS = {"compile", "search", "match", "fullmatch", "sub", "split", "findall", "finditer"}
LENGTH = 20_000
DEADLINE = 2

# Texts that repeat what many patterns begin with.
REPEATED = (
    " ", "\n", "\t", "a", "1", "_", "-", ".", "\\", '"', "'", "`", "{{", "${", "://", "://a:b", "a:", "a:b,", "a@", "@ ", "[[", "--",
    "`--a", "-r ", "=", "1.", "a ", " #", " ;", ",", "x.so", ".so.1", "_a", "'a' in ", "'a' not in ", "runtime", "python ", "\n ", ": a", ": a:1:1",
    "The package `a", "requires `", "warning: Ignoring unsupported option in ", "there is no version of ", "unexpected '",
    "error: invalid value '", "a depends on ", "wheels for ", "://a?", "#!python", "$ORIGIN", '"""', "'''", '\\"', "[[packages]]",
    "hint ", "\u0663", "install_requires=", "def handle(", "A_VERSION_", "/", "% ", "(a", " and ",
)  # fmt: skip
BEGINNINGS = ("", "a", "runtime", "runtime:python", "-r", '-r "', "-e", "a[", "a @", "install_requires=", "://", "def handle(", "#!", "- a:", "3", ">=", "`--", "'", '"', "requirements", "python_version =", "[")  # fmt: skip

# These patterns see only short texts: what bounds the length, and the length.
SHORT = {
    "funcpack/buildpack/install/uv_failures.py": ("Uv keeps the last 200 lines, each of up to 4,000 characters", 4_000),
    "funcpack/buildpack/install/uv_hints.py": ("Uv cuts lines after 4,000 characters", 4_000),
    "funcpack/project/python_request.py": ("PythonRequest.parse rejects more than 200 characters", 200),
    "funcpack/errors.py": ("UserError cuts its data after 4,000 characters", 4_000),
    "funcpack/buildpack/install/conflicts.py": ("uv writes each clash into a line, with names of packages", 4_000),
    "funcpack/buildpack/install/distributions.py": ("names of files have up to 255 characters", 255),
    "funcpack/project/unused_files.py:_REQUIREMENTS": ("names of files have up to 255 characters", 255),
    "funcpack/buildpack/install/python_builds.py": ("uv writes the version", 255),
}


def patterns() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Return each pattern with its place, and the function that uses it; interpolated values are short names."""
    for file in sorted((ROOT / "funcpack").rglob("*.py")):
        source = file.read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{name}" for name in FUNCTIONS}:
                lines = source.splitlines()
                named = re.match(r"(_\w+) = ", lines[node.lineno - 1])
                used = re.search(rf"{named[1]}\.(\w+)\(", source) if named else None
                called = ast.unparse(node.func).removeprefix("re.")
                function = used[1] if used else "search" if called == "compile" else called
                flags = re.MULTILINE if "re.MULTILINE" in ast.unparse(node) else re.NOFLAG
                for text in texts(node.args[0]):
                    place = f"{file.relative_to(ROOT)}:{named[1] if named else node.lineno}"
                    yield place, re.compile(text, flags | re.IGNORECASE), function
    for pattern, _ in (*uv_failures._FAILURES, *uv_failures._VENDOR_FAILURES):  # noqa: SLF001 - the table of the patterns
        yield "funcpack/buildpack/install/uv_failures.py:_FAILURES", re.compile(pattern, re.IGNORECASE), "search"
    for cause in uv_failures._CAUSES:  # noqa: SLF001 - see above
        yield "funcpack/buildpack/install/uv_failures.py:_CAUSES", cause, "findall"


def texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant(value=bytes(raw)):
            yield raw.decode("latin-1")
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else r"\d+(?:\.\d+)+" for part in parts)


PATTERNS = list(patterns())


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    before = signal.signal(signal.SIGVTALRM, _too_late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_late(*_: object) -> None:
    raise TimeoutError


@pytest.mark.parametrize(
    ("place", "pattern", "function"), PATTERNS, ids=[f"{case[0]}-{case[1].pattern[:40]}" for case in PATTERNS]
)
def test_time_grows_with_the_length(place: str, pattern: re.Pattern[str], function: str) -> None:
    file = place.partition(":")[0]
    _, length = SHORT.get(place) or SHORT.get(file) or ("", LENGTH)
    for beginning, unit in product(BEGINNINGS, REPEATED):
        text = beginning + unit * (length // len(unit)) + "!"
        try:
            with deadline(DEADLINE):
                _run(pattern, function, text)
        except TimeoutError:
            pytest.fail(f"{place}: {pattern.pattern!r} takes too long for {beginning!r} and many {unit!r}")


def _run(pattern: re.Pattern[str], function: str, text: str) -> None:
    if function == "sub":
        pattern.sub("", text)
    elif function == "finditer":
        list(pattern.finditer(text))
    else:
        getattr(pattern, function)(text)


def test_every_exception_is_needed() -> None:
    places = {place for place, _, _ in PATTERNS} | {place.partition(":")[0] for place, _, _ in PATTERNS}
    assert SHORT.keys() <= places
