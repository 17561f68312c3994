"""Deployments to Cloud Run that fail, and say so: with the reason, with how to resume, and with nothing lost."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deploy.deployment import Deployment
from funcpack.deployment_errors import DeadlineError
from funcpack.errors import UserError
from tests.google.failures import Cut, FailedBuild, FailedOperation, FailedRevision, NeverDone, Status
from tests.google.serving import NEVER
from tests.integration.deploy.cloud_run_app import (
    BUILD,
    CREATE,
    DELETE,
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

GET_POLICY, SET_POLICY = f"{SERVICES}getIamPolicy", f"{SERVICES}setIamPolicy"
# Polls until an operation ends.
NEVER_ENDING = 10**9


@pytest.mark.parametrize(
    ("method", "failure", "texts"),
    [
        (
            CREATE,
            FailedOperation(message="The quota is used up."),
            ["The operation failed", "The quota is used up (INTERNAL)."],
        ),
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
    result = app.process("deploy", "--image", OTHER_IMAGE)
    assert result.returncode == 1
    assert "hello-00001" in result.stderr
    assert shares(google) == {"00001": 100}


def test_deadline_says_how_to_resume(app: App, google: GoogleServer) -> None:
    google.world.polls = NEVER_ENDING
    result = app.process("deploy", "--image", IMAGE, "--timeout", "1")
    assert result.returncode == 1
    assert "Run the same command again" in result.stderr


@pytest.mark.parametrize("polls", [0, 3])
@pytest.mark.parametrize("is_update", [False, True])
def test_run_after_a_deadline_ends_right(app: App, google: GoogleServer, polls: int, *, is_update: bool) -> None:
    app.configure({"cloudrun": {"traffic": 25}})
    if is_update:
        app.deploy("--image", IMAGE)
    google.world.polls = NEVER_ENDING
    assert app("deploy", "--image", OTHER_IMAGE, "--timeout", "0.5").returncode == 1
    google.world.polls = 1
    # Without polls, the operation has ended between the two commands; otherwise it ends while the second waits.
    (operation,) = (found for found in google.world.operations.values() if not found.resource.get("done"))
    operation.polls = polls
    if not polls:
        operation.end()
    google.requests.clear()
    result = app("deploy", "--image", OTHER_IMAGE, "--timeout", "60")
    assert result.returncode == 0, result.stderr
    assert ("Wait until the change of hello that is under way has ended" in result.stderr) == bool(polls)
    assert google.sent(CREATE) == []
    assert shares(google) == ({"00001": 75, "00002": 25} if is_update else {"00001": 100})


def test_rollback_after_a_deadline_is_described(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    app.deploy("--image", OTHER_IMAGE)
    google.fail(PATCH, NeverDone())
    with pytest.raises(DeadlineError) as raised:
        Deployment(app.directory, "cloudrun", environ=google.environ, timeout=3.0).rollback()
    # A second rollback would go back further.
    assert "funcpack describe" in raised.value.remedy
    assert "Run the same command again" not in raised.value.remedy


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


def test_conflict_becomes_an_update_of_what_is_read_again(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.service("hello")["trafficStatuses"][0]["tag"] = "stable"
    google.fail(GET, Status(404))
    google.requests.clear()
    app.deploy("--image", OTHER_IMAGE, "--set", "cloudrun.traffic=25")
    assert google.sent()[:4] == [GET, CREATE, GET, PATCH]
    assert google.service("hello")["template"]["containers"][0]["image"] == OTHER_IMAGE
    assert shares(google) == {"00001": 75, "00002": 25}
    assert [entry["tag"] for entry in google.service("hello")["trafficStatuses"] if "tag" in entry] == ["stable"]


@pytest.mark.parametrize("status", [409, 412])
def test_outdated_policy_is_read_and_merged_again(app: App, google: GoogleServer, status: int) -> None:
    app.configure(PUBLIC)
    google.fail(SET_POLICY, Status(status), times=2)
    app.deploy("--image", IMAGE)
    policy = [GET_POLICY, SET_POLICY]
    assert google.sent("IamPolicy") == [*policy, *policy, *policy]
    assert google.world.policies[google.service("hello")["name"]]["bindings"] == PUBLIC["bindings"]


def test_policy_that_is_always_outdated_is_a_failure(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    google.fail(SET_POLICY, Status(409, "There were concurrent policy changes."), times=None)
    result = app("deploy", "--image", IMAGE)
    assert result.returncode == 1
    assert "There were concurrent policy changes" in result.stderr
    assert len(google.sent(SET_POLICY)) == 8


BUCKET = "run-sources-my-project-us-central1"


@pytest.mark.parametrize(
    ("status", "text"), [(200, "belongs to the project with the number 99"), (403, "denies the access")]
)
def test_bucket_of_another_project_gets_no_source(app: App, google: GoogleServer, status: int, text: str) -> None:
    google.world.buckets[BUCKET] = {"name": BUCKET, "projectNumber": "99"}
    if status == 403:
        google.fail("storage.buckets.get", Status(403))
    result = app.process("deploy")
    assert result.returncode == 1
    assert f"The bucket '{BUCKET}' exists and {text}" in result.stderr
    assert google.sent(UPLOAD) == google.sent(BUILD) == google.sent(CREATE) == []


def test_named_bucket_may_belong_to_another_project(app: App, google: GoogleServer) -> None:
    google.world.buckets["sources"] = {"name": "sources", "projectNumber": "99"}
    app.deploy("--set", "deploy.artifact_bucket=sources")


def test_bucket_that_somebody_else_creates_meanwhile(app: App, google: GoogleServer) -> None:
    google.world.buckets[BUCKET] = {"name": BUCKET, "projectNumber": "99"}
    google.fail("storage.buckets.get", Status(404))
    result = app("deploy")
    assert result.returncode == 1
    assert "belongs to the project with the number 99" in result.stderr
    assert google.sent(UPLOAD) == []


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
    result = app.process("deploy")
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
    GET_POLICY,
)
WRITES = (
    "storage.buckets.insert",
    UPLOAD,
    "artifactregistry.projects.locations.repositories.create",
    BUILD,
    CREATE,
    SET_POLICY,
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


# An update with --smoke: the method, and which of its calls is cut. The address is called by the smoke request and at the end.
UPDATE_READS = [(GET, 1), (POLL, 1), (GET, 2), ("serving", 1), (POLL, 3), (GET, 3), ("serving", 2)]
UPDATE_WRITES = [(PATCH, 1), (PATCH, 2)]
UPDATE_CUTS = [
    *((*cut, False) for cut in (*UPDATE_READS, *UPDATE_WRITES)),
    *((*cut, True) for cut in UPDATE_WRITES),
]


@pytest.mark.parametrize(("method", "call", "is_done"), UPDATE_CUTS)
def test_cut_of_an_update_is_continued_by_the_next_run(
    app: App, google: GoogleServer, method: str, call: int, *, is_done: bool
) -> None:
    app.configure({**PUBLIC, "cloudrun": {"traffic": 25}})
    app.deploy("--image", IMAGE)
    google.requests.clear()
    smoke = app.directory / "smoke.json"
    smoke.write_text('{"request": {"path": "/orders"}}')
    google.fail(method, Cut(is_done=is_done), call)
    app("deploy", "--image", OTHER_IMAGE, "--smoke", str(smoke))
    assert [request.id for request in google.requests if request.status is None] == [method]
    app.deploy("--image", OTHER_IMAGE, "--smoke", str(smoke))
    assert shares(google) == {"00001": 75, "00002": 25}
    assert [entry for entry in google.service("hello")["trafficStatuses"] if "tag" in entry] == []


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("method", [DELETE, POLL])
def test_cut_of_a_deletion_is_continued_by_the_next_run(
    app: App, google: GoogleServer, method: str, *, is_done: bool
) -> None:
    app.deploy("--image", IMAGE)
    google.requests.clear()
    google.fail(method, Cut(is_done=is_done))
    app("destroy")
    assert [request.id for request in google.requests if request.status is None] == [method]
    assert app("destroy").returncode == 0
    assert google.world.services == {}
