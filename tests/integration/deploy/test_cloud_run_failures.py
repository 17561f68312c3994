"""Deployments to Cloud Run that fail, and say so: with the reason, with how to resume, and with nothing lost."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deploy.deployment import Deployment
from funcpack.errors import UserError
from tests.google.failures import Cut, FailedBuild, FailedOperation, FailedRevision, NeverDone, Status
from tests.google.serving import NEVER
from tests.integration.deploy.cloud_run_app import (
    BUILD,
    CREATE,
    GET,
    IMAGE,
    OTHER_IMAGE,
    PATCH,
    POLL,
    PUBLIC,
    SERVICES,
    UPLOAD,
    shares,
)

if TYPE_CHECKING:
    from tests.google.app import App
    from tests.google.server import GoogleServer


@pytest.mark.parametrize(
    ("method", "failure", "texts"),
    [
        (CREATE, FailedOperation(message="The quota is used up."), ["The operation failed", "The quota is used up."]),
        (
            CREATE,
            FailedRevision("The container failed to start."),
            ["The operation failed", "The container failed to start"],
        ),
        (
            CREATE,
            FailedRevision("The container failed to start.", is_silent=True),
            ["The new revision does not serve", "The container failed to start", "HEALTH_CHECK_CONTAINER_ERROR"],
        ),
        (
            BUILD,
            FailedBuild('build step 0 "gcr.io/cloud-builders/docker" failed: exit status 1'),
            ["The build failed", "build step 0", "Log: https://console.cloud.google.com/cloud-build/builds"],
        ),
        (GET, Status(401), ["Expired or invalid credentials"]),
        (CREATE, Status(400, "The label is not valid"), ["The label is not valid"]),
        (CREATE, Status(500), ["The request was rejected"]),
    ],
)
def test_failure_is_reported_with_its_reason(
    app: App, google: GoogleServer, method: str, failure: Any, texts: list[str]
) -> None:
    google.fail(method, failure)
    result = app("deploy", *([] if method == BUILD else ["--image", IMAGE]))
    assert result.returncode == 1
    assert [text for text in texts if text not in result.stderr] == [], result.stderr
    assert "deployed" not in result.stdout
    if method == BUILD:
        assert google.sent(CREATE) == []


def test_failed_update_keeps_what_serves(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.fail(PATCH, FailedRevision("The container failed to start.", is_silent=True))
    result = app("deploy", "--image", OTHER_IMAGE)
    assert result.returncode == 1
    assert "hello-00001" in result.stderr
    assert shares(google) == {"00001": 100}


def test_deadline_says_how_to_resume(app: App, google: GoogleServer) -> None:
    google.fail(CREATE, NeverDone())
    result = app("deploy", "--image", IMAGE, "--timeout", "1")
    assert result.returncode == 1
    assert "Run the same command again" in result.stderr


@pytest.mark.parametrize("status", [500, 502, 503, NEVER])
def test_address_that_does_not_serve_is_a_failure(app: App, google: GoogleServer, status: int) -> None:
    google.world.serving["hello"] = status
    result = app("deploy", "--image", IMAGE, "--timeout", "3")
    assert result.returncode == 1
    assert "Deployed" not in result.stdout


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_answers_of_a_private_function_are_answers(app: App, google: GoogleServer, status: int) -> None:
    google.world.serving["hello"] = status
    app.deploy("--image", IMAGE)


def test_conflict_becomes_an_update(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.fail(GET, Status(404))
    google.requests.clear()
    app.deploy("--image", OTHER_IMAGE)
    assert google.sent()[:3] == [GET, CREATE, PATCH]
    assert google.service("hello")["template"]["containers"][0]["image"] == OTHER_IMAGE


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", [GET, CREATE, POLL])
def test_busy_server_is_asked_again_without_a_duplicate(
    app: App, google: GoogleServer, method: str, status: int
) -> None:
    google.fail(method, Status(status, retry_after=0), times=2)
    app.deploy("--image", IMAGE)
    assert len(google.world.revisions) == 1


def test_missing_permissions_are_a_table_before_anything_is_changed(app: App, google: GoogleServer) -> None:
    google.world.denied |= {"run.services.create", "cloudbuild.builds.create"}
    result = app("deploy")
    assert result.returncode == 1
    assert "run.services.create" in result.stderr
    assert "cloudbuild.builds.create" in result.stderr
    assert "gcloud projects add-iam-policy-binding" in result.stderr
    assert google.sent("insert") == google.sent(BUILD) == []


def test_denied_write_of_an_image_is_explained_by_the_table(app: App, google: GoogleServer) -> None:
    google.world.denied |= {"run.services.create"}
    result = app("deploy", "--image", IMAGE)
    assert result.returncode == 1
    assert "gcloud projects add-iam-policy-binding my-project --role roles/run.developer" in result.stderr


READS = (
    GET,
    "storage.buckets.get",
    "artifactregistry.projects.locations.repositories.get",
    "artifactregistry.projects.locations.operations.get",
    "cloudresourcemanager.v1.projects.testIamPermissions",
    "cloudbuild.projects.locations.builds.get",
    POLL,
    f"{SERVICES}getIamPolicy",
)
WRITES = (
    "storage.buckets.insert",
    UPLOAD,
    "artifactregistry.projects.locations.repositories.create",
    BUILD,
    CREATE,
    f"{SERVICES}setIamPolicy",
)
CUTS = [*((method, False) for method in (*READS, *WRITES)), *((method, True) for method in WRITES)]


@pytest.mark.parametrize(("method", "is_done"), CUTS)
def test_cut_at_any_request_is_continued_by_the_next_run(
    app: App, google: GoogleServer, method: str, *, is_done: bool
) -> None:
    app.configure(PUBLIC)
    google.fail(method, Cut(is_done=is_done))
    # In this process: starting one takes longer than all that is tested here.
    deployment = Deployment(app.directory, "cloudrun", environ=google.environ)
    with suppress(UserError):
        deployment.deploy()
    assert Deployment(app.directory, "cloudrun", environ=google.environ).deploy().ready
    # The failure was asked for and happened.
    assert [request.id for request in google.requests if request.status is None] == [method]
    service = google.service("hello")
    built = {build["results"]["images"][0]["digest"] for build in google.world.builds.values() if "results" in build}
    assert service["template"]["containers"][0]["image"].partition("@")[2] in built
    assert shares(google) == {"00001": 100}
    assert google.world.policies[service["name"]]["bindings"] == PUBLIC["bindings"]
