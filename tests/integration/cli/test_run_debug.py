"""`funcpack run --debug`, with a client of the Debug Adapter Protocol, as editors are.

https://microsoft.github.io/debug-adapter-protocol/overview
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.cli.conftest import DEADLINE

if TYPE_CHECKING:
    from tests.integration.cli.conftest import Run, StartRun

# The import and the body of the function, on lines 4 and 7.
FUNCTION = """\
from pathlib import Path

HERE = Path(__file__).parent
(HERE / "imported").touch()

{kind} handler(req):
    answer = req.args["x"]
    return answer
"""


class Client:
    """An editor that attaches to a port."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._file = self._socket.makefile("rb")
        self._count = 0
        self._messages: list[dict[str, Any]] = []

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request; return its number."""
        self._count += 1
        body = json.dumps({"seq": self._count, "type": "request", "command": command, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return self._count

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer to a request."""
        return self._wait_for(lambda message: message.get("request_seq") == number)

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event."""
        return self._wait_for(lambda message: message.get("event") == name)

    def close(self) -> None:
        """Leave."""
        self._file.close()
        self._socket.close()

    def _wait_for(self, is_wanted: Any) -> dict[str, Any]:
        while True:
            for message in self._messages:
                if is_wanted(message):
                    self._messages.remove(message)
                    return message
            length = int(self._file.readline().removeprefix(b"Content-Length: "))
            self._file.readline()
            self._messages.append(json.loads(self._file.read(length)))


def attach(port: int, run: Run) -> Client:
    """Attach with a breakpoint in the body of the function."""
    client = Client(port)
    client.answer(client.send("initialize", adapterID="test", pathFormat="path", linesStartAt1=True))
    attached = client.send("attach", justMyCode=False)
    client.event("initialized")
    path = str(run.app / "handler.py")
    client.answer(client.send("setBreakpoints", source={"path": path}, breakpoints=[{"line": 7}]))
    client.answer(client.send("configurationDone"))
    assert client.answer(attached)["success"]
    return client


def wait_for_adapter(port: int, run: Run) -> None:
    def is_listening() -> bool:
        # Looking at the table of sockets, because the adapter takes a connection for a client.
        return f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text(encoding="ascii")

    run.wait_until(is_listening, "the debugger's port")


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_breakpoint_in_the_function_stops_it(start_run: StartRun, port: int, kind: str) -> None:
    run = start_run(FUNCTION.format(kind=kind), "--debug", str(port))
    wait_for_adapter(port, run)
    assert not (run.app / "imported").exists()
    assert f'"connect": {{"host": "127.0.0.1", "port": {port}}}' in run.log_file.read_text()
    client = attach(port, run)
    run.wait_for("ready")
    call = threading.Thread(target=lambda: run.get("/?x=1"))
    call.start()
    stopped = client.event("stopped")["body"]
    assert stopped["reason"] == "breakpoint"
    stack = client.answer(client.send("stackTrace", threadId=stopped["threadId"]))["body"]["stackFrames"]
    assert (stack[0]["name"], stack[0]["line"]) == ("handler", 7)
    client.answer(client.send("continue", threadId=stopped["threadId"]))
    call.join(DEADLINE)
    assert run.wait_for("request")["status"] == 200

    run.write(FUNCTION.format(kind=kind).replace("return answer", "return answer * 2"))
    client.event("terminated")
    client.close()
    run.wait_until(lambda: "waits for a debugger again" in run.log_file.read_text(), "the line about the reload")
    wait_for_adapter(port, run)
    client = attach(port, run)
    run.wait_for("reload")
    call = threading.Thread(target=lambda: run.get("/?x=1"))
    call.start()
    client.answer(client.send("continue", threadId=client.event("stopped")["body"]["threadId"]))
    call.join(DEADLINE)
    assert run.wait_for("request", 2)["bytes"] == 2
    with suppress(OSError):
        client.close()
