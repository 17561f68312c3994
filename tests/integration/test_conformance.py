"""The public conformance suites, against the real server.

https://github.com/cloudevents/conformance: its own client (a pinned Go tool) sends its events, and compares what comes
back. https://github.com/GoogleCloudPlatform/functions-framework-conformance: the requests and the checks of its client,
which the Go module proxy does not have, with its events.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tools import conformance_client
from tools.places import ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

GOOGLE_EVENTS = json.loads((ROOT / "tests/unit/invoker/fixtures/google_events.json").read_text(encoding="utf-8"))

# JSON as the suite's files have it, so that its client, which compares text, finds it unchanged.
ECHO = """
    import json

    def handler(attributes, data):
        if attributes.get("datacontenttype", "application/json").startswith("application/json"):
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\\n"
            return {"datacontenttype": "application/json", **attributes}, text.encode()
        return attributes, data

    def plain(attributes, data):
        return attributes, data
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the client, and give the directory of its events."""
    progress = Progress(tmp_path_factory.mktemp("log") / "conformance.log")
    with progress.step("client of the CloudEvents conformance suite") as step:
        conformance_client.ensure(progress, step)
    return conformance_client.events(progress)


@pytest.mark.parametrize("files", ["v1.0", "v0.3"])
def test_smallest_events_of_the_cloudevents_suite_come_back(
    start_server: StartServer, suite: Path, tmp_path: Path, files: str
) -> None:
    server = start_server(ECHO)
    with listener(tmp_path / "got.yaml") as port, relay(server.port, port, "*/*") as address:
        client("invoke", address, "-f", str(suite / files))
    # The reply's time is an addition.
    assert client("diff", str(suite / files), str(tmp_path / "got.yaml"), "--match", "id", "--ignore-additions") == ""
    assert len(events(tmp_path / "got.yaml")) == 6


@pytest.mark.parametrize("file", ["v1.yaml", "v03.yaml"])
def test_events_with_extensions_of_the_cloudevents_suite_come_back(
    start_server: StartServer, suite: Path, tmp_path: Path, file: str
) -> None:
    """Its receiver does not decode what is percent-encoded in headers, so the replies are structured here.

    Its `diff` is of no use: it minds the line ends that its sender takes off the files' values.
    """
    server = start_server(ECHO, environment={"PYTHON_HANDLER": "handler.plain"})
    with listener(tmp_path / "got.yaml") as port, relay(server.port, port, "application/cloudevents+json") as address:
        client("invoke", address, "-f", str(suite / file))
    sent, got = events(suite / file), events(tmp_path / "got.yaml")
    assert [essence(event) for event in got] == [essence(event) for event in sent]
    assert len(got) == len(sent) > 0


def events(file: Path) -> list[dict[str, Any]]:
    return [event for event in yaml.load_all(file.read_text(), yaml.BaseLoader) if event]


def essence(event: dict[str, Any]) -> tuple[dict[str, str], Any]:
    attributes = {"datacontenttype": "application/json", **event["ContextAttributes"]}
    extensions = {name: value.strip() for name, value in attributes.pop("Extensions").items()}
    return attributes | extensions, json.loads(event["Data"])


def client(*arguments: str) -> str:
    done = subprocess.run([str(conformance_client.CLIENT), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def listener(output: Path) -> Iterator[int]:
    """Run the suite's receiver, which writes the events it gets; gives its port."""
    with output.open("w") as file:
        process = subprocess.Popen(
            [str(conformance_client.CLIENT), "listen", "-P", "0"], stdout=file, stderr=subprocess.PIPE, text=True
        )
        with process:
            try:
                assert process.stderr is not None
                yield int(process.stderr.readline().rpartition(":")[2])
            finally:
                process.kill()


@contextmanager
def relay(function: int, target: int, accept: str) -> Iterator[str]:
    """Run a broker of one subscriber: it hands events to the function, and its replies on; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, reply = post(function, {**self.headers, "Accept": accept}, body)
            event = {name: value for name, value in headers.items() if name.lower().startswith(("ce-", "content-type"))}
            assert post(target, event, reply)[0] == 200
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def post(port: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


JSON = {"Content-Type": "application/json"}

# Their functions write what they got to a file, which the client reads.
WRITING = """
    import json
    from dataclasses import dataclass
    from pathlib import Path

    output = Path(__file__).with_name("function_output.json")

    def http(request):
        output.write_text(json.dumps(request.get_json()))
        return "ok"

    def cloudevent(attributes, data):
        output.write_text(json.dumps({**attributes, "data": data}))

    @dataclass
    class Message:
        message: str

    def typed(body: Message):
        return {"payload": body}
"""


def test_http_function_of_google_s_suite(start_server: StartServer) -> None:
    server = start_server(WRITING, environment={"PYTHON_HANDLER": "handler.http"})
    assert post(server.port, JSON, b'{"res":"PASS"}')[0] == 200
    assert json.loads((server.app / "function_output.json").read_text()) == {"res": "PASS"}


def test_typed_function_of_google_s_suite(start_server: StartServer) -> None:
    server = start_server(WRITING, environment={"PYTHON_HANDLER": "handler.typed"})
    status, _, body = post(server.port, JSON, b'{"message":"Hello world!"}')
    assert (status, json.loads(body)["payload"]) == (200, {"message": "Hello world!"})


@pytest.fixture(scope="module")
def writing_server(start_shared_server: StartServer) -> Server:
    return start_shared_server(WRITING, environment={"PYTHON_HANDLER": "handler.cloudevent"})


@pytest.mark.parametrize("event", [pytest.param(row["event"], id=row["name"]) for row in GOOGLE_EVENTS])
def test_event_of_google_s_suite(writing_server: Server, event: dict[str, Any]) -> None:
    assert post(writing_server.port, *binary(event))[0] // 100 == 2
    assert json.loads((writing_server.app / "function_output.json").read_text()) == event


def binary(event: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """Write an event as Go's SDK does: in binary mode, its attributes in the headers as they are."""
    attributes = {name: value for name, value in event.items() if name not in {"data", "datacontenttype"}}
    headers = {f"Ce-{name.title()}": value for name, value in attributes.items()}
    return headers | {"Content-Type": event["datacontenttype"]}, json.dumps(event["data"]).encode()


SLEEPING = """
    import time

    def http(request):
        time.sleep(1)
        return "ok"

    def cloudevent(event):
        time.sleep(1)
"""


@pytest.mark.parametrize(
    ("name", "request_"),
    [("http", (JSON, b'{"data":"hello"}')), ("cloudevent", binary(GOOGLE_EVENTS[0]["event"]))],
    ids=["http", "cloudevent"],
)
def test_concurrency_of_google_s_suite(
    start_server: StartServer, name: str, request_: tuple[dict[str, str], bytes]
) -> None:
    server = start_server(SLEEPING, environment={"PYTHON_HANDLER": f"handler.{name}"})

    def seconds(requests: int) -> float:
        started = time.monotonic()
        with ThreadPoolExecutor(requests) as pool:
            answers = list(pool.map(lambda _: post(server.port, *request_)[0], range(requests)))
        assert all(status == 200 for status in answers)
        return time.monotonic() - started

    single = seconds(1)
    assert seconds(10) <= 2 * single
