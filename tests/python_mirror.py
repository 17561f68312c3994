"""A mirror of uv's builds of Python, with one archive that a test made of an interpreter at hand.

uv looks for a release's archive below the mirror's address instead of GitHub's:
https://docs.astral.sh/uv/reference/environment/#uv_python_install_mirror. Which releases there are, and their hashes, is in a list that
UV_PYTHON_DOWNLOADS_JSON_URL names.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASES = "https://github.com/astral-sh/python-build-standalone/releases/download"
LIST = "downloads.json"
NOT_PACKED = {"test", "__pycache__", "site-packages", "dist-packages", "idlelib"}


def pack(python: Path, archive: Path) -> None:
    """Write an interpreter, `.../bin/python3.x`, and its library to a .tar.gz as uv's builds have them."""
    name = python.name
    with tarfile.open(archive, "w:gz", compresslevel=1, dereference=True) as tar:
        tar.add(python, f"python/bin/{name}")
        tar.add(python.parents[1] / "lib" / name, f"python/lib/{name}", filter=_packed)


def _packed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    path = Path(member.name)
    return None if NOT_PACKED & set(path.parts) or path.suffix == ".a" else member


@dataclass(frozen=True, slots=True)
class Mirror:
    """A running mirror: its address and its directory."""

    url: str
    root: Path

    @property
    def variables(self) -> dict[str, str]:
        """What makes uv use the mirror and its list."""
        return {"UV_PYTHON_INSTALL_MIRROR": self.url, "UV_PYTHON_DOWNLOADS_JSON_URL": f"{self.url}/{LIST}"}

    def publish(self, archive: Path, version: str) -> None:
        """Offer `archive`, a .tar.gz with `python/bin/python3.x` and its library, as the one build of `version`."""
        name = f"20260101/cpython-{version}-{platform.machine()}.tar.gz"
        published = self.root / name
        published.parent.mkdir(exist_ok=True)
        shutil.copyfile(archive, published)
        major, minor, patch = map(int, version.split("."))
        download = {
            "name": "cpython",
            "arch": {"family": platform.machine(), "variant": None},
            "os": "linux",
            "libc": "gnu",
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": f"{RELEASES}/{name}",
            "sha256": hashlib.sha256(published.read_bytes()).hexdigest(),
            "variant": None,
            "build": "20260101",
        }
        key = f"cpython-{version}-linux-{platform.machine()}-gnu"
        self.announce({key: download})

    def announce(self, downloads: dict[str, object]) -> None:
        """Write the list of releases in uv's form."""
        (self.root / LIST).write_text(json.dumps(downloads))


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing: pytest shows what a test prints."""


@contextmanager
def serving(root: Path) -> Iterator[Mirror]:
    """Serve the directory on a free port of the loopback interface for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Mirror(f"http://127.0.0.1:{server.server_port}", root)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
