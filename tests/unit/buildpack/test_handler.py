from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from funcpack.check import handler
from funcpack.errors import (
    Asgi2Error,
    KnFuncFunctionError,
    MissingFunctionError,
    MissingModuleError,
    NotAFunctionError,
    RelativeImportError,
    SourceError,
    TakenNameError,
    UnsupportedAnnotationError,
    UnsupportedParameterError,
)
from funcpack.project.handler_name import Handler
from funcpack.project.settings import Setting

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.check.handler import CheckedFunction

THIS_PYTHON = sys.version_info[:2]
FUTURE_PYTHON = (3, 99)  # no machine has it


def check(
    app: Path, files: dict[str, str], name: str = "handler.handler", target: tuple[int, ...] = THIS_PYTHON
) -> CheckedFunction:
    for file, text in files.items():
        path = app / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return handler.check_handler(Handler.parse(Setting(name, "a test")), app, target, {"flask"})


@pytest.mark.parametrize(
    ("source", "kind", "values"),
    [
        ("def handler(): ...", "http", []),
        ("def handler(req): ...", "http", ["req"]),
        ("async def handler(body, headers): ...", "http", ["body", "headers"]),
        ("def handler(data, attributes): ...", "cloudevent", ["data", "attributes"]),
        ("def handler(event, /, *, context): ...", "cloudevent", ["event", "context"]),
        ("def handler(payload, level=1, *args, extra=None, **kwargs): ...", "cloudevent", ["payload"]),
        ("handler = lambda request: 1", "http", ["request"]),
        ("def run(data): ...\nhandler = run", "cloudevent", ["data"]),
        ("import flask\ndef handler(r: flask.Request): ...", "http", ["r"]),
        ("from flask import Request as R\ndef handler(r: R): ...", "http", ["r"]),
        ("from __future__ import annotations\nimport flask as f\ndef handler(r: f.Request): ...", "http", ["r"]),
        ("from flask import Request\ndef handler(r: 'Request'): ...", "http", ["r"]),
        ("from cloudevents.http import CloudEvent\ndef handler(ce: CloudEvent): ...", "cloudevent", ["ce"]),
        ("def handler(data): ...\ndef handler(req): ...", "http", ["req"]),
        ("def handler(body: dict[str, int], req: object): ...", "http", ["body", "req"]),
        ("import cloudevents.sdk.event.v1 as v\ndef handler(e: v.Event): ...", "cloudevent", ["e"]),
        ("from cloudevents.sdk.event import v1\ndef handler(e: v1.Event): ...", "cloudevent", ["e"]),
        ("from cloudevents.sdk.event.v1 import Event as E\ndef handler(e: 'E'): ...", "cloudevent", ["e"]),
        ("from cloudevents.sdk.event.v03 import Event\ndef handler(e: Event): ...", "cloudevent", ["e"]),
        ("from cloudevents.sdk.event.base import BaseEvent\ndef handler(e: BaseEvent): ...", "cloudevent", ["e"]),
        ("from cloudevents.v1.sdk.event import v1\ndef handler(e: v1.Event): ...", "cloudevent", ["e"]),
        ("from cloudevents.abstract import CloudEvent\ndef handler(e: CloudEvent): ...", "cloudevent", ["e"]),
        ("import cloudevents.pydantic\ndef handler(e: cloudevents.pydantic.CloudEvent): ...", "cloudevent", ["e"]),
        ("\ufeffdef handler(req): ...", "http", ["req"]),
    ],
)
def test_parameters_say_what_the_function_takes(tmp_path: Path, source: str, kind: str, values: list[str]) -> None:
    signature = check(tmp_path, {"handler.py": source}).signature
    assert signature is not None
    assert (signature.kind, list(signature.values)) == (kind, values)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("from tools import wrap\n@wrap\ndef handler(a, b): ...", id="decorated"),
        pytest.param("import functools\ndef run(a, req): ...\nhandler = functools.partial(run, 1)", id="partial"),
        pytest.param("class Handler: ...\nhandler = Handler()", id="instance"),
        pytest.param("if x:\n    def handler(a): ...\nelse:\n    def handler(b): ...", id="conditional"),
        pytest.param("try:\n    from fast import handler\nexcept ImportError:\n    handler = None", id="try"),
        pytest.param("def handler(a): ...\nif x:\n    handler = wrap(handler)", id="replaced-under-a-condition"),
        pytest.param("def handler(a): ...\nhandler = wrap(handler)", id="wrapped"),
        pytest.param("from tools import *", id="star-import"),
        pytest.param("globals()['handler'] = print", id="globals"),
        pytest.param("import sys\nsetattr(sys.modules[__name__], 'handler', print)", id="setattr"),
        pytest.param("exec('def handler(req): ...')", id="exec"),
        pytest.param("def __getattr__(name): ...", id="module-getattr"),
        pytest.param("def make():\n    global handler\n    def handler(req): ...\nmake()", id="global"),
        pytest.param("if (handler := make()): ...", id="walrus"),
        pytest.param("for handler in handlers: ...", id="loop"),
        pytest.param("with make() as handler: ...", id="with"),
        pytest.param("match make():\n    case {'f': handler}: ...", id="match"),
        pytest.param("(handler, other) = make()", id="unpacked"),
        pytest.param("handler: object = make()", id="annotated-assignment"),
        pytest.param("handler = None\nfrom tools import *", id="replaced-by-a-star-import"),
        pytest.param(
            "def handler(a): ...\ntry:\n    from tools import *\nexcept ImportError: ...", id="star-import-under-try"
        ),
        pytest.param("handler = None\nglobals().update(load())", id="replaced-by-globals"),
        pytest.param("class handler: ...\nexec('def handler(req): ...')", id="replaced-by-exec"),
        pytest.param("import tools.handler as handler", id="module"),
        pytest.param("from installed import handler", id="from-an-installed-package"),
        pytest.param("import handler", id="itself"),
        pytest.param("from handler import handler", id="itself-from-itself"),
        pytest.param("a = handler\nhandler = a", id="names-in-a-circle"),
        pytest.param("class Meta(type): ...\nclass handler(metaclass=Meta): ...", id="class-with-metaclass"),
        pytest.param("@instance\nclass handler: ...", id="class-made-an-instance"),
        pytest.param(
            "from typing import Optional\nimport flask\ndef handler(r: Optional[flask.Request]): ...", id="optional"
        ),
        pytest.param("import flask\ndef handler(r: flask.Request | None): ...", id="union"),
        pytest.param("from web import Request\ndef handler(r: Request): ...", id="class-of-an-unknown-library"),
        pytest.param("import flask\nclass Mine(flask.Request): ...\ndef handler(r: Mine): ...", id="subclass"),
        pytest.param("def handler(r: 'not an expression!'): ...", id="odd-annotation"),
    ],
)
def test_what_only_running_tells_is_left_to_the_invoker(tmp_path: Path, source: str) -> None:
    assert check(tmp_path, {"handler.py": source}).signature is None


