"""A server of Google's APIs for tests: strict about requests, in memory, with failures on demand.

with google_server() as google:
    google.world.polls = 3
    google.fail("run.projects.locations.services.create", Status(503, retry_after=1))
    subprocess.run([...], env={**os.environ, **google.environ})
    assert [request.id for request in google.requests] == [...]
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.google import bodies, functions, serving
from tests.google.discovery import SERVICES, Match, match
from tests.google.failures import Cut, Failure, Status
from tests.google.methods import answer
from tests.google.rejections import RejectionError, mistake
from tests.google.world import NUMBER, PROJECT, Call, World

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "ya29.secret-access-token"
LOCATION = "us-central1"


@dataclass
class Request:
    """A request that the server received.

    `id` is the method's, such as `run.projects.locations.services.get`, or `upload`, `download`, `serving` or `registry`; `fail` takes
    each of them. `headers`
    have lowercase names and do not have the token. `body` is the JSON, or the bytes of anything else. `status` is that of the answer,
    or None if there was no answer.
    """

    id: str
    method: str
    url: str
    headers: dict[str, str]
    is_authorized: bool
    body: Any = None
    status: int | None = None

    @property
    def path(self) -> str:
        """The path after the prefix of the service, such as `/v2/projects/...`."""
        return "/" + urlsplit(self.url).path.split("/", 2)[2]


@dataclass
class GoogleServer:
    """A running server. Everything that a test changes is here or in `world`."""

    url: str
    world: World
    requests: list[Request] = field(default_factory=list)
    # Texts of requests that do not fit the API, whatever the user configured. Tests that send none leave it empty.
    mistakes: list[str] = field(default_factory=list)
    # Whether the APIs take requests without a token.
    is_open: bool = False

    def fail(self, method: str, failure: Failure, call: int = 1, times: int | None = 1) -> None:
        """Let calls of a method fail: `method` is an id or a pattern such as `run.*`. Calls count from 1, from now on.

        `times` is the number of calls that fail; None means all.
        """
        self.world.failures.add(method, failure, call, times)

    def sent(self, pattern: str = "") -> list[str]:
        """Return the ids of the requests so far that contain a text."""
        return [request.id for request in self.requests if pattern in request.id]

    def service(self, name: str) -> dict[str, Any]:
        """Return a Cloud Run service by its short name."""
        return self.world.services[f"projects/{PROJECT}/locations/{LOCATION}/services/{name}"]

    def function(self, name: str) -> dict[str, Any]:
        """Return a function of either generation by its short name."""
        return self.world.functions[f"projects/{PROJECT}/locations/{LOCATION}/functions/{name}"]

    @property
    def registry(self) -> str:
        """The host of the registry of images, for references such as `HOST/app:1`; tests add to `world.images`."""
        return urlsplit(self.url).netloc

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead the tool to this server."""
        endpoints = {
            f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": self.endpoint(name)
            for name in SERVICES
            if name != "storage"
        }
        return {
            **endpoints,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{self.endpoint('storage')}storage/v1/",
            "CLOUDSDK_AUTH_ACCESS_TOKEN": TOKEN,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_CLOUD_LOCATION": LOCATION,
            "FUNCPACK_POLL_INTERVAL": "0.01",
        }

    def endpoint(self, service: str) -> str:
        """Return the base URL of an API, which ends with a slash."""
        return f"{self.url}/{service}/"


@contextmanager
def google_server() -> Iterator[GoogleServer]:
    """Run a server on a free port, in a thread."""
    httpd = _Server(("127.0.0.1", 0), _Handler)
    url = f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.google = GoogleServer(url, World(url))
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield httpd.google
    finally:
        httpd.is_ending.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    google: GoogleServer

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.is_ending = threading.Event()
        self.lock = threading.Lock()

    def handle_error(self, *_args: Any) -> None:
        """Say nothing of clients that go away."""


class _CutError(Exception):
    """The connection is to end without an answer."""


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, lets it be answered, and writes the answer."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_args: Any) -> None:
        """Say nothing: `requests` is the log."""

    def _handle(self) -> None:
        google = self.server.google
        if "Transfer-Encoding" in self.headers:
            google.mistakes.append(f"{self.command} {self.path}: a body without a length")
            self.send_error(411)
            return
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_authorized = headers.get("authorization") == f"Bearer {TOKEN}"
        shown = {name: value for name, value in headers.items() if name != "authorization"}
        request = Request("", self.command, google.url + self.path, shown, is_authorized, _body(headers, content))
        google.requests.append(request)
        try:
            with self.server.lock:
                status, body, more = _answered(google, request, headers, content)
        except _CutError:
            self.close_connection = True
            return
        if status == serving.NEVER:
            self.server.is_ending.wait()
            self.close_connection = True
            return
        request.status = status
        self._write(status, body, more)

    def _write(self, status: int, body: Any, more: dict[str, str]) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(body, bytes) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle  # noqa: N815 - the names of http.server


# The status, the body and further headers of an answer.
Answered = tuple[int, Any, dict[str, str]]


