"""What a deployment to Cloud Functions changes, and the masks of its updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deploy.google.function import Function
from funcpack.deploy.google.function_changes import changes, fields
from funcpack.deploy.google.function_plan import Wanted, is_from_source
from funcpack.deploy.google.generations import V1, V2
from funcpack.deploy.google.place import Place
from funcpack.deploy.plan.backend import Change
from funcpack.deploy.plan.steps import Upload
from funcpack.deploy.plan.values import Received

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.google.generations import Generation

FIRST: Mapping[str, Any] = {
    "httpsTrigger": {},
    "labels": {"funcpack-source": "new"},
    "entryPoint": "function_entrypoint",
    "runtime": "python313",
    "buildEnvironmentVariables": {"GOOGLE_FUNCTION_SOURCE": "_funcpack_entry.py"},
    "environmentVariables": {"A": "1"},
}
SECOND: Mapping[str, Any] = {
    "environment": "GEN_2",
    "labels": {"funcpack-source": "new"},
    "buildConfig": {"runtime": "python313", "environmentVariables": {"A": "1"}},
    "serviceConfig": {"allTrafficOnLatestRevision": True, "environmentVariables": {"A": "1"}},
}


def shown(generation: Generation, **values: Any) -> dict[str, Any]:
    """Return a function as the API shows it after a deployment, with other values."""
    if generation == V1:
        labels = {"funcpack-source": "new", "funcpack-replaced-version": "2", "goog-terraform-provisioned": "true"}
        trigger = {"url": "https://x", "securityLevel": "SECURE_ALWAYS"}
        more = {"status": "ACTIVE", "versionId": "3", "httpsTrigger": trigger, "availableMemoryMb": 256}
        return {**FIRST, "labels": labels, **more, **values}
    config = {
        **SECOND["serviceConfig"],
        "environmentVariables": {"A": "1", "LOG_EXECUTION_ID": "true"},
        "uri": "https://x",
    }
    return {**SECOND, "state": "ACTIVE", "serviceConfig": config, **values}


@pytest.mark.parametrize(
    ("generation", "resource", "old", "build", "others"),
    [
        (V1, FIRST, shown(V1), [], []),
        (V2, SECOND, shown(V2), [], []),
        (V1, FIRST, shown(V1, labels={}), [("labels.funcpack-source", None, "new")], []),
        (V1, FIRST, shown(V1, runtime="python312"), [("runtime", "python312", "python313")], []),
        (
            V1,
            FIRST,
            shown(V1, environmentVariables={"A": "0", "B": "2"}),
            [],
            [("environmentVariables.A", "0", "1"), ("environmentVariables.B", "2", None)],
        ),
        (V1, FIRST, shown(V1, description="by hand"), [], [("description", "by hand", None)]),
        (V1, FIRST, shown(V1, secretVolumes=[]), [], []),
        (V1, {**FIRST, "maxInstances": 3}, shown(V1), [], [("maxInstances", None, 3)]),
        (
            V2,
            {**SECOND, "buildConfig": {"runtime": "python313"}},
            shown(V2),
            [],
            [],
        ),
        (
            V2,
            {**SECOND, "buildConfig": {"runtime": "python314", "environmentVariables": {}}},
            shown(V2),
            [("buildConfig.environmentVariables.A", "1", None), ("buildConfig.runtime", "python313", "python314")],
            [],
        ),
        (
            V2,
            {**SECOND, "serviceConfig": {"allTrafficOnLatestRevision": True, "timeoutSeconds": 5}},
            shown(V2),
            [],
            [("serviceConfig.environmentVariables.A", "1", None), ("serviceConfig.timeoutSeconds", None, 5)],
        ),
    ],
)
def test_changes_are_named_field_by_field(
    generation: Generation,
    resource: Mapping[str, Any],
    old: Mapping[str, Any],
    build: list[tuple[str, Any, Any]],
    others: list[tuple[str, Any, Any]],
) -> None:
    found = changes(generation, old, resource)
    assert found.build == tuple(Change(*change) for change in build)
    assert found.others == tuple(Change(*change) for change in others)


@pytest.mark.parametrize(
    ("generation", "resource", "mask"),
    [
        (
            V1,
            FIRST,
            (
                "buildEnvironmentVariables,description,entryPoint,environmentVariables,labels,runtime,secretEnvironmentVariables,"
                "secretVolumes"
            ),
        ),
        (
            V1,
            {"httpsTrigger": {"securityLevel": "SECURE_ALWAYS"}, "name": "x"},
            "description,environmentVariables,httpsTrigger,secretEnvironmentVariables,secretVolumes",
        ),
        (
            V2,
            SECOND,
            (
                "buildConfig.environmentVariables,buildConfig.runtime,description,labels,serviceConfig.allTrafficOnLatestRevision,"
                "serviceConfig.environmentVariables,serviceConfig.secretEnvironmentVariables,serviceConfig.secretVolumes"
            ),
        ),
    ],
)
def test_mask_contains_what_is_set_and_what_is_emptied(
    generation: Generation, resource: Mapping[str, Any], mask: str
) -> None:
    assert ",".join(fields(generation, resource)) == mask


ERROR = [{"severity": "ERROR", "message": "Build failed"}]
WARNING = [{"severity": "WARNING", "message": "An old runtime"}]


@pytest.mark.parametrize(
    ("generation", "status", "function", "expected"),
    [
        (V1, 200, shown(V1), True),
        (V2, 200, shown(V2), True),
        (V1, 404, {"error": {"code": 404}}, False),
        (V1, 403, {"error": {"code": 403}}, False),
        (V1, 200, shown(V1, labels={"funcpack-source": "old", "funcpack-replaced-version": "2"}), False),
        # An update has failed: Google shows its labels, and the version from before.
        (V1, 200, shown(V1, versionId="2"), False),
        # Failed deployments are counted, too.
        (V1, 200, shown(V1, versionId="10"), True),
        (V1, 200, shown(V1, labels={"funcpack-source": "new"}), False),
        # Another command had created the function first.
        (V1, 200, shown(V1, labels={"funcpack-source": "new", "funcpack-replaced-version": "unknown"}), False),
        (V1, 200, shown(V1, buildId="b2", buildName="projects/1/locations/us-central1/builds/b2"), True),
        (V1, 200, shown(V1, buildId="b1", buildName="projects/1/locations/us-central1/builds/b2"), False),
        (V1, 200, shown(V1, status="OFFLINE"), False),
        (V1, 200, shown(V1, status="DEPLOY_IN_PROGRESS"), False),
        (V1, 200, shown(V1, environmentVariables={}), True),
        (V2, 200, shown(V2, state="FAILED"), False),
        (V2, 200, shown(V2, stateMessages=ERROR), False),
        (V2, 200, shown(V2, stateMessages=WARNING), True),
        (V2, 200, shown(V2, buildConfig={"runtime": "python312", "environmentVariables": {"A": "1"}}), False),
    ],
)
def test_function_is_from_the_source_only_if_it_was_deployed_successfully(
    generation: Generation, status: int, function: dict[str, Any], expected: bool
) -> None:
    resource = FIRST if generation == V1 else SECOND
    wanted = Wanted(
        Function(generation, "https://x/", Place("shop", "us-central1"), "hello"), resource, Upload(b"", "new", ())
    )
    assert is_from_source(wanted, Received(status, {}, function)) is expected