@pytest.mark.parametrize(
    ("source", "protocol"),
    [
        pytest.param("def handler(environ, start_response): ...", "WSGI", id="wsgi"),
        pytest.param("def handler(env, start_response): ...", "WSGI", id="wsgi-with-another-name"),
        pytest.param("def run(environ, start_response): ...\nhandler = run", "WSGI", id="wsgi-by-another-name"),
        pytest.param("handler = lambda environ, start_response: []", "WSGI", id="wsgi-lambda"),
        pytest.param("async def handler(scope, receive, send): ...", "ASGI", id="asgi"),
        pytest.param("def handler(_scope, receive, send, extra=1): ...", "ASGI", id="asgi-with-more"),
        pytest.param(
            "from starlette.types import Scope, Receive, Send\n"
            "async def handler(scope: Scope, receive: Receive, send: Send): ...",
            "ASGI",
            id="asgi-annotated",
        ),
        pytest.param(
            "class handler:\n    def __init__(self, environ, start_response): ...\n    def __iter__(self): ...",
            "WSGI",
            id="wsgi-class",
        ),
        pytest.param(
            "class handler:\n    def __init__(self, scope, receive, send): ...\n    def __await__(self): ...",
            "ASGI",
            id="asgi-class",
        ),
    ],
)
def test_application_is_recognized_by_its_parameters(tmp_path: Path, source: str, protocol: str) -> None:
    checked = check(tmp_path, {"handler.py": source})
    assert (checked.protocol, checked.signature) == (protocol, None)


