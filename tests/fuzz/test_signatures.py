"""Modules with a handler into the static check and into the invoker: what the build decides is what the start finds."""

from __future__ import annotations

import importlib
import itertools
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from funcpack.check.handler import CheckedFunction, check_handler
from funcpack.errors import UserError
from funcpack.project.handler_name import Handler
from funcpack.project.settings import Setting
from funcpack_invoker import errors
from funcpack_invoker.function.loader import LoadedApplication, LoadedFunction, load
from tests.fuzz.profile import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

PREAMBLE = """\
import collections.abc
import dataclasses
import functools
import io
import typing
from typing import Any, Optional

import cloudevents.core.v1.event
import flask
import werkzeug.datastructures
from cloudevents.core.v1.event import CloudEvent
from flask import Request as R
from funcpack_invoker.context import Context

@dataclasses.dataclass
class Order:
    item: str

class Plain:
    pass

Alias = Order

def plain(function):
    return function

def wrapping(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner

def hiding(function):
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner
"""
NAMES = st.sampled_from([
    "req", "request", "body", "headers", "context", "event", "data", "payload", "attributes", "other", "self", "evnt",
    "environ", "start_response", "scope", "receive", "send", "Request", "_data",
])  # fmt: skip
ANNOTATIONS = st.sampled_from([
    "R", "flask.Request", "flask.wrappers.Request", "'R'", "Optional[R]", "R | None", "CloudEvent", "'CloudEvent | None'",
    "cloudevents.core.v1.event.CloudEvent", "dict", "dict[str, Any]", "collections.abc.Mapping", "typing.Mapping[str, str]",
    "Any", "typing.Any", "object", "bytes", "str", "int", "None", "Order", "'Order'", "Alias", "list[Order]", "Plain", "Context",
    "werkzeug.datastructures.Headers", "io.BytesIO", "complex", "'Missing'", "typing.Annotated[R, 1]", "tuple[int, ...]",
    "Exception", "'dict[str, Any]'", "type", "collections.abc.Callable", "lambda: 1", "1", "'not valid('", "bytearray",
])  # fmt: skip


OBJECTS = st.sampled_from(
    ["5", "None", "[]", "'text'", "Plain()", "Plain", "{}", "f'{1}'", "print", "len", "R", "dict"]
)


@st.composite
def parameters(draw: st.DrawFn, *, is_annotated: bool = True) -> str:
    """Write the parameters of a function: each kind in its place, and no default before a parameter without one."""
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    kinds = sorted(draw(st.lists(st.sampled_from([0, 1, 1, 1, 2]), min_size=len(names), max_size=len(names))))
    written: list[str] = []
    has_default = False
    for position, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        if kind == 2 and (position == 0 or kinds[position - 1] != 2):
            written.append(draw(st.sampled_from(["*", "*args", "*args: int"])) if is_annotated else "*args")
        annotation = f": {draw(ANNOTATIONS)}" if is_annotated and draw(st.booleans()) else ""
        is_default_needed = has_default and kind < 2
        with_default = is_default_needed or draw(st.integers(0, 3)) == 0
        has_default = has_default or (with_default and kind < 2)
        written.append(f"{name}{annotation}{' = None' if with_default else ''}")
        if kind == 0 and (position + 1 == len(kinds) or kinds[position + 1] != 0):
            written.append("/")
    if draw(st.integers(0, 4)) == 0:
        written.append("**kwargs")
    return ", ".join(written)


@st.composite
def modules(draw: st.DrawFn) -> str:
    """Write a module that defines `handler`, in one of the ways in which a function gets a name."""
    name = draw(st.sampled_from(["handler", "handler", "run"]))
    decorators = draw(st.sampled_from(["", "", "", "@plain\n", "@wrapping\n", "@hiding\n", "@functools.cache\n"]))
    keyword = draw(st.sampled_from(["def", "def", "async def"]))
    function = f"{decorators}{keyword} {name}({draw(parameters())}):\n    return None\n"
    method = draw(parameters())
    definition = draw(
        st.sampled_from([
            function, function, function, function,
            f"{name} = lambda {draw(parameters(is_annotated=False))}: None\n",
            f"class Callable:\n    def __call__(self, {method}):\n        return None\n{name} = Callable()\n",
            f"class {name}:\n    def __init__(self, {method}):\n        pass\n    def __iter__(self):\n        return iter(())\n",
            f"{function}{name} = functools.partial({name})\n",
            f"if True:\n    {name} = lambda req: None\nelse:\n    {name} = 5\n",
            f"{name} = {draw(OBJECTS)}\n",
            f"{name}: Any = plain(lambda {draw(parameters(is_annotated=False))}: None)\n",
            f"{function}del {name}\n",
            f"{name}: int\n",
        ])
    )  # fmt: skip
    future = draw(st.sampled_from(["", "", "from __future__ import annotations\n"]))
    after = draw(st.sampled_from(["", "", "", function, "def handler(req): ...\n"]))
    return f"{future}{PREAMBLE}{definition}{after}" + ("handler = run\n" if name == "run" else "")


@pytest.fixture(scope="module")
def app() -> Iterator[Path]:
    path, written = list(sys.path), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory).resolve()
    sys.path[:], sys.dont_write_bytecode = path, written


NUMBERS = itertools.count()


def checked(app: Path, handler: str) -> CheckedFunction | UserError:
    try:
        return check_handler(Handler.parse(Setting(handler, "a test")), app, sys.version_info[:2], {"flask"})
    except UserError as error:
        return error


def loaded(app: Path, handler: str) -> LoadedFunction | LoadedApplication | errors.FunctionError:
    importlib.invalidate_caches()
    try:
        return load(handler, app)
    except errors.FunctionError as error:
        return error
    finally:
        sys.modules.pop(handler.partition(".")[0], None)


# What only the types of a program show, and not their names in its source.
OF_TYPES = (errors.AnnotationError, errors.UnsuitableAnnotationError)


def assert_agree(
    build: CheckedFunction | UserError, start: LoadedFunction | LoadedApplication | errors.FunctionError
) -> None:
    event(f"{type(build).__name__}, {type(start).__name__}")
    if isinstance(build, UserError):
        assert isinstance(start, errors.FunctionError)
    elif isinstance(start, LoadedApplication):
        assert build.signature is None
        assert build.protocol in {None, start.protocol}
    elif isinstance(start, LoadedFunction):
        assert build.protocol is None
        if build.signature is not None:
            assert build.signature.kind == start.kind
            values = {argument.name: argument.value for argument in start.signature.arguments if argument.value}
            assert build.signature.values == values
    elif build.signature is not None:
        assert isinstance(start, (*OF_TYPES, errors.ImportFailedError))
    else:
        assert build.protocol is None


@examples(250)
@given(modules())
def test_build_and_start_agree(app: Path, source: str) -> None:
    name = f"module{next(NUMBERS)}"
    file = app / f"{name}.py"
    file.write_text(source)
    try:
        assert_agree(checked(app, f"{name}.handler"), loaded(app, f"{name}.handler"))
    finally:
        file.unlink()
