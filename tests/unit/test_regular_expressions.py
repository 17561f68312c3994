"""Every regular expression of the buildpack and the invoker, with what bounds its input, and the texts that take it longest.

A search that takes more than a moment for a short text is repeated with longer ones. If the input is bounded, the longest
one must not take long. If it is not, four times the length must not take much more than four times the time of the
processor. How busy the machine is does not count.
"""

from __future__ import annotations

import ast
import re
import signal
import time
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from funcpack.buildpack.install import uv_failures

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
# The command line tool reads only what belongs to the developer who runs it.
SOURCES = {
    ROOT: ("funcpack/*.py", "funcpack/buildpack/**/*.py", "funcpack/check/**/*.py", "funcpack/project/**/*.py"),
    ROOT / "invoker": ("funcpack_invoker/**/*.py",),
}
METHODS = "search|match|fullmatch|sub|split|findall|finditer"
FUNCTIONS = {"re.compile", *(f"re.{name}" for name in METHODS.split("|"))}

# Characters. Input of more than BOUNDED is taken for input that is not bounded.
BOUNDED = 10_000
SHORT = 3_000
UNBOUNDED = 1 << 62

# Seconds of the processor. With the square of the length, the fastest search of a short text takes some milliseconds.
SUSPICIOUS = 0.002
MOST = 0.1
DEADLINE = 10

# Texts that repeat what many patterns begin with.
REPEATED = (
    " ", "\n", "\t", "a", "1", "_", "-", ".", "\\", '"', "'", "`", "{{", "${", "://", "://a:b", "a:", "a:b,", "a@", "@ ", "[[", "--",
    "`--a", "-r ", "=", "1.", "a ", " #", " ;", ",", "x.so", ".so.1", "_a", "'a' in ", "'a' not in ", "runtime", "python ", "\n ", ": a", ": a:1:1",
    "The package `a", "requires `", "warning: Ignoring unsupported option in ", "there is no version of ", "unexpected '",
    "error: invalid value '", "a depends on ", "wheels for ", "://a?", "#!python", "$ORIGIN", '"""', "'''", '\\"', "[[packages]]",
    "hint ", "\u0663", "install_requires=", "def handle(", "A_VERSION_", "/", "% ", "(a", " and ",
    ";a=", ';a="', "\\\\", "; ", "a/b", "projects/", "/topics/a", "%25", "\r\n", "\u202e", "\x00", "A", "1D", "1H",
)  # fmt: skip
BEGINNINGS = (
    "", "a", "runtime", "runtime:python", "-r", '-r "', "-e", "a[", "a @", "install_requires=", "://", "def handle(", "#!", "- a:", "3", ">=",
    "`--", "'", '"', "requirements", "python_version =", "[",
    "a/a", 'a/a;a="', "projects/a", f"01-{'a' * 32}-{'a' * 16}-01-", "2026-01-01T00:00:00.", "P", "PT1.", "(GIL) has been enabled to load module '",
)  # fmt: skip

_FILE = ("a file of the project may have any length", UNBOUNDED)
_LINES_OF_UV = ("Uv keeps the last 200 lines, each of up to 4,000 characters", 4_000)
_LINE_OF_UV = ("Uv cuts lines after 4,000 characters", 4_000)
_FILE_NAME = ("names of files have up to 255 characters", 255)
_VARIABLE = ("a variable of the platform may have any length", UNBOUNDED)
_REQUEST = ("PythonRequest.parse rejects more than 200 characters", 200)
_ERROR_DATA = ("UserError cuts its data after 4,000 characters", 4_000)
_FIELD = ("WireLimits.field, or FUNCTION_MAX_HEADER_FIELD", UNBOUNDED)
_TARGET = ("WireLimits.request_line", 8_190)
_DATA = ("FUNCTION_MAX_BODY: the body of a request", UNBOUNDED)
_SETTING = ("a variable that the operator sets", UNBOUNDED)
_MEDIA_TYPE = ("media_types.parse rejects more than 8,190 characters", 8_190)

