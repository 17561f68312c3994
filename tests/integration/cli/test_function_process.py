"""A process of the function, as `funcpack run` starts it for the next reload: it waits, perhaps for hours, before it serves."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.dev_server.function_process import HOST, FunctionProcess, Launch
from tests.integration.cli.conftest import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = """
import os
import subprocess
import sys

CODE = "import os; print(sorted(os.listdir('/proc/self/fd')))"

def handler(req):
    return subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True).stdout
"""


def served(app: Path, while_it_waits: Callable[[int], None]) -> str:
    """Start a process, do something with its port, let it serve, and return the answer to a request."""
    (app / "handler.py").write_text(FUNCTION)
    launch = Launch(Path(sys.executable), app, {**os.environ, "PYTHON_HANDLER": "handler.handler", "HOST": HOST})

    async def run() -> str:
        process = FunctionProcess(launch, lambda _: None)
        await process.start()
        try:
            while_it_waits(process.port)
            assert await process.serve() is None
            answer = await asyncio.to_thread(get, process.port)
            assert process.is_running
            return answer
        finally:
            process.kill()
            await process.closed()
            process.abandon()

    return asyncio.run(run())


def get(port: int) -> str:
    with closing(HTTPConnection(HOST, port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()


def cannot_listen(port: int) -> None:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind((HOST, port))


def cannot_connect(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=DEADLINE)


@pytest.mark.parametrize("while_it_waits", [cannot_listen, cannot_connect])
def test_no_other_program_can_take_the_port_of_a_process_that_waits(
    tmp_path: Path, while_it_waits: Callable[[int], None]
) -> None:
    assert served(tmp_path, while_it_waits)


def test_programs_of_the_function_do_not_get_the_port(tmp_path: Path) -> None:
    # The streams, and the directory that is listed.
    assert served(tmp_path, lambda _: None) == "['0', '1', '2', '3']\n"
