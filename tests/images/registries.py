"""A registry on this machine, and questions to it (https://github.com/opencontainers/distribution-spec/blob/main/spec.md)."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tools.places import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def running(log: Path) -> Iterator[str]:
    """Run the pinned registry, which writes a line for each request to `log`, and yield its host and port."""
    assert os.access(REGISTRY, os.X_OK), f"{REGISTRY} is not there: run `make tools`"
    with (
        log.open("wb") as stream,
        subprocess.Popen([REGISTRY, "--port", "0"], stdout=subprocess.DEVNULL, stderr=stream) as process,
    ):
        try:
            yield f"127.0.0.1:{_port_in(log, process)}"
        finally:
            process.terminate()


def _port_in(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"serving on port (\d+)\n", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def writes(log: Path) -> list[str]:
    """Return the requests in the `log` of a registry that changed something."""
    return re.findall(r"(?:POST|PUT|PATCH|DELETE) .*", log.read_text())


def digest_of(image: str) -> str:
    """Return the digest of an image in a registry on this machine, computed from its manifest."""
    return f"sha256:{hashlib.sha256(_manifest(image)).hexdigest()}"


def manifest_of(image: str) -> dict[str, Any]:
    """Return the manifest or the index of an image in a registry on this machine."""
    return dict(json.loads(_manifest(image)))


def _manifest(image: str) -> bytes:
    registry, _, path = image.partition("/")
    repository, _, tag = path.rpartition(":")
    with urllib.request.urlopen(f"http://{registry}/v2/{repository}/manifests/{tag}", timeout=30) as answer:
        return bytes(answer.read())
