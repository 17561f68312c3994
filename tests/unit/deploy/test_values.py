"""Values that only answers tell: how they are printed, and what they are when the answers are there."""

from __future__ import annotations

import pytest

from funcpack.deploy.plan.values import Answer, Computed, Either, Joined, Received, Value, answer, resolved, shown

ANSWERS = {
    "service": Received(200, {}, {"uri": None, "traffic": [25, 75], "labels": {"a": "b"}}),
    "build": Received(200, {"docker-content-digest": "sha256:1"}, {"images": [{"digest": "sha256:2"}]}),
}
NUMBERS = {"service": 1, "build": 2, "operation": 3}


@pytest.mark.parametrize(
    ("value", "placeholder", "expected"),
    [
        (answer("build", "images[0].digest"), "<2.images[0].digest>", "sha256:2"),
        (answer("build", "images[1].digest"), "<2.images[1].digest>", None),
        (answer(("operation", "build"), "images[0].digest"), "<3.images[0].digest or 2.images[0].digest>", "sha256:2"),
        (answer("service", ""), "<1>", ANSWERS["service"].body),
        (Answer(("build",), "Docker-Content-Digest", is_header=True), "<2.Docker-Content-Digest>", "sha256:1"),
        (Computed(answer("service", "traffic"), "added up", sum), "<1.traffic added up>", 100),
        (
            Computed(
                answer("service", "traffic"), "labelled", lambda a, b: [a[0], b], (answer("service", "labels.a"),)
            ),
            "<1.traffic labelled>",
            [25, "b"],
        ),
        (Either((answer("service", "uri"), answer("service", "labels.a"))), "<1.uri or 1.labels.a>", "b"),
        (
            Either(
                (Joined(("image@", answer("operation", "digest"))), Joined(("image@", answer("service", "labels.a"))))
            ),
            "<image@3.digest or image@1.labels.a>",
            "image@b",
        ),
        (Either((answer("service", "uri"),)), "<1.uri>", None),
    ],
)
def test_value(value: Value, placeholder: str, expected: object) -> None:
    assert shown({"field": [value]}, NUMBERS) == {"field": [placeholder]}
    assert resolved({"field": [value]}, ANSWERS) == {"field": [expected]}