@pytest.mark.parametrize(
    ("source", "name", "call"),
    [
        ("from flask import Flask\nhandler = Flask(__name__)", "handler.handler", "Flask"),
        ("import fastapi\nhandler = fastapi.FastAPI(title='x')", "handler:handler", "fastapi.FastAPI"),
        (
            "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()",
            "handler.application",
            "get_wsgi_application",
        ),
        (
            "from flask import Flask\napp = Flask(__name__)\napp = ProxyFix(app.wsgi_app)",
            "handler.app",
            "ProxyFix",
        ),
        ("def create_app(): ...", "handler:create_app()", "create_app"),
        ("def create_app(level): ...", "handler:create_app()", "create_app"),
        ("class App: ...", "handler:App()", "App"),
    ],
)
def test_result_of_a_call_is_left_to_the_invoker(tmp_path: Path, source: str, name: str, call: str) -> None:
    checked = check(tmp_path, {"handler.py": source}, name)
    assert (checked.call, checked.protocol, checked.signature) == (call, None, None)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def handler(scope): ...", id="function"),
        pytest.param(
            "class handler:\n    def __init__(self, scope): ...\n    async def __call__(self, receive, send): ...",
            id="class",
        ),
    ],
)
def test_application_of_asgi_2_is_rejected(tmp_path: Path, source: str) -> None:
    with pytest.raises(Asgi2Error):
        check(tmp_path, {"handler.py": source})


@pytest.mark.parametrize("name", ["handler:create_app()", "handler:App()"])
def test_factory_that_does_not_exist(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingFunctionError):
        check(tmp_path, {"handler.py": "def make_app(): ..."}, name)


def test_factory_that_cannot_be_called(tmp_path: Path) -> None:
    with pytest.raises(NotAFunctionError):
        check(tmp_path, {"handler.py": "app = None"}, "handler:app()")


@pytest.mark.parametrize(
    ("files", "file", "line"),
    [
        pytest.param(
            {"handler.py": "from app import handler", "app.py": "\ndef handler(req): ..."}, "app.py", 2, id="module"
        ),
        pytest.param(
            {"handler.py": "from app import run as handler", "app.py": "def run(req): ..."}, "app.py", 1, id="renamed"
        ),
        pytest.param(
            {
                "handler.py": "from app import handler",
                "app/__init__.py": "from .web import handler",
                "app/web.py": "def handler(req): ...",
            },
            "app/web.py",
            1,
            id="through-a-package",
        ),
        pytest.param(
            {"handler/__init__.py": "from ._run import handler", "handler/_run.py": "def handler(req): ..."},
            "handler/_run.py",
            1,
            id="package",
        ),
        pytest.param({"src/handler.py": "def handler(req): ..."}, "src/handler.py", 1, id="src"),
        pytest.param(
            {"handler.py": "def handler(req): ...", "src/handler.py": "x = 1"},
            "handler.py",
            1,
            id="app-directory-before-src",
        ),
    ],
)
def test_finds_the_definition(tmp_path: Path, files: dict[str, str], file: str, line: int) -> None:
    checked = check(tmp_path, files)
    assert (str(checked.file), checked.line) == (file, line)
    assert checked.signature is not None


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("orders.paid.run", {"orders/__init__.py": "", "orders/paid.py": "def run(req): ..."}),
        ("orders.paid.run", {"orders/paid.py": "def run(req): ..."}),
        ("orders:run", {"orders.py": "def run(req): ..."}),
        ("orders.paid:desk.run", {"orders/paid.py": "desk = Desk()"}),
        ("native.run", {"native.cpython-313-x86_64-linux-gnu.so": ""}),
        ("native.run", {"native.pyc": ""}),
        ("native.fast.run", {"native/__init__.py": "", "native/fast.so": ""}),
    ],
)
def test_forms_of_names(tmp_path: Path, name: str, files: dict[str, str]) -> None:
    check(tmp_path, files, name)


FUNCTION = "def handler(req): ..."
RELATIVE = "from .x import y"


