"""Finds and loads the function that PYTHON_HANDLER names, and decides what its parameters are filled with."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker import errors, handler_name
from funcpack_invoker.function import signature
from funcpack_invoker.function.provision import prepare_flask, prepare_sdk
from funcpack_invoker.tracebacks import format_user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

    from funcpack_invoker.flask_bridge.context import FlaskContext
    from funcpack_invoker.function.parameters import Kind


class LoadedFunction(NamedTuple):
    """A function, ready to be called: `handler` as it was named, its module, and how its parameters are filled.

    `flask` is Flask as the function sees it, None for one that does not.
    """

    handler: str
    module: ModuleType
    function: Callable[..., Any]
    filling: signature.Filling
    flask: FlaskContext | None = None

    @property
    def kind(self) -> Kind:
        """What it is called with."""
        return self.filling.kind


def load(handler: str, source: Path) -> LoadedFunction:
    """Import the module, find the function in it, and import what calling it needs.

    Args:
        handler: `module.function`, `module:function` or `package.module:object.method`.
        source: the app directory; it and its `src` come first on `sys.path` from now on.

    Raises:
        FunctionError: one of its subclasses, when the function cannot be served.

    """
    source = source.resolve()
    name = handler_name.parse(handler)
    _put_on_path(source)
    module = _import(handler, name.module, source)
    function = _find(handler, module, name.attributes)
    filling = signature.fill(handler, function)
    directories = app_directories(source)
    prepare_sdk(filling, directories)
    return LoadedFunction(handler, module, function, filling, prepare_flask(name.module, filling, directories))


def app_directories(source: Path) -> list[str]:
    """Give the directories of the app that modules are imported from, in their order."""
    return [str(source), str(source / "src")] if (source / "src").is_dir() else [str(source)]


def _put_on_path(source: Path) -> None:
    directories = app_directories(source)
    sys.path[:] = directories + [entry for entry in sys.path if entry not in directories]


def _import(handler: str, name: str, source: Path) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is not None and f"{name}.".startswith(f"{exc.name}."):
            raise _module_missing(handler, exc.name, source) from None
        raise _dependency_missing(name, exc) from None
    except BaseException as exc:  # noqa: BLE001 - whatever the user's code raises is theirs to see
        raise _import_failed(name, exc) from None
    _refuse_shadowed(module, source)
    return module


def _module_missing(handler: str, missing: str, source: Path) -> errors.FunctionError:
    return errors.ModuleMissingError(handler, missing, str(source), _nearest(missing, _modules(source)))


def _nearest(name: str, names: list[str]) -> str | None:
    import difflib  # noqa: PLC0415 - only a function that is refused pays for it

    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


def _modules(source: Path) -> list[str]:
    """Name the modules and packages that the app directory has at its top, for a hint."""
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
    """Refuse a module that was loaded before the app directory was looked at, while the user has a file of its name."""
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
    """Name what could be meant: public functions that the module defines itself, or the object's methods."""
    return list(_public(owner, vars(owner).items() if inspect.ismodule(owner) else inspect.getmembers(owner)))


def _public(owner: Any, members: Iterable[tuple[str, Any]]) -> Iterable[str]:
    for name, value in members:
        is_own = not inspect.ismodule(owner) or getattr(value, "__module__", None) == owner.__name__
        if not name.startswith("_") and is_own and callable(value) and not inspect.isclass(value):
            yield name
