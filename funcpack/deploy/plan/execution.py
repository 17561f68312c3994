"""Sends the steps of a plan: waits, retries, and turns failures into errors. Its clock and its requests are passed in."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from funcpack.deploy.plan.values import Answer, Computed, Either, Joined, resolved
from funcpack.deployment_errors import (
    CertificateError,
    DeadlineError,
    IncompleteAnswerError,
    NetworkError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from funcpack.command_errors import CommandError
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Plan, Poll, Step
    from funcpack.deploy.plan.values import Answers, Received, Value

# With the default of two seconds, 8 attempts take two minutes: quotas are counted by the minute.
_ATTEMPTS = 8
_LONGEST_WAIT = 32.0  # seconds
_SECONDS_BETWEEN_NOTES = 30.0
_RESUME = "Run the command again, with a longer --timeout. It continues with what is there already."

# A second request of these has the effect of one (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2). DELETE and PATCH are not
# among them: the second DELETE would report that there was nothing, and the second PATCH may meet the operation of the first. A step
# says of itself if it is repeatable nevertheless.
_REPEATABLE_METHODS = frozenset({"GET", "HEAD", "PUT"})
# The server has done nothing: the request may be sent again, whatever its method.
_BUSY = frozenset({429, 503})
# What a write was computed from has changed: https://google.aip.dev/154, and for policies the status that their documentation names.
_OUTDATED = frozenset({409, 412})
# What an interruption leaves behind.
_UNCHANGED = "Nothing was changed."
_CHANGED = "What was done before stays."
_UNKNOWN = "It is not known whether the server has done it."
# A gateway had no answer: the server behind it may have done it.
_NO_ANSWER = frozenset({502, 504})


class Sender(Protocol):
    """Sends one request. `timeout` are the seconds until the deadline, or None.

    Raises:
        NetworkError: there is no complete answer.
        CommandError: the request cannot be sent, for example because there are no credentials.

    """

    def __call__(  # noqa: D102 - documented by the class
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Any,
        *,
        is_authorized: bool,
        timeout: float | None,
    ) -> Received: ...


class Rejection(Protocol):
    """Returns the error for an answer that is a failure. `purpose` is that of the step."""

    def __call__(  # noqa: D102 - documented by the class
        self, purpose: str, received: Received, *, is_authorized: bool
    ) -> CommandError: ...


@dataclass(slots=True)
class Execution:
    """Runs plans until a deadline, which is counted in seconds from now.

    `send` and `rejection` are those of a platform. `poll_interval` are the seconds between two polls and before the first retry. `note`
    prints a line for people.
    """

    send: Sender
    rejection: Rejection
    poll_interval: float
    deadline: float | None
    note: Note
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _start: float = field(init=False)
    # The step that is under way, and what an interruption leaves behind.
    _step: Step | None = field(default=None, init=False)
    _outcome: str = field(default=_UNCHANGED, init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._start = self.clock()

    def run(self, plan: Plan, *, until: str | None = None) -> Answers:
        """Send the steps whose condition holds, up to the step `until` or to the end, and return their answers.

        A step that was sent instead of another, after a conflict, is not sent again. An interruption is noted. While a step polls, its
        `is_done` may run other plans: they are a part of that step.

        Raises:
            CommandError: a step failed.

        """
        outer = self._step
        try:
            return self._run(plan, until)
        except KeyboardInterrupt:
            if outer is None and self._step is not None:
                self.note(self._interruption(self._step))
            raise
        finally:
            self._step = outer

    def extend(self, seconds: float) -> None:
        """Set the deadline to a time from now, for the requests that explain why the last one has passed."""
        self.deadline = self.clock() - self._start + seconds

    def _run(self, plan: Plan, until: str | None) -> Answers:
        steps = {step.key: step for step in plan.steps}
        answers: dict[str, Received] = {}
        for step in plan.steps:
            if step.key not in answers and (step.condition is None or step.condition.holds(answers)):
                self._run_step(step, steps, answers)
            if step.key == until:
                break
        return answers

    def _run_step(self, step: Step, steps: Mapping[str, Step], answers: dict[str, Received]) -> None:
        """Add the answer to a step, or to the one that is sent instead."""
        self._check_deadline(step, None)
        self._step = step
        if not step.is_quiet:
            self.note(step.purpose)
        request, received = self._current_answer(step, steps, answers)
        if received.status == 409 and step.on_conflict:
            self._run_step(steps[step.on_conflict], steps, answers)
            return
        if step.poll:
            received = self._polled(request, step.poll, received)
        if step.verify:
            step.verify(received)
        answers[step.key] = received
        if step.review:
            step.review(answers)

    def _current_answer(
        self, step: Step, steps: Mapping[str, Step], answers: dict[str, Received]
    ) -> tuple[_Request, Received]:
        """Return the answer to a request that was computed from what is still true."""
        wait, attempt = self.poll_interval, 0
        while True:
            attempt += 1
            request = _Request.of(step, steps, answers)
            received = self._answer(request)
            if step.computed_from is None or received.status not in _OUTDATED:
                return request, received
            failure = self._rejected(request, received)
            if attempt >= _ATTEMPTS:
                raise failure
            wait = self._pause(wait, 0.0, step, failure)
            self._run_step(steps[step.computed_from], steps, answers)

    def _polled(self, request: _Request, poll: Poll, received: Received) -> Received:
        """Return the final answer."""
        start = noted = self.clock()
        while not poll.is_done(received):
            if self.clock() - noted >= _SECONDS_BETWEEN_NOTES:
                noted = self.clock()
                self.note(f"{request.step.purpose}: still running after {noted - start:.0f} seconds")
            self.sleep(self._until_deadline(self.poll_interval, request.step, None))
            received = self._answer(request)
        return received

    def _answer(self, request: _Request) -> Received:
        """Return an answer that the step accepts. Busy servers and cuts are retried."""
        step, wait, attempt = request.step, self.poll_interval, 0
        while True:
            attempt += 1
            try:
                received = self._sent(request)
            except NetworkError as exc:
                failure: CommandError = request.cut(exc)
                can_be_retried, least = failure is exc and not isinstance(exc, CertificateError), 0.0
            else:
                is_retried = step.is_passing(received) and not self._is_last(attempt, step)
                if request.accepts(received) and not is_retried:
                    return received
                failure = self._rejected(request, received)
                can_be_retried, least = is_retried or request.is_temporary(received), _retry_after(received)
            if not can_be_retried or self._is_last(attempt, step):
                raise failure
            wait = self._pause(wait, least, step, failure)

    def _sent(self, request: _Request) -> Received:
        """Send a request once. What a change has done is not known until the server answers."""
        if not request.step.is_change:
            return request.send(self.send, self._timeout)
        before, self._outcome = self._outcome, _UNKNOWN
        try:
            received = request.send(self.send, self._timeout)
        except NetworkError as exc:
            self._outcome = _UNKNOWN if exc.is_sent else before
            raise
        if received.status not in _NO_ANSWER:
            self._outcome = _CHANGED if received.status < 300 else before
        return received

    def _rejected(self, request: _Request, received: Received) -> CommandError:
        """Return the error for an answer that is a failure."""
        step = request.step
        if received.status in _NO_ANSWER and not request.is_repeatable:
            answer = f"the answer is {received.status} {received.phrase}"
            return UnknownOutcomeError(step.purpose, urlsplit(request.url).hostname or "", answer)
        return self.rejection(step.purpose, received, is_authorized=step.is_authorized)

    def _pause(self, wait: float, least: float, step: Step, failure: CommandError) -> float:
        """Wait before the next attempt, and return how long to wait before the one after that."""
        pause = self._until_deadline(max(wait, least), step, failure)
        self.note(f"{failure.found} Next attempt in {pause:.3g} seconds.")
        self.sleep(pause)
        return min(wait * 2, max(_LONGEST_WAIT, self.poll_interval))

    def _is_last(self, attempt: int, step: Step) -> bool:
        """Return whether a failure is final. What is waited for is asked for until the deadline."""
        return attempt >= _ATTEMPTS and (step.poll is None or self.deadline is None)

    def _until_deadline(self, seconds: float, step: Step, failure: CommandError | None) -> float:
        """Return how long to wait: not beyond the deadline. If it has passed, raise DeadlineError."""
        self._check_deadline(step, failure)
        remaining = self._remaining
        return seconds if remaining is None else min(seconds, remaining)

    def _check_deadline(self, step: Step, failure: CommandError | None) -> None:
        """Raise DeadlineError if the deadline has passed. `failure` is the last answer, if it was one."""
        remaining = self._remaining
        if self.deadline is not None and remaining is not None and remaining <= 0:
            resume = step.poll.resume if step.poll else _RESUME
            raise DeadlineError(step.purpose, self.deadline, resume, failure.found if failure else None) from failure

    def _interruption(self, step: Step) -> str:
        """Return what was under way, and what becomes of it."""
        return f"Interrupted: {step.purpose}. {'That goes on without this command.' if step.poll else self._outcome}"

    @property
    def _remaining(self) -> float | None:
        """The seconds until the deadline, or None."""
        return None if self.deadline is None else self._start + self.deadline - self.clock()

    @property
    def _timeout(self) -> float | None:
        """The seconds for one request: what is left, and a second for the last look at the deadline."""
        remaining = self._remaining
        return None if remaining is None else max(remaining, 1.0)


@dataclass(frozen=True, slots=True)
class _Request:
    """A step with the values of earlier answers."""

    step: Step
    url: str
    body: Any

    @classmethod
    def of(cls, step: Step, steps: Mapping[str, Step], answers: Answers) -> _Request:
        """Return the request of a step.

        Raises:
            IncompleteAnswerError: its URL contains a value that an earlier answer does not have.

        """
        if isinstance(step.url, str):
            return cls(step, step.url, resolved(step.body, answers))
        for part in step.url.parts if isinstance(step.url, Joined) else (step.url,):
            if not isinstance(part, str) and part.value(answers) is None:
                raise _incomplete(part, steps, answers)
        return cls(step, str(step.url.value(answers)), resolved(step.body, answers))

    def send(self, sender: Sender, timeout: float | None) -> Received:
        """Send the request once."""
        step = self.step
        return sender(
            step.method, self.url, step.all_headers, self.body, is_authorized=step.is_authorized, timeout=timeout
        )

    def accepts(self, received: Received) -> bool:
        """Return whether an answer is one, and not a failure."""
        step, status = self.step, received.status
        is_conflict = status == 409 and step.on_conflict is not None
        is_outdated = status in _OUTDATED and step.computed_from is not None
        return status < 300 or status in step.accepts or is_conflict or is_outdated

    def is_temporary(self, received: Received) -> bool:
        """Return whether the same request may succeed later."""
        return received.status in _BUSY or (received.status in _NO_ANSWER and self.is_repeatable)

    def cut(self, error: NetworkError) -> CommandError:
        """Return the error for a request without an answer: the given one if the request may be sent again."""
        if self.is_repeatable or not error.is_sent:
            return error
        return UnknownOutcomeError(self.step.purpose, error.server, error.reason)

    @property
    def is_repeatable(self) -> bool:
        """Whether a second request has the effect of one."""
        return self.step.method in _REPEATABLE_METHODS or self.step.is_idempotent


def _incomplete(value: Value, steps: Mapping[str, Step], answers: Answers) -> IncompleteAnswerError:
    source = value.source if isinstance(value, Computed) else value
    source = source.options[0] if isinstance(source, Either) else source
    if not isinstance(source, Answer):
        raise TypeError(value)
    key = next((key for key in source.steps if key in answers), source.steps[0])
    return IncompleteAnswerError(steps[key].purpose, source.path)


def _retry_after(received: Received) -> float:
    """Return the seconds of the header Retry-After, or 0. A date is compared with the server's own clock.

    See https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3.
    """
    text = received.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(received.headers.get("date", ""))
        return max((until - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0
