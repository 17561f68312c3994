from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker import errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from funcpack_invoker.function.loader import LoadedFunction

    Load = Callable[..., LoadedFunction]


@pytest.mark.parametrize(
    ("handler", "files"),
    [
        pytest.param("main.hello", {"main.py": "def hello(): return 'hi'"}, id="module"),
        pytest.param("a.b.hello", {"a/__init__.py": "", "a/b.py": "def hello(): return 'hi'"}, id="package"),
        pytest.param("a.b.hello", {"a/b.py": "def hello(): return 'hi'"}, id="namespace-package"),
        pytest.param("main.hello", {"src/main.py": "def hello(): return 'hi'"}, id="src"),
        pytest.param("main:hello", {"main.py": "def hello(): return 'hi'"}, id="colon"),
        pytest.param(
            "main:greeter.hello",
            {"main.py": "class G:\n def hello(self): return 'hi'\ngreeter = G()"},
            id="method-of-an-object",
        ),
        pytest.param(
            "main:Greeter.hello",
            {"main.py": "class Greeter:\n @staticmethod\n def hello(): return 'hi'"},
            id="static-method",
        ),
        pytest.param(
            "main:Greeter.hello",
            {"main.py": "class Greeter:\n @classmethod\n def hello(cls): return 'hi'"},
            id="class-method",
        ),
        pytest.param(
            "app.main.hello",
            {
                "app/__init__.py": "",
                "app/main.py": "from .words import hello",
                "app/words.py": "def hello(): return 'hi'",
            },
            id="relative-import",
        ),
        pytest.param(
            "main.hello",
            {
                "main.py": "import typing, other\nhello = other.hello",
                "typing.py": "1 / 0",
                "other.py": "def hello(): return 'hi'",
            },
            id="file-named-like-the-standard-library",
        ),
        pytest.param("main.hello", {"main.py": "def hello(): return 'hi'", "flask.py": "1 / 0"}, id="file-named-flask"),
        pytest.param("main.hello", {"main.py": "def hello(): return 'hi'", "email.py": "1 / 0"}, id="file-named-email"),
    ],
)
def test_function_is_found(load_function: Load, handler: str, files: dict[str, str]) -> None:
    loaded = load_function(handler=handler, files=files)
    assert loaded.function() == "hi"
    assert sys.modules[loaded.module.__name__] is loaded.module