def _answered(google: GoogleServer, request: Request, headers: dict[str, str], content: bytes) -> Answered:
    try:
        return _dispatched(google, request, headers, content)
    except RejectionError as rejection:
        if rejection.is_mistake:
            google.mistakes.append(f"{request.method} {request.url}: {rejection.message}")
        return rejection.code, rejection.body, {}


def _dispatched(google: GoogleServer, request: Request, headers: dict[str, str], content: bytes) -> Answered:
    url = urlsplit(request.url)
    service, _, path = url.path.removeprefix("/").partition("/")
    if service in SERVICES:
        return _of_api(google, request, service, headers, content)
    if service == "signed":
        return _signed(google, request, headers, content)
    if service == "serving":
        request.id = "serving"
        name, _, below = path.partition("/")
        failing = _failing(google.world.failures.next(request.id))
        return failing or (200, serving.serve(google.world, name, f"/{below}", headers), {})
    if service == "v2" and "/manifests/" in path:
        request.id = "registry"
        repository, _, reference = path.rpartition("/manifests/")
        failing = _failing(google.world.failures.next(request.id))
        return failing or (
            200,
            None,
            {"Docker-Content-Digest": serving.digest(google.world, repository, reference)},
        )
    raise mistake(f"There is no service at {url.path}.")


def _signed(google: GoogleServer, request: Request, headers: dict[str, str], content: bytes) -> Answered:
    url = urlsplit(request.url)
    request.id = "upload" if request.method == "PUT" else "download"
    status = _failing(google.world.failures.next(request.id))
    if status:
        return status
    if request.method == "PUT":
        functions.put(google.world, url.path, url.query, headers, content)
        return 200, None, {}
    return 200, google.world.uploads[functions.uploaded(google.world, url.path, url.query)], {}


def _of_api(google: GoogleServer, request: Request, service: str, headers: dict[str, str], content: bytes) -> Answered:
    url = urlsplit(request.url)
    found = match(service, request.method, url.path.removeprefix(f"/{service}/"))
    if found is None:
        raise mistake(f"The method {request.method} {request.path} does not exist in the API {service}.")
    request.id = found.method.id
    failure = google.world.failures.next(request.id)
    if not request.is_authorized and not google.is_open:
        raise RejectionError(401, "Request had invalid authentication credentials. Expected OAuth 2 access token.")
    early = _failing(failure)
    if early:
        return early
    call = _call(found, url.query, headers, content, failure)
    body = answer(google.world, call)
    if isinstance(body, dict) and found.method.response:
        bodies.read(body, found.method.response, found.method.schemas, is_answer=True)
    late = _failing(failure, is_done=True)
    return late or (
        200 if body is not None else 204,
        json.loads(json.dumps(body)) if isinstance(body, dict) else body,
        {},
    )


def _failing(failure: Failure | None, *, is_done: bool = False) -> Answered | None:
    """Return the answer of a failure that is due: before the request takes effect, or after."""
    if isinstance(failure, Cut) and failure.is_done == is_done:
        raise _CutError
    if isinstance(failure, Status) and failure.is_done == is_done:
        more = {} if failure.retry_after is None else {"Retry-After": str(failure.retry_after)}
        return failure.code, RejectionError(failure.code, failure.message).body, more
    return None


def _call(found: Match, query: str, headers: dict[str, str], content: bytes, failure: Failure | None) -> Call:
    """Return the call that a request means.

    Raises:
        RejectionError: if its query or body do not fit the method.

    """
    method = found.method
    repeated = {name.removeprefix("$"): values for name, values in parse_qs(query, keep_blank_values=True).items()}
    for name in repeated.keys() - method.query:
        raise mistake(
            f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            f"Field '{name}' could not be found in request message."
        )
    body = None if method.is_upload else _read_body(found, headers, content)
    single = {name: unquote(values[-1]) for name, values in repeated.items()}
    return Call(method, found.parameters, single, repeated, body, content, headers, failure)


def _read_body(found: Match, headers: dict[str, str], content: bytes) -> Any:
    name = found.method.request
    if name is None:
        if content:
            raise mistake(f"{found.method.id} takes no body.")
        return None
    if content and headers.get("content-type", "").partition(";")[0] != "application/json":
        raise mistake(f"{found.method.id} takes a body of the type application/json.")
    try:
        value = json.loads(content or b"{}")
    except ValueError as error:
        raise mistake(f"Invalid JSON payload received. {error}") from error
    return bodies.read(value, name, found.method.schemas, _root(name))


def _root(message: str) -> str:
    """Return how Google's texts name the body of a request, for example `service`."""
    short = message.removeprefix("GoogleCloudRunV2")
    return short[:1].lower() + short[1:]


def _body(headers: dict[str, str], content: bytes) -> Any:
    if headers.get("content-type", "").startswith("application/json") and content:
        try:
            return json.loads(content)
        except ValueError:
            return content
    return content or None


__all__ = ["LOCATION", "NUMBER", "PROJECT", "TOKEN", "GoogleServer", "Request", "google_server"]
