"""The client of Google's APIs over sockets: what it sends, what it takes for an answer, and how it finds credentials."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from funcpack import deployment_errors as errors
from funcpack.command_errors import CertificateFileError
from funcpack.deploy.google.client import GoogleClient
from funcpack.deploy.google.rejections import rejection
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.steps import Plan, Step, Upload
from funcpack.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "ya29.very-secret"
ENVIRON = {"CLOUDSDK_AUTH_ACCESS_TOKEN": TOKEN}


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    # More than the body has: the connection is cut in it.
    length: int | None = None


CUT, HANG = Answer(), Answer()


class Server(ThreadingHTTPServer):
    """A server that records requests and answers them from a list; the last answer is repeated."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = [Answer()]
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.is_ending = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def authorizations(self) -> list[str | None]:
        return [headers.get("authorization") for _, _, headers, _ in self.requests]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline()
        self.close_connection = True
        if self.raw_requestline and self.parse_request():
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.requests.append((self.command, self.path, headers, body))
            self.answer(self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0])

    def answer(self, answer: Answer) -> None:
        if answer is CUT:
            return
        if answer is HANG:
            self.server.is_ending.wait()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length or len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_args: object) -> None:
        """Print nothing."""


@contextmanager
def running(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.is_ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, plain)


def send(url: str, method: str = "GET", body: Any = None, **values: Any) -> Any:
    options = {"is_authorized": True, **values}
    return GoogleClient(options.pop("environ", ENVIRON))(method, url, options.pop("headers", {}), body, **options)


# --- what is sent ---


def test_json_is_sent_with_the_token(server: Server) -> None:
    server.answers = [Answer(201, b'{"name": "\xc3\xa4"}', {"X-Thing": "a"})]
    received = send(
        f"{server.url}/v2/things?id=1", "POST", {"ü": [1]}, headers={"X-Own": "b", "Content-Type": "application/json"}
    )
    ((method, target, headers, body),) = server.requests
    assert (method, target, json.loads(body)) == ("POST", "/v2/things?id=1", {"ü": [1]})
    assert (headers["authorization"], headers["content-type"]) == (f"Bearer {TOKEN}", "application/json")
    assert (headers["x-own"], headers["user-agent"]) == ("b", "funcpack")
    assert (received.status, received.headers["x-thing"], received.body) == (201, "a", {"name": "ä"})


def test_upload_goes_to_a_signed_address_as_it_is_and_without_the_token(server: Server) -> None:
    target = "/b/o%2Fa?X-Goog-Signature=a%2Fb%3D&X-Goog-SignedHeaders=content-type%3Bhost&x=a+b"
    upload = Upload(b"PK\0\xff", "0" * 64, ())
    send(server.url + target, "PUT", upload, headers={"Content-Type": "application/zip"}, is_authorized=False)
    ((method, sent, headers, body),) = server.requests
    assert (method, sent, body, headers["content-type"]) == ("PUT", target, b"PK\0\xff", "application/zip")
    assert "authorization" not in headers


def test_redirect_is_not_followed(server: Server) -> None:
    with running(Server()) as other:
        server.answers = [Answer(307, b"", {"Location": f"{other.url}/stolen"})]
        assert send(f"{server.url}/a").status == 307
        assert other.requests == []


def test_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    assert send("http://run.test/v2/x").status == 200
    assert server.requests[0][1] == "http://run.test/v2/x"


# --- what is an answer ---


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (Answer(200, b'{"name": "a"}'), {"name": "a"}),
        (Answer(400, b"[1]"), [1]),
        (Answer(204, b""), None),
        (Answer(200, b""), None),
        (Answer(502, b"<html>"), None),
        (Answer(404, b'{"error": {}}'), {"error": {}}),
    ],
)
def test_answer_of_an_api(server: Server, answer: Answer, body: Any) -> None:
    server.answers = [answer]
    received = send(server.url)
    assert (received.status, received.body) == (answer.status, body)


@pytest.mark.parametrize(("content", "body"), [(b"<html>Log in</html>", None), (b"[1]", [1]), (b"null", None)])
def test_answer_that_is_no_object_is_an_error_of_an_api_only(server: Server, content: bytes, body: Any) -> None:
    server.answers = [Answer(200, content, {"Content-Type": "text/html"})]
    assert send(server.url, is_authorized=False).body == body
    with pytest.raises(errors.NoJsonError, match="text/html"):
        send(server.url)


@pytest.mark.parametrize(
    ("answer", "reason"), [(CUT, "disconnected"), (Answer(length=9), "closed"), (HANG, "timed out")]
)
def test_request_without_a_whole_answer_was_sent(server: Server, answer: Answer, reason: str) -> None:
    server.answers = [answer]
    with pytest.raises(errors.NetworkError, match=reason) as raised:
        send(server.url, "POST", {}, timeout=0.5)
    assert raised.value.is_sent
    assert raised.value.server == server.url


def test_request_without_a_connection_was_not_sent() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(errors.NetworkError, match="Connection refused") as raised:
            send(f"http://127.0.0.1:{unused.getsockname()[1]}/x")
    assert not raised.value.is_sent


def test_server_without_tls(server: Server) -> None:
    with pytest.raises(errors.NetworkError, match=r": TLS failed \([A-Z_]+\)\.") as raised:
        send(server.url.replace("http:", "https:"))
    assert not raised.value.is_sent


def test_header_that_cannot_be_sent_is_not_shown(server: Server) -> None:
    with pytest.raises(errors.NetworkError, match="the request is not valid HTTP") as raised:
        send(server.url, headers={"X-Secret": "s3cret\n"})
    assert "s3cret" not in str(raised.value)
    assert not raised.value.is_sent


