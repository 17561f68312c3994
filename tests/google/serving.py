"""The addresses of what is deployed, and a registry of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.google import policies, run
from tests.google.rejections import RejectionError, mistake

if TYPE_CHECKING:
    from tests.google.world import Resource, World

NEVER = 0  # as a status: the address accepts the request and does not answer


def serve(world: World, name: str, path: str, headers: dict[str, str]) -> Resource:
    """Answer a request to an address. `name` is that of a service or function, or `TAG---NAME`.

    Raises:
        RejectionError: if the service does not serve this caller, or the test asked for a failure.

    """
    if "authorization" in headers:
        raise mistake("The access token was sent to the address of a function.")
    if name in world.serving:
        raise RejectionError(world.serving[name], "The test asked for this failure.")
    tag, _, short = name.rpartition("---")
    service = next((item for key, item in world.services.items() if key.endswith(f"/{short}")), None)
    if service is not None:
        return {"service": short, "revision": _revision(world, service, tag), "path": path}
    function = next((item for key, item in world.functions.items() if key.endswith(f"/{short}")), None)
    if function is None or function.get("status") != "ACTIVE":
        raise RejectionError(404, "Page not found")
    if "allUsers" not in policies.members(world, function["name"], "roles/cloudfunctions.invoker"):
        raise RejectionError(403, "Your client does not have permission to get this URL from this server.")
    return {"function": short, "version": function["versionId"], "path": path}


def _revision(world: World, service: Resource, tag: str) -> str:
    """Return the revision that answers: that of the tag, or the one with the most traffic."""
    statuses = service.get("trafficStatuses", [])
    statuses = [status for status in statuses if not tag or status.get("tag") == tag]
    if not statuses:
        raise RejectionError(404, "Page not found")
    is_public = "allUsers" in policies.members(world, service["name"], "roles/run.invoker")
    if not is_public and not service.get("invokerIamDisabled"):
        raise RejectionError(403, "Your client does not have permission to get this URL from this server.")
    status = max(statuses, key=lambda status: status.get("percent", 0))
    latest = service["latestReadyRevision"].rpartition("/")[2]
    return str(latest if status["type"] == run.LATEST else status["revision"])


def digest(world: World, repository: str, reference: str) -> str:
    """Return the digest of an image in the registry.

    Raises:
        RejectionError: if it does not exist.

    """
    for image, found in world.images.items():
        name, _, tag = image.rpartition(":")
        if name.endswith(repository) and reference in {tag, found}:
            return found
    raise RejectionError(404, "MANIFEST_UNKNOWN")
