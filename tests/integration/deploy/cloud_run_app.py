"""What the tests of Cloud Run share: the names of methods, images, and the shares of the revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.google.server import GoogleServer

SERVICES = "run.projects.locations.services."
CREATE = f"{SERVICES}create"
PATCH = f"{SERVICES}patch"
DELETE = f"{SERVICES}delete"
GET = f"{SERVICES}get"
POLL = "run.projects.locations.operations.get"
BUILD = "cloudbuild.projects.locations.builds.create"
UPLOAD = "storage.objects.insert"
DIGEST = f"sha256:{'a' * 64}"
OTHER_DIGEST = f"sha256:{'b' * 64}"
IMAGE = f"us-central1-docker.pkg.dev/my-project/apps/hello@{DIGEST}"
OTHER_IMAGE = f"us-central1-docker.pkg.dev/my-project/apps/hello@{OTHER_DIGEST}"
PUBLIC = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}


def shares(google: GoogleServer) -> dict[str, int]:
    """Return the percentages of the revisions by their numbers."""
    service = google.service("hello")
    latest = service["latestReadyRevision"].rpartition("/")[2]
    percents: dict[str, int] = {}
    for entry in service["trafficStatuses"]:
        number = (entry.get("revision") or latest).split("-")[1]
        percents[number] = percents.get(number, 0) + entry.get("percent", 0)
    return {number: percent for number, percent in percents.items() if percent}
