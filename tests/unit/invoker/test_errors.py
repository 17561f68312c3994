from __future__ import annotations

import pytest

from funcpack_invoker import errors

CAUSE = ImportError("no")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            errors.ModuleMissingError("mian.f", "mian", "/app", "main"),
            (
                "The handler's module was not found\n\n"
                "The handler is `mian.f`, but there is no module or package `mian` in /app.\n"
                "Did you mean `main`? Set PYTHON_HANDLER to `main.f`."
            ),
        ),
        (
            errors.ShadowedModuleError("queue", "/app/queue.py", "/usr/lib/queue.py"),
            (
                "The handler's module has the name of another module\n\n"
                "The handler's module `queue` is /app/queue.py, but `queue` is already imported from /usr/lib/queue.py.\n"
                "Rename your file and change PYTHON_HANDLER to match."
            ),
        ),
        (
            errors.ImportFailedError("main", CAUSE, "Traceback ...\n"),
            (
                "The handler's module cannot be imported\n\n"
                "Importing `main` raised ImportError.\nFix the code that this traceback shows:\n\nTraceback ..."
            ),
        ),
        (
            errors.DependencyMissingError("main", "requests", "Traceback ..."),
            (
                "An imported module was not found\n\n"
                "`main` imports `requests`, which is not installed and not in the app directory.\n"
                "Add the package to requirements.txt, or correct the import.\n\nTraceback ..."
            ),
        ),
        (
            errors.DependencyMissingError("main", "cloudevents.sdk", "Traceback ..."),
            (
                "An imported module was not found\n\n"
                "`main` imports `cloudevents.sdk`, which is not installed and not in the app directory.\n"
                "Import `cloudevents.v1.sdk` from release 2 of the CloudEvents SDK, or add `cloudevents<2` to requirements.txt."
                "\n\nTraceback ..."
            ),
        ),
        *(
            (
                errors.DependencyMissingError("main", missing, ""),
                (
                    "An imported module was not found\n\n"
                    f"`main` imports `{missing}`, which is not installed and not in the app directory.\n{advice}"
                ),
            )
            for missing, advice in (
                ("cloudevents.v1.http", "Add `cloudevents>=2` to requirements.txt."),
                ("cloudevents.core", "Add `cloudevents>=2` to requirements.txt."),
                ("cloudevents.missing", "Add the package to requirements.txt, or correct the import."),
                ("cloudevents", "Add the package to requirements.txt, or correct the import."),
            )
        ),
        (
            errors.CircularImportError("main", CAUSE, "Traceback ..."),
            (
                "Circular import\n\n"
                "Importing `main` failed because modules import each other: no.\n"
                "Move the shared code into a third module, or move one of the imports into a function.\n\nTraceback ..."
            ),
        ),
        (
            errors.AttributeMissingError("helo", "/app/main.py", "hello", ["hello", "bye"]),
            (
                "The handler's function was not found\n\n"
                "/app/main.py does not define `helo`. It defines the functions `hello`, `bye`.\n"
                "Did you mean `hello`? Define `helo`, or change PYTHON_HANDLER."
            ),
        ),
        (
            errors.NotCallableError("main.x", "int"),
            (
                "The handler is not a function\n\n"
                "The value of `main.x` has the type `int`, which is not callable.\nSet PYTHON_HANDLER to a function."
            ),
        ),
        (
            errors.NotCallableError("main.x", "Dash", "server"),
            (
                "The handler is not a function\n\n"
                "The value of `main.x` has the type `Dash`, which is not callable.\n"
                "Set PYTHON_HANDLER to its application, `main:x.server`."
            ),
        ),
        (
            errors.Asgi2Error("main.app"),
            (
                "The application uses ASGI 2\n\n"
                "`main.app` takes only `scope`, as applications did before ASGI 3.\n"
                "Upgrade the framework, or convert the application with the package asgiref, and set PYTHON_HANDLER to "
                "the result: `app = asgiref.compatibility.guarantee_single_callable(app)`."
            ),
        ),
        (
            errors.OwnServerError("main.app", "Tornado"),
            (
                "The application requires its own server\n\n"
                "`main.app` is an application of Tornado, which supports neither WSGI nor ASGI.\n"
                "Run it with the server of Tornado instead, or use a framework that supports WSGI or ASGI, such as Flask, "
                "Django, FastAPI or Starlette."
            ),
        ),
        (
            errors.FactoryError("main.create_app", "Flask"),
            (
                "The handler creates an application\n\n"
                "`main.create_app` takes nothing from a request and uses `Flask`, the class of an application.\n"
                "Set PYTHON_HANDLER to `main:create_app()` to serve the application that it returns."
            ),
        ),
        (
            errors.FactoryFailedError("main:create_app", CAUSE, "Traceback ..."),
            (
                "The factory failed\n\n"
                "`main:create_app()` raised ImportError.\nFix the code that this traceback shows:\n\nTraceback ..."
            ),
        ),
        (
            errors.LifespanFailedError("main.app", ""),
            (
                "The application failed to start\n\n"
                "`main.app` reported that its startup failed, but not why.\n"
                "Check the code that the framework runs at startup."
            ),
        ),
        (
            errors.ClassHandlerError("main.C"),
            (
                "The handler is a class\n\n"
                "`main.C` is a class, not a function.\n"
                "Set PYTHON_HANDLER to a function, or to an instance of a class with a `__call__` method."
            ),
        ),
        (
            errors.UnboundMethodError("main:C.f", "C", "f"),
            (
                "The handler is a method without an object\n\n"
                "`main:C.f` is a method of the class `C`, and there is no object to call it on.\n"
                "Create an object at the top of the module, as in `service = C()`, and set PYTHON_HANDLER to"
                " `main:service.f`."
            ),
        ),
        (
            errors.NoSignatureError("main.f"),
            (
                "Unknown function parameters\n\n"
                "Python does not know which parameters `main.f` takes. It may be a builtin function.\n"
                "Call it from a function that you define, and set PYTHON_HANDLER to that function."
            ),
        ),
        (
            errors.ParameterError("main.f", "dta", "data", ["data", "event"]),
            (
                "Unsupported function parameter\n\n"
                "The parameter `dta` of `main.f` has neither a supported name nor a default.\n"
                "Did you mean `data`? Rename it, or give it a default. The supported names are data, event."
            ),
        ),
        (
            errors.AnnotationError("main.f", NameError("name 'X' is not defined")),
            (
                "Invalid annotation of a parameter\n\n"
                "An annotation of `main.f` cannot be evaluated: NameError: name 'X' is not defined.\n"
                "Import or define the name at the top of the module, outside `if TYPE_CHECKING:`."
            ),
        ),
        (
            errors.UnsuitableAnnotationError("main.f", "req", "dict", "flask.Request"),
            (
                "Unsupported annotation of a parameter\n\n"
                "The parameter `req` of `main.f` cannot receive a value of the type `dict`.\n"
                "Change the annotation of `req`, or remove it. Supported annotations: flask.Request."
            ),
        ),
        (
            errors.UnsuitableAnnotationError("main.f", "body", "io.BytesIO", "bytes, str", "Order.file"),
            (
                "Unsupported annotation of a parameter\n\n"
                "The parameter `body` of `main.f` cannot receive a value of the type `io.BytesIO` (Order.file).\n"
                "Change the annotation of `body`, or remove it. Supported annotations: bytes, str."
            ),
        ),
        (
            errors.PatchedThreadsError("Importing `main`", "gevent", "patch_all()", "patch_all(thread=False)"),
            (
                "Python's threads are replaced\n\n"
                "Importing `main` has replaced Python's threads with those of gevent, as `patch_all()` does. "
                "The server cannot run on them.\n"
                "Remove the call, or change it to `patch_all(thread=False)`. Blocking functions run on threads, so that "
                "they need no gevent; set FUNCTION_THREADS to run more calls at the same time."
            ),
        ),
        (
            errors.LibraryShadowedError("flask", "the module `flask` is /app/flask.py"),
            (
                "A file of the app shadows a library\n\n"
                "The function needs flask, but it cannot be imported: the module `flask` is /app/flask.py.\n"
                "Rename the file in the app that has the name of a library or of a standard library module."
            ),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_text(error: errors.FunctionError, text: str) -> None:
    assert str(error) == text
