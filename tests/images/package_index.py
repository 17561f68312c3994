"""Package indexes: over HTTPS with a certificate that is signed by a private authority, and with credentials.

They follow the simple repository API: https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

from __future__ import annotations

import base64
import functools
import hashlib
import ssl
import subprocess
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import StrPath

USER, PASSWORD = "ada", "s3cret-word"
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """A running index: its URL, the certificate of its authority as a service binding, and the directory of its packages."""

    url: str
    binding: Path
    root: Path

    def add(self, name: str, version: str = "1.0", size: int = 0) -> None:
        """Publish a package of at least `size` bytes with one module of the same name, whose VERSION is the package's version."""
        wheel = self.root / "simple" / name / f"{name}-{version}-py3-none-any.whl"
        wheel.parent.mkdir(parents=True, exist_ok=True)
        write_wheel(wheel, name, version, size)
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with (wheel.parent / "index.html").open("a") as page:
            page.write(f'<a href="{wheel.name}#sha256={sha256}">{wheel.name}</a>\n')


def write_wheel(path: Path, name: str, version: str, size: int = 0) -> None:
    """Write a wheel: https://packaging.python.org/en/latest/specifications/binary-distribution-format/."""
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f'VERSION = "{version}"\n' + "#" * size,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(file, text)


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing, because pytest shows the output of a failed test."""


class _PrivateHandler(_QuietHandler):
    """Serves files to clients with the credentials."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") == AUTHORIZATION:
            super().do_GET()
        else:
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()


@contextmanager
def private_index_server(root: Path) -> Iterator[str]:
    """Serve a directory over HTTP to clients with the credentials, and yield the host and the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_PrivateHandler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def package_index_server(directory: Path, *, is_private: bool = False) -> Iterator[PackageIndex]:
    """Serve an index on a free port of the loopback interface for the duration of the block.

    A private index serves only clients with the credentials.
    """
    root = directory / "root"
    root.mkdir()
    authority, authority_key = _issue(directory, "authority")
    # Not self-signed, because uv rejects the certificate of an authority as that of a server.
    server_name = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    certificate, key = _issue(directory, "server", "-CA", authority, "-CAkey", authority_key, *server_name)
    handler = _PrivateHandler if is_private else _QuietHandler
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(root)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield PackageIndex(f"https://127.0.0.1:{server.server_port}/simple", _binding(directory, authority), root)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _issue(directory: Path, name: str, *options: StrPath) -> tuple[Path, Path]:
    """Create a certificate with OpenSSL, and return it and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    kind = (
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
    )
    command: list[StrPath] = ["openssl", "req", *kind, *options, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def _binding(directory: Path, certificate: Path) -> Path:
    binding = directory / "ca-certificates"
    binding.mkdir()
    (binding / "type").write_text("ca-certificates")
    (binding / "private.pem").write_bytes(certificate.read_bytes())
    for path in (directory, binding):
        path.chmod(0o755)
    return binding
