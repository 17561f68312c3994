"""Loads what PYTHON_HANDLER names, a function or an application: imports its module, and the libraries that it needs."""

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
from funcpack_invoker.function.signature import BoundSignature, bind_signature, has_hidden_parameters, place_of
from funcpack_invoker.lazy_imports.libraries import import_library, outside_app
from funcpack_invoker.lazy_imports.packages import is_partial, partial_packages
from funcpack_invoker.standard_library import prefer_standard_library
from funcpack_invoker.tracebacks import format_user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from funcpack_invoker.flask_bridge.bridge import FlaskBridge
    from funcpack_invoker.function.protocols import Protocol
    from funcpack_invoker.handler_name import HandlerName

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


class LoadedApplication(NamedTuple):
    """An application of a web framework: `handler` is its name, `protocol` the one by which it is called."""

    handler: str
    module: ModuleType
    application: Callable[..., Any]
    protocol: Protocol

    @property
    def kind(self) -> Kind:
        """That it takes HTTP requests."""
        return Kind.HTTP


def load(handler: str, source: Path) -> LoadedFunction | LoadedApplication:
    """Import the module and find the function or application in it, then import what calling a function needs.

    Args:
        handler: `module.function`, `module:function`, `package.module:object.method` or `module:factory()`.
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
            found = _find(module, name)
        signature = _bind(handler, found)
        if not isinstance(signature, BoundSignature):
            return LoadedApplication(handler, module, found, signature)
        if has_hidden_parameters(found, signature):
            logger.warning(
                "%s gets no arguments, because *args and **kwargs stay empty; if it is decorated, use functools.wraps in the"
                " decorator to keep the function's parameters",
                handler,
            )
        _import_sdk(signature, directories)
        application.set_view(found)
        if application.middleware is not None:
            logger.warning(
                "WSGI middleware has no effect: current_app.wsgi_app, here %s, is not called", application.middleware
            )
        load_flask = partial(_load_flask, application, signature.kind, directories)
        flask = load_flask() if _uses_flask(signature) else None
    late_flask = LateFlask(load_flask) if flask is None else None
    return LoadedFunction(handler, module, found, signature, flask, late_flask, tuple(directories))


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


def _find(module: ModuleType, name: HandlerName) -> Any:
    """Return the object that the handler name leads to: for a factory, what it returns."""
    owner: Any = module
    for attribute in name.attributes:
        parent = owner
        try:
            owner = getattr(parent, attribute)
        except AttributeError:
            raise _attribute_missing(attribute, parent) from None
        if inspect.isclass(parent) and inspect.isfunction(inspect.getattr_static(parent, attribute, None)):
            raise errors.UnboundMethodError(str(name), parent.__name__, attribute)
    if not isinstance(name, handler_name.FactoryName):
        return owner
    if not callable(owner):
        raise errors.NotCallableError(str(name), type(owner).__name__)
    try:
        return owner()
    except BaseException as exc:  # noqa: BLE001 - the user sees whatever their code raises
        raise errors.FactoryFailedError(str(name), exc, format_user_traceback(exc)) from None


def _bind(handler: str, found: Any) -> BoundSignature | Protocol:
    """Bind the parameters of a function, or return the protocol of an application.

    Raises:
        FunctionError: one of its subclasses, if the object is neither.

    """
    if not inspect.isroutine(found):
        return _protocol(handler, found) or _bind_function(handler, found)
    try:
        return _bind_function(handler, found)
    except errors.FunctionError:
        # A function that speaks a protocol has parameters that no function for Funcpack has.
        protocol = _protocol(handler, found)
        if protocol is None:
            raise
        return protocol


def _protocol(handler: str, found: Any) -> Protocol | None:
    from funcpack_invoker.function.applications import application_protocol  # noqa: PLC0415 - few handlers need it

    return application_protocol(handler, found)


def _bind_function(handler: str, found: Any) -> BoundSignature:
    if inspect.isclass(found):
        raise errors.ClassHandlerError(handler)
    if not callable(found):
        raise _not_callable(handler, found)
    try:
        signature = bind_signature(handler, found)
    except errors.FunctionError as error:
        error.place = place_of(found)
        raise
    if not signature.arguments and _uses_class(found):
        from funcpack_invoker.function.applications import refuse_factory  # noqa: PLC0415 - as above

        refuse_factory(handler, found)
    return signature


def _not_callable(handler: str, found: Any) -> errors.FunctionError:
    from funcpack_invoker.function.applications import inner_application  # noqa: PLC0415 - only an error needs it

    inner = None if handler.endswith("()") else inner_application(found)
    return errors.NotCallableError(handler, type(found).__name__, inner)


def _uses_class(function: Any) -> bool:
    """Check whether a function uses a class of its module by name."""
    code, scope = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    # isinstance() would ask a lazy object, such as Flask's and Django's proxies, for its class.
    return code is not None and any(issubclass(type(scope.get(name)), type) for name in code.co_names)


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
