"""What the handler names, loaded and ready to be served by any server: `server`'s own, or that of another framework."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from funcpack_invoker.app import App, FunctionApp
from funcpack_invoker.function.loader import LoadedApplication, LoadedFunction, app_directories, load
from funcpack_invoker.function.protocols import Protocol
from funcpack_invoker.telemetry import start as telemetry
from funcpack_invoker.telemetry.exporters import Exporters

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack_invoker.settings import Settings
    from funcpack_invoker.telemetry.observer import Observer


class Served(NamedTuple):
    """A function or application that answers requests; `description` names it and its kind, for the log."""

    app: App
    description: str


def load_app(settings: Settings, source: Path, memory: int | None = None) -> Served:
    """Load the function or application in the directory `source`, and start telemetry.

    Args:
        settings: the settings, which name the handler.
        source: the app directory.
        memory: what the process may have, in bytes; None without a limit.

    Raises:
        FunctionError: if it cannot be served.

    """
    directories = app_directories(source.resolve())
    exporters = Exporters.from_env(os.environ)
    with telemetry.keeping_records(exporters) as early:
        loaded = load(settings.handler, source)
    observer = telemetry.start(loaded, directories, os.environ, exporters, early)
    if isinstance(loaded, LoadedFunction):
        return Served(FunctionApp(loaded, settings, observer, memory), f"function {loaded.handler} ({loaded.kind})")
    app = _application_app(loaded, settings, observer, memory)
    return Served(app, f"{loaded.protocol} application {loaded.handler}")


def _application_app(
    loaded: LoadedApplication, settings: Settings, observer: Observer | None, memory: int | None
) -> App:
    if loaded.protocol is Protocol.WSGI:
        from funcpack_invoker.applications.wsgi import WsgiApp  # noqa: PLC0415 - functions do not need it

        return WsgiApp(loaded, settings, observer, memory)
    from funcpack_invoker.applications.asgi import AsgiApp  # noqa: PLC0415 - as above

    return AsgiApp(loaded, settings, observer, memory)
