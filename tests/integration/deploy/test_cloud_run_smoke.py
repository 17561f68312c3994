"""A saved request is sent to the new revision before that gets traffic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.google.failures import Status
from tests.google.run import LATEST, REVISION
from tests.integration.deploy.cloud_run_app import IMAGE, OTHER_IMAGE, PATCH, PUBLIC, SERVICES, shares

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.app import App
    from tests.google.server import GoogleServer


def smoke_file(app: App, revision: str) -> Path:
    """Write a saved request whose answer names a revision."""
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
    result = app.process("deploy", "--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "another")))
    assert result.returncode == 1
    assert "The smoke request failed" in result.stderr
    assert '-    "revision": "another"' in result.stderr
    assert "The traffic is as it was: the new revision has none." in result.stderr
    assert shares(google) == {"00001": 100}
    app.deploy("--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "*")))
    assert shares(google) == {"00002": 100}
    assert [entry for entry in google.service("hello")["trafficStatuses"] if "tag" in entry] == []


def test_rollback_leaves_out_a_revision_whose_smoke_failed(app: App, google: GoogleServer) -> None:
    app.configure({**PUBLIC, "cloudrun": {"annotations": {"team": "shop"}}})
    app.deploy("--image", IMAGE)
    app("deploy", "--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "another")))
    for mode in ("test", "live"):
        app.deploy("--image", IMAGE, "--set", f"environment.MODE={mode}")
    assert google.service("hello")["annotations"]["team"] == "shop"
    app.process("rollback")
    assert shares(google) == {"00003": 100}
    app.process("rollback")
    assert shares(google) == {"00001": 100}


def test_failed_smoke_is_remembered_after_a_rollback(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    app.deploy("--image", OTHER_IMAGE)
    app("deploy", "--image", IMAGE, "--smoke", str(smoke_file(app, "another")), "--set", "environment.MODE=test")
    app.process("rollback")
    assert shares(google) == {"00001": 100}
    app.deploy("--image", IMAGE, "--set", "environment.MODE=live")
    app.process("rollback")
    assert shares(google) == {"00002": 100}


def test_revision_that_serves_after_a_failed_smoke_can_be_rolled_back_to(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    app("deploy", "--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "another")))
    app.deploy("--image", OTHER_IMAGE)
    assert shares(google) == {"00002": 100}
    app.deploy("--image", IMAGE)
    app.process("rollback")
    assert shares(google) == {"00002": 100}


def test_smoke_of_a_first_deployment_says_that_it_serves(app: App) -> None:
    result = app("deploy", "--image", IMAGE, "--smoke", str(smoke_file(app, "*")))
    assert result.returncode == 1
    assert "the request of --smoke is sent when the first revision serves already" in result.stderr
    assert "is 403: the service is private" in result.stderr
    assert "gcloud auth print-identity-token" in result.stderr
    assert "The new revision has all the traffic, because there was no other." in result.stderr


@pytest.mark.parametrize("status", [404, 503])
def test_address_that_is_not_routed_at_first_is_called_again(app: App, google: GoogleServer, status: int) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    google.requests.clear()
    google.fail("serving", Status(status), times=3)
    app.deploy("--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "*")))
    statuses = [request.status for request in google.requests if request.id == "serving"]
    assert statuses == [status, status, status, 200, 200]
    assert shares(google) == {"00002": 100}


def test_address_that_is_never_routed_fails_the_smoke(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    google.world.serving["funcpack-smoke---hello"] = 404
    result = app("deploy", "--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "*")))
    assert result.returncode == 1
    assert "The smoke request failed" in result.stderr
    assert shares(google) == {"00001": 100}


def test_expected_404_is_an_answer(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    file = app.directory / "smoke.json"
    error = {"code": 404, "message": "There is no such order.", "status": "NOT_FOUND"}
    file.write_text(json.dumps({"request": {"path": "/"}, "answer": {"status": 404, "json": {"error": error}}}))
    google.fail("serving", Status(404, "There is no such order."))
    app.deploy("--image", OTHER_IMAGE, "--smoke", str(file))
    assert shares(google) == {"00002": 100}


def test_conflict_on_create_is_an_update_whose_traffic_is_moved(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    google.fail(f"{SERVICES}get", Status(404))
    app.deploy("--image", OTHER_IMAGE, "--smoke", str(smoke_file(app, "*")), "--set", "cloudrun.traffic=25")
    assert shares(google) == {"00001": 75, "00002": 25}
