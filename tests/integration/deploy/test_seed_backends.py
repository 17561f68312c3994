"""The three backends of Google as Goblet's documentation describes them, sentence by sentence, with its own examples.

https://goblet.github.io/goblet/docs/build/html/backends.html
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.google.app import App

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.server import GoogleServer

FIRST = "cloudfunctions.v1.projects.locations.functions.create"
SECOND = "cloudfunctions.v2.projects.locations.functions.create"
RUN = "run.projects.locations.services.create"

OURS = "from funcpack_invoker.goblet import Goblet"
THEIRS = "from goblet import Goblet"
# With the account and the registry of the last example, which is not valid JSON: a comma is missing.
REGISTRY = "us-central1-docker.pkg.dev/my-project/artifact/image"
ACCOUNT = "service-account@project.iam.gserviceaccount.com"
BROKEN = """
    {
        "cloudbuild":{
            "artifact_registry": "location-docker.pkg.dev/gcp_project/artifact/image"
            "serviceAccount": "service-account@project.iam.gserviceaccount.com"
        }
    }
"""


@pytest.fixture
def app(tmp_path: Path, google: GoogleServer, monkeypatch: pytest.MonkeyPatch) -> App:
    # The file that Goblet looks for.
    monkeypatch.setenv("PYTHON_HANDLER", "main.handler")
    directory = tmp_path / "hello"
    directory.mkdir()
    return App(directory, google, "")


def write(app: App, statement: str, *, imported: str = OURS, answer: str = "hello") -> None:
    """Write a function whose code names the backend."""
    (app.directory / "main.py").write_text(
        f"{imported}\n\n{statement}\n\n\ndef handler(request):\n    return {answer!r}\n"
    )


def created(google: GoogleServer) -> Any:
    """Return the body of the request that created the function or the service."""
    return next(request.body for request in google.requests if request.id in {FIRST, SECOND, RUN})


def source(google: GoogleServer) -> zipfile.ZipFile:
    """Return the uploaded archive of a service."""
    return zipfile.ZipFile(io.BytesIO(next(iter(google.world.objects.values()))))


def build(google: GoogleServer) -> dict[str, Any]:
    """Return the only build."""
    (found,) = google.world.builds.values()
    return found


# --- Cloudfunction ---


@pytest.mark.parametrize("imported", [OURS, THEIRS])
@pytest.mark.parametrize(
    ("statement", "request_"),
    [
        # "Goblet's default backend is first-generation cloud functions. However, Goblet supports both first- and second-generation
        # cloud functions."
        ("app = None", FIRST),
        ("app = Goblet()", FIRST),
        ('app = Goblet(backend="cloudfunction")', FIRST),
        ('app = Goblet(backend="cloudfunctionv2")', SECOND),
        # "You can deploy your function to cloudrun updating the backend parameter to main Goblet class."
        ('app = Goblet(backend="cloudrun")', RUN),
    ],
)
def test_backend_of_the_class(app: App, google: GoogleServer, imported: str, statement: str, request_: str) -> None:
    write(app, statement, imported=imported)
    result = app.deploy()
    assert [request.id for request in google.requests if request.id in {FIRST, SECOND, RUN}] == [request_]
    assert result.stdout == f"deployed hello at {google.url}/serving/hello\n"


@pytest.mark.parametrize(
    ("backend", "config", "expected"),
    [
        # "You may add any additional fields in config.json under "cloudfunction""
        (
            "cloudfunction",
            '{"cloudfunction": {"availableMemoryMb": 512, "timeout": "10s"}}',
            {"availableMemoryMb": 512, "timeout": "10s"},
        ),
        (
            "cloudfunctionv2",
            '{"cloudfunction": {"description": "Says hello", "serviceConfig": {"availableMemory": "512M"}}}',
            {"description": "Says hello", "serviceConfig": {"availableMemory": "512M"}},
        ),
        # "To specify a python version for your cloudfunction, you can set the runtime field in config.json as such"
        ("cloudfunction", '{"cloudfunction": {"runtime": "python38"}}', {"runtime": "python38"}),
        ("cloudfunctionv2", '{"cloudfunction": {"runtime": "python38"}}', {"buildConfig": {"runtime": "python38"}}),
        # "For cloudfunctions v1, python version must be at least python3.7, and for cloudfunctionv2, at least python3.8."
        ("cloudfunction", '{"cloudfunction": {"runtime": "python37"}}', {"runtime": "python37"}),
        # "For revision configurations, pass values into `cloudrun_revision` section in your `config.json`. If you're using a service
        # account, this is where to put it."
        (
            "cloudrun",
            """
    {
        "cloudrun_revision":{
            "serviceAccount": "service-account@project.iam.gserviceaccount.com"
        }
    }