@pytest.mark.parametrize(
    ("files", "name", "file"),
    [
        pytest.param({"handler.py": f"import util\n{FUNCTION}", "util.py": RELATIVE}, "handler.handler", "util.py", id="import"),
        pytest.param({"handler.py": f"import util as u\n{FUNCTION}", "util.py": RELATIVE}, "handler.handler", "util.py", id="as"),
        pytest.param({"handler.py": f"from util import z\n{FUNCTION}", "util.py": RELATIVE}, "handler.handler", "util.py", id="from"),
        pytest.param({"handler.py": f"from util import *\n{FUNCTION}", "util.py": RELATIVE}, "handler.handler", "util.py", id="star"),
        pytest.param({"src/handler.py": f"import util\n{FUNCTION}", "src/util.py": RELATIVE}, "handler.handler", "src/util.py", id="src"),
        pytest.param({"handler.py": f"import a\n{FUNCTION}", "a.py": "import b", "b.py": RELATIVE}, "handler.handler", "b.py", id="behind-another"),
        pytest.param({"handler.py": f"import a.b.c\n{FUNCTION}", "a/__init__.py": "", "a/b/__init__.py": "from ...x import y", "a/b/c.py": ""}, "handler.handler", "a/b/__init__.py", id="package"),
        pytest.param({"handler.py": f"from a import b\n{FUNCTION}", "a/__init__.py": "", "a/b.py": "from ..x import y"}, "handler.handler", "a/b.py", id="submodule"),
        pytest.param({"handler.py": f"from a import b\n{FUNCTION}", "a/b.py": "from ..x import y"}, "handler.handler", "a/b.py", id="submodule-of-namespace"),
        pytest.param({"a/__init__.py": "", "a/h.py": f"from . import b\n{FUNCTION}", "a/b.py": "from ..x import y"}, "a.h.handler", "a/b.py", id="relative"),
    ],
)  # fmt: skip
def test_relative_import_of_a_module_that_is_imported_in_passing(
    tmp_path: Path, files: dict[str, str], name: str, file: str
) -> None:
    with pytest.raises(RelativeImportError) as caught:
        check(tmp_path, files, name)
    assert (caught.value.file, caught.value.line) == (file, 1)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"handler.py": f"try:\n    import util\nexcept ImportError: ...\n{FUNCTION}"}, id="try"),
        pytest.param({"handler.py": f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import util\n{FUNCTION}"}, id="for-types"),
        pytest.param({"handler.py": "def handler(req):\n    import util"}, id="in-a-function"),
        pytest.param({"handler.py": f"import sys\nsys.path.insert(0, 'lib')\nimport util\n{FUNCTION}"}, id="other-path"),
        pytest.param({"handler.py": f"from a import util\n{FUNCTION}", "a/__init__.py": "util = 1", "a/util.py": "from ..x import y"}, id="attribute"),
        pytest.param({"handler.py": f"import uuid\n{FUNCTION}", "uuid.py": RELATIVE}, id="standard-library"),
        pytest.param({"handler.py": f"import flask\n{FUNCTION}", "flask.py": RELATIVE}, id="invoker"),
        pytest.param({"handler.py": f"import missing, a\n{FUNCTION}", "a.py": "import handler"}, id="circle"),
        pytest.param({"handler.py": f"import native\n{FUNCTION}", "native.so": ""}, id="no-source"),
    ],
)  # fmt: skip
def test_imports_that_may_work(tmp_path: Path, files: dict[str, str]) -> None:
    assert check(tmp_path, {"util.py": RELATIVE, **files}).line


