"""Values that only the answer to an earlier request tells, and texts that contain them.

A plan refers to steps by their keys. Printed, a step has a number, from 1: `<4.uploadUrl>` is the field `uploadUrl` of the answer to
the fourth request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

Numbers: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Received:
    """The answer to a request. `body` is its JSON, or None, and `content` its bytes. The names in `headers` are lowercase."""

    status: int
    headers: Mapping[str, str]
    body: Any
    content: bytes = field(default=b"", repr=False, compare=False)

    @property
    def phrase(self) -> str:
        """The name of the status, such as `Bad Gateway`."""
        return HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "unknown status"


# The answers so far, by the keys of their steps. A step that was not sent has none.
Answers: TypeAlias = Mapping[str, Received]


@dataclass(frozen=True, slots=True)
class Answer:
    """A value in the answer to one of `steps`: the first that was sent.

    `path` is a path in its JSON, such as `results.images[0].digest`, or with `is_header` the name of a header.
    """

    steps: tuple[str, ...]
    path: str
    is_header: bool = False

    def shown(self, numbers: Numbers) -> str:
        """Return the placeholder, for example `<4.uploadUrl>`."""
        return f"<{' or '.join(f'{numbers[step]}.{self.path}'.rstrip('.') for step in self.steps)}>"

    def value(self, answers: Answers) -> Any:
        """Return the value, or None if the answer does not have it."""
        answer = next((answers[step] for step in self.steps if step in answers), None)
        if answer is None:
            return None
        return answer.headers.get(self.path.lower()) if self.is_header else at(answer.body, self.path)


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that `compute` makes from an answer; `words` say how, for example `scaled to 75`.

    `compute` gets the value of `source`, and then the values of `others`, which the placeholder does not name.
    """

    source: Answer
    words: str
    compute: Callable[..., Any]
    others: tuple[Value, ...] = ()

    def shown(self, numbers: Numbers) -> str:
        """Return the placeholder, for example `<1.trafficStatuses scaled to 75>`."""
        return f"{self.source.shown(numbers)[:-1]} {self.words}>"

    def value(self, answers: Answers) -> Any:
        """Return the computed value."""
        return self.compute(self.source.value(answers), *(other.value(answers) for other in self.others))


@dataclass(frozen=True, slots=True)
class Joined:
    """A text with values in it, such as a URL."""

    parts: tuple[str | Answer | Computed | Either, ...]

    def shown(self, numbers: Numbers) -> str:
        """Return the text with placeholders."""
        return "".join(part if isinstance(part, str) else part.shown(numbers) for part in self.parts)

    def value(self, answers: Answers) -> str:
        """Return the text with the values."""
        return "".join(part if isinstance(part, str) else str(part.value(answers)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """The value of the first of several options that the answers have."""

    options: tuple[Answer | Joined, ...]

    def shown(self, numbers: Numbers) -> str:
        """Return the placeholder, for example `<5.uri or 4.response.uri>`."""
        return f"<{' or '.join(re.sub('[<>]', '', option.shown(numbers)) for option in self.options)}>"

    def value(self, answers: Answers) -> Any:
        """Return the value, or None if the answers have none of the options."""
        values = (option.value(answers) for option in self.options if _is_known(option, answers))
        return next(values, None)


Value: TypeAlias = Answer | Computed | Joined | Either


def answer(steps: str | tuple[str, ...], path: str) -> Answer:
    """Return a value of the JSON in the answer to a step, or to the first of some steps that was sent."""
    return Answer((steps,) if isinstance(steps, str) else steps, path)


def shown(template: Any, numbers: Numbers) -> Any:
    """Return JSON with placeholders for the values in it."""
    return _filled(template, lambda value: value.shown(numbers))


def resolved(template: Any, answers: Answers) -> Any:
    """Return JSON with the values in it."""
    return _filled(template, lambda value: value.value(answers))


def at(document: Any, path: str) -> Any:
    """Return the value at a path such as `results.images[0].digest`, or None. The empty path is the document."""
    for key in re.findall(r"[^.\[\]]+", path):
        if isinstance(document, Mapping):
            document = document.get(key)
        elif isinstance(document, Sequence) and not isinstance(document, str) and key.isdecimal():
            document = document[int(key)] if int(key) < len(document) else None
        else:
            return None
    return document


def _is_known(option: Answer | Joined, answers: Answers) -> bool:
    parts = option.parts if isinstance(option, Joined) else (option,)
    return all(isinstance(part, str) or part.value(answers) is not None for part in parts)


def _filled(template: Any, fill: Callable[[Value], Any]) -> Any:
    if isinstance(template, Answer | Computed | Joined | Either):
        return fill(template)
    if isinstance(template, Mapping):
        return {key: _filled(value, fill) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [_filled(value, fill) for value in template]
    return template
