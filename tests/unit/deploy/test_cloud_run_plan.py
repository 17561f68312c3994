"""The plan of a deployment to Cloud Run, as a whole: what is sent, in which order, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from funcpack.check.local import inspect
from funcpack.command_errors import CommandError
from funcpack.deploy.google import cloud_run
from funcpack.deploy.plan.steps import PlannedRequest
from funcpack.deploy.settings.configuration import Configuration
from funcpack.deploy.settings.options import Options
from funcpack.deploy.settings.target import Target

if TYPE_CHECKING:
    from pathlib import Path

RUN = "https://run.googleapis.com/v2/"
SERVICES = f"{RUN}projects/shop/locations/europe-west1/services"
SERVICE = f"{SERVICES}/hello"
DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"europe-docker.pkg.dev/shop/apps/hello@{DIGEST}"
JSON = {"Content-Type": "application/json"}
MISSING, FOUND, DONE = "1 is 404", "1 is not 404", "until done"
CHANGING = "1 is changing, until done"
STAGED = {"annotations": "<1.annotations with funcpack-staged>"}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "handler.py").write_text("def handler(req):\n    return 'hello'\n")
    return tmp_path


def plan(app: Path, configuration: dict[str, Any] | None = None, **options: Any) -> list[PlannedRequest]:
    """Return the requests of a deployment."""
    found = {"image": IMAGE, "project": "shop", "location": "europe-west1", **options}
    inspection = None if found["image"] else inspect(app, None, {})
    target = Target(
        app, "cloudrun", "hello", Options(**found), Configuration(configuration or {}, "config.json"), {}, inspection
    )
    return list(cloud_run.create(target, lambda _: None).plan())


def request(method: str, url: str, body: Any = None, when: str | None = None) -> PlannedRequest:
    return PlannedRequest(method, url, JSON if body is not None else {}, body, when)


def template(**container: Any) -> dict[str, Any]:
    return {"template": {"containers": [{"image": IMAGE, **container}]}}


def test_image(app: Path) -> None:
    assert plan(app, {"cloudrun": {"traffic": 25}}) == [
        request("GET", SERVICE),
        request("GET", SERVICE, when=CHANGING),
        request("POST", f"{SERVICES}?serviceId=hello", template(), MISSING),
        request("PATCH", SERVICE, {**template(), **STAGED, "traffic": "<1.trafficStatuses scaled to 75>"}, FOUND),
        request("GET", f"{RUN}<3.name or 4.name>", when=DONE),
        request("GET", SERVICE, when="5 does not tell what serves"),
        request("GET", "<6.uri or 5.response.uri>/health/ready"),
    ]


def test_without_waiting(app: Path) -> None:
    assert [step.method for step in plan(app, no_wait=True)] == ["GET", "GET", "POST", "PATCH"]


def test_bindings_need_the_service(app: Path) -> None:
    steps = plan(app, {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}, no_wait=True)
    assert steps[4:] == [
        request("GET", f"{RUN}<3.name or 4.name>", when=DONE),
        request("GET", f"{SERVICE}:getIamPolicy?options.requestedPolicyVersion=3"),
        request(
            "POST",
            f"{SERVICE}:setIamPolicy",
            {"policy": "<6 merged with bindings>"},
            "6 lacks a member of bindings",
        ),
    ]


def test_tag_is_resolved_first(app: Path) -> None:
    steps = plan(app, image="europe-docker.pkg.dev/shop/apps/hello:1")
    assert (steps[0].method, steps[0].url) == ("HEAD", "https://europe-docker.pkg.dev/v2/shop/apps/hello/manifests/1")
    image = "europe-docker.pkg.dev/shop/apps/hello@<1.Docker-Content-Digest>"
    assert steps[3].body == {"template": {"containers": [{"image": image}]}}
    assert steps[3].when == "2 is 404"


def test_smoke_comes_before_the_traffic(app: Path) -> None:
    file = app / "smoke.json"
    file.write_text('{"request": {"path": "/orders", "json": {"order": 42}}, "answer": {"status": 200}}')
    withheld = {**template(), **STAGED, "traffic": "<1.trafficStatuses and the tag funcpack-smoke>"}
    assert plan(app, {"cloudrun": {"traffic": 10}}, smoke=file)[3:] == [
        request("PATCH", SERVICE, withheld, FOUND),
        request("GET", f"{RUN}<3.name or 4.name>", when=DONE),
        request("GET", SERVICE),
        request("POST", "<6.trafficStatuses uri of funcpack-smoke>/orders", {"order": 42}),
        request("PATCH", f"{SERVICE}?updateMask=traffic", {"traffic": "<1.trafficStatuses scaled to 90>"}, FOUND),
        request("GET", f"{RUN}<8.name>", when=f"{FOUND}, {DONE}"),
        request("GET", SERVICE),
        request("GET", "<10.uri>/health/ready"),
    ]


def test_source_is_uploaded_and_built_after_the_permissions_are_tested(app: Path) -> None:
    other = "1 has another source"
    steps = plan(app, image=None)
    assert [(step.method, step.url.partition("?")[0].rpartition("/")[2], step.when) for step in steps[:-2]] == [
        ("GET", "hello", None),
        ("GET", "hello", CHANGING),
        ("GET", "shop", other),
        ("GET", "run-sources-shop-europe-west1", other),
        ("GET", "cloud-run-source-deploy", other),
        ("POST", "shop:getIamPolicy", other),
        ("GET", "cloud-run-source-deploy:getIamPolicy", other),
        ("POST", "<3.projectNumber>-compute@developer.gserviceaccount.com:testIamPermissions", "3 is 200"),
        ("POST", "hello:testIamPermissions", "1 is not 404 and has another source"),
        ("POST", "shop:testIamPermissions", other),
        ("POST", "b", "4 is 404"),
        ("POST", "o", other),
        ("POST", "repositories", "5 is 404"),
        ("GET", "<13.name>", f"5 is 404, {DONE}"),
        ("POST", "builds", other),
        ("GET", "<15.metadata.build.id>", f"{other}, {DONE}"),
        ("POST", "services", MISSING),
        ("PATCH", "hello", FOUND),
        ("GET", "<17.name or 18.name>", DONE),
    ]
    registry = "europe-west1-docker.pkg.dev/shop/cloud-run-source-deploy/hello"
    assert steps[16].body["template"]["containers"][0]["image"] == f"{registry}@<16.results.images[0].digest>"
    image = f"<{registry}@16.results.images[0].digest or 1.template.containers[0].image>"
    assert steps[17].body["template"]["containers"][0]["image"] == image
    assert steps[16].body["labels"] == {"funcpack-source": steps[11].body["zip"]["sha256"][:63]}


def test_sections_are_parts_of_the_service(app: Path) -> None:
    configuration = {
        "description": "Says hello",
        "labels": {"team": "shop"},
        "environment": {"MODE": "test"},
        "secrets": {"TOKEN": "token/3", "KEY": "key"},
        "cloudrun": {"traffic": 100, "labels": {"stage": "live"}, "ingress": "INGRESS_TRAFFIC_ALL"},
        "cloudrun_revision": {"serviceAccount": "runner@shop.iam.gserviceaccount.com", "timeout": "10s"},
        "cloudrun_container": {"env": [{"name": "MODE", "value": "live"}], "resources": {"cpuIdle": False}},
    }
    assert plan(app, configuration)[2].body == {
        "description": "Says hello",
        "labels": {"team": "shop", "stage": "live"},
        "ingress": "INGRESS_TRAFFIC_ALL",
        "template": {
            "serviceAccount": "runner@shop.iam.gserviceaccount.com",
            "timeout": "10s",
            "containers": [
                {
                    "image": IMAGE,
                    "env": [
                        {"name": "MODE", "value": "live"},
                        {"name": "TOKEN", "valueSource": {"secretKeyRef": {"secret": "token", "version": "3"}}},
                        {"name": "KEY", "valueSource": {"secretKeyRef": {"secret": "key", "version": "latest"}}},
                    ],
                    "resources": {"cpuIdle": False},
                }
            ],
        },
    }


URL = {"name": "URL", "valueSource": {"secretKeyRef": {"secret": "database", "version": "1"}}}


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"environment": {"URL": "sqlite://"}, "secrets": {"URL": "database/1"}}, [URL]),
        (
            {
                "environment": {"URL": "sqlite://", "A": "1"},
                "secrets": {"URL": "database/1"},
                "cloudrun_container": {"env": [{"name": "B", "value": "2"}]},
            },
            [{"name": "A", "value": "1"}, URL, {"name": "B", "value": "2"}],
        ),
        ({"environment": {"URL": "sqlite://"}, "cloudrun_container": {"env": [URL]}}, [URL]),
        (
            {
                "secrets": {"URL": "database/1"},
                "cloudrun_container": {"env": [{"name": "URL", "value": "sqlite://"}]},
            },
            [{"name": "URL", "value": "sqlite://"}],
        ),
    ],
)
def test_each_variable_is_sent_once(app: Path, configuration: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert plan(app, configuration)[2].body["template"]["containers"][0]["env"] == expected


@pytest.mark.parametrize(
    ("files", "section", "expected"),
    [
        (
            ["Dockerfile"],
            {"serviceAccount": "builder@shop.iam.gserviceaccount.com", "timeout": "900s", "tags": ["mine"]},
            {
                "steps": [
                    {
                        "name": "gcr.io/cloud-builders/docker",
                        "args": ["build", "--network=cloudbuild", "-t", "IMAGE", "."],
                    }
                ],
                "serviceAccount": "projects/shop/serviceAccounts/builder@shop.iam.gserviceaccount.com",
                "options": {"logging": "CLOUD_LOGGING_ONLY"},
                "timeout": "900s",
                "tags": ["mine"],
            },
        ),
        (
            ["Procfile"],
            {"serviceAccount": "projects/shop/serviceAccounts/123", "logsBucket": "gs://logs"},
            {
                "steps": [
                    {
                        "name": "gcr.io/k8s-skaffold/pack",
                        "entrypoint": "pack",
                        "args": [
                            "build",
                            "IMAGE",
                            "--builder",
                            "funcpack/builder",
                            "--trust-builder",
                            "--network=cloudbuild",
                        ],
                    }
                ],
                "serviceAccount": "projects/shop/serviceAccounts/123",
                "logsBucket": "gs://logs",
                "tags": ["funcpack-hello"],
            },
        ),
        (
            ["Dockerfile"],
            {"steps": [{"name": "gcr.io/kaniko-project/executor", "args": ["--destination=IMAGE"]}]},
            {
                "steps": [{"name": "gcr.io/kaniko-project/executor", "args": ["--destination=IMAGE"]}],
                "tags": ["funcpack-hello"],
            },
        ),
    ],
)
def test_build(app: Path, files: list[str], section: dict[str, Any], expected: dict[str, Any]) -> None:
    image = "europe-docker.pkg.dev/shop/apps/hello:latest"
    for name in files:
        (app / name).write_text({"Procfile": "web: python -m funcpack_invoker\n"}.get(name, "FROM python:3.13\n"))
    steps = plan(app, {"cloudbuild": {"artifact_registry": image, **section}}, image=None)
    build = next(step.body for step in steps if step.url.endswith("/builds"))
    source = build.pop("source")["storageSource"]
    assert source["bucket"] == "run-sources-shop-europe-west1"
    assert build.pop("images") == [image]
    for step in build["steps"]:
        step["args"] = ["IMAGE" if argument == image else argument for argument in step["args"]]
    assert build == expected
    created = next(step.body for step in steps if step.when == MISSING and "serviceId" in step.url)
    deployed = created["template"]["containers"][0]["image"]
    assert deployed.startswith("europe-docker.pkg.dev/shop/apps/hello@<")


def test_image_of_another_container_is_called_at_its_root(app: Path) -> None:
    (app / "Dockerfile").write_text("FROM python:3.13\n")
    assert plan(app, image=None)[-1].url.endswith(".uri>/")
    assert not plan(app, {"cloudrun": {"defaultUriDisabled": True}})[-1].url.endswith("/health/ready")


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        (
            {"cloudrun": {"traffic": 25.5}},
            "cloudrun.traffic is not valid: it must be an integer from 0 to 100, not 25.5",
        ),
        ({"cloudrun": {"traffic": True}}, "not True"),
        ({"cloudrun": {"traffic": 101}}, "not 101"),
        ({"cloudrun": {"traffic": "25"}}, "not '25'"),
        ({"cloudrun": {"traffics": 25}}, "Did you mean 'traffic'"),
        ({"cloudrun": {"name": "other"}}, "Use --name"),
        ({"cloudrun": {"uri": "x"}}, "cloudrun.uri is set by the platform"),
        ({"cloudrun_revision": {"containers": []}}, "Use the section cloudrun_container"),
        (
            {"cloudrun_container": {"env": [{"name": "PORT", "value": "80"}]}},
            "cloudrun_container.env[PORT] is set by the platform and cannot be configured.",
        ),
        (
            {"cloudrun_container": {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}},
            "cloudrun_container.env has several entries with the name 'A'. Keep one of them.",
        ),
        ({"cloudrun_revision": {"serviceAccount": "projects/p/serviceAccounts/a@b"}}, "must be the email address"),
        ({"cloudrun_container": {"image": "x"}}, "Use --image"),
        ({"cloudrun_container": {"resources": {"limit": {}}}}, "Did you mean 'limits'"),
        ({"bindings": [{"role": "run.invoker", "members": ["allUsers"]}]}, "bindings[0].role is not valid"),
        ({"bindings": [{"role": "roles/run.invoker", "members": []}]}, "bindings[0].members is not valid"),
        ({"bindings": [{"role": "roles/run.invoker", "members": ["ada"]}]}, "'ada' does not have the form of a member"),
        ({"cloudbuild": {"stepz": []}}, "Did you mean 'steps'"),
        ({"cloudbuild": {"images": ["x"]}}, "Use cloudbuild.artifact_registry"),
        ({"cloudbuild": {"artifact_registry": "gcr.io/p/i"}}, "it must have the form LOCATION-docker.pkg.dev"),
        ({"cloudbuild": {"artifact_registry": 5}}, "it must have the form LOCATION-docker.pkg.dev"),
        ({"cloudbuild": {"artifact_registry": "eu-docker.pkg.dev/other/r/i"}}, "belongs to the project 'other'"),
        (
            {
                "cloudbuild": {"artifact_registry": "eu-docker.pkg.dev/shop/r/i"},
                "deploy": {"artifact_registry": "eu-docker.pkg.dev/shop/r/j"},
            },
            "deploy.artifact_registry is 'eu-docker.pkg.dev/shop/r/j'",
        ),
    ],
)
def test_configuration_that_is_not_valid(app: Path, configuration: dict[str, Any], text: str) -> None:
    with pytest.raises(CommandError) as caught:
        plan(app, configuration, image=None)
    assert text in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("project", ["gcp_project", "example.com:shop", "123456"])
def test_registry_of_another_project(app: Path, project: str) -> None:
    image = f"location-docker.pkg.dev/{project}/artifact/image"
    account = "service-account@project.iam.gserviceaccount.com"
    steps = plan(app, {"cloudbuild": {"artifact_registry": image, "serviceAccount": account}}, image=None)
    assert next(step.body["images"] for step in steps if step.url.endswith("/builds")) == [image]


@pytest.mark.parametrize("image", ["hello", "hello:1", "shop/hello@sha256:1", "docker.io/shop/hello:1"])
def test_image_that_cloud_run_cannot_take(app: Path, image: str) -> None:
    with pytest.raises(CommandError, match=image):
        plan(app, image=image)
