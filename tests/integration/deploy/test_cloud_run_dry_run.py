"""A dry run to Cloud Run prints exactly what a run sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.google.dry_run import assert_equal
from tests.integration.deploy.cloud_run_app import DIGEST, IMAGE, OTHER_IMAGE, PUBLIC

if TYPE_CHECKING:
    from tests.google.app import App
    from tests.google.server import GoogleServer


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


FILES = [
    {"Dockerfile": "FROM python:3.13\nCOPY . .\n"},
    {"Procfile": "web: python -m funcpack_invoker\n"},
]


@pytest.mark.parametrize("files", FILES, ids="".join)
def test_dry_run_of_a_container_is_what_is_sent(app: App, google: GoogleServer, files: dict[str, str]) -> None:
    for name, text in files.items():
        (app.directory / name).write_text(text)
    planned = app.process("deploy", "--dry-run", "--output", "json", CLOUDSDK_AUTH_ACCESS_TOKEN="")
    assert google.requests == []
    app.deploy()
    assert_equal(json.loads(planned.stdout), google)


def test_dry_run_of_a_smoke_request_is_what_is_sent(app: App, google: GoogleServer) -> None:
    app.configure(PUBLIC)
    app.deploy("--image", IMAGE)
    google.requests.clear()
    file = app.directory / "smoke.json"
    request = {"method": "POST", "path": "/orders?page=1", "headers": {"X-Tenant": "acme"}, "json": {"order": 42}}
    file.write_text(json.dumps({"request": request}))
    arguments = ["--image", OTHER_IMAGE, "--smoke", str(file), "--set", "cloudrun.traffic=25"]
    planned = app.deploy(*arguments, "--dry-run", "--output", "json", CLOUDSDK_AUTH_ACCESS_TOKEN="")
    assert google.requests == []
    app.deploy(*arguments)
    assert_equal(json.loads(planned.stdout), google)
