"""The backend in the code of a function, read without running it."""

from __future__ import annotations

import ast

import pytest

from funcpack.deploy.settings.backends import Choice
from funcpack.deploy.settings.goblet_literal import backend_in
from funcpack.deployment_errors import BackendLiteralError, BackendLiteralsError

IMPORT = "from funcpack_invoker.goblet import Goblet\n"


def read(source: str) -> str | None:
    choice = backend_in(ast.parse(source), "handler.py")
    return choice.backend if choice else None


@pytest.mark.parametrize(
    "source",
    [
        IMPORT + 'app = Goblet(backend="cloudrun")',
        IMPORT + 'app: Goblet = Goblet(function_name="orders", backend="cloudrun")',
        IMPORT + 'Goblet(backend="cloudrun")',
        IMPORT + 'Goblet("orders", "cloudrun")',
        IMPORT + 'app = wrapped(Goblet(backend="cloudrun"))',
        IMPORT + 'if True:\n    app = Goblet(backend="cloudrun")',
        IMPORT + 'app = Goblet(backend="cloudrun")\nother = Goblet(backend="cloudrun")',
        'from goblet import Goblet\napp = Goblet(backend="cloudrun")',
        'from goblet import Goblet as G\napp = G(backend="cloudrun")',
        'import goblet\napp = goblet.Goblet(backend="cloudrun")',
        'import funcpack_invoker.goblet\napp = funcpack_invoker.goblet.Goblet(backend="cloudrun")',
        'import funcpack_invoker.goblet as g\napp = g.Goblet(backend="cloudrun")',
        'from funcpack_invoker import goblet\napp = goblet.Goblet(backend="cloudrun")',
        'from funcpack_invoker import goblet as g\napp = g.Goblet(backend="cloudrun")',
        'try:\n    from goblet import Goblet\nexcept ImportError:\n    pass\napp = Goblet(backend="cloudrun")',
    ],
)
def test_literal(source: str) -> None:
    assert read(source) == "cloudrun"


@pytest.mark.parametrize(
    "source",
    [
        "",
        IMPORT + "app = Goblet()",
        IMPORT + 'app = Goblet("orders")',
        'app = Goblet(backend="cloudrun")',
        'from shop import Goblet\napp = Goblet(backend="cloudrun")',
        'from .goblet import Goblet\napp = Goblet(backend="cloudrun")',
        IMPORT + 'def create():\n    return Goblet(backend="cloudrun")',
        IMPORT + 'create = lambda: Goblet(backend="cloudrun")',
    ],
)
def test_no_backend(source: str) -> None:
    assert read(source) is None


@pytest.mark.parametrize(
    ("argument", "expression"),
    [
        ("backend=BACKEND", "BACKEND"),
        ("backend=os.environ['BACKEND']", "os.environ['BACKEND']"),
        ("backend=f'cloud{x}'", "f'cloud{x}'"),
        ("backend=None", "None"),
        ("**options", "options"),
        ("*arguments", "*arguments"),
        ("'orders', BACKEND", "BACKEND"),
    ],
)
def test_backend_that_is_not_a_literal(argument: str, expression: str) -> None:
    with pytest.raises(BackendLiteralError) as caught:
        read(f"{IMPORT}app = Goblet({argument})")
    assert (caught.value.line, caught.value.expression) == (2, expression)


def test_several_backends() -> None:
    with pytest.raises(BackendLiteralsError) as caught:
        read(IMPORT + 'a = Goblet(backend="cloudrun")\nb = Goblet(backend="knative")')
    assert caught.value.lines == (2, 3)


def test_origin_is_the_line() -> None:
    module = ast.parse(IMPORT + 'app = Goblet(\n    backend="cloudrun",\n)')
    assert backend_in(module, "handler.py") == Choice("cloudrun", "handler.py, line 3")
