"""The interval between polls, from a variable."""

from __future__ import annotations

import pytest

from funcpack.deploy.plan.poll_interval import poll_interval
from funcpack.deployment_errors import PollIntervalError


@pytest.mark.parametrize(
    ("environ", "seconds"), [({}, 2), ({"FUNCPACK_POLL_INTERVAL": ""}, 2), ({"FUNCPACK_POLL_INTERVAL": "0.5"}, 0.5)]
)
def test_seconds(environ: dict[str, str], seconds: float) -> None:
    assert poll_interval(environ) == seconds


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf"])
def test_not_a_positive_number(text: str) -> None:
    with pytest.raises(PollIntervalError, match=text):
        poll_interval({"FUNCPACK_POLL_INTERVAL": text})
