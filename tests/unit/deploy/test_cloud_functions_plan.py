"""The whole plans of deployments to Cloud Functions."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deploy.deployment import Deployment
from funcpack.deploy.google.function import Function
from funcpack.deploy.google.function_source import wanted
from funcpack.deploy.google.generations import V1
from funcpack.deploy.google.place import Place
from funcpack.deploy.settings.options import Options
from funcpack.deploy.settings.target import read_target
from funcpack.deployment_errors import FunctionOptionError, FunctionSourceSizeError, RuntimeNameError

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.deploy.plan.steps import PlannedRequest, Upload

ENVIRON = {"GOOGLE_CLOUD_PROJECT": "shop", "PATH": "/usr/bin:/bin"}
API = "https://cloudfunctions.googleapis.com"
PARENT = "projects/shop/locations/us-central1"
FUNCTION = f"{PARENT}/functions/hello"
JSON = {"Content-Type": "application/json"}
ENTRY = {"GOOGLE_FUNCTION_SOURCE": "_funcpack_entry.py"}
TESTED = [f"cloudfunctions.functions.{name}" for name in ("get", "create", "update", "sourceCodeSet")]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    directory = tmp_path / "hello"
    directory.mkdir()
    (directory / "handler.py").write_text("def handler(req):\n    return 'hello'\n")
    (directory / ".python-version").write_text("3.13\n")
    (directory / "config.json").write_text('{"environment": {"GREETING": "hello"}, "secrets": {"KEY": "api-key/3"}}')
    (directory / ".env").write_text("PASSWORD=secret\n")
    return directory


def planned(app: Path, backend: str, **options: Any) -> list[PlannedRequest]:
    notes: list[str] = []
    return list(Deployment(app, backend, environ=ENVIRON, note=notes.append, **options).plan())


def outline(requests: list[PlannedRequest]) -> list[tuple[str, str, str | None]]:
    return [(request.method, request.url, request.when) for request in requests]


def test_plan_of_the_first_generation(app: Path) -> None:
    mask = "buildEnvironmentVariables,description,entryPoint,environmentVariables,labels,runtime,secretEnvironmentVariables,secretVolumes"
    settings = "description,environmentVariables,labels,secretEnvironmentVariables,secretVolumes"
    project = "https://cloudresourcemanager.googleapis.com/v1/projects/shop"
    account = "https://iam.googleapis.com/v1/projects/-/serviceAccounts/shop@appspot.gserviceaccount.com"
    requests = planned(app, "cloudfunction")
    assert outline(requests) == [
        ("GET", f"{API}/v1/{FUNCTION}", None),
        ("GET", f"{API}/v1/{FUNCTION}", "1 is being deployed, until done"),
        ("POST", f"{project}:getIamPolicy", "1 is 404 or has another source"),
        ("POST", f"{account}:testIamPermissions", "1 is 404 or has another source"),
        ("POST", f"{API}/v1/{FUNCTION}:testIamPermissions", "1 is not 404 and has another source"),
        ("POST", f"{project}:testIamPermissions", "1 is 404 or has another source"),
        ("POST", f"{API}/v1/{PARENT}/functions:generateUploadUrl", "1 is 404 or has another source"),
        ("PUT", "<7.uploadUrl>", "1 is 404 or has another source"),
        ("POST", f"{API}/v1/{PARENT}/functions", "1 is 404"),
        (
            "PATCH",
            f"{API}/v1/{FUNCTION}?updateMask={mask.replace('secretVolumes', 'secretVolumes,sourceUploadUrl')}",
            "1 is not 404 and has another source",
        ),
        (
            "PATCH",
            f"{API}/v1/{FUNCTION}?updateMask={settings}",
            "1 is not 404 and has this source and other settings",
        ),
        ("GET", f"{API}/v1/<9.name or 10.name or 11.name>", "9 or 10 or 11 was sent, until done"),
        ("GET", f"{API}/v1/{FUNCTION}", None),
        ("GET", "<13.httpsTrigger.url>/health/ready", None),
    ]
    source = requests[8].body["labels"]["funcpack-source"]
    assert requests[8].body == {
        "name": FUNCTION,
        "httpsTrigger": {},
        "entryPoint": "function_entrypoint",
        "runtime": "python313",
        "buildEnvironmentVariables": ENTRY,
        "environmentVariables": {"GREETING": "hello"},
        "secretEnvironmentVariables": [{"key": "KEY", "projectId": "shop", "secret": "api-key", "version": "3"}],
        "labels": {"funcpack-source": source, "funcpack-replaced-version": "0"},
        "sourceUploadUrl": "<7.uploadUrl>",
    }
    newer = {"funcpack-source": source, "funcpack-replaced-version": "<2.versionId or 1.versionId if it is known>"}
    assert requests[9].body == {**requests[8].body, "labels": newer}
    assert requests[10].body == {
        "name": FUNCTION,
        "httpsTrigger": {},
        "environmentVariables": {"GREETING": "hello"},
        "secretEnvironmentVariables": [{"key": "KEY", "projectId": "shop", "secret": "api-key", "version": "3"}],
        "labels": newer,
    }
    assert [request.headers for request in requests[6:9]] == [
        JSON,
        {"Content-Type": "application/zip", "x-goog-content-length-range": "0,104857600"},
        JSON,
    ]
    assert requests[6].body == {}
    assert requests[7].body["zip"]["sha256"][:63] == source


def test_plan_of_the_second_generation(app: Path) -> None:
    requests = planned(app, "cloudfunctionv2", location="europe-west1")
    parent, function = (text.replace("us-central1", "europe-west1") for text in (PARENT, FUNCTION))
    service = "https://run.googleapis.com/v2"
    writes = [request for request in requests if request.method in {"POST", "PATCH"} and API in request.url]
    writes = [request for request in writes if "IamPermissions" not in request.url]
    assert [(request.method, request.url.partition("?")[0], request.when) for request in writes] == [
        ("POST", f"{API}/v2/{parent}/functions:generateUploadUrl", "1 is 404 or has another source"),
        ("POST", f"{API}/v2/{parent}/functions", "1 is 404"),
        ("PATCH", f"{API}/v2/{function}", "1 is not 404 and has another source"),
        ("PATCH", f"{API}/v2/{function}", "1 is not 404 and has this source and other settings"),
    ]
    assert writes[0].body == {"environment": "GEN_2"}
    assert writes[1].url.endswith("?functionId=hello")
    assert writes[1].body == {
        "name": function,
        "environment": "GEN_2",
        "serviceConfig": {
            "allTrafficOnLatestRevision": True,
            "environmentVariables": {"GREETING": "hello"},
            "secretEnvironmentVariables": [{"key": "KEY", "projectId": "shop", "secret": "api-key", "version": "3"}],
        },
        "buildConfig": {
            "entryPoint": "function_entrypoint",
            "runtime": "python313",
            "environmentVariables": ENTRY,
            "source": {"storageSource": "<9.storageSource>"},
        },
        "labels": writes[1].body["labels"],
    }
    assert writes[2].body == writes[1].body
    assert set(writes[3].body) == {"name", "serviceConfig", "labels"}
    reads = [request.url for request in requests if request.method == "GET"]
    assert reads == [
        f"{API}/v2/{function}",
        f"{API}/v2/{function}",
        f"{service}/<2.serviceConfig.service or 1.serviceConfig.service>",
        "https://cloudresourcemanager.googleapis.com/v1/projects/shop",
        f"{API}/v2/<11.name or 12.name or 13.name>",
        f"{API}/v2/{function}",
        f"{service}/<15.serviceConfig.service>",
        "<15.serviceConfig.uri or 15.url>/health/ready",
    ]


@pytest.mark.parametrize(
    ("backend", "resource", "role"),
    [
        ("cloudfunction", f"{API}/v1/{FUNCTION}", "roles/cloudfunctions.invoker"),
        ("cloudfunctionv2", "https://run.googleapis.com/v2/<15.serviceConfig.service>", "roles/run.invoker"),
    ],
)
def test_bindings_are_set_where_the_invoker_is_checked(app: Path, backend: str, resource: str, role: str) -> None:
    bindings = [{"role": "roles/cloudfunctions.invoker", "members": ["allUsers"]}]
    requests = planned(app, backend, set=[f"bindings={json.dumps(bindings)}"])
    policy = [request for request in requests if "IamPolicy" in request.url and "resourcemanager" not in request.url]
    assert [(request.method, request.url.partition("?")[0]) for request in policy] == [
        ("GET", f"{resource}:getIamPolicy"),
        ("POST", f"{resource}:setIamPolicy"),
    ]
    tested = next(request.body for request in requests if request.url.endswith("projects/shop:testIamPermissions"))
    service = "run.services" if role == "roles/run.invoker" else "cloudfunctions.functions"
    assert tested["permissions"][-2:] == [f"{service}.getIamPolicy", f"{service}.setIamPolicy"]


@pytest.mark.parametrize("backend", ["cloudfunction", "cloudfunctionv2"])
def test_without_waiting_the_plan_ends_with_the_write(app: Path, backend: str) -> None:
    assert planned(app, backend, no_wait=True)[-1].method == "PATCH"


@pytest.mark.parametrize("backend", ["cloudfunction", "cloudfunctionv2"])
def test_without_waiting_bindings_are_set_all_the_same(app: Path, backend: str) -> None:
    assignment = 'bindings=[{"role": "roles/run.invoker", "members": ["allUsers"]}]'
    if backend == "cloudfunction":
        assignment = assignment.replace("run", "cloudfunctions")
    requests = planned(app, backend, no_wait=True, set=[assignment])
    assert requests[-1].url.endswith(":setIamPolicy")
    assert any("until done" in (request.when or "") and ".name" in request.url for request in requests)


@pytest.mark.parametrize("backend", ["cloudfunction", "cloudfunctionv2"])
def test_archive_has_the_function_and_never_configuration_or_secrets(app: Path, backend: str) -> None:
    (app / "other.json").write_text('{"environment": {"GREETING": "hello"}}')
    (app / "data.txt").write_text("data")
    (app / ".goblet").mkdir()
    (app / "config.json").rename(app / ".goblet" / "config.json")
    requests = planned(app, backend, config=app / "other.json")
    files = next(request.body for request in requests if request.method == "PUT")["zip"]["files"]
    own = [name for name in files if not name.startswith("funcpack-generated/")]
    assert own == [".python-version", "_funcpack_entry.py", "data.txt", "handler.py"]


def test_same_source_has_the_same_plan(app: Path) -> None:
    first = planned(app, "cloudfunction")
    (app / "handler.py").touch()
    assert planned(app, "cloudfunction") == first


@pytest.mark.parametrize("backend", ["cloudfunction", "cloudfunctionv2"])
@pytest.mark.parametrize("option", ["image", "smoke"])
def test_options_of_other_backends_are_errors(app: Path, backend: str, option: str) -> None:
    with pytest.raises(FunctionOptionError) as caught:
        planned(app, backend, **{option: "handler.py"})
    assert (caught.value.option, caught.value.exit_code) == (f"--{option}", 2)


def small_wanted(app: Path, limit: int) -> Upload:
    target = read_target(app, Options(backend="cloudfunction"), ENVIRON, lambda _: None, needs_function=True)
    generation = dataclasses.replace(V1, largest_source=limit)
    function = Function(generation, f"{API}/", Place("shop", "us-central1"), "hello")
    assert target.inspection
    return wanted(target, target.inspection, function, lambda _: None).archive


def test_source_above_the_limit_is_an_error_before_anything_is_sent(app: Path) -> None:
    archive = small_wanted(app, 100_000_000)
    size = len(archive.content)
    assert small_wanted(app, size) == archive
    with pytest.raises(FunctionSourceSizeError) as caught:
        small_wanted(app, size - 1)
    assert vars(caught.value) == {"size": size, "limit": size - 1}
    assert "handler.py" in zipfile.ZipFile(io.BytesIO(archive.content)).namelist()


@pytest.mark.parametrize("backend", ["cloudfunction", "cloudfunctionv2"])
def test_function_of_events_is_deployed_for_http_with_a_note(app: Path, backend: str) -> None:
    (app / "handler.py").write_text("def handler(event):\n    pass\n")
    notes: list[str] = []
    plan = Deployment(app, backend, environ=ENVIRON, note=notes.append).plan()
    assert [note for note in notes if "no trigger is created" in note] != []
    assert not any("eventTrigger" in str(request.body) for request in plan)


def test_difference_checks_the_configuration_before_it_asks(app: Path) -> None:
    nobody = {
        **ENVIRON,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDFUNCTIONS": "http://127.0.0.1:1/",
        "CLOUDSDK_AUTH_ACCESS_TOKEN": "x",
    }
    with pytest.raises(RuntimeNameError):
        Deployment(app, "cloudfunction", environ=nobody, set="runtime=python3", timeout=5).difference()
