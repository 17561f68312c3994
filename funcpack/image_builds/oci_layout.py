"""Writes an image of the engine as an OCI image layout, with the layers as the engine saves them.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from funcpack.command_errors import OutputDirectoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.image_builds.engine import Engine

_TYPES = "application/vnd.oci.image."
_MARK = "oci-layout"
_ENTRIES = (_MARK, "index.json", "blobs")
_COMPRESSIONS = {b"\x1f\x8b": "+gzip", b"\x28\xb5": "+zstd"}
_CHUNK = 2**20


def check(directory: Path) -> None:
    """Check that a layout can be written to a directory: a new one, an empty one, or a layout, which is replaced.

    Raises:
        OutputDirectoryError: It is something else.

    """
    if directory.exists() and not directory.is_dir():
        raise OutputDirectoryError(str(directory), "is a file")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / _MARK).is_file():
        raise OutputDirectoryError(str(directory), "contains other files")


def write(engine: Engine, image: str, directory: Path) -> str:
    """Write `image` to `directory`, which then contains only this image, and return the digest of its manifest.

    Raises:
        EngineFailedError: The engine cannot save the image.

    """
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".new-", dir=directory) as temporary:
        new = Path(temporary)
        archive = new / "saved.tar"
        # A name without a tag would save all images of the repository.
        identifier = engine.ask("image", "inspect", "--format", "{{.Id}}", image)
        engine.run("save", "--output", str(archive), identifier or image)
        _convert(archive, image, new)
        move(new, directory)
    return digest(directory)


def move(layout: Path, directory: Path) -> None:
    """Move a layout to a directory, in place of the one that is there."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in _ENTRIES:
        _remove(directory / name)
        shutil.move(layout / name, directory / name)


def digest(directory: Path) -> str:
    """Return the digest of the manifest of the only image in a layout."""
    (descriptor,) = json.loads((directory / "index.json").read_text())["manifests"]
    return str(descriptor["digest"])


def _convert(archive: Path, image: str, directory: Path) -> None:
    with tarfile.open(archive) as tar:
        (saved,) = json.load(_member(tar, "manifest.json"))
        config = _blob(directory, "config.v1+json", _member(tar, saved["Config"]))
        layers = [_layer(directory, tar, name) for name in saved["Layers"]]
    manifest = {"schemaVersion": 2, "mediaType": f"{_TYPES}manifest.v1+json", "config": config, "layers": layers}
    descriptor = _json_blob(directory, "manifest.v1+json", manifest)
    descriptor["annotations"] = {"org.opencontainers.image.ref.name": image}
    index = {"schemaVersion": 2, "mediaType": f"{_TYPES}index.v1+json", "manifests": [descriptor]}
    (directory / "index.json").write_text(json.dumps(index))
    (directory / _MARK).write_text('{"imageLayoutVersion": "1.0.0"}')


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.extractfile(name)
    if member is None:
        raise tarfile.ReadError(name)
    return member


def _layer(directory: Path, tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    content = _member(tar, name)
    compression = _COMPRESSIONS.get(content.read(2), "")
    content.seek(0)
    return _blob(directory, f"layer.v1.tar{compression}", content)


def _json_blob(directory: Path, kind: str, value: Mapping[str, object]) -> dict[str, Any]:
    file = directory / "value.json"
    file.write_text(json.dumps(value, separators=(",", ":")))
    with file.open("rb") as content:
        return _blob(directory, kind, content)


def _blob(directory: Path, kind: str, content: IO[bytes]) -> dict[str, Any]:
    """Store a blob under its digest, and return its descriptor."""
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    sha256, size, new = hashlib.sha256(), 0, blobs / "new"
    with new.open("wb") as stream:
        while chunk := content.read(_CHUNK):
            size += stream.write(chunk)
            sha256.update(chunk)
    new.rename(blobs / sha256.hexdigest())
    return {"mediaType": f"{_TYPES}{kind}", "digest": f"sha256:{sha256.hexdigest()}", "size": size}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
