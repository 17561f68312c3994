"""Lazy modules: modules that libraries import at their top, and that serving a function seldom uses.

Python's `importlib.util.LazyLoader` does the same, but is not safe with threads in all supported versions
(https://github.com/python/cpython/issues/114763), and may load a file of the app that has the module's name. See the
package's docstring for what this saves.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from funcpack_invoker.lazy_imports import are_enabled
from funcpack_invoker.lazy_imports.finders import importing_ordinarily, search_path, using_finder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

    # Attributes of a lazy module that can be used without loading it, as long as `lazy_modules` lasts.
    Stubs = Mapping[str, Any]


class LazyAttribute:
    """A stub for a function or class of a module, which it imports when it is called."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Import the module and call it."""
        __import__(self._module)
        return getattr(sys.modules[self._module], self._name)(*arguments, **options)


def _lazy_attributes(module: str, *names: str) -> Stubs:
    return {name: LazyAttribute(module, name) for name in names}


# What gunicorn and asyncio import and this server does not use: TLS, gunicorn's own HTTP, its log and its help. With
# stubs for what gunicorn uses while it is imported.
SERVER_MODULES: Mapping[str, Stubs] = {
    "argparse": {},
    "asyncio.sslproto": {},
    "email.utils": {},
    "glob": {},
    "gunicorn.debug": {},
    "gunicorn.http": {},
    "gunicorn.http.wsgi": _lazy_attributes("gunicorn.http.wsgi", "Response", "default_environ"),
    "html": {},
    "importlib.metadata": {},
    "linecache": {},
    "locale": {},
    "logging.config": _lazy_attributes("logging.config", "dictConfig", "fileConfig"),
    "platform": {"system": lambda: os.uname().sysname},
    "shlex": {},
    "shutil": {},
    "ssl": {"CERT_NONE": 0, "PROTOCOL_SSLv23": 2, "PROTOCOL_TLS": 2, "SSLError": OSError},
    "textwrap": {"dedent": str},
    "tokenize": {},
}

# What Flask and Werkzeug import for features that few functions use.
FLASK_MODULES: Mapping[str, Stubs] = {
    "decimal": {},
    "difflib": {},
    "hashlib": _lazy_attributes("hashlib", "sha1"),
    "hmac": {},
    "html": {},
    "mimetypes": {},
    "pkgutil": {},
    "secrets": {},
    "shutil": {},
    "ssl": {},
    "uuid": {},
    "werkzeug.formparser": _lazy_attributes("werkzeug.formparser", "FormDataParser", "default_stream_factory"),
    "werkzeug.serving": _lazy_attributes("werkzeug.serving", "is_running_from_reloader", "run_simple"),
}

# The import system, and code that lists all modules, read these of every module.
_NEVER_LOADS = frozenset(
    {"__cached__", "__class__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"}
)


@contextmanager
def lazy_modules(modules: Mapping[str, Stubs] = SERVER_MODULES) -> Iterator[None]:
    """Make this thread's imports of `modules` lazy, unless lazy imports are turned off.

    A module that is loaded later finds what it imports on the path that this thread searches now.
    """
    if not are_enabled():
        yield
        return
    finder = _LazyModuleFinder(modules)
    try:
        with using_finder(finder):
            yield
    finally:
        finder.drop_stubs()


class _LazyModuleFinder:
    def __init__(self, modules: Mapping[str, Stubs]) -> None:
        self._modules = modules
        self._loaders: list[LazyLoader] = []

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        stubs = self._modules.get(name)
        spec = PathFinder.find_spec(name, path) if stubs is not None else None
        if spec is None or spec.loader is None or stubs is None:
            return None
        lazy_loader = LazyLoader(spec.loader, search_path(), stubs)
        self._loaders.append(lazy_loader)
        spec.loader = cast("Loader", lazy_loader)
        return spec

    def drop_stubs(self) -> None:
        for loader in self._loaders:
            loader.stubs = {}


class LazyLoader:
    """Creates a lazy module, and loads it when it is used."""

    def __init__(self, loader: Loader, path: list[str], stubs: Stubs) -> None:
        """Take the ordinary loader, the path that the module's imports search, and its stubs."""
        self.stubs = stubs
        self._loader = loader
        self._path = path
        self._lock = threading.RLock()
        self._is_loading = False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Create the module."""
        return LazyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing; see `load`."""

    def load(self, module: ModuleType) -> None:
        """Load the module, unless this thread is loading it; other threads wait until it is complete."""
        with self._lock:
            if self._is_loading:
                return
            self._is_loading = True
            try:
                with importing_ordinarily(self._path):
                    self._loader.exec_module(module)
            except BaseException:
                self._is_loading = False
                raise
            restore_loader(module, self._loader)
            module.__class__ = ModuleType


def restore_loader(module: ModuleType, loader: Loader) -> None:
    """Set the loader that a module would have had without us."""
    if module.__spec__ is not None:
        module.__spec__.loader = loader
    module.__loader__ = loader


class LazyModule(ModuleType):
    """A module that is loaded when an attribute of it is used, and an ordinary one from then on."""

    def __getattribute__(self, name: str) -> Any:
        loader = _loader_for(self, name)
        if loader is not None:
            if name in loader.stubs:
                return loader.stubs[name]
            loader.load(self)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        loader = _loader_for(self, name)
        # Loading the module later would overwrite the value, unless the import system sets a submodule of a package.
        if loader is not None and sys.modules.get(f"{self.__name__}.{name}") is not value:
            loader.load(self)
        object.__setattr__(self, name, value)


def _loader_for(module: ModuleType, name: str) -> LazyLoader | None:
    """Return the loader of a lazy module, if using the attribute has to load it."""
    loader = None if name in _NEVER_LOADS else object.__getattribute__(module, "__loader__")
    return loader if isinstance(loader, LazyLoader) else None
