"""Our sources use no private names of other libraries, except for the ones in the table here."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.invoker.private_names import Finder, is_private, parse

ROOT = Path(__file__).parents[3]


class Row(NamedTuple):
    """Why a private name is used, what replaces it, and when it goes."""

    reason: str
    replacement: str
    until: str


# At most ten. A new row needs the same care as a new dependency: docs/dependencies.md says which tests would show a change.
ALLOWED = {
    ("_cv_app", "invoker/funcpack_invoker/flask_bridge/context.py"): Row(
        "Flask's proxies read this context variable, and creating the contexts for every call takes a third of its time",
        "a public way to set a lazy context; without the name, contexts are created at the start of each call",
        "Flask creates its contexts lazily itself",
    ),
    ("_cv_request", "invoker/funcpack_invoker/flask_bridge/context.py"): Row(
        "as above, for the context of the request, which has a variable of its own up to Flask 3.1",
        "`_cv_app`, which holds both from Flask 3.2 on",
        "Flask 3.2 is the lowest supported release",
    ),
    ("_make_socket_transport", "invoker/funcpack_invoker/server/acceptor.py"): Row(
        "it makes a transport of an accepted socket at once, as asyncio's own server does, without a task for each",
        "`loop.connect_accepted_socket`, which takes a task for each connection and loads ssl",
        "asyncio has a public function for this, or its server can stop without resetting connections",
    ),
    ("_logs", "invoker/funcpack_invoker/telemetry/log_records.py"): Row(
        "OpenTelemetry's API and SDK for logs are documented under this name only, and their packages have no other",
        "without the module, log records are not sent, and a line in the log says so",
        "OpenTelemetry for Python declares its logs stable and renames the modules",
    ),
}

# Classes of ours that are combined with one of another library at run time, which no syntax tree shows.
MIXED_INTO = {
    "LazyRequest": "flask.wrappers.Request",
    "_WithRoute": "flask.ctx.RequestContext",
    "_Core": "cloudevents.core.v1.event.CloudEvent",
    "_Getters": "cloudevents.v1.http.event.CloudEvent",
    "_Picklable": "cloudevents.v1.http.event.CloudEvent",
}


def sources() -> dict[str, tuple[str, str]]:
    found = {}
    for root, package in ((ROOT / "invoker", "funcpack_invoker"), (ROOT, "funcpack")):
        for file in sorted((root / package).rglob("*.py")):
            name = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            found[name] = (str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
    return found


def test_no_private_names_of_other_libraries_are_used() -> None:
    uses = Finder(parse(sources()), MIXED_INTO).uses()
    assert [use for use in uses if (use.name, use.file) not in ALLOWED] == []
    assert {(use.name, use.file) for use in uses} == ALLOWED.keys(), "a row of the table is not needed any more"


def test_table_is_short_and_says_why() -> None:
    assert len(ALLOWED) <= 10
    assert all(all(row) for row in ALLOWED.values())


def found_in(code: str, mixed_into: dict[str, str] | None = None) -> list[str]:
    modules = {"ours.module": ("module.py", code), "ours.other": ("other.py", "class Base:\n def _own(self): ...")}
    return [use.name for use in Finder(parse(modules), mixed_into).uses()]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        pytest.param("thing._x", "_x", id="attribute"),
        pytest.param("thing._x = 1", "_x", id="assignment"),
        pytest.param("del thing._x", "_x", id="deletion"),
        pytest.param("thing.part._x()", "_x", id="method"),
        pytest.param("import lib\nlib._x", "_x", id="name of a module"),
        pytest.param("from lib import _x", "_x", id="imported name"),
        pytest.param("from lib import _x as x", "_x", id="imported under another name"),
        pytest.param("from lib._x import y", "_x", id="private module"),
        pytest.param("import lib._x", "_x", id="imported private module"),
        pytest.param("getattr(thing, '_x', None)", "_x", id="getattr"),
        pytest.param("hasattr(thing, '_x')", "_x", id="hasattr"),
        pytest.param("setattr(thing, '_x', 1)", "_x", id="setattr"),
        pytest.param("delattr(thing, '_x')", "_x", id="delattr"),
        pytest.param("object.__setattr__(thing, '_x', 1)", "_x", id="__setattr__"),
        pytest.param("for n in 'ab': getattr(thing, f'_max_{n}')", "_max_x", id="f-string"),
        pytest.param("for name in ('_x', 'y'): getattr(thing, name)", "_x", id="text in a variable"),
        pytest.param("from operator import attrgetter\nattrgetter('_x')(thing)", "_x", id="attrgetter"),
        pytest.param("vars(thing)['_x']", "_x", id="vars"),
        pytest.param("thing.__dict__['_x'] = 1", "_x", id="__dict__"),
        pytest.param("thing.__dict__.pop('_x')", "_x", id="pop of __dict__"),
        pytest.param("call(_x=1)", "_x", id="keyword"),
        pytest.param("class A:\n def f(self): self._x", "_x", id="self without a definition"),
        pytest.param("class A:\n def f(self): super()._x()", "_x", id="super"),
        pytest.param("class A:\n def f(self):\n  def g(): self._x", "_x", id="self in a nested function"),
        pytest.param("class A:\n _x = 1\nclass B:\n def f(self): self._x", "_x", id="self of another class"),
        pytest.param("from lib import Base\nclass A(Base):\n def f(self): return self._x", "_x", id="name of a base"),
        pytest.param(
            "import asyncio\nclass A(asyncio.BaseEventLoop):\n def _run_once(self): ...",
            "_run_once",
            id="method replaced",
        ),
        pytest.param(
            "import queue\nclass A(queue.Queue):\n def _put(self, item): ...", "_put", id="method of a base replaced"
        ),
        pytest.param(
            "from threading import Thread\nclass A(Thread):\n def __init__(self): self._name = 1",
            "_name",
            id="attribute of a base replaced",
        ),
        pytest.param("import queue\nclass A(queue.Queue):\n _init = 1", "_init", id="class attribute replaced"),
        pytest.param(
            "import queue\nclass A(queue.Queue): ...\nclass B(A):\n def _get(self): ...", "_get", id="further base"
        ),
    ],
)
def test_use_is_found(code: str, name: str) -> None:
    assert found_in(code) == [name]


def test_class_that_is_mixed_in_is_checked_too() -> None:
    assert found_in("class A:\n def _put(self): ...", {"A": "queue.Queue"}) == ["_put"]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("class A:\n def __init__(self): self._x = 1\n def f(self): return self._x", id="set on self"),
        pytest.param("class A:\n _x: int\n def f(self): return self._x", id="annotated"),
        pytest.param("class A:\n __slots__ = ('_x',)\n def f(self): return self._x", id="slot"),
        pytest.param("class A:\n def _x(self): ...\n def f(self, other): return other._x()", id="other of the class"),
        pytest.param("class A:\n def _x(self): ...\nclass B(A):\n def f(self): self._x()", id="own base"),
        pytest.param(
            "from ours.other import Base\nclass A(Base):\n def f(self): super()._own()", id="own base elsewhere"
        ),
        pytest.param("from ours.other import _x", id="own module"),
        pytest.param("def f(_x): ...\nf(_x=1)", id="own keyword"),
        pytest.param("import os\nos._exit(1)", id="documented"),
        pytest.param("thing.__class__, thing.__dict__", id="special names"),
        pytest.param("import queue\nclass A(queue.Queue):\n def _mine(self): ...", id="name that no base has"),
        pytest.param("_x = 1\nprint(_x)", id="name of the module"),
    ],
)
def test_own_names_are_not_found(code: str) -> None:
    assert found_in(code) == []


@pytest.mark.parametrize(
    ("name", "expected"), [("_x", True), ("_x_y", True), ("x", False), ("__x__", False), ("_x_", False), ("__x", False)]
)
def test_private_name(name: str, expected: bool) -> None:
    assert is_private(name) == expected
