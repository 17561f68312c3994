"""The resources of functions on Cloud Functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deploy.google.function_resource import resource
from funcpack.deploy.google.generations import V1, V2
from funcpack.deploy.settings.configuration import Configuration
from funcpack.deployment_errors import ConfigurationFieldError, FunctionEventTriggerError

if TYPE_CHECKING:
    from funcpack.deploy.google.generations import Generation

ENTRY = {"GOOGLE_FUNCTION_SOURCE": "_funcpack_entry.py"}
LABELS = {"funcpack-source": "0123abc"}
FIRST = {
    "httpsTrigger": {},
    "labels": LABELS,
    "entryPoint": "function_entrypoint",
    "runtime": "python313",
    "buildEnvironmentVariables": ENTRY,
}
BUILD = {"entryPoint": "function_entrypoint", "runtime": "python313", "environmentVariables": ENTRY}
SECOND = {
    "environment": "GEN_2",
    "labels": LABELS,
    "buildConfig": BUILD,
    "serviceConfig": {"allTrafficOnLatestRevision": True},
}


def made(generation: Generation, values: dict[str, Any]) -> dict[str, Any]:
    return resource(
        generation, Configuration(values, "config.json"), project="shop", runtime="python313", source="0123abc"
    )


def secret(key: str, name: str, version: str) -> dict[str, str]:
    return {"key": key, "projectId": "shop", "secret": name, "version": version}


def second(**service: Any) -> dict[str, Any]:
    return {**SECOND, "serviceConfig": {"allTrafficOnLatestRevision": True, **service}}


CASES: dict[str, tuple[Generation, dict[str, Any], dict[str, Any]]] = {
    "nothing, first": (V1, {}, FIRST),
    "nothing, second": (V2, {}, SECOND),
    "runtime": (V1, {"cloudfunction": {"runtime": "python313"}}, FIRST),
    "runtime in the section of the first generation": (V2, {"cloudfunction": {"runtime": "python313"}}, SECOND),
    "the second generation's section does not count for the first": (
        V1,
        {"cloudfunction_v2": {"description": "v2"}},
        FIRST,
    ),
    "a field": (V1, {"cloudfunction": {"availableMemoryMb": 512}}, {**FIRST, "availableMemoryMb": 512}),
    "fields of both sections, the second over the first": (
        V2,
        {
            "cloudfunction": {"serviceConfig": {"timeoutSeconds": 10, "availableMemory": "512M"}},
            "cloudfunction_v2": {"serviceConfig": {"timeoutSeconds": 20}},
        },
        second(timeoutSeconds=20, availableMemory="512M"),
    ),
    "environment, first": (
        V1,
        {"environment": {"A": "1", "B": "1"}, "cloudfunction": {"environmentVariables": {"B": "2"}}},
        {**FIRST, "environmentVariables": {"A": "1", "B": "2"}},
    ),
    "environment, second": (V2, {"environment": {"A": "1"}}, second(environmentVariables={"A": "1"})),
    "build environment next to the entry's": (
        V1,
        {"cloudfunction": {"buildEnvironmentVariables": {"A": "1"}}},
        {**FIRST, "buildEnvironmentVariables": {**ENTRY, "A": "1"}},
    ),
    "build configuration next to the entry's": (
        V2,
        {"cloudfunction_v2": {"buildConfig": {"environmentVariables": {"A": "1"}, "workerPool": "pool"}}},
        {**SECOND, "buildConfig": {**BUILD, "environmentVariables": {**ENTRY, "A": "1"}, "workerPool": "pool"}},
    ),
    "secrets, first": (
        V1,
        {"secrets": {"KEY": "api-key/3", "TOKEN": "token"}},
        {
            **FIRST,
            "secretEnvironmentVariables": [secret("KEY", "api-key", "3"), secret("TOKEN", "token", "latest")],
        },
    ),
    "secrets and those of the section": (
        V2,
        {
            "secrets": {"KEY": "api-key/3", "TOKEN": "token"},
            "cloudfunction_v2": {
                "serviceConfig": {"secretEnvironmentVariables": [{"key": "TOKEN", "secret": "other", "version": "1"}]}
            },
        },
        second(
            secretEnvironmentVariables=[
                secret("KEY", "api-key", "3"),
                {"key": "TOKEN", "secret": "other", "version": "1"},
            ]
        ),
    ),
    "a secret and a text of the same name": (
        V1,
        {"environment": {"KEY": "x", "A": "1"}, "secrets": {"KEY": "api-key/3"}},
        {
            **FIRST,
            "environmentVariables": {"A": "1"},
            "secretEnvironmentVariables": [secret("KEY", "api-key", "3")],
        },
    ),
    "a text of the section instead of a secret": (
        V1,
        {"secrets": {"KEY": "api-key/3"}, "cloudfunction": {"environmentVariables": {"KEY": "x"}}},
        {**FIRST, "environmentVariables": {"KEY": "x"}},
    ),
    "a secret of the section instead of a text": (
        V2,
        {
            "environment": {"KEY": "x"},
            "cloudfunction": {
                "serviceConfig": {"secretEnvironmentVariables": [{"key": "KEY", "secret": "other", "version": "1"}]}
            },
        },
        second(secretEnvironmentVariables=[{"key": "KEY", "secret": "other", "version": "1"}]),
    ),
    "description and labels of all backends": (
        V1,
        {"description": "Greets", "labels": {"team": "shop"}},
        {**FIRST, "description": "Greets", "labels": {"team": "shop", **LABELS}},
    ),
    "description and labels of the section": (
        V2,
        {"description": "a", "labels": {"team": "a"}, "cloudfunction": {"description": "b", "labels": {"team": "b"}}},
        {**SECOND, "description": "b", "labels": {"team": "b", **LABELS}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_configuration_is_merged_into_the_resource(case: str) -> None:
    generation, values, expected = CASES[case]
    assert made(generation, values) == expected


ENTRY_REASON = "Cloud Functions calls the entry module of Funcpack, which calls your function. Name your function by PYTHON_HANDLER."
SOURCE_REASON = "Cloud Functions builds the directory that you deploy."
NAME_REASON = "Use the option --name, or the field 'name' at the top of the configuration."
LABEL_REASON = "The label tells whether a function was deployed from the same source."


@pytest.mark.parametrize(
    ("generation", "values", "problem"),
    [
        (V1, {"cloudfunction": {"name": "x"}}, f"cloudfunction.name is set by Funcpack. {NAME_REASON}"),
        (V2, {"cloudfunction_v2": {"name": "x"}}, f"cloudfunction_v2.name is set by Funcpack. {NAME_REASON}"),
        (V1, {"cloudfunction": {"entryPoint": "x"}}, f"cloudfunction.entryPoint is set by Funcpack. {ENTRY_REASON}"),
        (V2, {"cloudfunction": {"entryPoint": "x"}}, f"cloudfunction.entryPoint is set by Funcpack. {ENTRY_REASON}"),
        (
            V2,
            {"cloudfunction_v2": {"buildConfig": {"entryPoint": "x"}}},
            f"cloudfunction_v2.buildConfig.entryPoint is set by Funcpack. {ENTRY_REASON}",
        ),
        *[
            (V1, {"cloudfunction": {field: "x"}}, f"cloudfunction.{field} is set by Funcpack. {SOURCE_REASON}")
            for field in ("sourceArchiveUrl", "sourceUploadUrl", "sourceRepository", "sourceToken")
        ],
        (
            V2,
            {"cloudfunction_v2": {"buildConfig": {"source": {}}}},
            f"cloudfunction_v2.buildConfig.source is set by Funcpack. {SOURCE_REASON}",
        ),
        (
            V1,
            {"cloudfunction": {"buildEnvironmentVariables": {"GOOGLE_FUNCTION_SOURCE": "main.py"}}},
            f"cloudfunction.buildEnvironmentVariables.GOOGLE_FUNCTION_SOURCE is set by Funcpack. {ENTRY_REASON}",
        ),
        (
            V2,
            {"cloudfunction_v2": {"environment": "GEN_1"}},
            "cloudfunction_v2.environment is set by Funcpack. The backend cloudfunctionv2 deploys to the second generation.",
        ),
        (
            V2,
            {"cloudfunction_v2": {"serviceConfig": {"allTrafficOnLatestRevision": False}}},
            (
                "cloudfunction_v2.serviceConfig.allTrafficOnLatestRevision is set by Funcpack. The newest revision gets all "
                "requests. To go back, run: funcpack rollback"
            ),
        ),
        (V1, {"labels": {"funcpack-source": "x"}}, f"labels.funcpack-source is set by Funcpack. {LABEL_REASON}"),
        (
            V2,
            {"cloudfunction": {"labels": {"funcpack-source": "x"}}},
            f"cloudfunction.labels.funcpack-source is set by Funcpack. {LABEL_REASON}",
        ),
        (
            V1,
            {"cloudfunction": {"environmentVariables": {"PORT": "80"}}},
            "cloudfunction.environmentVariables.PORT is set by the platform and cannot be configured.",
        ),
        (
            V2,
            {"cloudfunction_v2": {"serviceConfig": {"secretEnvironmentVariables": [{"key": "FUNCTION_TARGET"}]}}},
            (
                "cloudfunction_v2.serviceConfig.secretEnvironmentVariables[FUNCTION_TARGET] is set by the platform and cannot be "
                "configured."
            ),
        ),
        (
            V1,
            {"cloudfunction": {"availableMemory": 512}},
            "cloudfunction.availableMemory is not a known field. Did you mean 'availableMemoryMb'?",
        ),
        (
            V1,
            {"cloudfunction": {"availableMemoryMb": True}},
            "cloudfunction.availableMemoryMb must be an integer or text, not true or false.",
        ),
        (
            V1,
            {"cloudfunction": {"status": "ACTIVE"}},
            "cloudfunction.status is set by the platform and cannot be configured.",
        ),
        (
            V2,
            {"cloudfunction": {"availableMemoryMb": 512}},
            "cloudfunction.availableMemoryMb is not a known field. Use cloudfunction.serviceConfig.availableMemory.",
        ),
        (
            V2,
            {"cloudfunction_v2": {"serviceAccountEmail": "a@b.c"}},
            (
                "cloudfunction_v2.serviceAccountEmail is not a known field. "
                "Use cloudfunction_v2.serviceConfig.serviceAccountEmail."
            ),
        ),
        (
            V2,
            {"cloudfunction_v2": {"runtime": "python313"}},
            "cloudfunction_v2.runtime is not a known field. Use cloudfunction_v2.buildConfig.runtime.",
        ),
        (
            V2,
            {"cloudfunction": {"timeout": "60s"}},
            "cloudfunction.timeout is not a known field. Use cloudfunction.serviceConfig.timeoutSeconds.",
        ),
    ],
)
def test_field_that_does_not_fit_is_an_error(generation: Generation, values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationFieldError) as caught:
        made(generation, values)
    assert caught.value.found == f"config.json: {problem}"


@pytest.mark.parametrize(
    ("generation", "section"), [(V1, "cloudfunction"), (V2, "cloudfunction"), (V2, "cloudfunction_v2")]
)
def test_event_trigger_is_an_error(generation: Generation, section: str) -> None:
    with pytest.raises(FunctionEventTriggerError) as caught:
        made(generation, {section: {"eventTrigger": {"eventType": "google.storage.object.finalize"}}})
    assert caught.value.origin == f"{section}.eventTrigger"
