"""`funcpack deploy --backend cloudfunction` and `cloudfunctionv2`, and the commands around it, against a server of Google's APIs."""

from __future__ import annotations

import io
import json
import os
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.command_errors import CommandError
from funcpack.deploy.deployment import Deployment
from tests.google.app import App
from tests.google.dry_run import assert_equal
from tests.google.failures import Cut, Empty, FailedBuild, FailedOperation, FailedRevision, NeverDone, Status
from tests.google.serving import NEVER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.failures import Failure
    from tests.google.server import GoogleServer

FIRST, SECOND = "cloudfunction", "cloudfunctionv2"
VERSIONS = {FIRST: "v1", SECOND: "v2"}
PUBLIC = [{"role": "roles/cloudfunctions.invoker", "members": ["allUsers"]}]
SECRET = "secret-signature"


@pytest.fixture(params=[FIRST, SECOND])
def app(request: pytest.FixtureRequest, tmp_path: Path, google: GoogleServer) -> App:
    return App.new(tmp_path, google, request.param)


def method(app: App, name: str) -> str:
    """Return the id of a method of the generation's API: `create`, `patch`, `operation`."""
    if name == "operation":
        of = "operations.get" if app.backend == FIRST else "projects.locations.operations.get"
        return f"cloudfunctions.{VERSIONS[app.backend]}.{of}"
    return f"cloudfunctions.{VERSIONS[app.backend]}.projects.locations.functions.{name}"


def writes(google: GoogleServer) -> list[str]:
    """Return the last parts of the ids of the requests that upload or change something, and forget all requests."""
    names = [request.id.rpartition(".")[2] for request in google.requests]
    google.requests.clear()
    return [
        name for name in names if name in {"generateUploadUrl", "upload", "create", "patch", "setIamPolicy", "delete"}
    ]


def label(google: GoogleServer) -> str:
    """Return the hash of the source of the function."""
    return str(google.function("hello")["labels"]["funcpack-source"])


def is_active(app: App) -> bool:
    function = app.google.function("hello")
    return (function.get("state") or function.get("status")) == "ACTIVE"


def deployed_handler(app: App) -> str:
    """Return the text of handler.py in the archive that the function was built from."""
    google, name = app.google, app.google.function("hello")["name"]
    if app.backend == FIRST:
        upload = google.world.versions[name, google.function("hello")["versionId"]]["upload"]
    else:
        upload = google.function("hello")["buildConfig"]["source"]["storageSource"]["object"].removesuffix(".zip")
    content = google.world.uploads[upload]
    assert content is not None
    return zipfile.ZipFile(io.BytesIO(content)).read("handler.py").decode()


# --- what works ---


def test_create_update_unchanged_and_settings(app: App, google: GoogleServer) -> None:
    result = app.deploy()
    assert result.stdout == f"deployed hello at {google.url}/serving/hello\n"
    assert writes(google) == ["generateUploadUrl", "upload", "create"]
    assert "'hello'" in deployed_handler(app)

    assert "No changes." in app.deploy().stderr
    assert writes(google) == []

    app.configure({"environment": {"GREETING": "hello"}})
    assert "No build." in app.deploy().stderr
    assert writes(google) == ["patch"]

    app.write("changed")
    result = app.deploy()
    assert ("No build." in result.stderr, "No changes." in result.stderr) == (False, False)
    assert writes(google) == ["generateUploadUrl", "upload", "patch"]
    assert "'changed'" in deployed_handler(app)

    app.configure({})
    app.deploy()
    function = google.function("hello")
    variables = function if app.backend == FIRST else function["serviceConfig"]
    assert not variables.get("environmentVariables")


def test_plan_shows_the_members_that_are_added(app: App, google: GoogleServer) -> None:
    app.deploy()
    app.configure({"bindings": PUBLIC})
    google.requests.clear()
    role = "roles/cloudfunctions.invoker" if app.backend == FIRST else "roles/run.invoker"
    assert app.deploy("--plan").stdout == f'+ bindings[{role}].members: ["allUsers"]\nno build\n'
    assert {request.method for request in google.requests} == {"GET"}
    app.deploy()
    assert app.deploy("--plan").stdout == "no changes\nno build\n"


