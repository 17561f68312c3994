"""Has packages imported in part: a module of them without all that the package itself would import.

Flask's `__init__` imports its application, templates, command line and a development server, which are half of what it
takes to start a function that gets its request and nothing else. Here importing a package runs none of its code yet, so
that its modules can be imported alone; it is run when the package is asked for something that is not there.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from funcpack_invoker.lazy_imports.finders import OnPath, finding_by
from funcpack_invoker.lazy_imports.libraries import is_own, path_without
from funcpack_invoker.lazy_imports.modules import FLASK_MODULES, deferring, hand_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Names = Mapping[str, str]

# By package, what it takes from modules of its own under the same name: given without running the package. No name in a
# package may be that of one of its modules and mean something else.
PACKAGES: Mapping[str, Names] = {
    "flask": {"Request": "wrappers", "Response": "wrappers", "abort": "helpers", "request": "globals"},
    "werkzeug": {"Request": "wrappers", "Response": "wrappers", "run_simple": "serving"},
}


def is_partial(module: ModuleType) -> bool:
    """Tell whether a package was imported, but not run yet."""
    return isinstance(vars(module).get("__getattr__"), _Rest)


class PartialImports:
    """Finds packages, and puts off running them; to be put in front of `sys.meta_path`."""

    def __init__(self, directories: list[str], packages: Mapping[str, Names] = PACKAGES) -> None:
        """Take `packages`, unless they are the user's own, in one of the app's `directories`."""
        self._directories = directories
        self._packages = packages

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find one of the packages, wherever it is (see importlib.abc.MetaPathFinder)."""
        if name not in self._packages:
            return None
        specs = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, specs), None)
        if spec is not None and spec.loader is not None and self._is_library(spec):
            rest = _Rest(spec.loader, self._packages[name], path_without(self._directories))
            spec.loader = _Loader(spec.loader, rest)  # type: ignore[assignment] # it is all that a loader must be
        return spec

    def _is_library(self, spec: ModuleSpec) -> bool:
        file = spec.origin
        is_package = bool(spec.submodule_search_locations)
        return is_package and file is not None and not any(is_own(file, directory) for directory in self._directories)


class _Loader:
    """Makes a package that is run later."""

    def __init__(self, loader: Loader, rest: _Rest) -> None:
        self._loader = loader
        self._rest = rest

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        hand_back(module, self._loader)
        self._rest.package = module
        module.__getattr__ = self._rest  # type: ignore[method-assign] # PEP 562


class _Rest:
    """Gives what a package has not yet: one of its modules, a name from one of them, or what running it brings."""

    package: ModuleType

    def __init__(self, loader: Loader, names: Names, path: list[str]) -> None:
        self._loader = loader
        self._names = names
        self._path = path
        self._lock = threading.RLock()
        self._runs = False

    def __call__(self, name: str) -> Any:
        package = self.package
        if name in self._names:
            return getattr(import_module(f"{package.__name__}.{self._names[name]}"), name)
        # Not under the lock: one thread may import a module of it while another one runs it.
        module = _module(package.__name__, name)
        if module is not None:
            return module
        with self._lock:
            if self._runs:
                raise AttributeError(f"partially imported package {package.__name__!r} has no attribute {name!r}")
            if is_partial(package):
                self._run()
        return getattr(package, name)

    def _run(self) -> None:
        self._runs = True
        try:
            with finding_by(OnPath(self._path)), deferring(FLASK_MODULES, self._path):
                self._loader.exec_module(self.package)
        finally:
            self._runs = False
        # Some packages bring a function of this name.
        if is_partial(self.package):
            del self.package.__getattr__


def _module(package: str, name: str) -> ModuleType | None:
    """Import a module of a package; None where it has none of the name."""
    if name.startswith("_"):
        return None
    full_name = f"{package}.{name}"
    try:
        return import_module(full_name)
    except ModuleNotFoundError as exc:
        if exc.name != full_name:
            raise
        return None
