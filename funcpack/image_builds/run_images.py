"""Copies a run image from its registry to an OCI image layout, which the lifecycle needs if there is no container engine.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md and https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from funcpack.command_errors import RunImageError
from funcpack.image_builds import image_names
from funcpack.image_builds.engine import is_loopback

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_DOCKER_HUB = "registry-1.docker.io"
_ACCEPTED = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_SECONDS = 60.0


class _TokenAuth(httpx.Auth):
    """Requests a token for anonymous access if the registry asks for one."""

    requires_response_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request again with a token."""
        response = yield request
        parameters = dict(_PARAMETER.findall(response.headers.get("WWW-Authenticate", "")))
        if response.status_code != httpx.codes.UNAUTHORIZED or "realm" not in parameters:
            return
        answer = yield httpx.Request("GET", parameters.pop("realm"), params=parameters)
        token = answer.json() if answer.is_success else {}
        request.headers["Authorization"] = f"Bearer {token.get('token') or token.get('access_token')}"
        yield request


@dataclass(frozen=True, slots=True)
class _Repository:
    """A repository of a registry, and the layout to which its blobs are copied."""

    client: httpx.Client
    layout: Path

    def manifest(self, reference: str) -> bytes:
        """Return the manifest of an image, or the index of images for several platforms."""
        answer = self.client.get(f"manifests/{reference}", headers={"Accept": ", ".join(_ACCEPTED)})
        return answer.raise_for_status().content

    def copy(self, digest: str) -> None:
        """Copy a blob.

        Raises:
            ValueError: The content is not that of the digest.

        """
        sha256, file = hashlib.sha256(), self.file(digest)
        with self.client.stream("GET", f"blobs/{digest}") as answer, file.open("wb") as stream:
            for chunk in answer.raise_for_status().iter_bytes():
                sha256.update(chunk)
                stream.write(chunk)
        if f"sha256:{sha256.hexdigest()}" != digest:
            msg = f"the content of {digest} is another one"
            raise ValueError(msg)

    def file(self, digest: str) -> Path:
        """Return the path of a blob in the layout."""
        algorithm, _, name = digest.partition(":")
        if algorithm != "sha256" or not re.fullmatch(r"[0-9a-f]{64}", name):
            msg = f"{digest!r} is not a digest"
            raise ValueError(msg)
        return self.layout / "blobs" / algorithm / name


def copy(name: str, layout: Path) -> None:
    """Copy an image for this machine's architecture to a new layout.

    Raises:
        RunImageError: The registry does not respond, or it does not have the image.

    """
    host, repository, reference = image_names.parts(name)
    scheme = "http" if is_loopback(image_names.registry_host(name)) else "https"
    base = f"{scheme}://{host or _DOCKER_HUB}/v2/{repository}/"
    (layout / "blobs" / "sha256").mkdir(parents=True)
    try:
        with httpx.Client(base_url=base, auth=_TokenAuth(), follow_redirects=True, timeout=_SECONDS) as client:
            descriptor = _copy(_Repository(client, layout), reference)
    except (httpx.HTTPError, ValueError, LookupError) as exc:
        raise RunImageError(name, str(exc) or type(exc).__name__) from exc
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _copy(repository: _Repository, reference: str) -> dict[str, Any]:
    """Copy the manifest and all blobs of an image, and return the descriptor of the manifest."""
    content = repository.manifest(reference)
    manifest = json.loads(content)
    if "manifests" in manifest:
        return _copy(repository, _of_this_machine(manifest["manifests"]))
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if reference.startswith("sha256:") and reference != digest:
        msg = f"the content of {reference} is another one"
        raise ValueError(msg)
    for blob in (manifest["config"], *manifest["layers"]):
        repository.copy(blob["digest"])
    repository.file(digest).write_bytes(content)
    return {"mediaType": manifest.get("mediaType", _ACCEPTED[1]), "digest": digest, "size": len(content)}


def _of_this_machine(manifests: list[dict[str, Any]]) -> str:
    """Return the digest of the image for Linux on this machine's architecture."""
    architecture = _MACHINES.get(platform.machine(), platform.machine())
    for item in manifests:
        about = item.get("platform", {})
        if (about.get("os"), about.get("architecture")) == ("linux", architecture):
            return str(item["digest"])
    msg = f"there is no image for linux/{architecture}"
    raise LookupError(msg)