def test_difference_is_shown_without_a_write(app: App, google: GoogleServer) -> None:
    plan = json.loads(app.deploy("--plan", "--output", "json").stdout)
    assert (plan["exists"], plan["build"]) == (False, True)
    app.deploy()
    google.requests.clear()
    assert app.deploy("--plan").stdout == "no changes\nno build\n"
    prefix = "" if app.backend == FIRST else "serviceConfig."
    field = f"{prefix}environmentVariables.A"
    shown = app.deploy("--plan", "--set", "environment.A=one")
    assert shown.stdout == f'+ {field}: "one"\nno build\n'
    app.write("changed")
    assert app.deploy("--plan").stdout.endswith("\nbuild\n")
    assert {request.method for request in google.requests} == {"GET"}
    assert len(google.requests) == (3 if app.backend == FIRST else 6)


def test_first_generation_is_noted_as_legacy(app: App) -> None:
    assert ("legacy" in app.deploy("--dry-run").stderr) == (app.backend == FIRST)


def test_uploaded_archive_is_the_packed_one_without_configuration_and_secrets(app: App, google: GoogleServer) -> None:
    app.configure({"environment": {"GREETING": "hello"}})
    (app.directory / ".env").write_text("PASSWORD=secret")
    plan = json.loads(app.deploy("--dry-run", "--output", "json").stdout)
    packed = next(step["body"]["zip"] for step in plan if step["method"] == "PUT")
    app.deploy()
    content = next(request.body for request in google.requests if request.id == "upload")
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert names == packed["files"]
    assert len(content) == packed["bytes"]
    assert {"handler.py", "_funcpack_entry.py"} <= set(names)
    assert not {"config.json", ".env"} & set(names)


def test_bindings_are_added_and_nothing_is_lost(app: App, google: GoogleServer) -> None:
    app.deploy()
    name = google.function("hello")["name"]
    resource = name if app.backend == FIRST else name.replace("/functions/", "/services/")
    admin = "roles/cloudfunctions.admin" if app.backend == FIRST else "roles/run.admin"
    kept = {"role": admin, "members": ["user:ada@example.com"]}
    google.world.policies[resource] = {"version": 1, "etag": "BwXhqDVxyz0=", "bindings": [kept]}
    app.configure({"bindings": PUBLIC})
    app.deploy()
    invoker = "roles/cloudfunctions.invoker" if app.backend == FIRST else "roles/run.invoker"
    assert google.world.policies[resource]["bindings"] == [kept, {"role": invoker, "members": ["allUsers"]}]
    assert google.requests[-1].status == 200
    google.requests.clear()
    app.deploy()
    assert writes(google) == []


def test_describe_and_logs(app: App, google: GoogleServer) -> None:
    missing = app("describe")
    assert missing.returncode == 1
    app.deploy()
    shown = json.loads(app("describe", "--output", "json").stdout)
    revision = "1" if app.backend == FIRST else google.function("hello")["serviceConfig"]["revision"]
    assert shown == {
        "name": "hello",
        "backend": app.backend,
        "url": f"{google.url}/serving/hello",
        "revision": revision,
        "ready": True,
        "reason": None,
    }
    kind, name = ("cloud_function", "function_name") if app.backend == FIRST else ("cloud_run_revision", "service_name")
    assert app("logs").returncode == 0
    filter_ = next(request.body["filter"] for request in google.requests if request.id == "logging.entries.list")
    assert f'resource.type="{kind}" AND resource.labels.{name}="hello"' in filter_


def test_rollback_and_the_deployment_after_it(app: App, google: GoogleServer) -> None:
    app.deploy()
    first = "1" if app.backend == FIRST else google.function("hello")["serviceConfig"]["revision"]
    app.configure({"environment": {"A": "one"}})
    app.deploy()
    app.write("changed")
    app.deploy()
    result = app("rollback")
    assert result.returncode == 0, result.stderr
    if app.backend == FIRST:
        # A version with the same source is not an earlier one.
        assert "'hello'" in deployed_handler(app)
        assert google.function("hello")["environmentVariables"] == {"A": "one"}
    else:
        revision = json.loads(app("describe", "--output", "json").stdout)["revision"]
        assert revision not in {first, google.function("hello")["serviceConfig"]["revision"]}
    google.requests.clear()
    app.deploy()
    assert "patch" in writes(google)
    assert "'changed'" in deployed_handler(app)
    if app.backend == SECOND:
        newest = google.function("hello")["serviceConfig"]["revision"]
        assert json.loads(app("describe", "--output", "json").stdout)["revision"] == newest