def test_syntax_error_of_a_module_that_is_imported_in_passing(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        check(tmp_path, {"handler.py": f"import util\n{FUNCTION}", "util.py": "def ("})
    assert (caught.value.file, caught.value.line) == ("util.py", 1)


def test_newer_syntax_of_a_module_that_is_imported_in_passing(tmp_path: Path) -> None:
    checked = check(
        tmp_path, {"handler.py": f"from util import x\n{FUNCTION}", "util.py": "lazy ("}, target=FUTURE_PYTHON
    )
    assert checked.signature is not None


ASGI = "async def handle(self, scope, receive, send): ..."


@pytest.mark.parametrize(
    ("source", "is_of_kn_func"),
    [
        (f"class Function:\n    {ASGI}\ndef handler():\n    return Function()", True),
        (f"def handler():\n    return Function()\nclass Function:\n    def stop(self): ...\n    {ASGI}", True),
        (f"from tools import wrap\n@wrap\n{ASGI.replace('handle(self, ', 'handler(')}", False),
        (f"class Function(Response):\n    {ASGI}\ndef handler():\n    return Function()", False),
        ("class Function: ...\ndef handler():\n    return Function()", False),
        (f"class Function:\n    {ASGI}\ndef handler(req):\n    return 'OK'", False),
    ],
)
def test_function_of_kn_func(tmp_path: Path, source: str, is_of_kn_func: bool) -> None:
    with pytest.raises(KnFuncFunctionError) if is_of_kn_func else nullcontext():
        check(tmp_path, {"handler.py": source})


@pytest.mark.parametrize(
    ("files", "name", "file", "absolute"),
    [
        ({"handler.py": "from .util import handler"}, "handler.handler", "handler.py", "from util import handler"),
        ({"handler.py": "from . import util as u, b\nhandler = u.f"}, "handler.handler", "handler.py", "import util as u, b"),
        ({"src/main.py": "from .util import f\ndef g(req): ..."}, "main.g", "src/main.py", "from util import f"),
        ({"handler.py": "from run import handler", "run.py": "from .util import x\ndef handler(req): ..."}, "handler.handler", "run.py", "from util import x"),
        ({"a/__init__.py": "from ..b import c", "a/d.py": "def f(req): ..."}, "a.d.f", "a/__init__.py", "from b import c"),
        ({"a/d.py": "from ..b import c\ndef f(req): ..."}, "a.d.f", "a/d.py", "from b import c"),
    ],
)  # fmt: skip
def test_relative_import_that_cannot_work(
    tmp_path: Path, files: dict[str, str], name: str, file: str, absolute: str
) -> None:
    with pytest.raises(RelativeImportError) as caught:
        check(tmp_path, files, name)
    assert (caught.value.file, caught.value.line, caught.value.absolute) == (file, 1, absolute)


@pytest.mark.parametrize(
    ("files", "name"),
    [
        pytest.param({"a/d.py": "from .b import f"}, "a.d.f", id="in-a-namespace-package"),
        pytest.param({"a/__init__.py": "from .b import f"}, "a.f", id="in-a-package"),
        pytest.param({"a/b/c.py": "from ..d import f"}, "a.b.c.f", id="to-the-parent-package"),
        pytest.param(
            {"handler.py": "try:\n    from .util import handler\nexcept ImportError:\n    from util import handler"},
            "handler.handler",
            id="with-an-alternative",
        ),
        pytest.param(
            {"handler.py": "def handler(req):\n    from .util import x"}, "handler.handler", id="in-a-function"
        ),
        pytest.param(
            {"handler.py": "__package__ = 'a'\nfrom .util import handler"},
            "handler.handler",
            id="with-a-package-by-name",
        ),
    ],
)
def test_relative_import_that_can_work(tmp_path: Path, files: dict[str, str], name: str) -> None:
    assert check(tmp_path, files, name).file is not None


def test_missing_function_error_lists_the_names_of_the_module(tmp_path: Path) -> None:
    with pytest.raises(MissingFunctionError) as caught:
        check(tmp_path, {"handler.py": "import os\nLEVEL = 1\ndef handle(req): ...\ndef _private(): ..."})
    assert (caught.value.names, caught.value.functions) == (["LEVEL", "_private", "handle", "os"], ["handle"])


def test_deleted_function_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingFunctionError):
        check(tmp_path, {"handler.py": "def handler(req): ...\ndel handler"})


@pytest.mark.parametrize("files", [{}, {"handler/readme.txt": ""}, {"Handler.py": ""}])
def test_missing_module(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(MissingModuleError):
        check(tmp_path, files, "handler.sub.handler")


def test_directory_is_no_module_of_functions(tmp_path: Path) -> None:
    with pytest.raises(MissingModuleError) as caught:
        check(tmp_path, {"src/handler.py": "def handler(req): ..."}, "src.handler")
    assert caught.value.modules == ["handler", "src.handler"]
    assert caught.value.remedy == (
        "Add the name of the function to the module: set a test to 'src.handler.handler', for example."
    )


def test_link_that_leads_nowhere_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "handler.py").symlink_to("../shared/handler.py")
    with pytest.raises(MissingModuleError) as caught:
        check(tmp_path, {})
    assert caught.value.modules == []


