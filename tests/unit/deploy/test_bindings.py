"""Policies: bindings are added, and nothing that is there is lost."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.google.bindings import configured, is_changed, merged
from funcpack.deploy.settings.configuration import Configuration

INVOKER = "roles/run.invoker"
CONDITION = {"title": "Until May", "expression": "request.time < timestamp('2027-05-01T00:00:00Z')"}


def binding(*members: str, role: str = INVOKER, **more: Any) -> dict[str, Any]:
    return {"role": role, "members": list(members), **more}


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [
        (None, [binding("allUsers")], [binding("allUsers")]),
        ([binding("user:a@b.c")], [binding("allUsers")], [binding("user:a@b.c", "allUsers")]),
        ([binding("allUsers", "user:a@b.c")], [binding("allUsers")], [binding("allUsers", "user:a@b.c")]),
        (
            [binding("user:a@b.c", role="roles/run.admin")],
            [binding("allUsers")],
            [binding("user:a@b.c", role="roles/run.admin"), binding("allUsers")],
        ),
        # A binding with a condition is another one.
        (
            [binding("allUsers", condition=CONDITION)],
            [binding("allUsers")],
            [binding("allUsers", condition=CONDITION), binding("allUsers")],
        ),
        (
            [binding("allUsers", condition=CONDITION)],
            [binding("allUsers", condition=CONDITION)],
            [binding("allUsers", condition=CONDITION)],
        ),
        # The members of a role may stand in several bindings.
        (
            [binding("user:a@b.c"), binding("allUsers")],
            [binding("allUsers")],
            [binding("user:a@b.c"), binding("allUsers")],
        ),
        ([], [binding("allUsers"), binding("user:a@b.c", "allUsers")], [binding("allUsers", "user:a@b.c")]),
    ],
)
def test_merged(before: list[Any] | None, added: list[Any], after: list[Any]) -> None:
    policy = (
        None
        if before is None
        else {"version": 1, "etag": "BwX=", "bindings": before, "auditConfigs": [{"service": "x"}]}
    )
    result = merged(policy, added)
    kept = {} if policy is None else {"etag": "BwX=", "auditConfigs": [{"service": "x"}]}
    assert result == {**kept, "version": 3, "bindings": after}
    assert is_changed(policy, added) == (before != after)
    assert not is_changed(result, added)


def test_role_that_stands_for_another() -> None:
    configuration = Configuration({"bindings": [binding("allUsers", role="roles/cloudfunctions.invoker")]})
    assert configured(configuration, {"roles/cloudfunctions.invoker": INVOKER}) == [binding("allUsers")]
