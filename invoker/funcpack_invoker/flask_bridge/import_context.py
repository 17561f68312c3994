"""Flask's application context while the function's module is imported.

`flask.current_app` and `flask.g` work at the top of the module. The application is the one that calls see.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from funcpack_invoker.lazy_imports.hooks import after_import

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from funcpack_invoker.flask_bridge.application import Application


@contextmanager
def application_context(application: Application) -> Iterator[None]:
    """Let Flask's proxies stand for the application until the end of the block, if something imports Flask in it."""
    with ExitStack() as ends:

        def enter(flask_globals: ModuleType) -> None:
            # Only now, since a module that does not import Flask should not wait for it.
            from funcpack_invoker.flask_bridge.context import ModuleContext  # noqa: PLC0415

            ends.enter_context(ModuleContext.of(application, flask_globals))

        with after_import("flask.globals", enter):
            yield
