"""Output of a function: it is out when the call that writes it returns, and lines are whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import StartServer

WRITES = [
    pytest.param('print("x" * 3, end="")', "xxx", id="print without a line end"),
    pytest.param('print("x", "y", end=" ")', "x y ", id="print with another end"),
    pytest.param('print("x", "y", sep="")', "xy\n", id="print of a line"),
    pytest.param('sys.stdout.write("xyz")', "xyz", id="write"),
    pytest.param('sys.stdout.buffer.write(b"xyz")', "xyz", id="bytes"),
    pytest.param('sys.stdout.writelines(["x", "y"])', "xy", id="lines"),
    pytest.param('sys.__stdout__.write("xyz")', "xyz", id="the original stream"),
    pytest.param('print("x", end="", file=sys.stderr)', "x", id="standard error"),
    pytest.param('sys.stderr.write("xyz")', "xyz", id="write to standard error"),
    pytest.param('print("é" * 100_000, end="")', "é" * 100_000, id="much"),
    pytest.param('os.write(1, b"xyz")', "xyz", id="file descriptor"),
    pytest.param('sys.stdout.buffer.raw.write(b"xyz")', "xyz", id="raw bytes"),
    pytest.param('open(1, "wb", buffering=0, closefd=False).write(b"xyz")', "xyz", id="file of its own"),
    pytest.param('sys.stdout.reconfigure(encoding="utf-8"); print("é", end="")', "é", id="other encoding"),
    pytest.param('print("x", end="", flush=False)', "x", id="flush=False"),
    pytest.param('t = Thread(target=print, args=["x"], kwargs={"end": ""}); t.start(); t.join()', "x", id="thread"),
    pytest.param('subprocess.run(["printf", "xyz"], env={"PATH": os.defpath})', "xyz", id="child process"),
    pytest.param('os.system("printf xyz")', "xyz", id="shell"),
    pytest.param('p = Process(target=print, args=["x"], kwargs={"end": ""}); p.start(); p.join()', "x", id="forked"),
    pytest.param('sys.stderr.write("\\r 10%"); sys.stderr.write("\\r 20%")', "\n 10%\n 20%", id="progress bar"),
    pytest.param("traceback.print_exc(); traceback.print_stack()", "in handler", id="traceback"),
    pytest.param('StreamHandler(sys.stdout).emit(makeLogRecord({"msg": "xyz"}))', "xyz\n", id="handler of logging"),
    pytest.param('pprint(["xyz"])', "['xyz']\n", id="pprint"),
    pytest.param('print("\\ud800", end="", file=sys.stderr)', "\\ud800", id="half of a surrogate pair"),
]


IMPORTS = """
import multiprocessing, os, signal, subprocess, sys, traceback
from logging import StreamHandler, makeLogRecord
from pprint import pprint
from threading import Thread
Process = multiprocessing.get_context("fork").Process
"""


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("code", "text"), WRITES)
def test_output_is_not_lost_if_the_process_is_killed(
    start_server: StartServer, code: str, text: str, workers: str
) -> None:
    source = f"{IMPORTS}\ndef handler():\n    {code}\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    environment = {"WEB_CONCURRENCY": workers, "PYTHONIOENCODING": "utf-8"}
    server = start_server(source, environment=environment)
    server.exchange(b"GET / HTTP/1.0\r\n\r\n")
    server.wait_for_log(text)


def test_output_at_import_is_not_lost(start_server: StartServer) -> None:
    server = start_server('import os\nprint("importing", end="")\nos._exit(1)\n', ready=None)
    server.process.wait(20)
    assert "importing" in server.log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_lines_of_threads_and_workers_are_whole(start_server: StartServer, workers: str) -> None:
    server = start_server(
        """
        import sys
        from threading import Thread

        def handler():
            def work():
                for number in range(500):
                    print("a", number, "b" * 20, flush=number % 2)
            threads = [Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return "done"
        """,
        environment={"WEB_CONCURRENCY": workers},
    )
    connections = [server.connect() for _ in range(4)]
    for connection in connections:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    for connection in connections:
        assert server.read_all(connection).endswith(b"done")
        connection.close()
    lines = [line for line in server.log.splitlines() if " INFO " not in line]
    assert len(lines) == 4 * 8 * 500
    assert all(re.fullmatch(r"a \d+ b{20}", line) for line in lines)


def test_print_does_what_it_does(start_server: StartServer) -> None:
    server = start_server(
        """
        import contextlib, io, sys

        def handler():
            other = io.StringIO()
            print("x", 1, sep="-", end="!", file=other, flush=True)
            with contextlib.redirect_stdout(other):
                print("redirected", end="")
            try:
                print("x", sep=1)
            except TypeError:
                print("TypeError", end="", file=other)
            try:
                print("x", unknown=1)
            except TypeError:
                print(" twice", end="", file=other)
            return f"{other.getvalue()} {print.__name__} {sys.stdout.encoding} {sys.stdout.isatty()}"
        """,
        environment={"PYTHONIOENCODING": "iso8859-1"},
    )
    assert server.get().body == b"x-1!redirectedTypeError twice print iso8859-1 False"
