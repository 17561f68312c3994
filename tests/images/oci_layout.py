"""Writes an image of the engine as an OCI image layout, which the lifecycle can use without an engine.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tools.engine import Engine

TYPES = "application/vnd.oci.image."


def write(engine: Engine, image: str, directory: Path) -> None:
    """Write `image` to `directory`, which then contains only this image."""
    directory.mkdir(parents=True)
    archive = directory / "saved.tar"
    engine.run("save", "--output", str(archive), str(engine.image_id(image)))
    with tarfile.open(archive) as tar:
        (saved,) = json.loads(_read(tar, "manifest.json"))
        config = _blob(directory, "config.v1+json", _read(tar, saved["Config"]))
        layers = [_blob(directory, "layer.v1.tar", _read(tar, name)) for name in saved["Layers"]]
    archive.unlink()
    about = {"schemaVersion": 2, "mediaType": f"{TYPES}manifest.v1+json", "config": config, "layers": layers}
    manifest = _blob(directory, "manifest.v1+json", json.dumps(about).encode())
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    assert member, name
    return member.read()


def _blob(directory: Path, kind: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    blob = directory / "blobs" / "sha256" / digest
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    return {"mediaType": f"{TYPES}{kind}", "digest": f"sha256:{digest}", "size": len(content)}
