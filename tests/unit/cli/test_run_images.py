"""Copies of run images, from a registry that requires a token and has images for several platforms."""

from __future__ import annotations

import hashlib
import json
import platform
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from funcpack.command_errors import RunImageError
from funcpack.image_builds import image_names, run_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
CONFIG, LAYER, TOKEN = b"{}", b"layer", "t0ken"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


MANIFEST = as_json({"config": {"digest": digest(CONFIG)}, "layers": [{"digest": digest(LAYER)}]})
TAMPERED = as_json({"config": {"digest": digest(CONFIG)}, "layers": [{"digest": digest(b"another layer")}]})
ESCAPING = as_json({"config": {"digest": "sha256:../../../escaped"}, "layers": []})


def index_of(manifest: bytes, architecture: str) -> bytes:
    other = {"digest": digest(b"other"), "platform": {"os": "linux", "architecture": "s390x"}}
    own = {"digest": digest(manifest), "platform": {"os": "linux", "architecture": architecture}}
    return as_json({"manifests": [other, own]})


ANSWERS = {
    "manifests/latest": index_of(MANIFEST, ARCHITECTURE),
    f"manifests/{digest(MANIFEST)}": MANIFEST,
    "manifests/single": MANIFEST,
    "manifests/tampered": TAMPERED,
    "manifests/escaping": ESCAPING,
    "manifests/elsewhere": index_of(MANIFEST, "riscv64"),
    "manifests/broken": b"<html>",
    f"blobs/{digest(CONFIG)}": CONFIG,
    f"blobs/{digest(LAYER)}": LAYER,
    f"blobs/{digest(b'another layer')}": LAYER,
    "blobs/sha256:../../../escaped": CONFIG,
}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""

    def do_GET(self) -> None:
        address = f"http://{self.headers['Host']}"
        if self.path == "/token?service=test&scope=repository%3Ateam%2Frun%3Apull":
            self.answer(200, as_json({"token": TOKEN}))
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = f'Bearer realm="{address}/token",service="test",scope="repository:team/run:pull"'
            self.answer(401, b"", {"WWW-Authenticate": challenge})
        else:
            content = ANSWERS.get(self.path.removeprefix("/v2/team/run/"))
            self.answer(200 if content else 404, content or b"")

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def repository() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}/team/run"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("suffix", ["", ":single", f"@{digest(MANIFEST)}"])
def test_the_image_for_this_machine_is_copied(repository: str, tmp_path: Path, suffix: str) -> None:
    run_images.copy(f"{repository}{suffix}", tmp_path / "layout")

    (descriptor,) = json.loads((tmp_path / "layout" / "index.json").read_text())["manifests"]
    assert (descriptor["digest"], descriptor["size"]) == (digest(MANIFEST), len(MANIFEST))
    blobs = {path.name: path.read_bytes() for path in (tmp_path / "layout" / "blobs" / "sha256").iterdir()}
    assert blobs == {digest(content).partition(":")[2]: content for content in (CONFIG, LAYER, MANIFEST)}


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("absent", "404"),
        ("tampered", f"the content of {digest(b'another layer')} is another one"),
        ("escaping", "is not a digest"),
        ("elsewhere", f"there is no image for linux/{ARCHITECTURE}"),
        ("broken", "Expecting value"),
    ],
)
def test_an_image_that_cannot_be_copied_is_an_error(repository: str, tmp_path: Path, tag: str, reason: str) -> None:
    with pytest.raises(RunImageError) as raised:
        run_images.copy(f"{repository}:{tag}", tmp_path / "layout")

    assert reason in raised.value.found
    assert not (tmp_path / "escaped").exists()


def test_a_registry_that_does_not_respond_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunImageError):
        run_images.copy("127.0.0.1:1/team/run", tmp_path / "layout")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("debian", (None, "library/debian", "latest")),
        ("funcpack/run:1.0", (None, "funcpack/run", "1.0")),
        ("example.com:5000/a/b/run", ("example.com:5000", "a/b/run", "latest")),
        ("localhost/run:1@sha256:12", ("localhost", "run", "sha256:12")),
    ],
)
def test_parts_of_names(name: str, parts: tuple[str | None, str, str]) -> None:
    assert image_names.parts(name) == parts
