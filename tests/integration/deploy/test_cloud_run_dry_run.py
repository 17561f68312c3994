"""A dry run to Cloud Run prints exactly what a run sends."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.deploy.cloud_run_app import DIGEST, IMAGE, PUBLIC, App

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.server import GoogleServer


@pytest.fixture
def app(tmp_path: Path, google: GoogleServer) -> App:
    return App.new(tmp_path, google)


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
