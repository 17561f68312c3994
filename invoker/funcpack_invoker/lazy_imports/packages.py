"""Partial packages: a submodule (`flask.wrappers`) is imported without running its package's `__init__`.

See this package's docstring for what this saves.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, cast

from funcpack_invoker.lazy_imports import are_enabled
from funcpack_invoker.lazy_imports.finders import searching, using_finder
from funcpack_invoker.lazy_imports.libraries import is_user_file, path_without
from funcpack_invoker.lazy_imports.modules import FLASK_MODULES, lazy_modules, restore_loader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Names = Mapping[str, str]

# For each package, names that its `__init__` imports from a submodule: these are available without running it. A name
# must not be that of another submodule.
PACKAGES: Mapping[str, Names] = {
    "flask": {"Request": "wrappers", "Response": "wrappers", "abort": "helpers", "request": "globals"},
    "werkzeug": {"Request": "wrappers", "Response": "wrappers", "run_simple": "serving"},
}


@contextmanager
def partial_packages(directories: list[str], packages: Mapping[str, Names] = PACKAGES) -> Iterator[None]:
    """Make this thread's imports of `packages` partial, unless lazy imports are turned off.

    A package of the same name in the app's `directories` is imported in the ordinary way.
    """
    if not are_enabled():
        yield
        return
    with using_finder(_PartialPackageFinder(directories, packages)):
        yield


def is_partial(module: ModuleType) -> bool:
    """Check whether a package was imported and its `__init__` was not run yet."""
    return isinstance(vars(module).get("__getattr__"), PackageAttributes)


class _PartialPackageFinder:
    def __init__(self, directories: list[str], packages: Mapping[str, Names]) -> None:
        self._directories = directories
        self._packages = packages

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        if name not in self._packages:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None or not self._is_library(spec):
            return None
        attributes = PackageAttributes(spec.loader, self._packages[name], path_without(self._directories))
        spec.loader = cast("Loader", _PartialPackageLoader(spec.loader, attributes))
        return spec

    def _is_library(self, spec: ModuleSpec) -> bool:
        file = spec.origin
        is_package = bool(spec.submodule_search_locations)
        return is_package and file is not None and not any(is_user_file(file, entry) for entry in self._directories)


class _PartialPackageLoader:
    """Creates a package whose `__init__` is run later."""

    def __init__(self, loader: Loader, attributes: PackageAttributes) -> None:
        self._loader = loader
        self._attributes = attributes

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        restore_loader(module, self._loader)
        self._attributes.package = module
        vars(module)["__getattr__"] = self._attributes


class PackageAttributes:
    """The `__getattr__` (PEP 562) of a partial package.

    Finds an attribute in a submodule, or as a submodule, or by running `__init__`.
    """

    package: ModuleType

    def __init__(self, loader: Loader, names: Names, path: list[str]) -> None:
        self._loader = loader
        self._names = names
        self._path = path
        self._lock = threading.RLock()
        self._is_running = False

    def __call__(self, name: str) -> Any:
        """Return the attribute `name` of the package."""
        package = self.package
        if name in self._names:
            return getattr(import_module(f"{package.__name__}.{self._names[name]}"), name)
        # Without the lock: one thread may import a submodule while another one runs `__init__`.
        module = _submodule(package.__name__, name)
        if module is not None:
            return module
        with self._lock:
            if self._is_running:
                raise AttributeError(f"partially imported package {package.__name__!r} has no attribute {name!r}")
            if is_partial(package):
                self._run_init()
        return getattr(package, name)

    def _run_init(self) -> None:
        self._is_running = True
        try:
            with searching(self._path), lazy_modules(FLASK_MODULES):
                self._loader.exec_module(self.package)
        finally:
            self._is_running = False
        # `__init__` may have defined a `__getattr__` of its own.
        if is_partial(self.package):
            del vars(self.package)["__getattr__"]


def _submodule(package: str, name: str) -> ModuleType | None:
    """Import a submodule; None if the package has none of this name."""
    if name.startswith("_"):
        return None
    full_name = f"{package}.{name}"
    try:
        return import_module(full_name)
    except ModuleNotFoundError as exc:
        if exc.name != full_name:
            raise
        return None
