"""Writes the archive that `docker load` and `crane push` read. Its date is fixed; `docker import` would write the current one.

The format is Docker's image specification 1.2: https://github.com/moby/docker-image-spec/blob/main/v1.2.md
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from images import debian_bill
from images.recipe import GROUP_ID, Image
from tools.places import SOURCE_DATE_EPOCH

if TYPE_CHECKING:
    from pathlib import Path

CREATED = datetime.fromtimestamp(SOURCE_DATE_EPOCH, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Where other base images for buildpacks have it, too: https://github.com/paketo-buildpacks/rfcs/blob/main/text/0033-bill-of-materials.md
BILL_PATH = "cnb/sbom/bom.cdx.json"
BILL_LABEL = "io.buildpacks.base.sbom"


def write(image: Image, architecture: str, root: Path, archive: Path, tag: str = "latest") -> None:
    """Write `image` to `archive`, under `tag`: the layer `root`, a tar file, and a layer with the bill of materials of it.

    `architecture` is Go's name (amd64, arm64).
    """
    bill = _bill_layer(root)
    digests = [f"sha256:{digest}" for digest in (_sha256(root), hashlib.sha256(bill).hexdigest())]
    config = json.dumps(_config(image, architecture, digests), sort_keys=True).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [f"{image.name}:{tag}"], "Layers": ["layer.tar", "bill.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, name, config)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
        with root.open("rb") as layer:
            _add_file(tar, "layer.tar", layer, root.stat().st_size)
        _add(tar, "bill.tar", bill)


def _config(image: Image, architecture: str, digests: list[str]) -> dict[str, object]:
    labels = {**image.labels, BILL_LABEL: digests[-1]}
    return {
        "architecture": architecture,
        "os": "linux",
        "created": CREATED,
        "config": {"User": f"{image.user_id}:{GROUP_ID}", "Env": image.environment, "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": digests},
        "history": [
            {"created": CREATED, "created_by": f"images/make.py {image.name}"},
            {"created": CREATED, "created_by": f"bill of materials in /{BILL_PATH}"},
        ],
    }


def _bill_layer(root: Path) -> bytes:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        _add(tar, BILL_PATH, debian_bill.of_root(root))
    return layer.getvalue()


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
