"""The printed plan: what `--dry-run` shows to people and programs."""

from __future__ import annotations

import json

import pytest

from funcpack.deploy.google.printed import printed
from funcpack.deploy.plan.steps import Content, Plan, Poll, Step, Upload, found, missing
from funcpack.deploy.plan.values import Answer, Computed, Either, Joined, answer

API = "https://run.googleapis.com/v2/"
UPLOAD = Upload(b"PK", "5f1d", ("handler.py",))

PLAN = Plan(
    (
        Step("service", "Read the service", "GET", f"{API}services/hello"),
        Step("upload", "Upload the source", "PUT", "https://storage/o", UPLOAD, {"content-type": "application/zip"}),
        Step(
            "create", "Create", "POST", f"{API}services", {"template": {"timeout": "5s"}}, condition=missing("service")
        ),
        Step(
            "update",
            "Update",
            "PATCH",
            f"{API}services/hello",
            {"traffic": Computed(answer("service", "trafficStatuses"), "scaled to 75", list)},
            condition=found("service"),
        ),
        Step(
            "operation",
            "Wait",
            "GET",
            Joined((API, answer(("create", "update"), "name"))),
            poll=Poll(lambda _: True, "run it again"),
        ),
        Step(
            "call",
            "Call",
            "GET",
            Joined((Either((Answer(("service",), "uri"), answer("operation", "response.uri"))), "/")),
        ),
    )
)

TEXT = """\
1. GET https://run.googleapis.com/v2/services/hello

2. PUT https://storage/o
   content-type: application/zip
   {
     "zip": {
       "sha256": "5f1d",
       "bytes": 2,
       "files": [
         "handler.py"
       ]
     }
   }

3. POST https://run.googleapis.com/v2/services
   when: 1 is 404
   Content-Type: application/json
   {
     "template": {
       "timeout": "5s"
     }
   }

4. PATCH https://run.googleapis.com/v2/services/hello
   when: 1 is not 404
   Content-Type: application/json
   {
     "traffic": "<1.trafficStatuses scaled to 75>"
   }

5. GET https://run.googleapis.com/v2/<3.name or 4.name>
   when: until done

6. GET <1.uri or 5.response.uri>/"""


def test_text_has_a_numbered_block_a_request() -> None:
    assert printed(PLAN, "text") == TEXT


def test_json_is_an_array_of_the_requests() -> None:
    requests = json.loads(printed(PLAN, "json"))
    assert [request["when"] for request in requests] == [None, None, "1 is 404", "1 is not 404", "until done", None]
    assert requests[3] == {
        "method": "PATCH",
        "url": f"{API}services/hello",
        "headers": {"Content-Type": "application/json"},
        "body": {"traffic": "<1.trafficStatuses scaled to 75>"},
        "when": "1 is not 404",
    }


@pytest.mark.parametrize(
    ("content", "body"),
    [(b'{"order": 42}', {"order": 42}), (b"order", "order"), (b"\xff", {"base64": "/w=="})],
)
def test_body_of_a_saved_request_is_shown_as_it_can_be_read(content: bytes, body: object) -> None:
    step = Step("smoke", "Send the saved request", "POST", "https://hello/orders", Content(content))
    assert json.loads(printed(Plan((step,)), "json"))[0]["body"] == body