# What bounds the input of each pattern, and the number of characters that are tried.
BOUNDS = {
    "funcpack.buildpack.install.conflicts:_CLASH": _LINE_OF_UV,
    "funcpack.buildpack.install.conflicts:_clashes": _LINE_OF_UV,
    "funcpack.buildpack.install.distributions:_LIBRARY": _FILE_NAME,
    "funcpack.buildpack.install.distributions:_ORIGIN": _FILE,
    "funcpack.buildpack.install.environment:_VERSION": _VARIABLE,
    "funcpack.buildpack.install.environment:_seconds": _VARIABLE,
    "funcpack.buildpack.install.interpreter:_FORM": _LINE_OF_UV,
    "funcpack.buildpack.install.locked:requirements_for_other_places": _FILE,
    "funcpack.buildpack.install.pylock:_PACKAGE": _FILE,
    "funcpack.buildpack.install.pylock:_SELECTION": _FILE,
    "funcpack.buildpack.install.redaction:_CREDENTIALS": _FILE,
    "funcpack.buildpack.install.redaction:_CREDENTIALS_WITHOUT_SCHEME": _FILE,
    "funcpack.buildpack.install.redaction:_QUERY": _FILE,
    "funcpack.buildpack.install.setting_files:_places": _VARIABLE,
    "funcpack.buildpack.install.uv_failures:_CAUSES": _LINES_OF_UV,
    "funcpack.buildpack.install.uv_failures:_FAILURES": _LINES_OF_UV,
    "funcpack.buildpack.install.uv_failures:_PLACE": _LINES_OF_UV,
    "funcpack.buildpack.install.uv_failures:_VENDOR_FAILURES": _LINES_OF_UV,
    "funcpack.buildpack.install.uv_failures:_causes": _LINES_OF_UV,
    "funcpack.buildpack.install.uv_hints:_IS_HINT": _LINE_OF_UV,
    "funcpack.buildpack.install.uv_hints:_OPTION": _LINE_OF_UV,
    "funcpack.buildpack.install.uv_hints:_PHRASES": _LINE_OF_UV,
    "funcpack.buildpack.layers.project_installation:_move_scripts": _FILE,
    "funcpack.buildpack.install.python_builds:_FINAL": ("uv writes the version", 255),
    "funcpack.errors:_example": _ERROR_DATA,
    "funcpack.errors:_instance": _ERROR_DATA,
    "funcpack.errors:_package_name": _ERROR_DATA,
    "funcpack.errors:_place_of": _ERROR_DATA,
    "funcpack.errors:remedy": _ERROR_DATA,
    "funcpack.plain_text:_UNSAFE": _FILE,
    "funcpack.project.app_files:_TOML_PLACE": _FILE,
    "funcpack.project.app_files:_TOML_TEXT": _FILE,
    "funcpack.project.app_files:_TOML_WORDS": _FILE,
    "funcpack.project.embedded_credentials:_PASSWORD_OF_INDEX": _FILE,
    "funcpack.project.embedded_credentials:_USER": _FILE,
    "funcpack.project.embedded_credentials:_VARIABLE": _FILE,
    "funcpack.project.func_yaml:_IMPOSSIBLE": _FILE,
    "funcpack.project.func_yaml:_IS_REFERENCE": _FILE,
    "funcpack.project.func_yaml:_NAME": _FILE,
    "funcpack.project.kn_func:_OWN_FUNCTION": _FILE,
    "funcpack.project.kn_func:_PYTHON": _FILE,
    "funcpack.project.local_packages:_COMMIT": _FILE,
    "funcpack.project.local_paths:local_path": _FILE,
    "funcpack.project.package_names:_NAME": _FILE,
    "funcpack.project.package_names:normalized": _FILE,
    "funcpack.project.python_request:_KINDS": _REQUEST,
    "funcpack.project.python_request:_PLAIN": _REQUEST,
    "funcpack.project.python_request:_SPECIFIER": _REQUEST,
    "funcpack.project.requirements:_AFTER_LOCATION": _FILE,
    "funcpack.project.requirements:_COMMENT": _FILE,
    "funcpack.project.requirements:_COMMIT": _FILE,
    "funcpack.project.requirements:_CONSTRAINT": _FILE,
    "funcpack.project.requirements:_CREDENTIALS": _FILE,
    "funcpack.project.requirements:_EDITABLE": _FILE,
    "funcpack.project.requirements:_END_OF_NAME": _FILE,
    "funcpack.project.requirements:_NAMED": _FILE,
    "funcpack.project.requirements:_NESTED": _FILE,
    "funcpack.project.requirements:_OF_FILE": _FILE,
    "funcpack.project.requirements:_PLACE_OF_PACKAGES": _FILE,
    "funcpack.project.requirements:_VARIABLE": _FILE,
    "funcpack.project.requirements:_package_path": _FILE,
    "funcpack.project.setting_paths:_NAME": _VARIABLE,
    "funcpack.project.unused_files:_FOR_PRODUCTION": _FILE_NAME,
    "funcpack.project.unused_files:_NOT_FOR_PRODUCTION": _FILE_NAME,
    "funcpack.project.unused_files:_PYLOCK": _FILE_NAME,
    "funcpack.project.unused_files:_PYTHON_VERSIONS": _FILE,
    "funcpack.project.unused_files:_REQUIREMENTS": _FILE_NAME,
    "funcpack.project.unused_files:_SETUP_CFG": _FILE,
    "funcpack.project.yaml_blocks:_KEY": _FILE,
    "funcpack.project.yaml_texts:_BLOCK": _FILE,
    "funcpack.project.yaml_texts:_COMMENT": _FILE,
    "funcpack.project.yaml_texts:_DOUBLE_QUOTED": _FILE,
    "funcpack.project.yaml_texts:_IN_DOUBLE_QUOTES": _FILE,
    "funcpack.project.yaml_texts:_IN_SINGLE_QUOTES": _FILE,
    "funcpack.project.yaml_texts:_NOT_PLAIN": _FILE,
    "funcpack.project.yaml_texts:_SINGLE_QUOTED": _FILE,
    "funcpack.project.yaml_texts:_plain": _FILE,
    "funcpack_invoker.context:_REQUEST_ID": _FIELD,
    "funcpack_invoker.context:_TRACEPARENT": _DATA,
    "funcpack_invoker.events.attributes:_TIME": ("check_time rejects more than 8,190 characters", 8_190),
    "funcpack_invoker.events.attributes:_not_in_strings": _DATA,
    "funcpack_invoker.events.decode:_AS_IT_IS": ("FUNCTION_MAX_HEADER: all fields together", UNBOUNDED),
    "funcpack_invoker.events.decode:_QUOTED_PAIR": _FIELD,
    "funcpack_invoker.events.decode:_QUOTED_STRING": _FIELD,
    "funcpack_invoker.events.encode:_AS_IT_IS": ("the function chooses its attributes", UNBOUNDED),
    "funcpack_invoker.events.pubsub:_TOPIC": _TARGET,
    "funcpack_invoker.free_threading:_ENABLED": ("a warning of Python, with the name of a module", UNBOUNDED),
    "funcpack_invoker.http.durations:_DURATION": _DATA,
    "funcpack_invoker.http.media_types:_MEDIA_TYPE": _MEDIA_TYPE,
    "funcpack_invoker.http.media_types:_PARAMETER": _MEDIA_TYPE,
    "funcpack_invoker.http.parser:_CHUNK_SIZE": ("WireLimits.framing", UNBOUNDED),
    "funcpack_invoker.http.parser:_EMPTY_LINES": ("what is read from the socket at once", UNBOUNDED),
    "funcpack_invoker.http.parser:_METHOD": _TARGET,
    "funcpack_invoker.http.request_checks:_HOST": _FIELD,
    "funcpack_invoker.http.response:_HEADER_NAME": ("the function chooses its headers", UNBOUNDED),
    "funcpack_invoker.http.response:_NOT_IN_VALUES": ("the function chooses its headers", UNBOUNDED),
    "funcpack_invoker.logs:_UNSAFE": ("the function chooses what it logs", UNBOUNDED),
    "funcpack_invoker.settings:_host": _SETTING,
    "funcpack_invoker.settings:_seconds": _SETTING,
    "funcpack_invoker.settings:_size": _SETTING,
    "funcpack_invoker.settings:_whole_number": _SETTING,
}  # fmt: skip


