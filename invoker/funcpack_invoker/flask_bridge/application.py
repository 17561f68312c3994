"""The function's Flask application: Flask's functions require one, although the invoker dispatches the requests itself.

It is `flask.current_app`, at import and in calls. The function configures it, and registers functions and extensions with
it. To them, the function looks like a view for all URLs, with the endpoint that it has in functions-framework.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from flask import Flask, Request


ENDPOINT = "run"

# Several threads of the function may be the first to use the application.
_creating = threading.RLock()


class Application:
    """Creates the application on first use: importing all of Flask takes longer than the rest of a start."""

    # Class attributes, since most functions never use the application.
    _signals: tuple[Any, ...] = ()
    _json: Any = None
    _json_settings: dict[str, Any] | None = None
    _view: Callable[..., Any] | None = None

    def __init__(self, module: str) -> None:
        """Take the name of the function's module, which Flask finds templates by."""
        self._module = module
        self._app: Flask | None = None

    @property
    def is_created(self) -> bool:
        """Whether the application exists."""
        return self._app is not None

    @property
    def takes_part(self) -> bool:
        """Whether something is registered with the application that Flask runs in every request."""
        app = self._app
        if app is None:
            return False
        return bool(
            app.before_request_funcs
            or app.after_request_funcs
            or app.teardown_request_funcs
            or app.teardown_appcontext_funcs
            or app.url_value_preprocessors
            or has_other_views(app)
            or any(signal.has_receivers_for(app) for signal in self._signals)
        )

    @property
    def handles_errors(self) -> bool:
        """Whether the function registered an error handler."""
        app = self._app
        if app is None:
            return False
        return any(handlers for codes in app.error_handler_spec.values() for handlers in codes.values())

    @property
    def writes_json(self) -> bool:
        """Whether the function has changed how the application writes JSON."""
        app = self._app
        return app is not None and (app.json is not self._json or vars(app.json) != self._json_settings)

    @property
    def middleware(self) -> str | None:
        """The name of the WSGI middleware that the function has put around the application; None without any."""
        found = None if self._app is None else vars(self._app).get("wsgi_app")
        return None if found is None else getattr(found, "__name__", type(found).__name__)

    def set_view(self, function: Callable[..., Any]) -> None:
        """Set the function, which is the view of all URLs that belong to no other view."""
        self._view = function
        if self._app is not None:
            self._app.view_functions[ENDPOINT] = function

    def create_if_observed(self) -> None:
        """Create the application if functions are connected to Flask's signals of all applications."""
        signals = sys.modules.get("flask.signals")
        if signals is not None and any(signal.has_receivers_for(self) for signal in _request_signals(signals)):
            self.get()

    def get(self) -> Flask:
        """Return the application."""
        if self._app is None:
            with _creating:
                if self._app is None:
                    self._app = self._create()
        return self._app

    def _create(self) -> Flask:
        from flask import Flask, signals  # noqa: PLC0415 - see the class

        app = Flask(self._module, static_folder=None)
        # Only to build URLs: the function serves all of them, those of static files too.
        app.add_url_rule("/static/<path:filename>", "static", build_only=True)
        app.add_url_rule("/", ENDPOINT, defaults={"path": ""}, build_only=True)
        app.add_url_rule("/<path:path>", ENDPOINT, build_only=True)
        if self._view is not None:
            app.view_functions[ENDPOINT] = self._view
        self._signals = _request_signals(signals)
        self._json, self._json_settings = app.json, vars(app.json).copy()
        return app


def has_other_views(app: Flask) -> bool:
    """Return whether the function has added views to its application."""
    return bool(app.view_functions.keys() - {ENDPOINT})


def route(app: Flask, request: Request) -> None:
    """Set the rule of a request that belongs to no other view."""
    request.url_rule = next(rule for rule in app.url_map.iter_rules(ENDPOINT) if not rule.defaults)
    request.view_args = {"path": request.path[1:]}


def _request_signals(signals: ModuleType) -> tuple[Any, ...]:
    """Return the signals that Flask sends in every request; `signals` is `flask.signals`."""
    return (
        signals.request_started,
        signals.request_finished,
        signals.got_request_exception,
        signals.request_tearing_down,
        signals.appcontext_pushed,
        signals.appcontext_tearing_down,
        signals.appcontext_popped,
    )