def test_rollback_passes_over_deployments_that_failed(app: App, google: GoogleServer) -> None:
    app.deploy()
    first = None if app.backend == FIRST else google.function("hello")["serviceConfig"]["revision"]
    app.write("broken")
    google.fail(method(app, "patch"), FailedBuild())
    assert app("deploy").returncode == 1
    app.write("changed")
    app.deploy()
    assert app("rollback").returncode == 0
    revision = json.loads(app("describe", "--output", "json").stdout)["revision"]
    if app.backend == FIRST:
        assert (revision, "'hello'" in deployed_handler(app)) == ("4", True)
    else:
        assert revision == first


def test_rollback_without_an_earlier_version_is_an_error(app: App) -> None:
    assert app("rollback").returncode == 1
    app.deploy()
    result = app("rollback")
    assert result.returncode == 1
    title = "No earlier version" if app.backend == FIRST else "There is nothing to roll back to"
    assert f"error: {title}" in result.stderr


def test_destroy_twice_touches_only_the_exact_name(app: App, google: GoogleServer) -> None:
    app.deploy()
    app.deploy("--name", "hello-again")
    assert app("destroy").returncode == 0
    assert [name.rpartition("/")[2] for name in google.world.functions] == ["hello-again"]
    assert app("destroy").returncode == 0


def test_commands_as_processes(app: App, google: GoogleServer) -> None:
    deployed = app.process("deploy")
    assert (deployed.returncode, deployed.stdout) == (0, f"deployed hello at {google.url}/serving/hello\n")
    described = app.process("describe", "--output", "json")
    assert (described.returncode, json.loads(described.stdout)["ready"]) == (0, True)
    destroyed = app.process("destroy")
    assert (destroyed.returncode, google.world.functions) == (0, {})
    assert app.process("describe").returncode == 1


def test_destroy_that_is_done_at_once(app: App, google: GoogleServer) -> None:
    app.deploy()
    google.fail("cloudfunctions.*.delete", Empty())
    assert app("destroy").returncode == 0
    assert google.world.functions == {}


def test_no_wait_ends_with_the_write(app: App, google: GoogleServer) -> None:
    result = app.deploy("--no-wait")
    assert google.sent("operations") == []
    assert "deployed" not in result.stdout


# --- the dry run is what is sent ---

CONFIGURATIONS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--no-wait"], {}),
    (["--no-wait"], {"bindings": PUBLIC}),
    ([], {"bindings": PUBLIC}),
    (["--name", "other-name"], {"cloudfunction": {"runtime": "python312"}}),
    ([], {"runtime": "python313", "description": "Says hello", "labels": {"team": "shop"}}),
    ([], {"environment": {"MODE": "test"}, "secrets": {"TOKEN": "token/3", "KEY": "key"}}),
]
OF_GENERATION: dict[str, dict[str, Any]] = {
    FIRST: {
        "cloudfunction": {
            "availableMemoryMb": 512,
            "timeout": "10s",
            "serviceAccountEmail": "runner@my-project.iam.gserviceaccount.com",
            "buildEnvironmentVariables": {"GOOGLE_PYTHON_PACKAGE_MANAGER": "uv"},
            "httpsTrigger": {"securityLevel": "SECURE_ALWAYS"},
        }
    },
    SECOND: {
        "cloudfunction": {"serviceConfig": {"availableMemory": "512M", "timeoutSeconds": 10}},
        "cloudfunction_v2": {
            "serviceConfig": {
                "timeoutSeconds": 20,
                "serviceAccountEmail": "runner@my-project.iam.gserviceaccount.com",
                "maxInstanceCount": 3,
            },
            "buildConfig": {"environmentVariables": {"GOOGLE_PYTHON_PACKAGE_MANAGER": "uv"}},
        },
    },
}


@pytest.mark.parametrize(("arguments", "configuration"), [*CONFIGURATIONS, ([], None)])
def test_dry_run_is_what_is_sent(
    app: App, google: GoogleServer, arguments: list[str], configuration: dict[str, Any] | None
) -> None:
    app.configure(OF_GENERATION[app.backend] if configuration is None else configuration)
    for answer in ("first", "second"):
        app.write(answer)
        planned = app.deploy(*arguments, "--dry-run", "--output", "json", CLOUDSDK_AUTH_ACCESS_TOKEN="")
        assert google.requests == []
        app.deploy(*arguments)
        assert_equal(json.loads(planned.stdout), google)
        google.requests.clear()


