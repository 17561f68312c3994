"""Running a plan, with a clock that only waits move and a server whose answers are listed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from funcpack import deployment_errors as errors
from funcpack.deploy.google.rejections import rejection
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.steps import Condition, Content, Plan, Poll, Step, Upload, begun, found, missing
from funcpack.deploy.plan.values import Answer, Computed, Joined, Received, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

URL = "https://api.test/v1/things"
INTERVAL = 2.0

Outcome = Received | BaseException


def received(status: int = 200, body: Any = None, **headers: str) -> Received:
    return Received(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def failed(status: int, message: str = "no", reason: str = "REASON", **headers: str) -> Received:
    return received(status, {"error": {"code": status, "message": message, "status": reason}}, **headers)


CUT = errors.NetworkError("https://api.test", "the connection was closed", is_sent=True)
REFUSED = errors.NetworkError("https://api.test", "Connection refused", is_sent=False)


class World:
    """The server, the clock and the printed lines."""

    def __init__(self, *outcomes: Outcome, seconds_each: float = 0.0) -> None:
        self.outcomes = list(outcomes)
        self.seconds_each = seconds_each
        self.time = 1000.0
        self.sent: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.headers: list[Mapping[str, str]] = []
        self.timeouts: list[float | None] = []
        self.authorized: list[bool] = []
        self.waits: list[float] = []
        self.notes: list[str] = []

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Any,
        *,
        is_authorized: bool,
        timeout: float | None,
    ) -> Received:
        self.sent.append((method, url))
        self.headers.append(headers)
        self.bodies.append(body)
        self.authorized.append(is_authorized)
        self.timeouts.append(timeout)
        self.time += self.seconds_each
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    def execution(self, deadline: float | None = None) -> Execution:
        return Execution(self.send, rejection, INTERVAL, deadline, self.notes.append, lambda: self.time, self.sleep)

    def run(self, *steps: Step, deadline: float | None = None, until: str | None = None) -> Mapping[str, Received]:
        return self.execution(deadline).run(Plan(steps), until=until)


def step(method: str = "GET", key: str = "thing", **values: Any) -> Step:
    return Step(key, f"Purpose of {key}", method, values.pop("url", URL), **values)


def is_done(answered: Received) -> bool:
    return bool(answered.body["done"])


POLL = Poll(is_done, "Run it again.")


# --- steps ---


@pytest.mark.parametrize(
    ("status", "sent"),
    [(404, [("GET", URL), ("POST", URL)]), (200, [("GET", URL), ("PATCH", URL)])],
)
def test_step_is_sent_if_its_condition_holds(status: int, sent: list[tuple[str, str]]) -> None:
    world = World(received(status), received())
    answers = world.run(
        step(accepts=frozenset({404})),
        step("POST", "create", condition=missing("thing")),
        step("PATCH", "update", condition=found("thing")),
    )
    assert world.sent == sent
    assert answers.keys() == {"thing", "create" if status == 404 else "update"}


def test_values_of_earlier_answers_are_filled_in() -> None:
    world = World(received(200, {"name": "op-1", "n": 3}, location="/x"), received())
    body = {
        "double": Computed(answer("thing", "n"), "doubled", lambda n: n * 2),
        "at": Answer(("thing",), "Location", is_header=True),
    }
    world.run(step(), step("POST", "next", url=Joined((URL, "/", answer("thing", "name"))), body=body))
    assert world.sent[1] == ("POST", f"{URL}/op-1")
    assert world.bodies[1] == {"double": 6, "at": "/x"}


def test_upload_and_headers_are_sent_as_they_are() -> None:
    world = World(received())
    upload = Upload(b"zip", "0" * 64, ("handler.py",))
    world.run(step("PUT", body=upload, headers={"Content-Type": "application/zip"}, is_authorized=False))
    assert (world.bodies, world.headers, world.authorized) == ([upload], [{"Content-Type": "application/zip"}], [False])


@pytest.mark.parametrize(
    ("body", "headers", "sent"),
    [
        (None, {}, {}),
        ({}, {}, {"Content-Type": "application/json"}),
        ({"a": 1}, {"X-Own": "b"}, {"Content-Type": "application/json", "X-Own": "b"}),
        (
            {"a": 1},
            {"Content-Type": "application/merge-patch+json"},
            {"Content-Type": "application/merge-patch+json"},
        ),
        (Content(b"{}"), {}, {}),
    ],
)
def test_json_body_is_named_once(body: Any, headers: dict[str, str], sent: dict[str, str]) -> None:
    world = World(received())
    request = step("POST", body=body, headers=headers)
    world.run(request)
    assert (world.headers, Plan((request,))[0].headers) == ([sent], sent)


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([step()], "Nothing was changed."),
        ([step("POST", is_idempotent=True)], "Nothing was changed."),
        ([step("POST")], "It is not known whether the server has done it."),
        ([step("PUT", body=Upload(b"", "0", ()))], "It is not known whether the server has done it."),
        ([step("PATCH", "change"), step()], "What was done before stays."),
        ([step("POST", "test", is_idempotent=True), step()], "Nothing was changed."),
    ],
)
def test_interruption_is_noted(steps: list[Step], outcome: str) -> None:
    world = World(*[received()] * (len(steps) - 1), KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.run(*steps)
    assert world.notes[-1] == f"Interrupted: Purpose of thing. {outcome}"


@pytest.mark.parametrize(
    ("method", "outcome", "left"),
    [
        ("POST", REFUSED, "Nothing was changed."),
        ("POST", failed(503), "Nothing was changed."),
        ("PUT", CUT, "It is not known whether the server has done it."),
        ("PUT", failed(504), "It is not known whether the server has done it."),
        ("GET", CUT, "Nothing was changed."),
    ],
)
def test_interruption_of_a_wait_for_the_next_attempt(method: str, outcome: Outcome, left: str) -> None:
    world = World(outcome)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    execution = dataclasses.replace(world.execution(), sleep=interrupt)
    with pytest.raises(KeyboardInterrupt):
        execution.run(Plan((step(method, body=Upload(b"", "0", ())),)))
    assert world.notes[-1] == f"Interrupted: Purpose of thing. {left}"


def test_interruption_names_the_step_that_polls_and_not_what_it_reads_meanwhile() -> None:
    world = World(received(), received(), KeyboardInterrupt())
    execution = world.execution()

    def is_done(_: Received) -> bool:
        execution.run(Plan((step(key="detail", is_quiet=True),)))
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        execution.run(Plan((step("PATCH", "change"), step(key="wait", poll=Poll(is_done, "")))))
    assert world.notes == [
        "Purpose of change",
        "Purpose of wait",
        "Interrupted: Purpose of wait. That goes on without this command.",
    ]


def test_interruption_keeps_in_mind_what_an_earlier_run_has_changed() -> None:
    world = World(received(), KeyboardInterrupt())
    execution = world.execution()
    execution.run(Plan((step("PATCH", "change"),)))
    with pytest.raises(KeyboardInterrupt):
        execution.run(Plan((step(),)))
    assert world.notes[-1] == "Interrupted: Purpose of thing. What was done before stays."


def test_address_that_the_answer_lacks_is_not_requested() -> None:
    world = World(received(200, {}))
    with pytest.raises(errors.IncompleteAnswerError) as raised:
        world.run(step(), step("GET", "poll", url=Joined((URL, answer("thing", "name")))))
    assert (raised.value.purpose, raised.value.field) == ("Purpose of thing", "name")
    assert len(world.sent) == 1


def test_run_ends_after_the_named_step() -> None:
    world = World(received(), received())
    answers = world.run(step(key="a"), step(key="b"), step(key="c"), until="b")
    assert answers.keys() == {"a", "b"}


def test_each_step_that_is_sent_is_noted() -> None:
    world = World(received(200), received())
    world.run(step(), step(key="create", condition=missing("thing")), step(key="last"))
    assert world.notes == ["Purpose of thing", "Purpose of last"]


def test_verify_sees_the_answer_and_review_all_of_them() -> None:
    seen: list[Any] = []
    world = World(received(200, 1), received(200, 2))
    world.run(
        step(key="a"),
        step(key="b", verify=lambda last: seen.append(last.body), review=lambda answers: seen.append([*answers])),
    )
    assert seen == [2, ["a", "b"]]


def test_conflict_sends_the_other_step_instead() -> None:
    world = World(received(404), failed(409), received(200, {"name": "op"}), received())
    answers = world.run(
        step(accepts=frozenset({404})),
        step("POST", "create", condition=missing("thing"), on_conflict="update"),
        step("PATCH", "update", condition=found("thing")),
        step(key="poll", url=Joined((f"{URL}/", answer(("create", "update"), "name")))),
    )
    assert world.sent == [("GET", URL), ("POST", URL), ("PATCH", URL), ("GET", f"{URL}/op")]
    assert answers.keys() == {"thing", "update", "poll"}


def test_step_that_was_sent_after_a_conflict_is_not_sent_again() -> None:
    world = World(failed(409), received(), received())
    world.run(
        step("POST", "create", on_conflict="update"),
        step("PATCH", "update", condition=Condition("{create} has no answer", lambda answers: "create" not in answers)),
        step(key="last"),
    )
    assert [method for method, _ in world.sent] == ["POST", "PATCH", "GET"]


@pytest.mark.parametrize(
    ("deleted", "methods"),
    [
        (received(200, {"name": "op"}), ["DELETE", "GET"]),
        (received(200, {}), ["DELETE"]),
        (received(204), ["DELETE"]),
        (received(404, {"error": {}}), ["DELETE"]),
    ],
)
def test_only_what_has_begun_is_waited_for(deleted: Received, methods: list[str]) -> None:
    world = World(deleted, received(200, {"done": True}))
    world.run(step("DELETE", accepts=frozenset({404})), step(key="wait", condition=begun("thing"), poll=POLL))
    assert [method for method, _ in world.sent] == methods


def grant(**values: Any) -> Step:
    body = {"policy": Computed(answer("policy", "n"), "plus 1", lambda n: n + 1)}
    return step("POST", "grant", body=body, computed_from="policy", **values)


@pytest.mark.parametrize("status", [409, 412])
def test_write_from_an_outdated_answer_is_computed_again(status: int) -> None:
    world = World(
        received(200, {"n": 1}),
        failed(status),
        received(200, {"n": 5}),
        failed(status),
        received(200, {"n": 8}),
        received(),
    )
    answers = world.run(step(key="policy"), grant())
    assert [method for method, _ in world.sent] == ["GET", "POST"] * 3
    assert [body for body in world.bodies if body] == [{"policy": 2}, {"policy": 6}, {"policy": 9}]
    assert world.waits == [INTERVAL, INTERVAL * 2]
    assert answers["policy"].body == {"n": 8}


def test_write_from_answers_that_are_always_outdated_fails() -> None:
    world = World(*[received(200, {"n": 1}), failed(409, "Concurrent changes")] * 20)
    with pytest.raises(errors.RejectedRequestError, match="Concurrent changes"):
        world.run(step(key="policy"), grant())
    assert len(world.sent) == 16


@pytest.mark.parametrize(("failures", "status"), [(3, 200), (8, 404)])
def test_status_that_may_change_soon_is_an_answer_in_the_end(failures: int, status: int) -> None:
    world = World(*[failed(404)] * failures, received())
    answers = world.run(step(accepts=frozenset({404}), is_passing=lambda answered: answered.status == 404))
    assert answers["thing"].status == status
    assert len(world.sent) == min(failures + 1, 8)


# --- failures ---


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Invalid https://a.test/o?X-Goog-Signature=4f2a&b=1 here", "https://a.test/o?X-Goog-Signature=...&b=1 here"),
        ("Invalid header 'Authorization: Bearer ya29.secret'", "'Authorization: Bearer ...'"),
    ],
)
def test_message_of_a_server_does_not_repeat_a_secret(message: str, shown: str) -> None:
    with pytest.raises(errors.RejectedRequestError) as raised:
        World(failed(400, message)).run(step())
    assert shown in raised.value.found


@pytest.mark.parametrize(
    ("answered", "error", "text"),
    [
        (
            failed(400, "Unknown name.", "INVALID_ARGUMENT"),
            errors.RejectedRequestError,
            "Unknown name (400 INVALID_ARGUMENT).",
        ),
        (
            failed(401, "Invalid token", "UNAUTHENTICATED"),
            errors.RejectedCredentialsError,
            "Invalid token (401 UNAUTHENTICATED).",
        ),
        (failed(403, "Denied", "PERMISSION_DENIED"), errors.PermissionDeniedError, "Denied (403 PERMISSION_DENIED)."),
        (failed(404, "Not\n found", "NOT_FOUND"), errors.RejectedRequestError, "Not found (404 NOT_FOUND)."),
        (failed(409, "It exists", "ALREADY_EXISTS"), errors.RejectedRequestError, "It exists (409 ALREADY_EXISTS)."),
        (failed(500, "Oh", "INTERNAL"), errors.RejectedRequestError, "Oh (500 INTERNAL)."),
        (
            received(302),
            errors.RejectedRequestError,
            "the server redirects to another address, which is not followed (302 Found).",
        ),
        (received(418), errors.RejectedRequestError, "the server answered 418 (418 I'm a Teapot)."),
        (received(599, "text"), errors.RejectedRequestError, "the server answered 599 (599 unknown status)."),
        (
            received(400, [{"error": {"message": "In a list"}}]),
            errors.RejectedRequestError,
            "In a list (400 Bad Request).",
        ),
        (
            received(404, {"errors": [{"code": "X", "message": "gone"}]}),
            errors.RejectedRequestError,
            "gone (404 Not Found).",
        ),
        (
            received(400, {"error": "bad", "error_description": "Why"}),
            errors.RejectedRequestError,
            "Why (400 Bad Request).",
        ),
        (received(400, {"error": "bad"}), errors.RejectedRequestError, "bad (400 Bad Request)."),
    ],
)
def test_failure_is_one_sentence_and_nothing_is_sent_after_it(
    answered: Received, error: type[errors.RejectedRequestError], text: str
) -> None:
    world = World(answered)
    with pytest.raises(error) as raised:
        world.run(step("POST"), step("POST", "next"))
    assert type(raised.value) is error
    assert raised.value.found == f"Purpose of thing: {text}"
    assert len(world.sent) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_rejection_without_credentials_does_not_concern_those_of_the_user(status: int) -> None:
    with pytest.raises(errors.RejectedRequestError) as raised:
        World(failed(status)).run(step("PUT", is_authorized=False))
    assert type(raised.value) is errors.RejectedRequestError


def test_fields_that_the_message_leaves_out_are_named() -> None:
    violations = [{"field": "a.b", "description": "too long"}, {"description": "Bad"}]
    body = {"error": {"message": "Bad", "status": "S", "details": [{"@type": "t", "fieldViolations": violations}]}}
    with pytest.raises(errors.RejectedRequestError, match=r"Purpose of thing: Bad; a\.b: too long \(400 S\)\."):
        World(received(400, body)).run(step("POST"))


def test_disabled_api_names_the_service_and_the_project() -> None:
    info = {"reason": "SERVICE_DISABLED", "metadata": {"service": "run.googleapis.com", "consumer": "projects/123"}}
    body = {"error": {"message": "Disabled", "status": "PERMISSION_DENIED", "details": [info]}}
    with pytest.raises(errors.ServiceDisabledError) as raised:
        World(received(403, body)).run(step())
    assert (raised.value.service, raised.value.project) == ("run.googleapis.com", "123")


# --- retries ---


@pytest.mark.parametrize(
    ("method", "values", "outcomes"),
    [
        ("GET", {}, [failed(429)]),
        ("POST", {}, [failed(429)]),
        ("POST", {}, [failed(503)]),
        ("PATCH", {}, [failed(503)]),
        ("DELETE", {}, [failed(503)]),
        ("GET", {}, [failed(502), failed(504)]),
        ("PUT", {}, [failed(502)]),
        ("GET", {}, [CUT, failed(503), REFUSED]),
        ("HEAD", {}, [CUT]),
        ("PUT", {}, [CUT]),
        ("POST", {}, [REFUSED]),
        ("PATCH", {}, [REFUSED]),
        ("POST", {"is_idempotent": True}, [CUT, failed(504)]),
        ("PATCH", {"is_idempotent": True}, [CUT, failed(502)]),
    ],
)
def test_temporary_failure_is_retried(method: str, values: dict[str, Any], outcomes: list[Outcome]) -> None:
    world = World(*outcomes, received(200, "done"))
    assert world.run(step(method, **values))["thing"].body == "done"
    assert world.sent == [(method, URL)] * (len(outcomes) + 1)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("outcome", [CUT, failed(502), failed(504)])
def test_write_whose_outcome_is_unknown_is_never_sent_twice(method: str, outcome: Outcome) -> None:
    world = World(outcome)
    with pytest.raises(errors.UnknownOutcomeError, match="Purpose of thing: ") as raised:
        world.run(step(method))
    assert world.sent == [(method, URL)]
    assert "again" in raised.value.remedy


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("status", [400, 404, 500])
def test_final_failure_is_not_retried(method: str, status: int) -> None:
    world = World(failed(status))
    with pytest.raises(errors.RejectedRequestError):
        world.run(step(method))
    assert world.waits == []


def test_certificate_that_is_not_trusted_is_not_retried() -> None:
    error = errors.CertificateError("https://api.test", "its certificate is not trusted", is_sent=False)
    world = World(error)
    with pytest.raises(errors.CertificateError):
        world.run(step())
    assert world.waits == []


def test_waits_are_doubled_up_to_a_limit_and_end() -> None:
    world = World(*[failed(503)] * 20)
    with pytest.raises(errors.RejectedRequestError):
        world.run(step())
    assert world.waits == [2, 4, 8, 16, 32, 32, 32]


def test_waits_begin_again_with_each_step() -> None:
    world = World(failed(503), failed(503), received(), failed(503), received())
    world.run(step(key="a"), step(key="b"))
    assert world.waits == [2, 4, 2]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "1"}, INTERVAL),
        ({"retry_after": "Thu, 01 Jan 2026 00:00:30 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 30),
        ({"retry_after": "Thu, 01 Jan 2026 00:00:00 GMT", "date": "Thu, 01 Jan 2026 00:00:30 GMT"}, INTERVAL),
        ({"retry_after": "Thu, 01 Jan 2026 00:00:30 GMT"}, INTERVAL),
        ({"retry_after": "Thu, 01 Jan 2026 00:00:30 GMT", "date": "Thu, 01 Jan 2026 00:00:00"}, INTERVAL),
        ({"retry_after": "soon"}, INTERVAL),
        ({"retry_after": "²"}, INTERVAL),
    ],
)
def test_retry_after_counts_if_it_is_longer(headers: dict[str, str], wait: float) -> None:
    world = World(failed(429, **headers), received())
    world.run(step())
    assert world.waits == [wait]


def test_retry_is_noted_with_its_reason() -> None:
    world = World(failed(503, "Busy", "UNAVAILABLE"), CUT, received())
    world.run(step())
    assert world.notes == [
        "Purpose of thing",
        "Purpose of thing: Busy (503 UNAVAILABLE). Next attempt in 2 seconds.",
        "https://api.test: the connection was closed. Next attempt in 4 seconds.",
    ]


# --- polls and deadlines ---


def test_poll_is_repeated_until_it_is_done_and_then_verified() -> None:
    seen: list[Any] = []
    running, done = received(200, {"done": False}), received(200, {"done": True})
    world = World(running, running, done)
    answers = world.run(step(poll=POLL, verify=seen.append))
    assert (answers["thing"], seen, world.waits) == (done, [done], [INTERVAL, INTERVAL])


def test_long_poll_is_noted_now_and_then() -> None:
    world = World(*[received(200, {"done": False})] * 40, received(200, {"done": True}))
    world.run(step(poll=POLL))
    assert world.notes == [
        "Purpose of thing",
        "Purpose of thing: still running after 30 seconds",
        "Purpose of thing: still running after 60 seconds",
    ]


def test_poll_ends_at_the_deadline_after_a_last_look() -> None:
    world = World(*[received(200, {"done": False})] * 20)
    with pytest.raises(errors.DeadlineError) as raised:
        world.run(step(poll=POLL), deadline=5)
    assert world.waits == [2, 2, 1]
    assert len(world.sent) == 4
    assert raised.value.resume == "Run it again."
    assert raised.value.state is None


def test_poll_that_is_done_at_the_last_look_is_done() -> None:
    world = World(*[received(200, {"done": False})] * 3, received(200, {"done": True}))
    assert world.run(step(poll=POLL), deadline=5)["thing"].body["done"]


def test_failures_of_a_poll_are_retried_until_the_deadline() -> None:
    failures: list[Outcome] = [failed(503), CUT] * 10
    world = World(received(200, {"done": False}), *failures, received(200, {"done": True}))
    assert world.run(step(poll=POLL), deadline=3600)["thing"].body["done"]


def test_deadline_tells_the_last_failure() -> None:
    world = World(*[failed(503, "Busy", "UNAVAILABLE")] * 20)
    with pytest.raises(errors.DeadlineError) as raised:
        world.run(step(), deadline=5)
    assert raised.value.state == "Purpose of thing: Busy (503 UNAVAILABLE)."
    assert world.waits == [2, 3]
    assert [note.partition("Next attempt ")[2] for note in world.notes] == ["", "in 2 seconds.", "in 3 seconds."]


def test_retry_after_does_not_outlast_the_deadline() -> None:
    world = World(failed(429, retry_after="3600"), received())
    world.run(step(), deadline=5)
    assert world.waits == [5]


def test_no_step_begins_after_the_deadline() -> None:
    world = World(received(), received(), received(), seconds_each=3)
    with pytest.raises(errors.DeadlineError, match="Purpose of c: not finished after 5 seconds"):
        world.run(step(key="a"), step(key="b"), step("POST", "c"), deadline=5)
    assert len(world.sent) == 2


def test_deadline_counts_over_several_runs() -> None:
    world = World(received(), received(), seconds_each=3)
    execution = world.execution(5)
    execution.run(Plan((step(key="a"),)))
    execution.run(Plan((step(key="b"),)))
    with pytest.raises(errors.DeadlineError):
        execution.run(Plan((step(key="c"),)))


def test_deadline_can_be_extended_after_it_has_passed() -> None:
    world = World(received(), received(), seconds_each=6)
    execution = world.execution(5)
    execution.run(Plan((step(key="a"),)))
    execution.extend(15)
    execution.run(Plan((step(key="b"),)))
    assert world.timeouts == [5, 15]


def test_request_gets_the_seconds_that_are_left() -> None:
    world = World(received(), received(), received(), seconds_each=2.5)
    world.run(step(key="a"), step(key="b"), deadline=5)
    assert world.timeouts == [5, 2.5]
    world.run(step(key="a"))
    assert world.timeouts[2] is None


# --- cuts: a plan that was cut at any request ends right when it is run again ---


class Service:
    """A service with a build before it: each of its writes may have had an effect although the connection was cut."""

    def __init__(self, cut_at: int, *, is_done_before_cut: bool) -> None:
        self.cut_at = cut_at
        self.is_done_before_cut = is_done_before_cut
        self.requests = 0
        self.exists = False
        self.writes: list[str] = []

    def send(self, method: str, url: str, *_: object, **__: object) -> Received:
        self.requests += 1
        is_cut = self.requests == self.cut_at
        if is_cut and not self.is_done_before_cut:
            raise dataclasses.replace(CUT)
        answered = self.answer(method, url)
        if is_cut:
            raise dataclasses.replace(CUT)
        return answered

    def answer(self, method: str, url: str) -> Received:
        if method == "GET" and url == URL:
            return received(200 if self.exists else 404)
        if method == "GET":
            return received(200, {"done": True})
        self.writes.append(method)
        if method == "POST" and self.exists:
            return failed(409)
        self.exists = True
        return received(200, {"name": "op"})


PLAN = Plan(
    (
        step(accepts=frozenset({404})),
        step("POST", "create", condition=missing("thing"), on_conflict="update"),
        step("PATCH", "update", condition=found("thing")),
        step(key="wait", url=Joined((f"{URL}/", answer(("create", "update"), "name"))), poll=POLL),
    )
)


@pytest.mark.parametrize("is_done_before_cut", [True, False])
@pytest.mark.parametrize("cut_at", range(1, 4))
def test_plan_that_was_cut_at_a_request_ends_right(cut_at: int, is_done_before_cut: bool) -> None:
    service, world = Service(cut_at, is_done_before_cut=is_done_before_cut), World()
    execution = Execution(service.send, rejection, INTERVAL, None, world.notes.append, lambda: world.time, world.sleep)
    if cut_at == 2:
        with pytest.raises(errors.UnknownOutcomeError):
            execution.run(PLAN)
        assert service.writes == (["POST"] if is_done_before_cut else [])
    answers = execution.run(PLAN)
    assert answers["wait"].body == {"done": True}
    assert service.writes == (["POST", "PATCH"] if cut_at == 2 and is_done_before_cut else ["POST"])
