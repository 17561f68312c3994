"""The application that gunicorn's master and workers run: what the handler names, with its settings."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from funcpack_invoker.app import FunctionApp
from funcpack_invoker.function.loader import LoadedFunction, app_directories, load
from funcpack_invoker.function.protocols import Protocol

# Imported before the fork, so that the workers share its memory.
from funcpack_invoker.telemetry import start as telemetry
from funcpack_invoker.telemetry.exporters import Exporters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack_invoker.app import App
    from funcpack_invoker.function.loader import LoadedApplication
    from funcpack_invoker.server.limits import Limits
    from funcpack_invoker.settings import Settings
    from funcpack_invoker.telemetry.observer import Observer


class Server(BaseApplication):
    """A function or application with its settings, in the form of a gunicorn application.

    Attributes:
        addresses: the addresses that it listens on, for the log.
        served: the function or application and its kind, for the log; empty until a worker has loaded it.

    """

    def __init__(
        self, settings: Settings, source: Path, limits: Limits, addresses: str, gunicorn_settings: Mapping[str, Any]
    ) -> None:
        self.settings = settings
        self.limits = limits
        self.addresses = addresses
        self.served = ""
        self._source = source
        self._gunicorn_settings = gunicorn_settings
        self._ending = mmap.mmap(-1, 1)
        super().__init__()

    @property
    def is_ending(self) -> bool:
        """Whether the whole server is shutting down; shared by all of its processes."""
        return bool(self._ending[0])

    def end(self) -> None:
        """Tell all processes that the whole server is shutting down."""
        self._ending[0] = 1

    def load_config(self) -> None:
        """Apply gunicorn's settings; the others keep gunicorn's defaults."""
        for name, value in self._gunicorn_settings.items():
            self.cfg.set(name, value)

    def load(self) -> App:
        """Load the function or application, in a worker.

        Raises:
            FunctionError: if it cannot be served.

        """
        directories = app_directories(self._source.resolve())
        exporters = Exporters.from_env(os.environ)
        with telemetry.keeping_records(exporters) as early:
            loaded = load(self.settings.handler, self._source)
        observer = telemetry.start(loaded, directories, os.environ, exporters, early)
        if isinstance(loaded, LoadedFunction):
            self.served = f"function {loaded.handler} ({loaded.kind})"
            return FunctionApp(loaded, self.settings, observer, self.limits.memory)
        self.served = f"{loaded.protocol} application {loaded.handler}"
        return _application_app(loaded, self.settings, observer, self.limits.memory)


def _application_app(
    loaded: LoadedApplication, settings: Settings, observer: Observer | None, memory: int | None
) -> App:
    if loaded.protocol is Protocol.WSGI:
        from funcpack_invoker.applications.wsgi import WsgiApp  # noqa: PLC0415 - functions do not need it

        return WsgiApp(loaded, settings, observer, memory)
    from funcpack_invoker.applications.asgi import AsgiApp  # noqa: PLC0415 - as above

    return AsgiApp(loaded, settings, observer, memory)
