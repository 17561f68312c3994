"""Flask for a function that does not import it before it is called.

From the call that imports Flask on, Flask's proxies work as in any other function. Until then, a call costs nothing but to
be remembered.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from funcpack_invoker.lazy_imports.hooks import watch_import

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from funcpack_invoker.flask_bridge.bridge import FlaskBridge

    # Enters Flask's contexts for the call in which it is called.
    Enter = Callable[[FlaskBridge], Any]


class LateFlask:
    """Waits for the import of Flask."""

    def __init__(self, load: Callable[[], FlaskBridge]) -> None:
        """Take a function that creates the bridge to Flask; it is called once."""
        self._load = load
        self._bridge: FlaskBridge | None = None
        self._lock = threading.RLock()
        self._is_imported = False
        self._enter: ContextVar[Enter | None] = ContextVar("funcpack_flask", default=None)
        watch_import("flask.globals", self._stand_for_call)

    def bridge(self, enter: Enter) -> FlaskBridge | None:
        """Return the bridge if Flask was imported, else None; `enter` is called if this call imports and uses it."""
        if self._is_imported:
            return self.load()
        self._enter.set(enter)
        return None

    def load(self) -> FlaskBridge:
        """Return the bridge.

        Raises:
            LibraryShadowedError: if Flask cannot be imported because of a file of the user.

        """
        with self._lock:
            if self._bridge is None:
                self._bridge = self._load()
            return self._bridge

    def _stand_for_call(self, flask_globals: ModuleType) -> None:
        """Make Flask's proxies stand for the call that has just imported Flask, if they are used."""
        # Only now, since a function without Flask should not wait for it.
        from funcpack_invoker.flask_bridge.context import LateContext, context_variables  # noqa: PLC0415

        self._is_imported = True
        enter = self._enter.get()
        if enter is not None:
            LateContext(context_variables(flask_globals), lambda: enter(self.load())).stand_for_call()
