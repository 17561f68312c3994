"""The kept request of `--smoke`: it is sent to the new revision before that gets traffic, and its answer is compared."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from funcpack.calls import comparison, saved_requests
from funcpack.calls.answer import Answer, Head
from funcpack.deploy.google import traffic
from funcpack.deploy.google.service import current
from funcpack.deploy.plan.steps import Content, Step
from funcpack.deploy.plan.values import Computed, Joined, answer
from funcpack.deployment_errors import SmokeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from funcpack.calls.saved_requests import SavedRequest
    from funcpack.deploy.plan.values import Answers, Received

TAGGED = "tagged"
SMOKE = "smoke"

# Every status is an answer, which is compared.
_STATUSES = frozenset(range(300, 600))
# Google's, until the address of the tag is known everywhere.
_NOT_ROUTED = frozenset({404, 503})
_MOST_LINES = 40
_KEPT = "The traffic is as it was: the new revision has none."
_FIRST = "The new revision has all the traffic, because there was no other."


@dataclass(frozen=True, slots=True)
class Smoke:
    """A kept request."""

    saved: SavedRequest

    @classmethod
    def read(cls, file: Path) -> Smoke:
        """Return the request in a file.

        Raises:
            OSError: the file cannot be read.
            SavedRequestError: it does not have the form that `funcpack invoke --save` writes.

        """
        return cls(saved_requests.read(file))

    def steps(self, url: str) -> list[Step]:
        """Return the steps that ask a service, by its URL, for the address of the tag, and send the request there."""
        request = self.saved.request
        fields, body = request.encoded()
        headers: dict[str, str] = {}
        for name, value in fields:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        address = Computed(
            answer(TAGGED, "trafficStatuses"), f"uri of {traffic.SMOKE_TAG}", _address, (answer(TAGGED, "uri"),)
        )
        return [
            Step(TAGGED, "Ask for the address of the new revision", "GET", url),
            Step(
                SMOKE,
                f"Send the request in {self.saved.file}",
                request.method,
                Joined((address, request.path)),
                None if body is None else Content(body.read()),
                headers,
                accepts=_STATUSES,
                retried=_NOT_ROUTED - {self._expected},
                review=self.review,
                is_authorized=False,
            ),
        ]

    def review(self, answers: Answers) -> None:
        """Check that the answer is the kept one; without one, that it reports no error.

        Raises:
            SmokeError: it is not.

        """
        lines = self._difference(answers[SMOKE])
        if lines:
            more = [f"... {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
            traffic_now = _FIRST if current(answers).status == 404 else _KEPT
            raise SmokeError(str(self.saved.file), [*lines[:_MOST_LINES], *more], traffic_now)

    @property
    def _expected(self) -> int | None:
        return (self.saved.answer or {}).get("status")

    def _difference(self, received: Received) -> list[str]:
        head = Head("HTTP/1.1", received.status, _phrase(received.status), tuple(received.headers.items()))
        if self.saved.answer is None:
            return [f"The status is {received.status}."] if head.is_error else []
        return comparison.difference(self.saved.answer, Answer(head, received.content, 0), self.saved.ignored)


def _address(statuses: Sequence[dict[str, Any]] | None, uri: str | None) -> str:
    """Return the address of the tag, or that of a service that is new."""
    tagged = (entry.get("uri") for entry in statuses or () if entry.get("tag") == traffic.SMOKE_TAG)
    return (next(tagged, None) or uri or "").rstrip("/")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