@pytest.mark.parametrize("name", ["handler.desk.place", "handler.desk:place"])
def test_method_named_like_a_function_of_a_module(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingModuleError) as caught:
        check(tmp_path, {"handler.py": "desk = Desk()"}, name)
    assert caught.value.remedy.startswith("Did you mean 'handler:desk.place'? ")


def test_module_named_like_a_function(tmp_path: Path) -> None:
    with pytest.raises(MissingFunctionError) as caught:
        check(tmp_path, {"orders/__init__.py": "", "orders/paid.py": "def run(req): ..."}, "orders.paid")
    assert caught.value.remedy == (
        "Add the name of the function to the module: set a test to 'orders.paid.handler', for example."
    )


@pytest.mark.parametrize(
    "name", ["__main__.handler", "typing.handler", "queue.handler", "json.tool.main", "sys:exit", "flask.handler"]
)
def test_names_that_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(TakenNameError):
        check(tmp_path, {"typing.py": "def handler(req): ...", "queue.py": "def handler(req): ..."}, name)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("class handler: ...", "a class"),
        ("class Base: ...\nclass handler(Base): ...", "a class"),
        ("class handler:\n    def __init__(self, environ, start_response): ...", "a class"),
        ("class handler:\n    def __call__(self, environ, start_response): ...", "a class"),
        ("handler = None", "None"),
        ("handler = 'text'", "a value of type 'str'"),
        ("handler = f'{x}'", "a value of type 'str'"),
        ("handler = {}", "a value of type 'dict'"),
        ("handler = [f for f in fs]", "a value of type 'list'"),
    ],
)
def test_value_that_cannot_be_called_is_rejected(tmp_path: Path, source: str, kind: str) -> None:
    with pytest.raises(NotAFunctionError) as caught:
        check(tmp_path, {"handler.py": source})
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "source",
    [
        "def handler(reqest): ...",
        "def handler(req, reqest): ...",
        "def handler(req, *, reqest): ...",
        "def handler(reqest: dict[str, int]): ...",
        "from datetime import date\ndef handler(reqest: date): ...",
        "class Order: ...\ndef handler(reqest: Order): ...",
        "handler = lambda reqest: 1",
        "from web import Request\ndef handler(r: Request, reqest): ...",
        "from tools import *\ndef handler(reqest): ...",
        "def handler(reqest):\n    return vars(reqest)",
    ],
)
def test_unsupported_parameter(tmp_path: Path, source: str) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        check(tmp_path, {"handler.py": source})
    assert (caught.value.name, caught.value.nearest) == ("reqest", "request")


@pytest.mark.parametrize(
    ("source", "name", "annotation"),
    [
        ("import io\ndef handler(body: io.BytesIO): ...", "body", "io.BytesIO"),
        ("from io import StringIO as S\ndef handler(data: S): ...", "data", "io.StringIO"),
        ("def handler(payload: bytearray): ...", "payload", "bytearray"),
        ("def handler(headers: list): ...", "headers", "list"),
        ("def handler(headers: 'dict[str, str]'): ...", "headers", "dict"),
        ("def handler(req: dict): ...", "req", "dict"),
        ("def handler(request: str = ''): ...", "request", "str"),
        ("def handler(event: dict[str, int]): ...", "event", "dict"),
        ("def handler(event, attributes: list[str]): ...", "attributes", "list"),
        ("from logging import Logger\ndef handler(req, *, context: Logger): ...", "context", "logging.Logger"),
        (
            "from cloudevents.http import CloudEvent\ndef handler(req: CloudEvent): ...",
            "req",
            "cloudevents.http.CloudEvent",
        ),
    ],
)
def test_annotation_that_cannot_be_kept(tmp_path: Path, source: str, name: str, annotation: str) -> None:
    with pytest.raises(UnsupportedAnnotationError) as caught:
        check(tmp_path, {"handler.py": source})
    assert (caught.value.name, caught.value.annotation) == (name, annotation)


