"""Fixtures that run a local server for the S3 and SQS protocols."""

import json
import os
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
import requests
import storage
from moto import settings
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the variables that a platform sets. Delete all buckets, queues and clients after the test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield
    storage.client.cache_clear()
    requests.post(f"{endpoint}/moto-api/reset", timeout=10).raise_for_status()


@pytest.fixture
def checked_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the server reject unknown credentials."""
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)


@pytest.fixture
def policy() -> dict[str, Any]:
    """Return the IAM policy in README.md."""
    manual = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    (policy,) = re.findall(r"```json\n(.*?)```", manual, re.DOTALL)
    return json.loads(policy)


@pytest.fixture
def least_privileges(policy: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that gives the function under test the credentials of a user who has only that policy."""

    def take() -> None:
        iam = boto3.Session().client("iam")
        iam.create_user(UserName="function")
        iam.put_user_policy(UserName="function", PolicyName="function", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="function")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        storage.client.cache_clear()
        monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)

    return take


class FailingServer(ThreadingHTTPServer):
    """Answers every request with the same error, and counts the requests."""

    status: int
    body: bytes
    requests = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Failure)


class Failure(BaseHTTPRequestHandler):
    """Answers with the error of the server."""

    server: FailingServer
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.server.requests += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.send_header("x-amz-request-id", "4442587FB7D0A2F9")
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_PUT = do_POST = answer  # noqa: N815 - http.server calls the methods by these names

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingServer]:
    """Run a server that answers with the error that the test sets, in place of the one for S3 and SQS."""
    with FailingServer() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()


@pytest.fixture
def s3() -> Any:
    return boto3.Session().client("s3")