class Found(NamedTuple):
    """A pattern: its module and the name of what has it, and the function of `re` that it is used with."""

    place: str
    pattern: re.Pattern[Any]
    function: str


def found() -> Iterator[Found]:
    """Return each pattern of the sources: values of modules as they are, and literals in functions."""
    for folder, patterns in SOURCES.items():
        for file in sorted(file for pattern in patterns for file in folder.glob(pattern)):
            source = file.read_text()
            name = ".".join(file.relative_to(folder).with_suffix("").parts)
            for statement in ast.parse(source).body:
                for function, call in calls(statement):
                    place = f"{name}:{function or target(statement)}"
                    used = ast.unparse(call.func).removeprefix("re.")
                    if function:
                        yield from (
                            Found(place, pattern, used.replace("compile", "search")) for pattern in literal(call)
                        )
                    else:
                        value = getattr(import_module(name), target(statement))
                        method = re.search(rf"\b{target(statement)}\.({METHODS})\(", source)
                        yield from (
                            Found(place, pattern, method[1] if method else "search") for pattern in inside(value)
                        )
    for table in ("_FAILURES", "_VENDOR_FAILURES"):
        for text, _ in getattr(uv_failures, table):
            yield Found(f"{uv_failures.__name__}:{table}", re.compile(text, re.IGNORECASE), "search")


