"""The application that gunicorn's master and workers run: what the handler names, with its settings."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

# Imported before the fork, so that the workers share its memory.
from funcpack_invoker.served import load_app

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack_invoker.app import App
    from funcpack_invoker.server.limits import Limits
    from funcpack_invoker.settings import Settings


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
        app, self.served = load_app(self.settings, self._source, self.limits.memory)
        return app
