"""Loads the function that PYTHON_HANDLER names: imports its module, and the libraries that calling it needs."""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker import errors, handler_name
from funcpack_invoker.events.event import Event
from funcpack_invoker.flask_bridge.application import Application
from funcpack_invoker.flask_bridge.import_context import application_context
from funcpack_invoker.flask_bridge.late_import import LateFlask
from funcpack_invoker.function.parameters import Kind, Value
from funcpack_invoker.function.patched_threads import refuse_patched_threads
from funcpack_invoker.function.signature import BoundSignature, bind_signature
from funcpack_invoker.lazy_imports.libraries import import_library, outside_app
from funcpack_invoker.lazy_imports.packages import is_partial, partial_packages
from funcpack_invoker.standard_library import prefer_standard_library
from funcpack_invoker.tracebacks import format_user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

    from funcpack_invoker.flask_bridge.bridge import FlaskBridge

logger = logging.getLogger("funcpack")


class LoadedFunction(NamedTuple):
    """A function that can be called: `handler` is its name, `signature` the arguments that it takes.

    `flask` is None for a function that does not use Flask; it can still import Flask when it is called, which `late_flask`
    waits for. `directories` are those that the app's modules are imported from.
    """

    handler: str
    module: ModuleType
    function: Callable[..., Any]
    signature: BoundSignature
    flask: FlaskBridge | None = None
    late_flask: LateFlask | None = None
    directories: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Whether it takes HTTP requests or CloudEvents."""
        return self.signature.kind


def load(handler: str, source: Path) -> LoadedFunction:
    """Import the module and find the function in it, then import what calling it needs.

    Args:
        handler: `module.function`, `module:function` or `package.module:object.method`.
        source: the app directory; it and its `src` come first on `sys.path` from now on.

    Raises:
        FunctionError: one of its subclasses, if the function cannot be served.

    """
    source = source.resolve()
    name = handler_name.parse(handler)
    directories = app_directories(source)
    _put_on_path(directories)
    application = Application(name.module)
    with partial_packages(directories):
        with application_context(application):
            module = _import(handler, name.module, source)
        function = _find(handler, module, name.attributes)
        signature = bind_signature(handler, function)
        _import_sdk(signature, directories)
        application.set_view(function)
        load_flask = partial(_load_flask, application, signature.kind, directories)
        flask = load_flask() if _uses_flask(signature) else None
    late_flask = LateFlask(load_flask) if flask is None else None
    return LoadedFunction(handler, module, function, signature, flask, late_flask, tuple(directories))


def app_directories(source: Path) -> list[str]:
    """Return the directories of the app that modules are imported from, in order."""
    return [str(source), str(source / "src")] if (source / "src").is_dir() else [str(source)]


def _put_on_path(directories: list[str]) -> None:
    hidden = prefer_standard_library(directories)
    if hidden:
        logger.warning("the standard library's modules are used instead of the app's: %s", ", ".join(hidden))
    sys.path[:] = directories + [entry for entry in sys.path if entry not in directories]


def _uses_flask(signature: BoundSignature) -> bool:
    """Return whether a function uses Flask: all HTTP functions do, and any function that has imported it."""
    is_needed = signature.kind is Kind.HTTP or signature.takes(Value.REQUEST, Value.HEADERS)
    return is_needed or _has_imported("flask", "Flask")


def _load_flask(application: Application, kind: Kind, directories: list[str]) -> FlaskBridge:
    """Import Flask.

    Raises:
        LibraryShadowedError: if a file of the app, in one of `directories`, would be imported instead.

    """
    # Half of a cold start, so only if it is needed.
    from funcpack_invoker.flask_bridge.bridge import FlaskBridge  # noqa: PLC0415

    return FlaskBridge(application, directories, has_views=kind is Kind.HTTP)


def _has_imported(package: str, name: str) -> bool:
    """Check whether a package was imported that defines a name: not a file of the user with the package's name."""
    module = sys.modules.get(package)
    return module is not None and (is_partial(module) or hasattr(module, name))


