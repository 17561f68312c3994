"""`funcpack deploy --backend cloudrun` and the commands around it, as processes, against a server of Google's APIs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deploy.deployment import Deployment
from funcpack.errors import UserError
from tests.google.failures import Cut, FailedBuild, FailedOperation, FailedRevision, NeverDone, Status
from tests.google.run import LATEST, REVISION
from tests.google.serving import NEVER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.server import GoogleServer

SERVICES = "run.projects.locations.services."
CREATE = f"{SERVICES}create"
PATCH = f"{SERVICES}patch"
GET = f"{SERVICES}get"
POLL = "run.projects.locations.operations.get"
BUILD = "cloudbuild.projects.locations.builds.create"
UPLOAD = "storage.objects.insert"
DIGEST = f"sha256:{'a' * 64}"
OTHER_DIGEST = f"sha256:{'b' * 64}"
IMAGE = f"us-central1-docker.pkg.dev/my-project/apps/hello@{DIGEST}"
OTHER_IMAGE = f"us-central1-docker.pkg.dev/my-project/apps/hello@{OTHER_DIGEST}"
PUBLIC = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}

# A hang is a failure; a slow machine is not.
DEADLINE = 120


@dataclass
class App:
    """A function's directory, and the commands on it."""

    directory: Path
    google: GoogleServer

    def __call__(self, command: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the tool and return its result."""
        return subprocess.run(
            [sys.executable, "-m", "funcpack", command, str(self.directory), "--backend", "cloudrun", *arguments],
            env={**os.environ, **self.google.environ, "HOME": str(self.directory), **environ},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def deploy(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Deploy, and expect that it works."""
        result = self("deploy", *arguments, **environ)
        assert result.returncode == 0, result.stderr
        return result

    def configure(self, configuration: dict[str, Any]) -> None:
        """Write the configuration."""
        (self.directory / "config.json").write_text(json.dumps(configuration))

    def write(self, answer: str) -> None:
        """Write a function that returns a text."""
        (self.directory / "handler.py").write_text(f"def handler(req):\n    return {answer!r}\n")


@pytest.fixture
def app(tmp_path: Path, google: GoogleServer) -> App:
    directory = tmp_path / "hello"
    directory.mkdir()
    found = App(directory, google)
    found.write("hello")
    return found


def shares(google: GoogleServer) -> dict[str, int]:
    """Return the percentages of the revisions by their numbers."""
    service = google.service("hello")
    latest = service["latestReadyRevision"].rpartition("/")[2]
    percents: dict[str, int] = {}
    for entry in service["trafficStatuses"]:
        number = (entry.get("revision") or latest).split("-")[1]
        percents[number] = percents.get(number, 0) + entry.get("percent", 0)
    return {number: percent for number, percent in percents.items() if percent}


# --- what works ---


def test_image_by_digest_takes_three_requests(app: App, google: GoogleServer) -> None:
    google.world.polls = 0
    app.deploy("--image", IMAGE)
    assert google.sent() == [GET, CREATE, POLL, "serving"]
    google.requests.clear()
    app.deploy("--image", OTHER_IMAGE)
    assert google.sent() == [GET, PATCH, POLL, "serving"]
    assert google.service("hello")["template"]["containers"][0]["image"] == OTHER_IMAGE
    assert shares(google) == {"00002": 100}


def test_image_by_tag_is_resolved_first(app: App, google: GoogleServer) -> None:
    google.world.images["apps/hello:1"] = DIGEST
    app.deploy("--image", f"{google.registry}/apps/hello:1")
    assert google.requests[0].id == "registry"
    assert not google.requests[0].is_authorized
    assert google.service("hello")["template"]["containers"][0]["image"] == f"{google.registry}/apps/hello@{DIGEST}"


def test_image_that_the_registry_does_not_have(app: App, google: GoogleServer) -> None:
    result = app("deploy", "--image", f"{google.registry}/apps/hello:2")
    assert result.returncode == 1
    assert f"'{google.registry}/apps/hello:2': the registry does not have it" in result.stderr
    assert google.sent() == ["registry"]


def test_source_is_built_and_an_unchanged_one_is_not_built_again(app: App, google: GoogleServer) -> None:
    app.deploy()
    built = google.service("hello")["template"]["containers"][0]["image"]
    assert re.fullmatch(
        r"us-central1-docker.pkg.dev/my-project/cloud-run-source-deploy/hello@sha256:[0-9a-f]{64}", built
    )
    assert google.sent(UPLOAD) == [UPLOAD]
    assert google.sent(BUILD) == [BUILD]
    google.requests.clear()
    app.deploy()
    assert [name for name in google.sent() if name != POLL] == [GET, PATCH, "serving"]
    assert len(google.world.revisions) == 1
    app.write("changed")
    app.deploy()
    assert google.sent(BUILD) == [BUILD]
    assert google.service("hello")["template"]["containers"][0]["image"] != built
    assert shares(google) == {"00002": 100}


def test_first_deployment_gets_all_traffic_and_says_so(app: App, google: GoogleServer) -> None:
    result = app.deploy("--image", IMAGE, "--set", "cloudrun.traffic=25")
    assert "The service is new: its first revision gets 100 % of the traffic." in result.stderr
    assert shares(google) == {"00001": 100}


def test_later_revision_gets_its_share(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    app.deploy("--image", OTHER_IMAGE, "--set", "cloudrun.traffic=25")
    assert shares(google) == {"00001": 75, "00002": 25}
    app.deploy("--image", IMAGE, "--set", "cloudrun.traffic=1")
    assert shares(google) == {"00001": 74, "00002": 25, "00003": 1}


def test_traffic_alone_moves_without_a_build_and_without_a_revision(app: App, google: GoogleServer) -> None:
    app.deploy()
    app.write("changed")
    app.deploy("--set", "cloudrun.traffic=25")
    google.requests.clear()
    app.deploy("--set", "cloudrun.traffic=50")
    assert shares(google) == {"00001": 50, "00002": 50}
    assert google.sent(BUILD) == google.sent(UPLOAD) == []
    assert len(google.world.revisions) == 2
    app.deploy("--set", "cloudrun.traffic=0")
    assert shares(google) == {"00001": 100}


def test_no_wait_sends_no_poll(app: App, google: GoogleServer) -> None:
    result = app.deploy("--image", IMAGE, "--no-wait")
    assert google.sent() == [GET, CREATE]
    assert "deployed" not in result.stdout


def test_bindings_are_added_and_nothing_is_lost(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    name = google.service("hello")["name"]
    kept = {"role": "roles/run.admin", "members": ["user:ada@example.com"]}
    google.world.policies[name] = {"version": 1, "etag": "BwXhqDVxyz0=", "bindings": [kept]}
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    assert google.world.policies[name]["bindings"] == [kept, *PUBLIC["bindings"]]
    google.requests.clear()
    app.deploy("--image", IMAGE)
    assert google.sent("setIamPolicy") == []


# --- the dry run is what is sent ---

CONFIGURATIONS: list[tuple[list[str], dict[str, Any]]] = [
    (["--image", IMAGE], {}),
    (["--image", "HOST/apps/hello:1"], {"cloudrun": {"traffic": 25}}),
    (["--image", IMAGE], PUBLIC),
    ([], {}),
    ([], PUBLIC),
    (["--no-wait"], {}),
    (
        [],
        {
            "description": "Says hello",
            "labels": {"team": "shop"},
            "environment": {"MODE": "test"},
            "secrets": {"TOKEN": "token/3", "KEY": "key"},
            "cloudrun": {"traffic": 10, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY", "labels": {"stage": "test"}},
            "cloudrun_revision": {
                "serviceAccount": "runner@my-project.iam.gserviceaccount.com",
                "timeout": "10s",
                "scaling": {"maxInstanceCount": 3},
            },
            "cloudrun_container": {"resources": {"limits": {"memory": "1Gi"}}},
            "cloudbuild": {
                "artifact_registry": "europe-west1-docker.pkg.dev/my-project/apps/hello",
                "serviceAccount": "builder@my-project.iam.gserviceaccount.com",
                "timeout": "900s",
            },
        },
    ),
]


@pytest.mark.parametrize(("arguments", "configuration"), CONFIGURATIONS)
def test_dry_run_is_what_is_sent(
    app: App, google: GoogleServer, arguments: list[str], configuration: dict[str, Any]
) -> None:
    google.world.images["apps/hello:1"] = DIGEST
    arguments = [argument.replace("HOST", google.registry) for argument in arguments]
    app.configure(configuration)
    for answer in ("first", "second"):
        app.write(answer)
        planned = app.deploy(*arguments, "--dry-run", "--output", "json", CLOUDSDK_AUTH_ACCESS_TOKEN="")
        assert google.requests == []
        app.deploy(*arguments)
        assert_equal(json.loads(planned.stdout), google)
        google.requests.clear()


def assert_equal(planned: list[dict[str, Any]], google: GoogleServer) -> None:
    """Compare a plan with the requests: each request is the next step with its method and URL, or a repeated poll."""
    steps = iter(planned)
    step: dict[str, Any] = {}
    last = ""
    for request in google.requests:
        body = None if isinstance(request.body, bytes) else request.body
        if not (step and "until done" in (step["when"] or "") and request.url == last):
            step = next(step for step in steps if step["method"] == request.method and fits(step["url"], request.url))
        last = request.url
        assert all(request.headers[name.lower()] == value for name, value in step["headers"].items())
        if isinstance(step["body"], dict) and "zip" in step["body"]:
            assert step["body"]["zip"]["bytes"] == len(request.body)
            continue
        assert fits(step["body"], body), (step["body"], body)
    assert [step for step in steps if step["when"] is None] == []


def fits(planned: Any, sent: Any) -> bool:
    """Return whether a value is the planned one with values for the placeholders."""
    if isinstance(planned, str) and re.fullmatch("<[^<>]*>", planned):
        return sent is not None
    if isinstance(planned, str) and isinstance(sent, str):
        parts = re.split("<[^<>]*>", planned)
        return re.fullmatch(".+".join(map(re.escape, parts)), sent) is not None
    if isinstance(planned, dict) and isinstance(sent, dict):
        return planned.keys() == sent.keys() and all(fits(planned[key], sent[key]) for key in planned)
    if isinstance(planned, list) and isinstance(sent, list):
        return len(planned) == len(sent) and all(map(fits, planned, sent))
    return bool(planned == sent)


# --- what fails, and says so ---


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
    "cloudresourcemanager.projects.testIamPermissions",
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


# --- smoke ---


def smoke_file(app: App, revision: str) -> Path:
    """Write a kept request whose answer names a revision."""
    file = app.directory / "smoke.json"
    answer = {"status": 200, "json": {"service": "hello", "revision": revision, "path": "/orders"}}
    request = {"method": "POST", "path": "/orders?page=1", "headers": {"X-Tenant": "acme"}, "json": {"order": 42}}
    file.write_text(json.dumps({"request": request, "answer": answer, "ignore": ["json.revision"] * (revision == "*")}))
    return file


def test_smoke_request_reaches_the_new_revision_before_its_traffic(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    google.requests.clear()
    app.deploy("--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "*")), "--set", "cloudrun.traffic=25")
    assert shares(google) == {"00001": 75, "00002": 25}
    patches = [request.body["traffic"] for request in google.requests if request.id == PATCH]
    assert patches[0] == [
        {"type": LATEST, "tag": "funcpack-smoke"},
        {"type": REVISION, "revision": "hello-00001-" + patches[0][1]["revision"][-3:], "percent": 100},
    ]
    sent = next(request for request in google.requests if request.id == "serving")
    assert (sent.method, sent.body, sent.headers["x-tenant"]) == ("POST", {"order": 42}, "acme")
    assert sent.url.endswith("/funcpack-smoke---hello/orders?page=1")


def test_failed_smoke_leaves_the_traffic_as_it_was(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    result = app("deploy", "--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "another")))
    assert result.returncode == 1
    assert "The smoke request failed" in result.stderr
    assert '-    "revision": "another"' in result.stderr
    assert "The traffic is as it was: the new revision has none." in result.stderr
    assert shares(google) == {"00001": 100}
    app.deploy("--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "*")))
    assert shares(google) == {"00002": 100}
    assert [entry for entry in google.service("hello")["trafficStatuses"] if "tag" in entry] == []


def test_smoke_of_a_first_deployment_says_that_it_serves(app: App) -> None:
    result = app("deploy", "--image", IMAGE, "--smoke", str(smoke_file(app, "*")))
    assert result.returncode == 1
    assert "the request of --smoke is sent when the first revision serves already" in result.stderr
    assert "403" in result.stderr
    assert "The new revision has all the traffic, because there was no other." in result.stderr


# --- the other commands ---


def test_plan_compares_with_two_requests(app: App, google: GoogleServer) -> None:
    app.configure({"environment": {"MODE": "test"}})
    app.deploy()
    google.requests.clear()
    unchanged = app.deploy("--plan", "--output", "json")
    assert google.sent() == [GET]
    assert "no build" in app.deploy("--plan").stdout
    app.configure({"environment": {"MODE": "live"}, "cloudrun": {"traffic": 40}})
    changed = json.loads(app.deploy("--plan", "--output", "json").stdout)
    app.write("changed")
    rebuilt = json.loads(app.deploy("--plan", "--output", "json").stdout)
    assert json.loads(unchanged.stdout)["changes"] == []
    fields = {change["field"]: (change["old"], change["new"]) for change in changed["changes"]}
    assert fields == {"template.containers[0].env[MODE].value": ("test", "live"), "traffic": (100, 40)}
    assert rebuilt["build"]


def test_describe(app: App, google: GoogleServer) -> None:
    assert app("describe").returncode == 1
    app.deploy("--image", IMAGE)
    result = app("describe", "--output", "json")
    description = json.loads(result.stdout)
    revision = google.service("hello")["latestReadyRevision"].rpartition("/")[2]
    url = f"{google.url}/serving/hello"
    expected = {"name": "hello", "backend": "cloudrun", "url": url, "revision": revision, "ready": True, "reason": None}
    assert description == expected


def test_describe_says_why_it_is_not_ready(app: App, google: GoogleServer) -> None:
    google.fail(CREATE, FailedRevision("The container failed to start."))
    app("deploy", "--image", IMAGE)
    description = json.loads(app("describe", "--output", "json").stdout)
    assert not description["ready"]
    assert "The container failed to start" in description["reason"]


def test_rollback_goes_to_the_ready_revision_before(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.fail(PATCH, FailedRevision())
    app("deploy", "--image", OTHER_IMAGE)
    app.deploy("--image", OTHER_IMAGE, "--set", "environment.MODE=test")
    assert shares(google) == {"00003": 100}
    assert app("rollback").returncode == 0
    assert shares(google) == {"00001": 100}
    nothing = app("rollback")
    assert nothing.returncode == 1
    assert "There is nothing to roll back to" in nothing.stderr


def test_rollback_and_what_is_not_deployed(app: App) -> None:
    result = app("rollback")
    assert result.returncode == 1
    assert "Not deployed" in result.stderr


def test_destroy_twice(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    app.deploy("--image", IMAGE, "--name", "hello-2")
    assert app("destroy").returncode == 0
    assert [name.rpartition("/")[2] for name in google.world.services] == ["hello-2"]
    assert app("destroy").returncode == 0


def test_destroy_that_fails(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.fail(f"{SERVICES}delete", FailedOperation(message="It is protected."))
    result = app("destroy")
    assert result.returncode == 1
    assert "It is protected." in result.stderr


def test_token_is_in_no_output(app: App, google: GoogleServer) -> None:
    token = google.environ["CLOUDSDK_AUTH_ACCESS_TOKEN"]
    for result in (app("deploy"), app("deploy", "--dry-run"), app("describe"), app("logs"), app("destroy")):
        assert token not in result.stdout + result.stderr