def test_certificates_of_the_environment_are_trusted(
    key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1)
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (tmp_path / "certificate").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key").write_bytes(pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server = Server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server):
        url = f"https://localhost:{server.server_address[1]}/"
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(errors.CertificateError, match="its certificate is not trusted"):
            send(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
        client = GoogleClient(ENVIRON)
        assert client("GET", url, {}, None, is_authorized=True).status == 200
        # They are loaded once.
        (tmp_path / "certificate").unlink()
        assert client("GET", url, {}, None, is_authorized=True).status == 200


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), (b"", "it contains no certificate")]
)
def test_certificates_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "certificates.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(CertificateFileError) as caught:
        send("https://127.0.0.1:1/")
    assert caught.value.found == f"SSL_CERT_FILE names {file}: {reason}."


def test_certificates_are_not_loaded_without_tls(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/does/not/exist")
    assert send(server.url).status == 200


# --- credentials ---


def run(server: Server, environ: dict[str, str]) -> None:
    client = GoogleClient(environ)
    Execution(client, rejection, 0.01, None, lambda _: None).run(
        Plan((Step("a", "Read it", "GET", f"{server.url}/a"),))
    )


@pytest.mark.parametrize("token", ["a b", "a\nb", "tökén", "a\x7f"])
def test_token_that_no_header_can_contain(token: str) -> None:
    with pytest.raises(errors.InvalidTokenError):
        send("http://127.0.0.1:1/", environ={"CLOUDSDK_AUTH_ACCESS_TOKEN": token})


def test_newline_after_the_token_does_not_matter(server: Server) -> None:
    send(server.url, environ={"CLOUDSDK_AUTH_ACCESS_TOKEN": f"{TOKEN}\n"})
    assert server.authorizations() == [f"Bearer {TOKEN}"]


def test_token_of_the_environment_that_has_expired(server: Server) -> None:
    server.answers = [Answer(401, b'{"error": {"message": "Expired", "status": "UNAUTHENTICATED"}}')]
    with pytest.raises(errors.RejectedCredentialsError, match="Expired"):
        run(server, ENVIRON)
    assert len(server.requests) == 1


@pytest.fixture
def account(key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server that gives tokens to a service account, of which the environment names the key."""
    with running(Server()) as tokens:
        info = {
            "type": "service_account",
            "client_email": "ci@shop.iam.gserviceaccount.com",
            "token_uri": f"{tokens.url}/token",
            "private_key": pem(key).decode(),
        }
        (tmp_path / "key.json").write_text(json.dumps(info))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        tokens.answers = [
            Answer(200, json.dumps({"access_token": f"t{n}", "expires_in": 3600}).encode()) for n in (1, 2, 3)
        ]
        yield tokens


def test_default_credentials_are_kept_between_requests(server: Server, account: Server) -> None:
    client = GoogleClient({})
    for _ in range(2):
        client("GET", server.url, {}, None, is_authorized=True)
    assert server.authorizations() == ["Bearer t1", "Bearer t1"]
    assert len(account.requests) == 1
    assert client.account == "ci@shop.iam.gserviceaccount.com"


def test_token_is_refreshed_once_after_a_rejection(server: Server, account: Server) -> None:
    server.answers = [Answer(401), Answer(200)]
    run(server, {})
    assert server.authorizations() == ["Bearer t1", "Bearer t2"]
    assert len(account.requests) == 2


@pytest.mark.usefixtures("account")
def test_credentials_that_are_rejected_twice(server: Server) -> None:
    server.answers = [Answer(401)]
    with pytest.raises(errors.RejectedCredentialsError):
        run(server, {})
    assert server.authorizations() == ["Bearer t1", "Bearer t2"]


def test_login_that_has_expired(server: Server, account: Server) -> None:
    account.answers = [
        Answer(400, b'{"error": "invalid_grant", "error_description": "Token has been revoked.", "id_token": "s3cret"}')
    ]
    with pytest.raises(errors.NoCredentialsError, match=r"invalid_grant: Token has been revoked\.$") as raised:
        run(server, {})
    assert "s3cret" not in str(raised.value)
    assert server.requests == []


@pytest.fixture
def no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.mark.usefixtures("no_credentials")
def test_no_credentials(server: Server) -> None:
    with pytest.raises(errors.NoCredentialsError, match="default credentials were not found"):
        run(server, {})


def test_file_of_credentials_that_does_not_exist(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    with pytest.raises(errors.NoCredentialsError, match=r"absent\.json"):
        run(server, {})


@pytest.mark.usefixtures("no_credentials")
def test_extra_that_is_not_installed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(errors.NoGoogleAuthError):
        run(server, {})
    run(server, ENVIRON)


def test_requests_without_authorization_need_no_credentials(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    assert send(server.url, environ={}, is_authorized=False).status == 200


# --- no secret in any text ---


@pytest.mark.parametrize(
    "answer",
    [Answer(400, b'{"error": {"message": "no"}}'), Answer(401), Answer(403), Answer(302), Answer(200, b"<"), CUT],
)
def test_errors_and_notes_show_no_token_and_no_signature(server: Server, answer: Answer) -> None:
    server.answers = [answer]
    notes: list[str] = []
    step = Step("a", "Write it", "POST", f"{server.url}/a?X-Goog-Signature=s1gnature", {})
    execution = Execution(GoogleClient(ENVIRON), rejection, 0, None, notes.append)
    with pytest.raises(UserError) as raised:
        execution.run(Plan((step,)))
    texts = [raised.value.found, raised.value.remedy, repr(raised.value), *notes]
    assert not [text for text in texts if TOKEN in text or "s1gnature" in text]
