from __future__ import annotations

import subprocess
import sys

import pytest

from funcpack_invoker import errors

CAUSE = ImportError("no")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            errors.ModuleMissingError("mian.f", "mian", "/app", "main"),
            (
                "The function's module was not found\n\n"
                "The handler `mian.f` needs the module `mian`, but /app has no such file or package.\n"
                "Did you mean `main`? Set PYTHON_HANDLER to module.function."
            ),
        ),
        (
            errors.ShadowedModuleError("queue", "/app/queue.py", "/usr/lib/queue.py"),
            (
                "The function's module has the name of another one\n\n"
                "`queue` is /app/queue.py, but a module of that name was loaded already: /usr/lib/queue.py.\n"
                "Rename the file, and PYTHON_HANDLER with it."
            ),
        ),
        (
            errors.ImportFailedError("main", CAUSE, "Traceback ...\n"),
            (
                "The function's module cannot be imported\n\n"
                "Importing `main` raised ImportError.\nThe traceback shows where, in your code.\n\nTraceback ..."
            ),
        ),
        (
            errors.DependencyMissingError("main", "requests", "Traceback ..."),
            (
                "The function imports a module that is not there\n\n"
                "`main` imports `requests`, which is neither installed nor in the app directory.\n"
                "Add its package to requirements.txt, or correct the name.\n\nTraceback ..."
            ),
        ),
        (
            errors.CircularImportError("main", CAUSE, "Traceback ..."),
            (
                "The function's modules import each other\n\n"
                "Importing `main` came back to a module that is still being imported: no.\n"
                "Move what both need into a third module, or import it inside of a function.\n\nTraceback ..."
            ),
        ),
        (
            errors.AttributeMissingError("helo", "/app/main.py", "hello", ["hello", "bye"]),
            (
                "The function was not found\n\n"
                "/app/main.py has no `helo`; the functions in it: `hello`, `bye`.\n"
                "Did you mean `hello`? Set PYTHON_HANDLER to it, or define `helo`."
            ),
        ),
        (
            errors.NotCallableError("main.x", "int"),
            (
                "The handler is not a function\n\n"
                "`main.x` is a value of type `int`, which cannot be called.\nSet PYTHON_HANDLER to a function."
            ),
        ),
        (
            errors.ClassHandlerError("main.C"),
            (
                "The handler is a class\n\n"
                "`main.C` is a class, not a function.\n"
                "Name a function, or an instance of the class with a `__call__` method."
            ),
        ),
        (
            errors.NoSignatureError("main.f"),
            (
                "The function's parameters are unknown\n\n"
                "Python cannot tell the parameters of `main.f` (a builtin, perhaps).\nWrap it in a function of your own."
            ),
        ),
        (
            errors.ParameterError("main.f", "dta", "data", ["data", "event"]),
            (
                "The function has a parameter that cannot be filled\n\n"
                "`main.f` has the parameter `dta`. Did you mean `data`?\n"
                "Accepted names: data, event. Rename it, or give it a default."
            ),
        ),
        (
            errors.AnnotationError("main.f", NameError("name 'X' is not defined")),
            (
                "An annotation of the function cannot be used\n\n"
                "The annotations of `main.f` cannot be evaluated: NameError: name 'X' is not defined.\n"
                "Import the name at the top of the module, outside of `if TYPE_CHECKING:`."
            ),
        ),
        (
            errors.LibraryHiddenError("flask", "the module `flask` is /app/flask.py"),
            (
                "A file of the app hides a library\n\n"
                "The function needs flask, which cannot be imported: the module `flask` is /app/flask.py.\n"
                "Rename your file that has the name of a library or of a standard module."
            ),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_text(error: errors.FunctionError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize(
    "module",
    [
        "function.arguments",
        "events.cloudevent",
        "events.reply",
        "function.loader",
        "http.response",
        "function.signature",
    ],
)
def test_rules_import_no_server(module: str) -> None:
    program = f"import sys, funcpack_invoker.{module}; print([m for m in ('gunicorn', 'flask') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