# --- what is not valid is an error before anything is sent ---


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        ({"cloudfunction": {"runtime": "python36"}}, "requires at least python3"),
        ({"cloudfunction": {"runtime": "python3.8"}}, "Set it to 'python38'."),
        ({"cloudfunction": {"runtime": "nodejs20"}}, "not the name of a Python runtime"),
        ({"runtime": "python312", "cloudfunction": {"runtime": "python313"}}, "Contradictory runtimes"),
        ({"cloudfunction": {"eventTrigger": {"eventType": "x"}}}, "Unsupported event trigger"),
        ({"cloudfunction": {"entryPoint": "main"}}, "cloudfunction.entryPoint is set by Funcpack."),
        ({"cloudfunction": {"sourceArchiveUrl": "gs://x/y.zip"}}, "cloudfunction.sourceArchiveUrl is set by Funcpack."),
        ({"cloudfunction": {"descripton": "x"}}, "Did you mean 'description'?"),
        ({"bindings": [{"role": "invoker", "members": ["allUsers"]}]}, "bindings[0].role is not valid"),
    ],
)
def test_invalid_configuration(app: App, google: GoogleServer, configuration: dict[str, Any], text: str) -> None:
    app.configure(configuration)
    result = app("deploy")
    assert result.returncode == 2, result.stderr
    assert text in result.stderr
    assert google.requests == []


def test_minimum_of_each_generation(app: App) -> None:
    app.configure({"cloudfunction": {"runtime": "python37"}})
    result = app("deploy", "--dry-run")
    assert result.returncode == (0 if app.backend == FIRST else 2)
    app.configure({"cloudfunction": {"runtime": "python38"}})
    result = app.deploy("--dry-run")
    assert "Warning: cloudfunction.runtime is python38" in result.stderr
    assert '"runtime": "python38"' in result.stdout


def test_image_is_an_error(app: App, google: GoogleServer) -> None:
    result = app.process("deploy", "--image", "example.com/hello@sha256:" + "a" * 64)
    assert result.returncode == 2
    assert "--image was given" in result.stderr
    assert google.requests == []


def test_function_of_events_is_deployed_without_a_trigger(app: App, google: GoogleServer) -> None:
    (app.directory / "handler.py").write_text("def handler(event):\n    pass\n")
    assert "no trigger is created" in app.deploy().stderr
    assert "eventTrigger" not in google.function("hello")


# --- what fails, and says so ---


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (FailedBuild("no matching distribution found for nope"), "no matching distribution found for nope"),
        (FailedOperation(message="The quota is used up."), "The quota is used up"),
        (FailedRevision("The container failed to start."), "The container failed to start"),
    ],
)
@pytest.mark.parametrize("name", ["create", "patch"])
def test_failed_deployment_is_reported_and_made_good_by_the_next(
    app: App, google: GoogleServer, failure: Failure, text: str, name: str
) -> None:
    if name == "patch":
        app.deploy()
        app.write("changed")
    google.fail(method(app, name), failure)
    result = app("deploy")
    assert result.returncode == 1
    assert "error: The operation failed" in result.stderr
    assert text in result.stderr
    assert "https://console.cloud.google.com/" in result.stderr
    assert "deployed" not in result.stdout
    assert app.deploy("--plan").stdout.endswith("\nbuild\n")
    app.deploy()
    assert is_active(app)
    assert ("'changed'" in deployed_handler(app)) == (name == "patch")
    google.requests.clear()
    assert "No changes." in app.deploy().stderr
    assert writes(google) == []


@pytest.mark.parametrize("failure", [FailedBuild(), FailedOperation(), FailedRevision()])
def test_failed_update_of_the_settings_does_not_look_like_a_success(
    app: App, google: GoogleServer, failure: Failure
) -> None:
    app.deploy()
    app.configure({"environment": {"GREETING": "hello"}})
    google.fail(method(app, "patch"), failure)
    assert app("deploy").returncode == 1
    google.requests.clear()
    app.deploy()
    assert "patch" in writes(google)
    assert is_active(app)
    assert "No changes." in app.deploy().stderr


