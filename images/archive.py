"""Writes the archive that `docker load` reads, with a fixed date. `docker import` would create a different image every time.

The format is Docker's image specification 1.2: https://github.com/moby/docker-image-spec/blob/main/v1.2.md
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from images.recipe import GROUP_ID, Image
from tools.places import SOURCE_DATE_EPOCH

if TYPE_CHECKING:
    from pathlib import Path

CREATED = datetime.fromtimestamp(SOURCE_DATE_EPOCH, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(image: Image, architecture: str, root: Path, archive: Path) -> None:
    """Write `image` with the single layer `root`, a tar file, to `archive`. `architecture` is Go's name (amd64, arm64)."""
    config = json.dumps(_config(image, architecture, _sha256(root)), sort_keys=True).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [f"{image.name}:latest"], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, name, config)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
        with root.open("rb") as layer:
            _add_file(tar, "layer.tar", layer, root.stat().st_size)


def _config(image: Image, architecture: str, layer_digest: str) -> dict[str, object]:
    user = f"{image.user_id}:{GROUP_ID}"
    return {
        "architecture": architecture,
        "os": "linux",
        "created": CREATED,
        "config": {"User": user, "Env": image.environment, "Labels": image.labels},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        "history": [{"created": CREATED, "created_by": f"images/make.py {image.name}"}],
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    _add_file(tar, name, io.BytesIO(content), len(content))


def _add_file(tar: tarfile.TarFile, name: str, content: BinaryIO, size: int) -> None:
    # A new TarInfo has no date and no owner, so the archive is the same every time.
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, content)
