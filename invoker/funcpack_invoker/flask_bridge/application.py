"""The empty Flask application: Flask's functions require one, although the invoker dispatches the requests itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


class Application:
    """Creates the application on first use: importing all of Flask takes longer than the rest of a start."""

    def __init__(self, module: str) -> None:
        """Take the name of the function's module, which Flask finds templates by."""
        self._module = module
        self._app: Flask | None = None
        self._lock = threading.RLock()

    @property
    def is_created(self) -> bool:
        """Whether the application exists."""
        return self._app is not None

    @property
    def has_callbacks(self) -> bool:
        """Whether the function registered functions with the application that run at the end of every request."""
        app = self._app
        if app is None:
            return False
        return bool(app.after_request_funcs or app.teardown_request_funcs or app.teardown_appcontext_funcs)

    def get(self) -> Flask:
        """Return the application."""
        if self._app is None:
            from flask import Flask  # noqa: PLC0415 - see the class

            with self._lock:
                if self._app is None:
                    self._app = Flask(self._module, static_folder=None)
        return self._app
