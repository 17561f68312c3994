"""The saved request of `--smoke`, which a new revision answers before it gets traffic."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from funcpack.calls import comparison, saved_requests
from funcpack.calls.answer import Answer, Head
from funcpack.deploy.plan.steps import Content, Step
from funcpack.deployment_errors import SmokeError, SmokeFileError

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.calls.saved_requests import SavedRequest
    from funcpack.deploy.plan.values import Received, Value

# Every status is an answer, which is compared.
_STATUSES = frozenset(range(300, 600))
_MOST_LINES = 40
_KEPT = "The traffic is as it was: the new revision has none."
_FIRST = "The new revision has all the traffic, because there was no other."


@dataclass(frozen=True, slots=True)
class Smoke:
    """A saved request."""

    saved: SavedRequest

    @classmethod
    def read(cls, file: Path) -> Smoke:
        """Return the request in a file.

        Raises:
            SmokeFileError: the file cannot be read.
            SavedRequestError: it does not have the form that `funcpack invoke --save` writes.

        """
        try:
            return cls(saved_requests.read(file))
        except OSError as exc:
            raise SmokeFileError(str(file), exc.strerror or str(exc)) from exc

    @property
    def path(self) -> str:
        """The path of the request, with its query."""
        return self.saved.request.path

    @property
    def expected_status(self) -> int | None:
        """The status of the saved answer, or None without one."""
        return (self.saved.answer or {}).get("status")

    @property
    def has_credentials(self) -> bool:
        """Whether the request has the header Authorization."""
        fields, _ = self.saved.request.encoded()
        return any(name.lower() == "authorization" for name, _ in fields)

    def step(self, key: str, url: str | Value) -> Step:
        """Return the step that sends the request, without credentials, to a URL that contains its path."""
        request = self.saved.request
        fields, body = request.encoded()
        headers: dict[str, str] = {}
        for name, value in fields:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        content = None if body is None else Content(body.read())
        purpose = f"Send the request in {self.saved.file}"
        return Step(key, purpose, request.method, url, content, headers, accepts=_STATUSES, is_authorized=False)

    def check(self, received: Received, *, is_first: bool) -> None:
        """Check that an answer is the saved one; without one, that it reports no error.

        `is_first` means that the revision serves already, because there was no other.

        Raises:
            SmokeError: it is not.

        """
        lines = self._difference(received)
        if lines:
            more = [f"... {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
            raise SmokeError(str(self.saved.file), [*lines[:_MOST_LINES], *more], self.traffic(is_first=is_first))

    @staticmethod
    def traffic(*, is_first: bool) -> str:
        """Return what a failure means for the traffic, as a sentence."""
        return _FIRST if is_first else _KEPT

    def _difference(self, received: Received) -> list[str]:
        head = Head("HTTP/1.1", received.status, _phrase(received.status), tuple(received.headers.items()))
        if self.saved.answer is None:
            return [f"The status is {received.status}."] if head.is_error else []
        return comparison.difference(self.saved.answer, Answer(head, received.content, 0), self.saved.ignored)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
