"""What `funcpack run` prints: lines for people, or one JSON object a line."""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from funcpack.cli.output import is_for_people, json_data, note
from funcpack.dev_server.history import Exchange, LogLine
from funcpack.dev_server.report import Broken, Note, Ready, Reloaded
from funcpack.plain_text import escaped
from funcpack_invoker.function.parameters import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.check.local import Inspection
    from funcpack.dev_server.report import Event
    from funcpack.dev_server.server import DevServer

_COLORS = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}


class Output(ABC):
    """Prints what the server tells.

    Attributes:
        failed: gets the exception if nobody reads the output any more, or it cannot be written.

    """

    def __init__(self, server: DevServer, ui: str | None, *, reloads: bool) -> None:
        """Print for a server that loads the function again after changes or not, and whose page has the URL `ui`, if any."""
        self._server = server
        self._ui = ui
        self._reloads = reloads
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, *, debug_port: int | None) -> None:
        """Print what happens from now on."""
        self._server.subscribe(lambda event: self._print(lambda: self._event(event)))
        self._server.history.subscribe(lambda entry: self._print(lambda: self._entry(entry)))
        if debug_port is not None:
            self._say_how_to_debug(debug_port)

    def _print(self, print_it: Callable[[], None]) -> None:
        try:
            print_it()
        except OSError as exc:
            if not self.failed.done():
                self.failed.set_exception(exc)

    def _entry(self, entry: Exchange | LogLine) -> None:
        if isinstance(entry, LogLine):
            self._line(entry.text)
        else:
            self._request(entry)

    def _say_how_to_debug(self, port: int) -> None:
        note(_HOW_TO_DEBUG.format(port=port))

    @abstractmethod
    def _event(self, event: Event) -> None:
        """Print an event of the server."""

    @abstractmethod
    def _line(self, text: str) -> None:
        """Print a line of the function."""

    @abstractmethod
    def _request(self, exchange: Exchange) -> None:
        """Print a line about a request."""


class TextOutput(Output):
    """Prints the lines of the function on standard output as they are, and everything else on standard error."""

    def _event(self, event: Event) -> None:
        match event:
            case Ready(inspection):
                kind = "CloudEvent" if kind_of(inspection) is Kind.CLOUDEVENT else "HTTP"
                note(f"{inspection.project.handler.text} ({kind}) is served at {self._server.url}", fg="green")
                if self._ui:
                    note(f"Requests, sample events and logs: {self._ui}")
            case Reloaded(_, _, files, seconds):
                note(f"Reloaded in {seconds:.2f} s: {', '.join(files)} changed", fg="green")
            case Broken(problem):
                note(f"error: {problem.title}", fg="red")
                note(problem.message)
                note(_CORRECT_IT.format(url=self._server.url) if self._reloads else _RUN_AGAIN)
            case Note(text):
                note(text)

    def _line(self, text: str) -> None:
        if is_for_people(text):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode(errors="surrogateescape") + b"\n")
            sys.stdout.buffer.flush()

    def _request(self, exchange: Exchange) -> None:
        what, status = exchange.type or exchange.path, exchange.status or "-"
        text = escaped(f"{exchange.method} {what} {status} {exchange.timings.total:.1f} ms {exchange.answer.size} B")
        note(text, fg=_COLORS.get(exchange.status // 100))


class JsonOutput(Output):
    """Prints one JSON object a line on standard output."""

    def _event(self, event: Event) -> None:
        match event:
            case Ready(inspection):
                json_data({"event": "ready", "url": self._server.url, "ui": self._ui, "kind": str(kind_of(inspection))})
            case Reloaded(_, _, files, seconds):
                json_data({"event": "reload", "files": list(files), "seconds": round(seconds, 3)})
            case Broken(problem):
                for line in problem.lines:
                    self._line(line)
                json_data({"event": "problem", "title": problem.title, "message": problem.message})
            case Note(text):
                note(text)

    def _line(self, text: str) -> None:
        json_data({"event": "log", "line": text.encode(errors="surrogateescape").decode(errors="replace")})

    def _request(self, exchange: Exchange) -> None:
        json_data(
            {
                "event": "request",
                "id": exchange.id,
                "method": exchange.method,
                "path": exchange.path,
                "type": exchange.type,
                "status": exchange.status,
                "ms": round(exchange.timings.total, 3),
                "bytes": exchange.answer.size,
            }
        )


def kind_of(inspection: Inspection) -> Kind:
    """Return the kind of the function; an application takes HTTP requests."""
    signature = inspection.checked.signature
    return signature.kind if signature else Kind.HTTP


_CORRECT_IT = "\nUntil you save a correction, {url} answers with this error."
_RUN_AGAIN = "\nCorrect the error. Then press Ctrl-C, and run the command again."

_HOW_TO_DEBUG = """\
The function waits for a debugger at 127.0.0.1:{port} before it is imported.

VS Code: add this to "configurations" in .vscode/launch.json, and start it with F5.

  {{
    "name": "funcpack run",
    "type": "debugpy",
    "request": "attach",
    "connect": {{"host": "127.0.0.1", "port": {port}}},
    "justMyCode": false
  }}

PyCharm: choose Run > Attach to DAP, and enter 127.0.0.1 and {port}.
"""
