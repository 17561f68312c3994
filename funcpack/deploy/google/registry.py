"""The image that a deployment names: a tag is resolved to the digest that its registry has for it now.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#checking-if-content-exists-in-the-registry
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.deploy.google.image import Image
from funcpack.deploy.plan.steps import Step
from funcpack.deploy.plan.values import Answer, Joined
from funcpack.deployment_errors import ImageNameError, ImageNotFoundError

if TYPE_CHECKING:
    from funcpack.deploy.plan.values import Received

IMAGE = "image"

_DIGEST_HEADER = "Docker-Content-Digest"
_ACCEPTED = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
_REFERENCE = re.compile(
    r"(?P<host>[A-Za-z0-9.-]+(?::[0-9]+)?)/(?P<path>[a-z0-9._/-]+?)(?::(?P<tag>\w[\w.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?"
)
_GOOGLE = re.compile(r"([a-z0-9-]+\.)?(pkg\.dev|gcr\.io)")
_DOCKER_HUB = "docker.io"
_LOCAL = re.compile(r"(localhost|127\.[0-9.]+)(:[0-9]+)?")


def named_image(reference: str) -> Image:
    """Return the image of a reference.

    Raises:
        ImageNameError: the reference does not name a registry, or it needs a digest.

    """
    parts = _REFERENCE.fullmatch(reference)
    if not parts or not _is_host(parts["host"]):
        raise ImageNameError(reference, "does not have the form HOST/PATH:TAG or HOST/PATH@sha256:DIGEST")
    if parts["digest"]:
        return Image(reference, reference)
    host, path, tag = parts["host"], parts["path"], parts["tag"] or "latest"
    if host == _DOCKER_HUB:
        raise ImageNameError(reference, "is a tag in Docker Hub, which does not tell its digest without a token")
    resolved = Joined((f"{host}/{path}@", Answer((IMAGE,), _DIGEST_HEADER, is_header=True)))
    return Image(resolved, resolved, before=(_head(host, path, tag),))


def _head(host: str, path: str, tag: str) -> Step:
    scheme = "http" if _LOCAL.fullmatch(host) else "https"

    def check(received: Received) -> None:
        if received.status >= 400 or _DIGEST_HEADER.lower() not in received.headers:
            raise ImageNotFoundError(f"{host}/{path}:{tag}", received.status)

    return Step(
        IMAGE,
        f"Resolve the image {host}/{path}:{tag}",
        "HEAD",
        f"{scheme}://{host}/v2/{path}/manifests/{tag}",
        headers={"Accept": _ACCEPTED},
        accepts=frozenset({401, 403, 404}),
        verify=check,
        is_authorized=bool(_GOOGLE.fullmatch(host)),
    )


def _is_host(text: str) -> bool:
    """Return whether the first part of a reference is a host and not a part of the path, by Docker's rule."""
    return "." in text or ":" in text or text == "localhost"
