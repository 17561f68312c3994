"""The requests that deploy a function to Cloud Functions, the same for both generations.

1. What is there. 2. and 3. The upload of the source. 4. to 6. One write: the function is created, or updated with its source, or
updated without. 7. Google builds and starts it. Then the steps that `serving` and `bindings` add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.function_changes import changes, fields, needs_build, without_build
from funcpack.deploy.google.function_states import operation_is_done, verify_operation
from funcpack.deploy.google.generations import UPLOAD_URL
from funcpack.deploy.plan.steps import Condition, Poll, Step, found, missing
from funcpack.deploy.plan.values import Joined, answer, at
from funcpack.deploy.settings.merging import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.plan.steps import Upload
    from funcpack.deploy.plan.values import Answers, Received

FUNCTION = "function"
UPLOAD = "upload"
CREATE = "create"
UPDATE = "update"
SETTINGS = "settings"
OPERATION = "operation"
WRITES = (CREATE, UPDATE, SETTINGS)
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one generation at a place. `api` is the base URL of the API, which ends with `/`."""

    generation: Generation
    api: str
    place: Place
    name: str

    @property
    def full_name(self) -> str:
        """Return the name of the resource."""
        return f"{self.place.path}/functions/{self.name}"

    @property
    def url(self) -> str:
        """Return the URL of the resource."""
        return self.at(self.full_name)

    def at(self, path: str) -> str:
        """Return the URL of a path of this generation's API."""
        return f"{self.api}{self.generation.api}/{path}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deployment sends: the resource without its source, and the archive of the source."""

    function: Function
    resource: Mapping[str, Any]
    archive: Upload


def read_step(function: Function) -> Step:
    """Return the step that reads the function. 404 is an answer."""
    return Step(FUNCTION, f"Look for the function {function.name}", "GET", function.url, accepts=frozenset({404}))


def write_steps(wanted: Wanted, needs_settings: Callable[[Answers], bool]) -> tuple[Step, ...]:
    """Return the steps that upload the source and write the function, each only if it changes something.

    `needs_settings` returns whether something else must be written without a build.
    """
    condition = Condition(
        f"{{{FUNCTION}}} is 404 or was not deployed from this source",
        lambda answers: not is_from_source(wanted, answers[FUNCTION]),
    )
    return (*source_steps(wanted.function, wanted.archive, condition), *_writes(wanted, needs_settings))


def source_steps(function: Function, archive: Upload, condition: Condition | None = None) -> tuple[Step, Step]:
    """Return the steps that upload a source."""
    return (
        Step(
            UPLOAD_URL,
            "Request an address for the source",
            "POST",
            function.at(f"{function.place.path}/functions:generateUploadUrl"),
            dict(function.generation.upload_request),
            JSON,
            condition=condition,
            is_read=True,
        ),
        Step(
            UPLOAD,
            "Upload the source",
            "PUT",
            answer(UPLOAD_URL, "uploadUrl"),
            archive,
            function.generation.upload_headers,
            condition=condition,
            is_authorized=False,
        ),
    )


def operation_step(function: Function, begun_by: Sequence[str], purpose: str, condition: Condition) -> Step:
    """Return the step that waits for the operation that the one of some steps has begun that was sent."""
    return Step(
        OPERATION,
        purpose,
        "GET",
        Joined((function.at(""), answer(tuple(begun_by), "name"))),
        condition=condition,
        poll=Poll(operation_is_done, "Google goes on with the deployment. Run the command again to wait for it."),
        verify=lambda received: verify_operation(received, function.name, function.place),
    )


def deployed_step(function: Function, writes: Sequence[str]) -> Step:
    """Return the step that waits until one of the writes has taken effect."""
    purpose = f"Wait until Cloud Functions has deployed {function.name}"
    return operation_step(function, writes, purpose, _was_sent(writes))


def _was_sent(keys: Sequence[str]) -> Condition:
    words = " or ".join(f"{{{key}}}" for key in keys)
    return Condition(f"{words} was sent", lambda answers: any(key in answers for key in keys))


def is_from_source(wanted: Wanted, current: Received) -> bool:
    """Check whether the function was deployed from this source, with these settings of the build, and did not fail."""
    if current.status == 404 or _failures(current.body):
        return False
    generation = wanted.function.generation
    is_good = at(current.body, generation.state) in {"ACTIVE", generation.starting}
    return is_good and not changes(generation, current.body, wanted.resource).build


def _failures(body: Any) -> list[Any]:
    """Return the messages of a second-generation function whose last update failed while the revision before it serves."""
    return [message for message in at(body, "stateMessages") or () if at(message, "severity") == "ERROR"]


def _writes(wanted: Wanted, needs_settings: Callable[[Answers], bool]) -> tuple[Step, Step, Step]:
    function, generation = wanted.function, wanted.function.generation
    body = merged({"name": function.full_name, **wanted.resource}, generation.source)
    exists = found(FUNCTION)
    query = f"?functionId={function.name}" if generation.api == "v2" else ""
    return (
        Step(
            CREATE,
            f"Create the function {function.name}",
            "POST",
            function.at(f"{function.place.path}/functions{query}"),
            body,
            JSON,
            missing(FUNCTION),
            on_conflict=UPDATE,
        ),
        _update(
            UPDATE,
            function,
            body,
            fields(generation, body),
            Condition(
                f"{exists.words} and was not deployed from this source",
                lambda answers: exists.holds(answers) and not is_from_source(wanted, answers[FUNCTION]),
            ),
        ),
        _update(
            SETTINGS,
            function,
            {"name": function.full_name, **without_build(generation, wanted.resource)},
            [field for field in fields(generation, wanted.resource) if not needs_build(generation, field)],
            Condition(
                f"{exists.words} and was deployed from this source with other settings",
                lambda answers: is_from_source(wanted, answers[FUNCTION]) and needs_settings(answers),
            ),
        ),
    )


def _update(key: str, function: Function, body: Mapping[str, Any], mask: Sequence[str], condition: Condition) -> Step:
    return Step(
        key,
        f"Update the function {function.name}",
        "PATCH",
        f"{function.url}?updateMask={','.join(mask)}",
        body,
        JSON,
        condition,
    )