@pytest.mark.parametrize(
    "source",
    [
        "def handler(body: 'list[int] | None'): ...",
        "from typing import Mapping\ndef handler(headers: Mapping[str, str]): ...",
        "from collections.abc import Mapping\ndef handler(headers: Mapping[str, str], attributes: dict[str, str]): ...",
        "from http import HTTPStatus\ndef handler(data: HTTPStatus): ...",
        "from typing import Optional\ndef handler(req: Optional[dict]): ...",
        "def handler(req: dict | list): ...",
        "from web import Request\ndef handler(req: Request): ...",
        "class dict: ...\ndef handler(req: dict): ...",
        "def handler(body: Nowhere): ...",
    ],
)
def test_annotation_that_is_left_to_the_invoker(tmp_path: Path, source: str) -> None:
    assert check(tmp_path, {"handler.py": source}).line is not None


@pytest.mark.parametrize(
    "source",
    ["def handler(req", "return 1", "x = (", "def handler(req):\n\tif 1:\n        x", "(" * 5000, "nonlocal x", "a\0b"],
    ids=["open", "return", "bracket", "tabs", "nested", "nonlocal", "null"],
)
def test_source_that_is_not_python(tmp_path: Path, source: str) -> None:
    with pytest.raises(SourceError):
        check(tmp_path, {"handler.py": source})


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("lazy import json\ndef handler(req): ...", id="lazy-import"),
        pytest.param("lazy from json import dumps\ndef handler(req): ...", id="lazy-from-import"),
        pytest.param("text = t'{1}'\ndef handler(req): ...", id="t-string"),
        pytest.param("from tools import handler", id="in-another-module"),
    ],
)
def test_syntax_of_a_newer_python_cannot_be_checked(tmp_path: Path, source: str) -> None:
    checked = check(
        tmp_path, {"handler.py": source, "tools.py": "lazy import json\ndef handler(req): ..."}, target=FUTURE_PYTHON
    )
    if checked.file is None:  # unless this Python is new enough
        version, target = (".".join(map(str, numbers)) for numbers in (THIS_PYTHON, FUTURE_PYTHON))
        place = "tools.py" if "tools" in source else "handler.py"
        assert checked.unchecked == (
            f"{place}, line 1 is not valid in Python {version}, which checks it, and the image has Python {target}"
        )


def test_source_for_a_newer_python_is_left_to_it(tmp_path: Path) -> None:
    assert check(tmp_path, {"handler.py": "def handler(req) => 1"}, target=FUTURE_PYTHON).file is None


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("if x == 0: ...\n" + "".join(f"elif x == {i}: ...\n" for i in range(1000)), id="elif"),
        pytest.param("df" + ".select()" * 600, id="method-chain"),
    ],
)
def test_long_chains_are_not_nested_too_deeply(tmp_path: Path, code: str) -> None:
    assert check(tmp_path, {"handler.py": f"def handler(req): ...\n{code}"}).line == 1


def test_source_in_another_encoding(tmp_path: Path) -> None:
    source = '# -*- coding: latin-1 -*-\ndef handler(req):\n    return "Grüße"\n'
    (tmp_path / "handler.py").write_bytes(source.encode("latin-1"))
    assert check(tmp_path, {}).line == 2


def test_syntax_error_shows_the_place(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        check(tmp_path, {"handler.py": "import json\n\ndef handler(req):\n\treturn json.dumps({)\n"})
    assert (caught.value.file, caught.value.line, caught.value.text) == ("handler.py", 4, "\treturn json.dumps({)")
    # The caret stands below the bracket, without the indent.
    assert caught.value.found.splitlines()[-2:] == ["  return json.dumps({)", "                     ^"]


@pytest.mark.parametrize(
    ("source", "target", "python"),
    [
        pytest.param("def handler(req):\n    with (a as b, c as d): ...\n", (3, 8), "3.8", id="older"),
        pytest.param("def handler(req) => 1\n", (3, 8), "3.8", id="no-python-at-all"),
    ],
)
def test_source_is_read_as_the_python_of_the_image_does(
    tmp_path: Path, source: str, target: tuple[int, ...], python: str
) -> None:
    with pytest.raises(SourceError) as caught:
        check(tmp_path, {"handler.py": source}, target=target)
    assert caught.value.python == python
