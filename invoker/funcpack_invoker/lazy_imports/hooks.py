"""Calls a function when a module has been imported, so that nobody has to import the module for it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, cast

from funcpack_invoker.lazy_imports.finders import using_finder
from funcpack_invoker.lazy_imports.modules import restore_loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Hook = Callable[[ModuleType], None]


@contextmanager
def after_import(name: str, hook: Hook) -> Iterator[None]:
    """Call `hook` with a submodule when this thread has imported it: at once, if it is imported already."""
    module = sys.modules.get(name)
    if module is not None:
        hook(module)
        yield
        return
    with using_finder(_HookFinder(name, hook)):
        yield


def watch_import(name: str, hook: Hook) -> None:
    """Call `hook` with a submodule when any thread imports it."""
    finder = _HookFinder(name, hook)
    sys.meta_path.insert(sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0, finder)


class _HookFinder:
    """A finder as in importlib.abc.MetaPathFinder, for one submodule."""

    def __init__(self, name: str, hook: Hook) -> None:
        self._name = name
        self._hook = hook

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = cast("Loader", _HookLoader(spec.loader, self._hook))
        return spec


class _HookLoader:
    """Imports a module in the ordinary way, then calls the hook."""

    def __init__(self, loader: Loader, hook: Hook) -> None:
        self._loader = loader
        self._hook = hook

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        restore_loader(module, self._loader)
        self._loader.exec_module(module)
        self._hook(module)
