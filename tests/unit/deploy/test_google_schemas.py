"""The schemas of Google's resources in the package: up to date, and closed."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.google.schemas import FIRST_GENERATION_FIELDS, schema
from funcpack.deploy.settings.schema import check
from funcpack.deployment_errors import ConfigurationFieldError
from tools import google_schemas


def test_files_are_up_to_date() -> None:
    files = {path: path.read_text() for path in google_schemas.SCHEMAS.iterdir()}
    assert files == google_schemas.files(), "run `.venv/bin/python -m tools.google_schemas`"


def test_files_are_small() -> None:
    assert sum(len(text) for text in google_schemas.files().values()) < 50_000


@pytest.mark.parametrize(
    ("resource", "value"),
    [
        ("CloudFunction", {"runtime": "python311", "timeout": "60s", "secretVolumes": [{"mountPath": "/a"}]}),
        ("Function", {"serviceConfig": {"availableMemory": "256M", "timeoutSeconds": 60}}),
        ("Service", {"ingress": "INGRESS_TRAFFIC_ALL", "template": {"timeout": "3.5s"}}),
        ("Service", {"traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]}),
        ("RevisionTemplate", {"serviceAccount": "a@b.iam.gserviceaccount.com", "scaling": {"maxInstanceCount": "5"}}),
        ("Container", {"image": "a", "ports": [{"containerPort": 8080}], "resources": {"limits": {"cpu": "1"}}}),
        ("Build", {"steps": [{"name": "a", "args": ["b"]}], "options": {"logging": "CLOUD_LOGGING_ONLY"}}),
        ("Policy", {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}], "etag": "BwY="}),
        ("Repository", {"format": "DOCKER", "mode": "STANDARD_REPOSITORY"}),
    ],
)
def test_resources_are_accepted(resource: str, value: dict[str, Any]) -> None:
    check(value, schema(resource), "section", None)


@pytest.mark.parametrize(
    ("resource", "value", "expected"),
    [
        ("CloudFunction", {"runtimes": "a"}, "section.runtimes is not a known field. Did you mean 'runtime'?"),
        ("CloudFunction", {"timeout": 60}, "section.timeout must be text, not a number."),
        ("Service", {"traffic": 25}, "section.traffic must be a list, not a number."),
        ("Service", {"uri": "a"}, "section.uri is set by the platform and cannot be configured."),
        ("Repository", {"format": "DEB"}, "section.format is 'DEB'. It must be one of: FORMAT_UNSPECIFIED, DOCKER, "),
        (
            "RevisionTemplate",
            {"containers": [{"imag": "a"}]},
            "section.containers[0].imag is not a known field. Did you mean 'image'?",
        ),
        (
            "Build",
            {"timeout": "10m"},
            "section.timeout is '10m'. It must be a duration in seconds such as '3.5s'.",
        ),
    ],
)
def test_other_fields_are_rejected(resource: str, value: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigurationFieldError) as caught:
        check(value, schema(resource), "section", "config.json")
    assert caught.value.found.startswith(f"config.json: {expected}")


def test_fields_of_the_first_generation_name_fields_of_the_second() -> None:
    first = set(schema("CloudFunction")["$defs"]["CloudFunction"]["properties"])
    assert first >= FIRST_GENERATION_FIELDS.keys()
    for place in FIRST_GENERATION_FIELDS.values():
        found: Any = {"$ref": "#/$defs/Function"}
        for name in place.split("."):
            found = schema("Function")["$defs"][found["$ref"].rpartition("/")[2]]["properties"][name]
        assert found


def test_a_field_of_the_first_generation_is_explained_in_the_second() -> None:
    with pytest.raises(ConfigurationFieldError) as caught:
        check({"runtime": "python311"}, schema("Function"), "cloudfunction", None, moved=FIRST_GENERATION_FIELDS)
    assert caught.value.problems[0].text == (
        "cloudfunction.runtime is not a known field. Use cloudfunction.buildConfig.runtime."
    )
