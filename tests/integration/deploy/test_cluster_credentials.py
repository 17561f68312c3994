"""The credential plugins of a kubeconfig: real programs, whose token a real server receives."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import yaml

from funcpack.deploy.kubernetes.connection import connected
from funcpack.deploy.settings.options import Options
from funcpack.deploy.settings.target import read_target
from funcpack.deployment_errors import ClusterCredentialsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from funcpack.deploy.kubernetes.connection import Connection

# Prints a token that says which version the plugin was asked for, and with which variables.
LOGIN = """\
import json, os
version = json.loads(os.environ["KUBERNETES_EXEC_INFO"])["apiVersion"]
token = version.rpartition("/")[2] + "-" + os.environ["REALM"]
print(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": {"token": token}}))
"""
CERTIFICATE = """\
print('{"kind": "ExecCredential", "status": {"clientCertificateData": "...", "clientKeyData": "..."}}')
"""


@pytest.fixture
def server() -> Iterator[tuple[str, list[str | None]]]:
    """The URL of a server, and the list of the header fields Authorization that it gets."""
    received: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(self.headers["authorization"])
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}", received
        listening.shutdown()


def connection(directory: Path, server: str, version: str, plugin: str) -> Connection:
    """Return a connection with the credentials of a plugin."""
    execution = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "command": sys.executable,
        "args": ["-c", plugin],
        "env": [{"name": "REALM", "value": "shop"}],
    }
    content = {
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "users": [{"name": "test", "user": {"exec": execution}}],
    }
    file = directory / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    (directory / "config.json").write_text(json.dumps({"name": "orders"}))
    environ = {"KUBECONFIG": str(file)}
    target = read_target(directory, Options(backend="knative"), environ, lambda _: None, needs_function=False)
    return connected(target)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_token_of_a_plugin_is_sent(tmp_path: Path, server: tuple[str, list[str | None]], version: str) -> None:
    url, received = server
    connection(tmp_path, url, version, LOGIN).send("GET", "/version", {}, None, is_authorized=True, timeout=None)
    assert received == [f"Bearer {version}-shop"]


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (CERTIFICATE, "returned no token"),
        ("print('Please log in')", "returned no token"),
        ("raise SystemExit('log in first')", "log in first"),
    ],
)
def test_a_plugin_without_a_token(
    tmp_path: Path, server: tuple[str, list[str | None]], plugin: str, reason: str
) -> None:
    url, received = server
    with pytest.raises(ClusterCredentialsError, match=reason):
        connection(tmp_path, url, "v1", plugin).send("GET", "/version", {}, None, is_authorized=True, timeout=None)
    assert received == []
