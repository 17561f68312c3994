"""Ctrl-C says what was under way, what becomes of it, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.google import serving
from tests.google.failures import NeverDone, Status
from tests.integration.deploy.cloud_run_app import BUILD, CREATE, GET, IMAGE, OTHER_IMAGE, shares

if TYPE_CHECKING:
    from tests.google.app import App, Result
    from tests.google.server import GoogleServer

AGAIN = "To continue, run the same command again."


def last_lines(result: Result) -> list[str]:
    assert (result.returncode, result.stdout) == (130, "")
    return result.stderr.rstrip().splitlines()[-2:]


def test_build_goes_on(app: App, google: GoogleServer) -> None:
    google.fail(BUILD, NeverDone())
    result = app.interrupted("Build the image", "deploy")
    assert last_lines(result) == ["Interrupted: Build the image. That goes on without this command.", AGAIN]
    app.deploy()
    assert google.sent(CREATE) == [CREATE]


def test_operation_goes_on_and_the_next_command_awaits_it(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    google.world.polls = 1_000_000
    result = app.interrupted("Wait until the new revision", "deploy", "--image", OTHER_IMAGE)
    assert last_lines(result) == [
        "Interrupted: Wait until the new revision is ready. That goes on without this command.",
        AGAIN,
    ]
    google.world.polls = 1
    for operation in google.world.operations.values():
        operation.polls = 1
    app.deploy("--image", OTHER_IMAGE)
    assert shares(google) == {"00002": 100}
    assert len(google.world.revisions) == 2


def test_nothing_was_changed(app: App, google: GoogleServer) -> None:
    google.fail(GET, Status(503), times=None)
    result = app.interrupted("Look for the service hello: ", "deploy", "--image", IMAGE, FUNCPACK_POLL_INTERVAL="60")
    assert last_lines(result) == ["Interrupted: Look for the service hello. Nothing was changed.", AGAIN]
    assert google.sent(CREATE) == []


def test_what_was_done_stays(app: App, google: GoogleServer) -> None:
    google.world.serving["hello"] = serving.NEVER
    result = app.interrupted("Call the address", "deploy", "--image", IMAGE)
    assert last_lines(result) == ["Interrupted: Call the address. What was done before stays.", AGAIN]
    assert shares(google) == {"00001": 100}


def test_rollback_is_not_continued(app: App, google: GoogleServer) -> None:
    app.deploy("--image", IMAGE)
    app.deploy("--image", OTHER_IMAGE)
    google.world.polls = 1_000_000
    result = app.interrupted("Wait until the traffic", "rollback")
    assert last_lines(result) == [
        "Interrupted: Wait until the traffic has moved. That goes on without this command.",
        "To see what serves, run: funcpack describe",
    ]