def test_conflict_becomes_an_update(app: App, google: GoogleServer) -> None:
    app.deploy()
    app.write("changed")
    google.fail(method(app, "get"), Status(404))
    google.requests.clear()
    app.deploy()
    assert writes(google) == ["generateUploadUrl", "upload", "create", "patch"]
    assert "'changed'" in deployed_handler(app)


def test_deadline_says_how_to_resume(app: App, google: GoogleServer) -> None:
    google.fail(method(app, "create"), NeverDone())
    result = app.process("deploy", "--timeout", "2")
    assert result.returncode == 1
    assert "Run the same command again" in result.stderr


@pytest.mark.parametrize("status", [500, 502, 503, NEVER])
def test_address_that_does_not_serve_is_a_failure(app: App, google: GoogleServer, status: int) -> None:
    google.world.serving["hello"] = status
    result = app("deploy", "--timeout", "3")
    assert result.returncode == 1
    assert "deployed" not in result.stdout


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_answers_of_a_private_function_are_answers(app: App, google: GoogleServer, status: int) -> None:
    google.world.serving["hello"] = status
    app.deploy()


def test_missing_permissions_are_a_table_before_anything_is_changed(app: App, google: GoogleServer) -> None:
    google.world.denied |= {"cloudfunctions.functions.create", "cloudfunctions.functions.get"}
    result = app("deploy")
    assert result.returncode == 1
    assert "cloudfunctions.functions.get, cloudfunctions.functions.create" in result.stderr
    assert "gcloud projects add-iam-policy-binding my-project --role roles/cloudfunctions.developer" in result.stderr
    assert writes(google) == []


def test_expired_credentials_are_named(app: App, google: GoogleServer) -> None:
    result = app.process("deploy", CLOUDSDK_AUTH_ACCESS_TOKEN="expired")
    assert result.returncode == 1
    assert "xpired" in result.stderr
    assert writes(google) == []


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("name", ["get", "generateUploadUrl", "create", "operation"])
def test_busy_server_is_asked_again_without_a_duplicate(app: App, google: GoogleServer, name: str, status: int) -> None:
    google.fail(method(app, name), Status(status, retry_after=0), times=2)
    app.deploy()
    statuses = [request.status for request in google.requests if request.id == method(app, "create")]
    assert [status for status in statuses if status == 200] == [200]


def test_deployment_is_cut_at_each_request_and_run_again(app: App, google: GoogleServer) -> None:
    # In this process, because there are a hundred deployments.
    def deployment() -> Deployment:
        return Deployment(app.directory, app.backend, environ={**os.environ, **google.environ})

    app.configure({"bindings": PUBLIC})
    deployment().deploy()
    app.write("update")
    created = list(dict.fromkeys(request.id for request in google.requests))
    deployment().deploy()
    for number, identity in enumerate([*created, method(app, "patch")]):
        for is_done in (False, True):
            app.write(f"{number} {is_done}")
            if identity != method(app, "patch"):
                deployment().destroy()
            google.fail(identity, Cut(is_done=is_done))
            with suppress(CommandError):
                deployment().deploy()
            assert deployment().deploy().ready
            assert is_active(app)
            assert f"'{number} {is_done}'" in deployed_handler(app)


@pytest.mark.parametrize(
    ("existing", "text"),
    [
        ({"environment": "GEN_1"}, "is of the first generation"),
        ({"eventTrigger": {"eventType": "google.pubsub.topic.publish"}}, "has an event trigger"),
    ],
)
def test_function_of_another_kind_is_not_replaced(
    app: App, google: GoogleServer, existing: dict[str, Any], text: str
) -> None:
    if app.backend == FIRST and "environment" in existing:
        pytest.skip("the API of the first generation shows only its own functions")
    app.deploy()
    google.function("hello").update(existing)
    google.requests.clear()
    result = app("deploy")
    assert result.returncode == 1
    assert text in result.stderr
    assert writes(google) == []


def test_no_output_shows_a_token_or_a_signature(app: App, google: GoogleServer) -> None:
    google.fail("upload", Status(403, "The signature is not valid."))
    failed = app("deploy")
    assert failed.returncode == 1
    for result in (failed, app.deploy(), app.deploy("--dry-run")):
        assert SECRET not in result.stdout + result.stderr
        assert "ya29" not in result.stdout + result.stderr
