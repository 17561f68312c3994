from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from funcpack_invoker.app import App, FunctionApp
from funcpack_invoker.errors import RequestError
from funcpack_invoker.function.loader import LoadedFunction, load
from funcpack_invoker.http.exchange import Exchange
from funcpack_invoker.http.incoming import IncomingBody, IncomingRequest
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Header = tuple[bytes, bytes]

EVENT_HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/here", "ce-type": "com.example.thing"}


@dataclass
class Answer:
    """What an app sent."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    complete: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        values = [value.decode("latin-1") for key, value in self.headers if key == name.encode()]
        return ", ".join(values) if values else None

    def attributes(self) -> dict[str, str]:
        """Its reply event's attributes in binary mode."""
        return {name[3:].decode(): value.decode("latin-1") for name, value in self.headers if name.startswith(b"ce-")}


class Arriving(IncomingBody):
    """A body whose chunks arrive one by one while it is read; `is_cut` tells that its client leaves behind the last one."""

    def __init__(self, chunks: list[bytes], *, is_cut: bool = False) -> None:
        super().__init__(self._go_on_soon, is_awaited=False)
        self._coming = chunks
        self._ends_in_cut = is_cut
        if len(chunks) == 1 and not is_cut:
            self._go_on()

    def _go_on_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._coming:
            self.add(self._coming.pop(0))
        if not self._coming:
            if self._ends_in_cut:
                self.cut(RequestError(408, "the body did not arrive in time"))
            else:
                self.complete()


@dataclass
class Taker:
    """A connection that takes down the header that is sent to it."""

    answer: Answer
    drained: None = None

    def send(self, data: bytes) -> None:
        if not self.answer.status:
            line, *fields = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
            self.answer.status = int(line.split()[1])
            pairs = (field.split(b": ", 1) for field in fields)
            self.answer.headers = [(name.lower(), value) for name, value in pairs if name != b"Date"]

    send_soon = send

    def will_close(self) -> bool:
        return False


class Recorder(Exchange):
    """Takes down what an app answers."""

    __slots__ = ("answer",)

    def __init__(self, scope: dict[str, Any]) -> None:
        self.answer = Answer()
        super().__init__(scope, Taker(self.answer))

    def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        super().respond(status, headers, body)
        self.answer.chunks.append(b"" if self.omits_body(status) else body)

    async def write(self, data: bytes) -> None:
        assert self.status, "a body before the start"
        await super().write(data)
        self.answer.chunks.append(data)


@dataclass
class Client:
    """Calls an app as a connection does, in one event loop."""

    app: App
    runner: asyncio.Runner
    # How start() ended, as soon as it has.

    def request(
        self,
        method: str = "GET",
        target: str = "/",
        headers: Mapping[str, str | None] | None = None,
        body: bytes | list[bytes] = b"",
        **scope: Any,
    ) -> Answer:
        return self.runner.run(self.send(method, target, headers, body, **scope))

    def post(self, body: bytes | list[bytes] = b"", headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.request("POST", "/", headers, body)

    def event(self, body: bytes = b"", content_type: str = "application/json", **attributes: str) -> Answer:
        """Send an event in binary mode."""
        extra = {f"ce-{name}": value for name, value in attributes.items()}
        return self.post(body, {**EVENT_HEADERS, "content-type": content_type, **extra})

    async def wait_for(self, target: str, condition: Callable[[Any], bool]) -> Any:
        """Ask until the JSON of the answer is as it should be; give it."""
        async with asyncio.timeout(5):
            while not condition(found := (await self.send(target=target)).json()):  # noqa: ASYNC110 - it asks
                await asyncio.sleep(0.01)
        return found

    async def send(
        self,
        method: str = "GET",
        target: str = "/",
        headers: Mapping[str, str | None] | None = None,
        body: bytes | list[bytes] = b"",
        *,
        is_cut: bool = False,
        **scope: Any,
    ) -> Answer:
        chunks = list(body) if isinstance(body, list) else [body]
        found = _scope(method, target, headers, chunks, scope)
        incoming = Arriving(chunks, is_cut=is_cut)
        exchange = Recorder(found)
        request = IncomingRequest(found, dict(found["headers"]), incoming, keeps_alive=True)
        # In a task, as a connection does: context variables end with it.
        await asyncio.ensure_future(self.app.dispatch(request, exchange))
        exchange.answer.complete = exchange.is_complete
        return exchange.answer


def _scope(
    method: str, target: str, headers: Mapping[str, str | None] | None, chunks: list[bytes], scope: dict[str, Any]
) -> dict[str, Any]:
    path, _, query = target.partition("?")
    fields: dict[str, str | None] = {"host": "localhost:8080", **(headers or {})}
    if len(chunks) == 1 and chunks[0]:
        fields.setdefault("content-length", str(len(chunks[0])))
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items() if value is not None],
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 50000),
        **scope,
    }


@pytest.fixture
def own_modules(tmp_path: Path) -> Iterator[None]:
    """Give the import system back as it was: the function's directory comes on the path, its modules are loaded."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        # A package without __init__.py has a path, but no file.
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
        if any(str(place).startswith(str(tmp_path)) for place in places):
            del sys.modules[name]


@pytest.fixture
def load_function(tmp_path: Path, own_modules: None) -> Callable[..., LoadedFunction]:  # noqa: ARG001 - for its teardown
    """Load a function: its code is `handler.py`, or `files` by their paths."""

    def load_code(code: str = "", handler: str = "handler.handler", files: dict[str, str] | None = None) -> Any:
        for name, text in ({"handler.py": code} if files is None else files).items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
        return load(handler, tmp_path)

    return load_code


@pytest.fixture
def serve(load_function: Callable[..., LoadedFunction]) -> Iterator[Callable[..., Client]]:
    """Serve a function: `serve(code, FUNCTION_TIMEOUT="1")`."""
    clients = []

    def serve_code(code: str, handler: str = "handler.handler", memory: int | None = None, **variables: str) -> Client:
        settings = Settings.from_env({"PYTHON_HANDLER": handler, **variables})
        app = FunctionApp(load_function(code, handler), settings, memory=memory)
        client = Client(app, asyncio.Runner())
        client.runner.run(client.app.startup())
        clients.append(client)
        return client

    yield serve_code
    for client in clients:
        client.runner.run(client.app.shutdown())
        client.runner.close()
