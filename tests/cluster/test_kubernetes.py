"""Functions on plain Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl


def test_x(kubectl: Kubectl) -> None:
    assert kubectl.items("pods") == []
