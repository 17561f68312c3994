"""The plan: one step a request, each made before the first is sent. Sending them is `execution`'s work."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from funcpack.deploy.plan.values import Answers, Numbers, Received, Value, shown

UNTIL_DONE = "until done"

_JSON: Mapping[str, str] = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Condition:
    """When a step is sent. `words` name steps by their keys in braces: `{service} is 404`."""

    words: str
    holds: Callable[[Answers], bool]

    def shown(self, numbers: Numbers) -> str:
        """Return the words with the numbers of the steps."""
        return self.words.format_map(numbers)


def missing(step: str) -> Condition:
    """Return the condition that the answer to a step is 404."""
    return Condition(f"{{{step}}} is 404", lambda answers: step in answers and answers[step].status == 404)


def found(step: str) -> Condition:
    """Return the condition that the answer to a step is not 404."""
    return Condition(f"{{{step}}} is not 404", lambda answers: step in answers and answers[step].status != 404)


def begun(step: str) -> Condition:
    """Return the condition that a step has begun something: neither is the answer 404, nor is it empty, which means done."""
    words = f"{{{step}}} is not 404 and not empty"
    return Condition(
        words, lambda answers: step in answers and answers[step].status != 404 and bool(answers[step].body)
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that is an archive: its bytes, and the names of the files in it."""

    content: bytes = field(repr=False)
    sha256: str
    files: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """Return what a printed plan says of the archive."""
        return {"zip": {"sha256": self.sha256, "bytes": len(self.content), "files": list(self.files)}}


@dataclass(frozen=True, slots=True)
class Content:
    """A body of other bytes than JSON that Funcpack writes, such as that of a saved request."""

    content: bytes = field(repr=False)

    def shown(self) -> Any:
        """Return what a printed plan says of the body: its JSON if it is that, else its text, else Base64."""
        try:
            text = self.content.decode()
        except ValueError:
            return {"base64": base64.b64encode(self.content).decode()}
        try:
            return json.loads(text)
        except ValueError:
            return text


@dataclass(frozen=True, slots=True)
class Poll:
    """A request that is repeated until its answer is final. `resume` says what to do if the deadline passes before."""

    is_done: Callable[[Received], bool]
    resume: str


@dataclass(frozen=True, slots=True)
class Step:
    """A request.

    `purpose` is the line that a user reads while it runs, unless it `is_quiet`. `headers` are those besides the type of a JSON body.
    `accepts` are statuses, besides those below 300, that are answers and not failures. An answer that `is_passing` may be followed by
    another one soon, and is the answer if it is not. `verify` raises an error if the answer reports a failure: of an operation, a build
    or a condition. With `on_conflict`, an answer 409 means that the step of
    this key is sent instead. With `computed_from`, an answer 409 or 412 means that the answer to the step of this key, from which the
    body is computed, is out of date: both are sent again. Without `is_authorized`, the request carries no credentials.
    `is_idempotent` marks a POST or PATCH of which a second one has the effect of one, such as a test of permissions: it is sent again
    after a cut.
    `review` raises an error if the answers so far, with this one, report a failure together.
    """

    key: str
    purpose: str
    method: str
    url: str | Value
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    condition: Condition | None = None
    accepts: frozenset[int] = frozenset()
    is_passing: Callable[[Received], bool] = lambda _: False
    poll: Poll | None = None
    verify: Callable[[Received], None] | None = None
    on_conflict: str | None = None
    computed_from: str | None = None
    is_authorized: bool = True
    is_idempotent: bool = False
    is_quiet: bool = False
    review: Callable[[Answers], None] | None = None

    @property
    def all_headers(self) -> dict[str, str]:
        """The header fields that are sent, and that a printed plan shows; `headers` may name another type of JSON."""
        is_json = self.body is not None and not isinstance(self.body, Upload | Content)
        return {**(_JSON if is_json else {}), **self.headers}

    @property
    def is_change(self) -> bool:
        """Whether the request changes something. A POST that may be sent twice only asks, unless it uploads."""
        if self.method == "POST":
            return not self.is_idempotent or isinstance(self.body, Upload)
        return self.method not in {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A step as people and programs read it, with placeholders such as `<1.name>`; `when` is None if it is always sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any
    when: str | None


@dataclass(frozen=True)
class Plan(Sequence[PlannedRequest]):
    """The steps of a deployment, in order."""

    steps: tuple[Step, ...]

    @property
    def numbers(self) -> Numbers:
        """The number of each step by its key, from 1."""
        return {step.key: number for number, step in enumerate(self.steps, 1)}

    @overload
    def __getitem__(self, index: int) -> PlannedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PlannedRequest]: ...
    def __getitem__(self, index: int | slice) -> PlannedRequest | Sequence[PlannedRequest]:
        """Return a request, or several."""
        return tuple(self)[index]

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.steps)

    def __iter__(self) -> Iterator[PlannedRequest]:
        """Return the requests in order."""
        return (_planned(step, self.numbers) for step in self.steps)


def _planned(step: Step, numbers: Numbers) -> PlannedRequest:
    conditions = [step.condition.shown(numbers)] if step.condition else []
    when = ", ".join([*conditions, *([UNTIL_DONE] if step.poll else [])]) or None
    url = step.url if isinstance(step.url, str) else step.url.shown(numbers)
    body = step.body.shown() if isinstance(step.body, Upload | Content) else shown(step.body, numbers)
    return PlannedRequest(step.method, url, step.all_headers, body, when)
