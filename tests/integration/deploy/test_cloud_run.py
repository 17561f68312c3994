"""Deployments to Cloud Run that work, and the commands around them, against a server of Google's APIs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.google.failures import Empty, FailedOperation, FailedRevision, Status
from tests.integration.deploy.cloud_run_app import (
    BUILD,
    CREATE,
    DELETE,
    DIGEST,
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


def test_image_by_digest_takes_three_requests(app: App, google: GoogleServer) -> None:
    google.world.polls = 0
    result = app.process("deploy", "--image", IMAGE)
    assert (result.returncode, result.stdout) == (0, f"deployed hello at {google.url}/serving/hello\n")
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


def test_another_registry_needs_a_build(app: App, google: GoogleServer) -> None:
    app.deploy()
    registry = "europe-west1-docker.pkg.dev/my-project/apps/hello"
    app.deploy("--set", f"cloudbuild.artifact_registry={registry}")
    assert google.sent(BUILD) == [BUILD, BUILD]
    assert google.service("hello")["template"]["containers"][0]["image"].startswith(f"{registry}@")


def test_first_deployment_gets_all_traffic_and_says_so(app: App, google: GoogleServer) -> None:
    result = app.deploy("--image", IMAGE, "--set", "cloudrun.traffic=25")
    assert "The service is new: its first revision gets 100 % of the traffic." in result.stderr
    assert shares(google) == {"00001": 100}


def test_private_address_is_said(app: App) -> None:
    assert "The address answers 403: it is private." in app.deploy("--image", IMAGE).stderr
    app.configure(PUBLIC)
    assert "it is private" not in app.deploy("--image", IMAGE).stderr


def test_later_revision_gets_its_share(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    result = app.deploy("--image", OTHER_IMAGE, "--set", "cloudrun.traffic=25")
    assert shares(google) == {"00001": 75, "00002": 25}
    assert re.search("hello-00002-[a-z]+ has 25 % of the traffic", result.stderr)
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


def test_policy_that_somebody_else_changes_is_read_again(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    google.fail(f"{SERVICES}setIamPolicy", Status(409))
    app.deploy("--image", IMAGE)
    assert [method.rpartition(".")[2] for method in google.sent("IamPolicy")] == ["getIamPolicy", "setIamPolicy"] * 2
    assert google.world.policies[google.service("hello")["name"]]["bindings"] == PUBLIC["bindings"]


def test_plan_compares_with_two_requests(app: App, google: GoogleServer) -> None:
    app.configure({"environment": {"MODE": "test"}})
    app.deploy()
    google.requests.clear()
    unchanged = app.deploy("--plan", "--output", "json")
    assert google.sent() == [GET]
    assert app.process("deploy", "--plan").stdout == "no changes\nno build\n"
    app.configure({"environment": {"MODE": "live"}, "cloudrun": {"traffic": 40}})
    changed = json.loads(app.deploy("--plan", "--output", "json").stdout)
    app.write("changed")
    rebuilt = json.loads(app.deploy("--plan", "--output", "json").stdout)
    assert json.loads(unchanged.stdout)["changes"] == []
    fields = {change["field"]: (change["old"], change["new"]) for change in changed["changes"]}
    assert fields == {"template.containers[0].env[MODE].value": ("test", "live"), "traffic": (100, 40)}
    assert rebuilt["build"]


def test_plan_shows_the_members_that_are_added(app: App, google: GoogleServer) -> None:
    ada = {"role": "roles/run.invoker", "members": ["user:ada@example.com"]}
    app.configure({"bindings": [ada]})
    assert '+ bindings[roles/run.invoker].members: ["user:ada@example.com"]\n' in app.deploy("--plan").stdout
    app.deploy()
    app.configure({"bindings": [ada, *PUBLIC["bindings"]]})
    google.requests.clear()
    assert app.deploy("--plan").stdout == '+ bindings[roles/run.invoker].members: ["allUsers"]\nno build\n'
    assert {request.method for request in google.requests} == {"GET"}
    app.deploy()
    assert app.deploy("--plan").stdout == "no changes\nno build\n"


def test_describe(app: App, google: GoogleServer) -> None:
    assert app.process("describe").returncode == 1
    app.deploy("--image", IMAGE)
    result = app.process("describe", "--output", "json")
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
    assert app.process("rollback").returncode == 0
    assert shares(google) == {"00001": 100}
    nothing = app.process("rollback")
    assert nothing.returncode == 1
    assert "There is nothing to roll back to" in nothing.stderr


def test_rollback_and_what_is_not_deployed(app: App) -> None:
    result = app("rollback")
    assert result.returncode == 1
    assert "Not deployed" in result.stderr


def test_destroy_twice(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    app.deploy("--image", IMAGE, "--name", "hello-2")
    assert app.process("destroy").returncode == 0
    assert [name.rpartition("/")[2] for name in google.world.services] == ["hello-2"]
    assert app("destroy").returncode == 0


def test_destroy_that_is_done_at_once(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.fail(DELETE, Empty())
    assert app("destroy").returncode == 0
    assert google.world.services == {}


def test_destroy_that_fails(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.fail(DELETE, FailedOperation(message="It is protected."))
    result = app("destroy")
    assert result.returncode == 1
    assert "It is protected (INTERNAL)." in result.stderr


def test_token_is_in_no_output(app: App, google: GoogleServer) -> None:
    token = google.environ["CLOUDSDK_AUTH_ACCESS_TOKEN"]
    for result in (app("deploy"), app("deploy", "--dry-run"), app("describe"), app("logs"), app("destroy")):
        assert token not in result.stdout + result.stderr


def test_logs_are_the_last_entries_the_newest_last(app: App, google: GoogleServer) -> None:
    google.world.log_entries = [
        {"timestamp": "2026-11-01T00:00:01Z", "severity": "INFO", "textPayload": "starting\n"},
        {"timestamp": "2026-11-01T00:00:02Z", "severity": "ERROR", "jsonPayload": {"message": "it failed", "code": 5}},
        {"timestamp": "2026-11-01T00:00:03Z", "jsonPayload": {"code": 5}},
        {
            "timestamp": "2026-11-01T00:00:04Z",
            "httpRequest": {"requestMethod": "GET", "requestUrl": "https://hello/", "status": 500},
        },
    ]
    result = app.process("logs")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "2026-11-01T00:00:01Z INFO starting",
        "2026-11-01T00:00:02Z ERROR it failed",
        '2026-11-01T00:00:03Z {"code": 5}',
        "2026-11-01T00:00:04Z GET https://hello/ 500",
    ]
    body = google.requests[0].body
    assert body["resourceNames"] == ["projects/my-project"]
    assert body["filter"] == (
        'resource.type="cloud_run_revision" AND resource.labels.service_name="hello" AND resource.labels.location="us-central1"'
    )


def test_only_the_last_hundred_entries_are_printed(app: App, google: GoogleServer) -> None:
    google.world.log_entries = [{"textPayload": str(number)} for number in range(150)]
    assert app("logs").stdout.split() == [str(number) for number in range(50, 150)]


def test_service_without_an_address_is_deployed_but_not_called(app: App, google: GoogleServer) -> None:
    app.configure({"cloudrun": {"defaultUriDisabled": True}})
    result = app.deploy("--image", IMAGE)
    assert result.stdout == "deployed hello, not called: the service has no address of its own\n"
    app.deploy("--image", OTHER_IMAGE)
    back = app("rollback")
    assert back.returncode == 0, back.stderr
    assert back.stdout.endswith(", not called: the service has no address of its own\n")
    assert google.sent("serving") == []
