"""Puts off loading modules that libraries import at their top, and of which serving a function needs nothing.

They are a quarter of a start. While `deferring` is on, importing one of them makes a stand-in, which loads itself when
something in it is asked for: as Python's `importlib.util.LazyLoader` does, but safe with threads in every version
(https://github.com/python/cpython/issues/114763), and out of reach of files of the app that have a module's name.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from funcpack_invoker.lazy_imports.finders import OnPath, finding_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

    Early = Mapping[str, Any]


class _Late:
    """A function or class of a module, as far as it is called: the module is imported then."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        __import__(self._module)
        return getattr(sys.modules[self._module], self._name)(*arguments, **options)


def _late(module: str, *names: str) -> Early:
    return {name: _Late(module, name) for name in names}


# Each with what gunicorn takes from it while it is imported: for TLS, which is not served here, the set-up of its log,
# which is ours, the texts about its settings, which nobody reads, and the question whether this is Cygwin.
MODULES: Mapping[str, Early] = {
    "argparse": {},
    "asyncio.sslproto": {},
    "email.utils": {},
    "glob": {},
    "gunicorn.debug": {},
    "html": {},
    "importlib.metadata": {},
    "linecache": {},
    "locale": {},
    "logging.config": _late("logging.config", "dictConfig", "fileConfig"),
    "platform": {"system": lambda: os.uname().sysname},
    "shlex": {},
    "shutil": {},
    "ssl": {"CERT_NONE": 0, "PROTOCOL_SSLv23": 2, "PROTOCOL_TLS": 2, "SSLError": OSError},
    "textwrap": {"dedent": str},
    "tokenize": {},
}

# What Flask imports for what few functions ask of it, with what it takes from it meanwhile to call it later.
FLASK_MODULES: Mapping[str, Early] = {
    "decimal": {},
    "difflib": {},
    "hashlib": _late("hashlib", "sha1"),
    "hmac": {},
    "html": {},
    "mimetypes": {},
    "pkgutil": {},
    "secrets": {},
    "shutil": {},
    "ssl": {},
    "uuid": {},
    "werkzeug.formparser": _late("werkzeug.formparser", "FormDataParser", "default_stream_factory"),
    "werkzeug.serving": _late("werkzeug.serving", "is_running_from_reloader", "run_simple"),
}

# What the import system, and whoever looks at all modules, asks each for.
_ALWAYS_THERE = frozenset(
    {"__cached__", "__class__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"}
)


@contextmanager
def deferring(modules: Mapping[str, Early] = MODULES, path: list[str] | None = None) -> Iterator[None]:
    """Put off loading the modules that this thread imports inside of this.

    Args:
        modules: by name, each with values that are given inside of this to whoever asks for them, without loading it.
        path: where what they need is to be found, whenever it is (`sys.path` as it is now).

    """
    finder = _Finder(modules, list(sys.path) if path is None else path)
    try:
        with finding_by(finder):
            yield
    finally:
        finder.end()


class _Finder:
    """Finds stand-ins."""

    def __init__(self, modules: Mapping[str, Early], path: list[str]) -> None:
        self._modules = modules
        self._path = path
        self._found: list[_Later] = []

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        early = self._modules.get(name)
        spec = PathFinder.find_spec(name, self._path if path is None else path) if early is not None else None
        if spec is None or spec.loader is None or early is None:
            return None
        later = _Later(spec.loader, self._path, early)
        self._found.append(later)
        spec.loader = cast("Loader", later)
        return spec

    def end(self) -> None:
        """Give no more values early."""
        for later in self._found:
            later.early = {}


class _Later:
    """Makes a stand-in, and loads what it stands for when it is told to, with the `path` that there was then."""

    def __init__(self, loader: Loader, path: list[str], early: Early) -> None:
        self.early = early
        self._loader = loader
        self._path = path
        self._lock = threading.RLock()
        self._begun = False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing yet."""

    def load(self, module: ModuleType) -> None:
        """Load the module, unless this thread does it already; other threads wait until it is complete."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
            try:
                with finding_by(OnPath(self._path)):
                    self._loader.exec_module(module)
            except BaseException:
                self._begun = False
                raise
            hand_back(module, self._loader)
            module.__class__ = ModuleType


def hand_back(module: ModuleType, loader: Loader) -> None:
    """Name the loader that a module would have had."""
    if module.__spec__ is not None:
        module.__spec__.loader = loader
    module.__loader__ = loader


class _StandIn(ModuleType):
    """A module that is loaded when something in it is asked for; an ordinary one from then on."""

    def __getattribute__(self, name: str) -> Any:
        later = _later(self, name)
        if later is not None:
            if name in later.early:
                return later.early[name]
            later.load(self)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        later = _later(self, name)
        if later is not None:
            # Loading it later would write over what is set now.
            later.load(self)
        object.__setattr__(self, name, value)


def _later(module: ModuleType, name: str) -> _Later | None:
    """Give what loads a module, where touching `name` in it takes that."""
    loader = None if name in _ALWAYS_THERE else object.__getattribute__(module, "__loader__")
    return loader if isinstance(loader, _Later) else None