def _import_sdk(signature: BoundSignature, directories: list[str]) -> None:
    """Import the CloudEvents SDK for a function that takes `event`, so that the first event does not wait for it.

    Raises:
        LibraryShadowedError: as above.

    """
    if not signature.takes(Value.EVENT):
        return
    from funcpack_invoker.events.sdk import to_sdk  # noqa: PLC0415 - most functions do not need it

    import_library("cloudevents", directories)
    with outside_app(directories):
        to_sdk(Event({"specversion": "1.0", "id": "1", "source": "/", "type": "t"}, None))


def _import(handler: str, name: str, source: Path) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is not None and f"{name}.".startswith(f"{exc.name}."):
            raise _module_missing(handler, exc.name, source) from None
        raise _dependency_missing(name, exc) from None
    except BaseException as exc:  # noqa: BLE001 - the user sees whatever their code raises
        raise _import_failed(name, exc) from None
    _refuse_shadowed(module, source)
    refuse_patched_threads(f"Importing `{name}`")
    return module


def _module_missing(handler: str, missing: str, source: Path) -> errors.FunctionError:
    return errors.ModuleMissingError(handler, missing, str(source), _nearest(missing, _modules(source)))


def _nearest(name: str, names: list[str]) -> str | None:
    import difflib  # noqa: PLC0415 - only an error message needs it

    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


def _modules(source: Path) -> list[str]:
    """Return the names of the app's top-level modules and packages, for a hint."""
    found = []
    for directory in app_directories(source):
        found += [path.stem for path in sorted(Path(directory).glob("*.py"))]
        found += [path.parent.name for path in sorted(Path(directory).glob("*/__init__.py"))]
    return found


def _dependency_missing(module: str, exc: ModuleNotFoundError) -> errors.FunctionError:
    return errors.DependencyMissingError(module, exc.name or str(exc), format_user_traceback(exc))


def _import_failed(module: str, exc: BaseException) -> errors.FunctionError:
    details = format_user_traceback(exc)
    if isinstance(exc, ImportError | AttributeError) and "partially initialized module" in str(exc):
        return errors.CircularImportError(module, exc, details)
    return errors.ImportFailedError(module, exc, details)


def _refuse_shadowed(module: ModuleType, source: Path) -> None:
    """Reject a module that was imported before the app was on the path, if the user has a file of the same name."""
    name = module.__name__
    loaded = getattr(module, "__file__", None) or "a builtin module"
    for directory in app_directories(source):
        file = Path(directory, *name.split(".")).with_suffix(".py")
        if file.is_file() and not Path(loaded).resolve().is_relative_to(source):
            raise errors.ShadowedModuleError(name, str(file), loaded)


def _find(handler: str, module: ModuleType, attributes: Sequence[str]) -> Callable[..., Any]:
    owner: Any = module
    for name in attributes:
        try:
            owner = getattr(owner, name)
        except AttributeError:
            raise _attribute_missing(name, owner) from None
    if inspect.isclass(owner):
        raise errors.ClassHandlerError(handler)
    if not callable(owner):
        raise errors.NotCallableError(handler, type(owner).__name__)
    found: Callable[..., Any] = owner
    return found


def _attribute_missing(name: str, owner: Any) -> errors.FunctionError:
    is_module = inspect.ismodule(owner)
    where = (
        str(owner.__file__ or owner.__name__) if is_module else f"`{getattr(owner, '__name__', type(owner).__name__)}`"
    )
    available = _functions(owner)
    return errors.AttributeMissingError(name, where, _nearest(name, available), available)


def _functions(owner: Any) -> list[str]:
    """Return the names of public functions that the module itself defines, or of the object's methods."""
    return list(_public(owner, vars(owner).items() if inspect.ismodule(owner) else inspect.getmembers(owner)))


def _public(owner: Any, members: Iterable[tuple[str, Any]]) -> Iterable[str]:
    for name, value in members:
        is_own = not inspect.ismodule(owner) or getattr(value, "__module__", None) == owner.__name__
        if not name.startswith("_") and is_own and callable(value) and not inspect.isclass(value):
            yield name