def calls(node: ast.AST, function: str = "") -> Iterator[tuple[str, ast.Call]]:
    """Return the calls of `re`, each with the name of the innermost function that it is in."""
    if isinstance(node, ast.FunctionDef):
        function = node.name
    if isinstance(node, ast.Call) and ast.unparse(node.func) in FUNCTIONS:
        yield function, node
    for child in ast.iter_child_nodes(node):
        yield from calls(child, function)


def target(statement: ast.stmt) -> str:
    assert isinstance(statement, ast.Assign | ast.AnnAssign), ast.unparse(statement)
    return ast.unparse(statement.targets[0] if isinstance(statement, ast.Assign) else statement.target)


def inside(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict | tuple | list):
        for part in value.items() if isinstance(value, dict) else value:
            yield from inside(part)


def literal(call: ast.Call) -> Iterator[re.Pattern[Any]]:
    """Return the pattern of a call; what is inserted into it is taken for a character."""
    flags = re.IGNORECASE if "re.IGNORECASE" in ast.unparse(call) else re.NOFLAG
    match call.args[0]:
        case ast.Constant(value=str() | bytes() as text):
            yield re.compile(text, flags)
        case ast.JoinedStr(values=parts):
            yield re.compile(
                "".join(str(part.value) if isinstance(part, ast.Constant) else "/" for part in parts), flags
            )


CASES = list(dict.fromkeys(found()))


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    """End what is done here after seconds of the processor."""
    before = signal.signal(signal.SIGVTALRM, _too_late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with suppress(TimeoutError):
            yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_late(*_: object) -> None:
    raise TimeoutError


@pytest.mark.parametrize("case", CASES, ids=[f"{case.place}-{case.pattern.pattern[:40]!a}" for case in CASES])
def test_time_grows_with_the_length(case: Found) -> None:
    found = None
    with deadline(DEADLINE):
        for beginning, unit in product(BEGINNINGS, REPEATED):
            found = beginning, unit
            if takes_long(case, beginning, unit):
                break
        else:
            found = None
    if found:
        pytest.fail(f"{case.place}: {case.pattern.pattern!r} takes too long for {found[0]!r} and many {found[1]!r}")


def takes_long(case: Found, beginning: str, unit: str) -> bool:
    _, longest = BOUNDS[case.place]
    length = min(SHORT, longest)
    once = seconds(case, beginning, unit, length)
    if once < SUSPICIOUS:
        return False
    if longest <= BOUNDED:
        return min(seconds(case, beginning, unit, longest) for _ in range(2)) > MOST
    once = min(once, seconds(case, beginning, unit, length))
    return min(seconds(case, beginning, unit, 4 * length) for _ in range(2)) > 8 * once


def seconds(case: Found, beginning: str, unit: str, length: int) -> float:
    """Return the seconds of the processor that a search takes."""
    text: Any = beginning + unit * (length // len(unit)) + "!"
    if isinstance(case.pattern.pattern, bytes):
        text = text.encode()
    started = time.thread_time()
    if case.function == "sub":
        case.pattern.sub(text[:0], text)
    elif case.function == "finditer":
        list(case.pattern.finditer(text))
    else:
        getattr(case.pattern, case.function)(text)
    return time.thread_time() - started


def test_every_pattern_has_a_bound() -> None:
    assert {case.place for case in CASES} == BOUNDS.keys()


@pytest.mark.parametrize("pattern", [r"(a|a)*b", r"\s+#$", r"(?:a+)+$"])
def test_pattern_that_takes_too_long_is_found(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BOUNDS, "x:x", _FILE)
    monkeypatch.setitem(globals(), "DEADLINE", 1)
    with pytest.raises(pytest.fail.Exception, match="takes too long"):
        test_time_grows_with_the_length(Found("x:x", re.compile(pattern), "search"))