""",
            {"template": {"serviceAccount": ACCOUNT}},
        ),
    ],
)
def test_configuration_is_a_part_of_the_resource(
    app: App, google: GoogleServer, backend: str, config: str, expected: dict[str, Any]
) -> None:
    write(app, f"app = Goblet(backend={backend!r})")
    (app.directory / "config.json").write_text(config)
    app.deploy()
    assert_contains(created(google), expected)


def assert_contains(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_contains(found[name], value)
        else:
            assert found[name] == value


@pytest.mark.parametrize(
    ("backend", "config", "error"),
    [
        ("cloudfunction", '{"cloudfunction": {"runtime": "python36"}}', "at least python37"),
        ("cloudfunctionv2", '{"cloudfunction": {"runtime": "python37"}}', "at least python38"),
        # "Goblet does not currently support eventarc triggers for cloudfunctions"
        ("cloudfunction", '{"cloudfunction": {"eventTrigger": {"eventType": "x"}}}', "Unsupported event trigger"),
        ("cloudfunctionv2", '{"cloudfunction": {"eventTrigger": {"eventType": "x"}}}', "Unsupported event trigger"),
        # "You may add any additional fields": of the resource.
        ("cloudfunction", '{"cloudfunction": {"memory": 512}}', "cloudfunction.memory"),
        ("cloudfunctionv2", '{"cloudfunction": {"availableMemoryMb": 512}}', "serviceConfig.availableMemory"),
        ("cloudrun", '{"cloudrun": {"traffic": 101}}', "cloudrun.traffic"),
        ("cloudrun", BROKEN, "line 5, column 13"),
        (
            "cloudrun",
            '{"cloudbuild": {"artifact_registry": "us-central1-docker.pkg.dev/other-project/artifact/image"}}',
            "other-project",
        ),
    ],
)
def test_invalid_configuration_is_an_error_before_the_first_request(
    app: App, google: GoogleServer, backend: str, config: str, error: str
) -> None:
    write(app, f"app = Goblet(backend={backend!r})")
    (app.directory / "config.json").write_text(config)
    result = app("deploy")
    assert result.returncode == 2, result.stderr
    assert error in result.stderr
    assert google.requests == []


# --- Cloudrun ---


@pytest.mark.parametrize(
    ("name", "is_valid"),
    [
        # "The function name for cloudrun must use only lowercase alphanumeric characters and dashes, cannot begin or end with a dash,
        # and cannot be longer than 63 characters"
        ("hello", True),
        ("hello-2", True),
        ("2-hello", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("Hello", False),
        ("hello_2", False),
        ("-hello", False),
        ("hello-", False),
    ],
)
def test_name_of_a_service(app: App, name: str, *, is_valid: bool) -> None:
    write(app, 'app = Goblet(backend="cloudrun")')
    result = app("deploy", f"--name={name}", "--dry-run")
    assert result.returncode == (0 if is_valid else 2), result.stderr


def test_traffic(app: App, google: GoogleServer) -> None:
    """Check the share of the newest revision.

    "traffic: assigns a custom amount of traffic to the latest revision and decreases previous revisions' traffic proportionally. If
    the service is brand new, the traffic will always default to 100%."
    """
    (app.directory / "config.json").write_text("""
    {
        "cloudrun":{
            "traffic": 25
        }
    }
