"""The requests that write a function: its source is uploaded, and it is created or updated, each only if that changes something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.function import FUNCTION, READ, Function, current
from funcpack.deploy.google.function_changes import changes, fields, needs_build, without_build
from funcpack.deploy.google.function_states import ACTIVE_STATE
from funcpack.deploy.google.generations import REPLACED_LABEL, UPLOAD_URL
from funcpack.deploy.plan.steps import Condition, Step
from funcpack.deploy.plan.values import Computed, answer, at
from funcpack.deploy.settings.merging import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from funcpack.deploy.plan.steps import Upload
    from funcpack.deploy.plan.values import Answers, Received

UPLOAD = "upload"
CREATE = "create"
UPDATE = "update"
SETTINGS = "settings"
WRITES = (CREATE, UPDATE, SETTINGS)

# What a first-generation function replaces. If another command creates it first, the number is not known.
_NO_VERSION = "0"
_REPLACED = Computed(answer(READ, "versionId"), "if it is known", lambda version: version or "unknown")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deployment sends: the resource without its source, and the archive of the source."""

    function: Function
    resource: Mapping[str, Any]
    archive: Upload


def write_steps(wanted: Wanted, needs_settings: Callable[[Answers], bool]) -> tuple[Step, ...]:
    """Return the steps. `needs_settings` returns whether something is to be written that needs no build."""
    function, generation = wanted.function, wanted.function.generation
    body = merged(_named(wanted.resource, function, _NO_VERSION), generation.source)
    newer = merged(_named(wanted.resource, function, _REPLACED), generation.source)
    settings = _named(without_build(generation, wanted.resource), function, _REPLACED)
    mask = fields(generation, newer)
    return (
        *source_steps(function, wanted.archive, needs_source(wanted)),
        _create(function, body),
        update_step(UPDATE, function, newer, mask, _has_other_source(wanted)),
        update_step(
            SETTINGS,
            function,
            settings,
            [field for field in fields(generation, wanted.resource) if not needs_build(generation, field)],
            _has_other_settings(wanted, needs_settings),
        ),
    )


def needs_source(wanted: Wanted) -> Condition:
    """Return the condition that the source is uploaded and built."""
    return Condition(
        f"{{{FUNCTION}}} is 404 or has another source", lambda answers: not is_from_source(wanted, current(answers))
    )


def source_steps(function: Function, archive: Upload, condition: Condition | None = None) -> tuple[Step, Step]:
    """Return the steps that upload a source."""
    return (
        Step(
            UPLOAD_URL,
            "Request an address for the source",
            "POST",
            function.at(f"{function.place.path}/functions:generateUploadUrl"),
            dict(function.generation.upload_request),
            condition=condition,
            is_idempotent=True,
        ),
        Step(
            UPLOAD,
            "Upload the source",
            "PUT",
            answer(UPLOAD_URL, "uploadUrl"),
            archive,
            function.generation.upload_headers,
            condition,
            is_authorized=False,
        ),
    )


def update_step(
    key: str, function: Function, body: Mapping[str, Any], mask: Sequence[str], condition: Condition | None = None
) -> Step:
    """Return the step that updates the fields of a mask."""
    url = f"{function.url}?updateMask={','.join(mask)}"
    return Step(key, f"Update the function {function.name}", "PATCH", url, body, condition=condition)


def replacing(labels: Mapping[str, Any], version: Any) -> dict[str, Any]:
    """Return the labels of a first-generation function with the version that a request replaces.

    If the deployment fails, Google goes on to show the fields of the request, but with the version from before. The number of the
    version that a deployment makes is not known before, because failed ones are counted, too.
    """
    return {**labels, REPLACED_LABEL: version}


def is_from_source(wanted: Wanted, received: Received) -> bool:
    """Check whether a function serves, from this source and with these settings of the build."""
    generation, function = wanted.function.generation, received.body
    if received.status == 404 or at(function, generation.state) != ACTIVE_STATE or _failures(function):
        return False
    if generation.has_versions and not _is_deployed(function):
        return False
    return not changes(generation, function, wanted.resource).build


def _is_deployed(function: Any) -> bool:
    """Check whether the fields of a first-generation function are those of the version that serves, and not of a failed update.

    The version must be newer than the one that the last request replaced. `buildId` is the latest successful build,
    `buildName` the latest one.
    """
    version, replaced = str(at(function, "versionId")), str(at(function, f"labels.{REPLACED_LABEL}"))
    if not (version.isdecimal() and replaced.isdecimal() and int(version) > int(replaced)):
        return False
    build, name = at(function, "buildId"), at(function, "buildName")
    return not (build and name) or build == name.rpartition("/")[2]


def _failures(function: Any) -> list[Any]:
    """Return why the last update of a second-generation function failed, if the revision before it serves."""
    return [message for message in at(function, "stateMessages") or () if at(message, "severity") == "ERROR"]


def _named(resource: Mapping[str, Any], function: Function, version: Any) -> dict[str, Any]:
    named = {"name": function.full_name, **resource}
    if not function.generation.has_versions:
        return named
    return {**named, "labels": replacing(resource["labels"], version)}


def _create(function: Function, body: Mapping[str, Any]) -> Step:
    query = "" if function.generation.api == "v1" else f"?functionId={function.name}"
    return Step(
        CREATE,
        f"Create the function {function.name}",
        "POST",
        function.at(f"{function.place.path}/functions{query}"),
        body,
        condition=Condition(f"{{{FUNCTION}}} is 404", lambda answers: current(answers).status == 404),
        on_conflict=UPDATE,
    )


def _has_other_source(wanted: Wanted) -> Condition:
    return Condition(
        f"{{{FUNCTION}}} is not 404 and has another source",
        lambda answers: current(answers).status != 404 and not is_from_source(wanted, current(answers)),
    )


def _has_other_settings(wanted: Wanted, needs_settings: Callable[[Answers], bool]) -> Condition:
    return Condition(
        f"{{{FUNCTION}}} is not 404 and has this source and other settings",
        lambda answers: is_from_source(wanted, current(answers)) and needs_settings(answers),
    )
