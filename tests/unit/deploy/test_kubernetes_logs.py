"""The lines of a container's log, from the answers that a cluster gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.deploy.kubernetes.cluster import Cluster
from funcpack.deploy.kubernetes.findings import log_lines
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.values import Received

if TYPE_CHECKING:
    from funcpack.command_errors import CommandError


def body_of(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()


@pytest.mark.parametrize(
    ("status", "content", "lines"),
    [
        (200, b"first\nsecond \n", ("first", "second")),
        (200, b"", ()),
        # A function that logs as JSON, and has written one line.
        (200, b'{"severity": "INFO"}\n', ('{"severity": "INFO"}',)),
        (200, b"unable to retrieve container logs for containerd://3948a449", ()),
        (404, b'{"kind": "Status", "message": "pods \\"orders-1\\" not found"}', ()),
    ],
)
def test_log_lines(status: int, content: bytes, lines: tuple[str, ...]) -> None:
    def send(*_: Any, **__: Any) -> Received:
        return Received(status, {}, body_of(content), content)

    def rejected(*_: Any, **__: Any) -> CommandError:
        raise AssertionError

    cluster = Cluster("shop", Execution(send, rejected, 1.0, None, lambda _: None))
    assert log_lines(cluster, "orders-1", "function", 100) == lines