""")
    shares = []
    for answer in ("one", "two", "three"):
        write(app, 'app = Goblet(backend="cloudrun")', answer=answer)
        app.deploy()
        shares.append([status["percent"] for status in google.service("hello")["trafficStatuses"]])
    assert [sorted(percents) for percents in shares] == [[100], [25, 75], [19, 25, 56]]


@pytest.mark.parametrize(
    ("files", "builder"),
    [
        # "Deploying to cloudrun requires either a Dockerfile or Procfile in the directory you are looking to deploy your goblet app."
        ({"Dockerfile": "FROM scratch\n"}, "docker"),
        ({"Procfile": "web: python3 -m http.server $PORT\n"}, "pack"),
        # "If neither of those files are found, then goblet will create a default Dockerfile"
        ({}, "docker"),
    ],
)
def test_dockerfile_procfile_or_default(app: App, google: GoogleServer, files: dict[str, str], builder: str) -> None:
    write(app, 'app = Goblet(backend="cloudrun")')
    for name, text in files.items():
        (app.directory / name).write_text(text)
    app.deploy()
    archive = source(google)
    assert ("Dockerfile" in archive.namelist()) == (builder == "docker")
    for name, text in files.items():
        assert archive.read(name).decode() == text
    (step,) = build(google)["steps"]
    assert builder in step["name"]
    assert not files or sorted(path.name for path in app.directory.iterdir()) == sorted(["main.py", *files])


def test_custom_registry_of_another_project(app: App, google: GoogleServer) -> None:
    """Check the registry and the account of the build.

    "In order to set a custom artifact registry, use the "artifact_registry" configuration. If you would like to use an artifact
    registry from a different project, a service account ... will be necessary."
    """
    write(app, 'app = Goblet(backend="cloudrun")')
    registry = "us-central1-docker.pkg.dev/gcp-project/artifact/image"
    app.configure({"cloudbuild": {"artifact_registry": registry, "serviceAccount": ACCOUNT}})
    app.deploy()
    assert build(google)["images"] == [registry]
    assert build(google)["serviceAccount"] == f"projects/project/serviceAccounts/{ACCOUNT}"
    assert created(google)["template"]["containers"][0]["image"].startswith(f"{registry}@sha256:")


def test_cloud_build_configuration(app: App, google: GoogleServer) -> None:
    """Check: "For Cloud Build configurations, pass values into `cloudbuild`"."""
    write(app, 'app = Goblet(backend="cloudrun")')
    app.configure({"cloudbuild": {"artifact_registry": REGISTRY, "timeout": "1200s", "tags": ["hello"]}})
    app.deploy()
    assert (build(google)["timeout"], build(google)["images"]) == ("1200s", [REGISTRY])
    assert "hello" in build(google)["tags"]


@pytest.mark.parametrize("backend", ["cloudfunction", "cloudfunctionv2", "cloudrun"])
def test_dry_run_in_a_process_prints_the_requests_of_the_backend(app: App, google: GoogleServer, backend: str) -> None:
    write(app, f"app = Goblet(backend={backend!r})", imported=THEIRS)
    result = app.process("deploy", "--dry-run", "--output", "json", CLOUDSDK_AUTH_ACCESS_TOKEN="")
    assert result.returncode == 0, result.stderr
    api = {"cloudfunction": "cloudfunctions/v1", "cloudfunctionv2": "cloudfunctions/v2", "cloudrun": "run/v2"}[backend]
    assert any(step["method"] == "POST" and f"/{api}/" in step["url"] for step in json.loads(result.stdout))
    assert google.requests == []
