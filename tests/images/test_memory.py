"""A function with the limits of docs/deploy.md stays up, whatever clients send: bodies, halves of them, and no reading."""

from __future__ import annotations

import gzip
import http.client
import json
import resource
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.settings import max_body_within
from tools.container import ANSWER_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.images.conftest import MakeApp, Workshop
    from tools.container import Container

HANDLERS = """
import json

def event(data):
    return data

def from_json(req):
    return {"length": len(req.get_json())}

def from_bytes(body):
    return {"length": len(json.loads(body))}

def large(req):
    return b"x" * 5_000_000
"""

MEMORY = 256 << 20
LIMITS = ("--memory", "256m", "--memory-swap", "256m", "--cpus", "0.5")
LARGEST = int(max_body_within(MEMORY).removesuffix("MiB")) << 20

# Generous: that health checks do not wait for memory shows in the other values. The probes in docs/deploy.md wait 2 s.
HEALTH_SECONDS = 10.0

EVENT = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/test",
    "ce-type": "test",
    "content-type": "application/json",
}
BATCH = {"content-type": "application/cloudevents-batch+json"}

# The memory that the container has used at most, and the processes that the kernel has killed for it: cgroup v2, or v1.
USAGE = """
import json, pathlib
top = pathlib.Path("/sys/fs/cgroup")
is_new = (top / "memory.peak").exists()
peak = top / ("memory.peak" if is_new else "memory/memory.max_usage_in_bytes")
events = top / ("memory.events" if is_new else "memory/memory.oom_control")
counts = dict(line.split() for line in events.read_text().splitlines())
print(json.dumps([int(peak.read_text()), int(counts["oom_kill"])]))
"""


def repeated(unit: str, size: int) -> bytes:
    return f"[{','.join([unit] * (size // (len(unit) + 1)))}]".encode()


def batch(size: int) -> bytes:
    data = repeated("[]", size // 1000 - 100).decode()
    events = (f'{{"specversion":"1.0","id":"{n}","source":"/","type":"t","data":{data}}}' for n in range(1000))
    return f"[{','.join(events)}]".encode()


LISTS_IN_LISTS = repeated("[" * 10 + "]" * 10, LARGEST - 100)
RECORDS = repeated('{"id":123,"name":"abc","v":1.5}', LARGEST - 100)
TEXTS = json.dumps([f"{number:x}" for number in range(LARGEST // 10)]).encode()


@pytest.fixture(scope="module")
def image(workshop: Workshop, make_app: MakeApp) -> str:
    app = make_app({"handler.py": HANDLERS})
    return workshop.build(app, "--env", "PYTHON_HANDLER=handler.event").image


@pytest.fixture
def many_open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def under_attack(workshop: Workshop, image: str, handler: str, most: int = MEMORY) -> Iterator[Container]:
    """Run a function, and check afterwards that it has stayed up and healthy, and used less than `most` bytes."""
    options = (*LIMITS, "--env", f"PYTHON_HANDLER=handler.{handler}")
    with workshop.run(image, *options) as function:
        with health_checks(function) as answers:
            yield function
        peak, killed = json.loads(
            workshop.engine.run("exec", function.name, "/usr/bin/python3", "-c", USAGE),
        )
        assert (killed, "SIGKILL" in function.logs()) == (0, False), function.logs()
        assert workshop.engine.run("inspect", "--format", "{{.RestartCount}}", function.name) == "0"
        assert peak < most
        assert set(answers) == {"200"}


@contextmanager
def health_checks(function: Container) -> Iterator[list[str]]:
    """Ask for the health of a function every 100 ms; yield the answers, or what there was instead."""
    answers: list[str] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.wait(0.1):
            connection = http.client.HTTPConnection(function.host, function.port, timeout=HEALTH_SECONDS)
            try:
                connection.request("GET", "/health/live")
                answers.append(str(connection.getresponse().status))
            except (OSError, http.client.HTTPException) as exc:
                answers.append(repr(exc))
            finally:
                connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        thread.join()


def post(function: Container, headers: dict[str, str], body: bytes) -> int:
    connection = http.client.HTTPConnection(function.host, function.port, timeout=10 * ANSWER_SECONDS)
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("handler", "headers", "body", "clients"),
    [
        pytest.param("event", EVENT, LISTS_IN_LISTS, 1, id="one event"),
        pytest.param("event", EVENT, LISTS_IN_LISTS, 8, id="events"),
        pytest.param("event", EVENT, RECORDS, 64, id="many events"),
        pytest.param("event", BATCH, batch(LARGEST), 8, id="batches"),
        pytest.param("from_json", EVENT, LISTS_IN_LISTS, 16, id="JSON"),
        pytest.param("from_bytes", {}, TEXTS, 64, id="bytes"),
        pytest.param(
            "event", {**EVENT, "content-encoding": "gzip"}, gzip.compress(LISTS_IN_LISTS), 8, id="compressed events"
        ),
    ],
)
def test_the_largest_bodies(
    workshop: Workshop, image: str, handler: str, headers: dict[str, str], body: bytes, clients: int
) -> None:
    with under_attack(workshop, image, handler) as function, ThreadPoolExecutor(clients) as pool:
        statuses = list(pool.map(lambda _: post(function, headers, body), range(clients)))

    assert statuses == [200] * clients


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"X-A: %s\r\nX-B: %s\r\n" % (b"a" * 30_000, b"b" * 30_000), id="headers"),
        pytest.param(b"Content-Length: 65000\r\n\r\n" + b"[" * 60_000, id="bodies"),
        pytest.param(b"Content-Length: %d\r\n\r\n" % LARGEST + b"[" * 60_000, id="large bodies"),
    ],
)
@pytest.mark.usefixtures("many_open_files")
def test_requests_that_do_not_end(workshop: Workshop, image: str, part: bytes) -> None:
    """They send 120 MB, of which the function may keep 16 MiB. What the kernel keeps for sockets can count, too."""
    with under_attack(workshop, image, "from_json", MEMORY * 3 // 4) as function, ExitStack() as stack:
        for _ in range(2000):
            connection = stack.enter_context(socket.create_connection((function.host, function.port), ANSWER_SECONDS))
            with suppress(OSError):  # it had to make room
                connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + part)
        status = post(function, EVENT, b"[1]")

    assert status == 200


def test_responses_that_are_not_read(workshop: Workshop, image: str) -> None:
    with under_attack(workshop, image, "large") as function, ExitStack() as stack:
        connections = [stack.enter_context(socket.socket()) for _ in range(64)]
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(ANSWER_SECONDS)
            connection.connect((function.host, function.port))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for connection in connections:
            with suppress(OSError):  # it had to make room
                connection.recv(12)
        answer = function.request("GET", "/")

    assert len(answer.body) == 5_000_000
