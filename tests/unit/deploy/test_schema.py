"""Checks of sections against schemas: which fields and values are rejected, and how errors name them."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.settings.schema import check, forbidden
from funcpack.deployment_errors import ConfigurationFieldError

SCHEMA = {
    "$ref": "#/$defs/Template",
    "$defs": {
        "Template": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "containers": {"type": "array", "items": {"$ref": "#/$defs/Container"}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "timeout": {"type": "string", "format": "google-duration"},
                "size": {"type": ["integer", "string"], "format": "int32"},
                "bytes": {"type": ["integer", "string"], "format": "int64"},
                "ingress": {"enum": ["ALL", "NONE"]},
                "uid": {"type": "string", "readOnly": True},
                "serviceConfig": {"type": "object"},
                "emptyDir": {"type": "object", "additionalProperties": False},
            },
        },
        "Container": {
            "type": "object",
            "additionalProperties": False,
            "required": ["image"],
            "properties": {"image": {"type": "string", "minLength": 1}, "ports": {"type": "array"}},
        },
    },
}
MOVED = {"environment": "serviceConfig.environment"}


def problems(value: dict[str, Any], section: str = "run") -> list[str]:
    with pytest.raises(ConfigurationFieldError) as caught:
        check(value, SCHEMA, section, "config.json", moved=MOVED)
    return [line.removeprefix("config.json: ") for line in caught.value.found.splitlines()]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"containers": [{"image": "a"}], "labels": {"any": "text"}},
        {"timeout": "300s"},
        {"timeout": "3.5s"},
        {"size": 2147483647, "bytes": "9223372036854775807"},
        {"size": "-80", "ingress": "NONE"},
    ],
)
def test_values_of_the_resource_are_accepted(value: dict[str, Any]) -> None:
    check(value, SCHEMA, "run", None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"container": []}, "run.container is not a known field. Did you mean 'containers'?"),
        ({"zzz": 1}, "run.zzz is not a known field."),
        ({"environment": {}}, "run.environment is not a known field. Use run.serviceConfig.environment."),
        (
            {"containers": [{"image": "a", "environment": 1}]},
            "run.containers[0].environment is not a known field.",
        ),
        ({"containers": {}}, "run.containers must be a list, not an object."),
        ({"containers": [{"image": True}]}, "run.containers[0].image must be text, not true or false."),
        ({"containers": [{}]}, "run.containers[0].image is required."),
        ({"containers": [{"image": ""}]}, "run.containers[0].image is not valid: '' should be non-empty."),
        ({"emptyDir": {"size": 1}}, "run.emptyDir.size is not a known field."),
        ({"labels": {"a": 5}}, "run.labels.a must be text, not a number."),
        ({"timeout": None}, "run.timeout must be text, not null."),
        ({"timeout": "5m"}, "run.timeout is '5m'. It must be a duration in seconds such as '3.5s'."),
        ({"size": 1.5}, "run.size must be an integer or text, not a number."),
        ({"size": True}, "run.size must be an integer or text, not true or false."),
        ({"size": 2147483648}, "run.size is 2147483648. It must be an integer of 32 bits."),
        ({"bytes": "9223372036854775808"}, "run.bytes is '9223372036854775808'. It must be an integer of 64 bits."),
        ({"size": "1Gi"}, "run.size is '1Gi'. It must be an integer of 32 bits."),
        ({"ingress": "SOME"}, "run.ingress is 'SOME'. It must be one of: ALL, NONE."),
        ({"uid": "a"}, "run.uid is set by the platform and cannot be configured."),
    ],
)
def test_other_fields_and_values_are_named_with_their_path(value: dict[str, Any], expected: str) -> None:
    assert problems(value) == [expected]


def test_all_problems_are_reported_in_the_order_of_their_paths() -> None:
    assert problems({"uid": "a", "labels": {"a": 5}, "timeouts": "1s"}) == [
        "run.labels.a must be text, not a number.",
        "run.timeouts is not a known field. Did you mean 'timeout'?",
        "run.uid is set by the platform and cannot be configured.",
    ]


def test_paths_begin_with_the_field_without_a_section() -> None:
    assert problems({"timeouts": 1}, section="") == ["timeouts is not a known field. Did you mean 'timeout'?"]


def test_names_with_control_characters_stay_on_their_line() -> None:
    assert problems({"a\nb": 1}) == [r"run.a\nb is not a known field."]


def test_forbidden_fields_are_named_with_what_to_use() -> None:
    reasons = {"name": "Use --name.", "buildConfig.source": "Funcpack uploads the source."}
    forbidden({"buildConfig": {"runtime": "python311"}}, reasons, "cloudfunction_v2", None)
    with pytest.raises(ConfigurationFieldError) as caught:
        forbidden({"name": "a", "buildConfig": {"source": {}}}, reasons, "cloudfunction_v2", None)
    assert caught.value.found.splitlines() == [
        "--set: cloudfunction_v2.name is set by Funcpack. Use --name.",
        "--set: cloudfunction_v2.buildConfig.source is set by Funcpack. Funcpack uploads the source.",
    ]