@pytest.mark.parametrize(
    ("handler", "files", "error", "words"),
    [
        pytest.param(
            "mian.hello",
            {"main.py": ""},
            errors.ModuleMissingError,
            ["The handler is `mian.hello`, but there is no module or package `mian`", "Did you mean `main`?"],
            id="missing-module",
        ),
        pytest.param(
            "nowhere.hello", {}, errors.ModuleMissingError, ["Add the module"], id="missing-module-nothing-near"
        ),
        pytest.param(
            "a.b.hello", {"c.py": ""}, errors.ModuleMissingError, ["no module or package `a` in"], id="missing-parent"
        ),
        pytest.param(
            "a.b.hello",
            {"a/__init__.py": ""},
            errors.ModuleMissingError,
            ["no module or package `a.b`"],
            id="missing-in-package",
        ),
        pytest.param(
            "a.b.hello",
            {"a.py": ""},
            errors.ModuleMissingError,
            ["no module or package `a.b`"],
            id="parent-is-no-package",
        ),
        pytest.param(
            "main.helo",
            {"main.py": "from json import dumps\ndef hello(): pass\ndef bye(): pass\nclass C: pass\ndef _own(): pass"},
            errors.AttributeMissingError,
            ["does not define `helo`. It defines the functions `hello`, `bye`.", "Did you mean `hello`?"],
            id="missing-function",
        ),
        pytest.param(
            "main.hello", {"main.py": ""}, errors.AttributeMissingError, ["It defines no function."], id="empty-module"
        ),
        pytest.param(
            "main:obj.helo",
            {"main.py": "class O:\n def hello(self): pass\nobj = O()"},
            errors.AttributeMissingError,
            ["`O` does not define `helo`", "Did you mean `hello`?"],
            id="missing-method",
        ),
        pytest.param(
            "main.hello",
            {"main.py": "hello = 7"},
            errors.NotCallableError,
            ["has the type `int`"],
            id="not-callable",
        ),
        pytest.param(
            "main.Hello", {"main.py": "class Hello: pass"}, errors.ClassHandlerError, ["`__call__`"], id="class"
        ),
        pytest.param(
            "main:Greeter.hello",
            {"main.py": "class Greeter:\n def hello(self, req): pass"},
            errors.UnboundMethodError,
            ["the class `Greeter`", "`service = Greeter()`", "`main:service.hello`"],
            id="method-of-a-class",
        ),
        pytest.param(
            "main.hello", {"main.py": "hello = type(1).from_bytes"}, errors.ParameterError, ["`bytes`"], id="builtin"
        ),
        pytest.param(
            "main.hello",
            {"main.py": "def hello(reqest): pass"},
            errors.ParameterError,
            ["`reqest`", "Did you mean `request`?", "The supported names are event, data, payload"],
            id="unknown-parameter",
        ),
        pytest.param(
            "main.hello",
            {"main.py": "def hello(r: 'Nowhere'): pass"},
            errors.AnnotationError,
            ["name 'Nowhere' is not defined"],
            id="unknown-annotation",
        ),
        pytest.param(
            "main.hello",
            {
                "main.py": """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Item:
    owner: Nobody

@dataclass
class Order:
    items: list[Item]

def hello(body: Order): pass
"""
            },
            errors.AnnotationError,
            ["name 'Nobody' is not defined"],
            id="unknown-annotation-of-a-field",
        ),
        pytest.param(
            "main.hello",
            {"main.py": "import requestz"},
            errors.DependencyMissingError,
            ["`main` imports `requestz`", "requirements.txt", 'main.py", line 1'],
            id="missing-dependency",
        ),
        pytest.param(
            "main.hello",
            {"main.py": "import helper", "helper.py": "def f():\n    1 / 0\nf()"},
            errors.ImportFailedError,
            ["Importing `main` raised ZeroDivisionError", 'helper.py", line 2, in f'],
            id="import-raises",
        ),
        pytest.param(
            "main.hello", {"main.py": "def hello(:"}, errors.ImportFailedError, ["SyntaxError", "^"], id="syntax-error"
        ),
        pytest.param(
            "main.hello", {"main.py": "raise SystemExit(0)"}, errors.ImportFailedError, ["SystemExit"], id="exit"
        ),
        pytest.param(
            "main.hello",
            {"main.py": "raise KeyboardInterrupt"},
            errors.ImportFailedError,
            ["Importing `main` raised KeyboardInterrupt"],
            id="interrupt",
        ),
        pytest.param(
            "main.hello",
            {"main.py": "import asyncio\nraise asyncio.CancelledError"},
            errors.ImportFailedError,
            ["Importing `main` raised CancelledError"],
            id="cancelled",
        ),
        pytest.param(
            "main.hello",
            {"main.py": "from other import a\nb = 1", "other.py": "from main import b\na = 1"},
            errors.CircularImportError,
            ["Importing `main` failed because modules import each other", "partially initialized module 'main'"],
            id="circular-import",
        ),
        pytest.param(
            "logging.hello",
            {"logging.py": "def hello(): pass"},
            errors.ShadowedModuleError,
            ["already imported", "Rename your file"],
            id="module-loaded-from-elsewhere",
        ),
    ],
)
def test_function_that_cannot_be_served(
    load_function: Load, handler: str, files: dict[str, str], error: type[errors.FunctionError], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        load_function(handler=handler, files=files)
    text = str(caught.value)
    assert text.startswith(f"{error.title}\n\n")
    for word in words:
        assert word in text
    assert "funcpack_invoker" not in text
    assert "importlib" not in text


@pytest.fixture
def without_flask() -> Any:
    """Forget Flask for a moment, as if this process had never imported it."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "flask"}
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "flask"]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.mark.usefixtures("without_flask")
def test_own_flask_module_and_a_request_are_refused(load_function: Load) -> None:
    files = {"main.py": "import flask\ndef hello(req): pass", "flask.py": ""}
    with pytest.raises(
        errors.LibraryShadowedError, match=r"The function needs flask.*: the module `flask` is .*flask\.py"
    ):
        load_function(handler="main.hello", files=files)


@pytest.mark.usefixtures("without_flask")
def test_own_flask_module_is_fine_for_events(load_function: Load) -> None:
    files = {"main.py": "import flask\ndef hello(data): return flask.x", "flask.py": "x = 'mine'"}
    assert load_function(handler="main.hello", files=files).function(None) == "mine"


def test_app_directory_comes_first_on_the_path(load_function: Load, tmp_path: Path) -> None:
    load_function(handler="main.hello", files={"src/main.py": "def hello(): pass"})
    assert sys.path[:2] == [str(tmp_path), str(tmp_path / "src")]


@pytest.mark.parametrize(
    ("source", "is_warned"),
    [
        ("def hello(*args, **kwargs): pass", True),
        ("def deco(f): return lambda *args: f(*args)\n@deco\ndef hello(req): pass", True),
        ("import functools\ndef deco(f): return functools.wraps(f)(lambda *args: f(*args))\n@deco\ndef hello(req): pass", False),
        ("import functools\ndef deco(f): return functools.wraps(f)(lambda *args: f(*args))\n@deco\ndef hello(): pass", False),
        ("def hello(req, *args): pass", False),
        ("def hello(): pass", False),
    ],
)  # fmt: skip
def test_function_whose_parameters_are_hidden_is_named_in_the_log(
    load_function: Load, caplog: pytest.LogCaptureFixture, source: str, is_warned: bool
) -> None:
    load_function(handler="main.hello", files={"main.py": source})
    assert ("main.hello gets no arguments" in caplog.text) == is_warned


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param("def handler(reqest): ...", 1, id="function"),
        pytest.param("\ndef handler(r: 'Nowhere'): ...", 2, id="annotation"),
        pytest.param("import io\nasync def handler(body: io.StringIO): ...", 2, id="type"),
        pytest.param("class C:\n def f(self, reqest): ...\nhandler = C().f", 2, id="method"),
        pytest.param("class C:\n def __call__(self, reqest): ...\nhandler = C()", 2, id="object"),
        pytest.param("import functools\ndef f(a, reqest): ...\nhandler = functools.partial(f, 1)", 2, id="partial"),
        pytest.param(
            "import functools\ndef w(f):\n @functools.wraps(f)\n def g(*a): ...\n return g\ndef f(reqest): ...\nhandler = w(f)",
            6,
            id="decorated",
        ),
    ],
)
def test_error_of_a_parameter_names_its_place(
    load_function: Callable[..., LoadedFunction], source: str, line: int
) -> None:
    with pytest.raises(errors.FunctionError) as caught:
        load_function(source, "handler.handler")
    assert f"handler.py, line {line}: " in str(caught.value)
