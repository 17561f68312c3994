"""Who may call a service: the bindings of the configuration are merged into the policy that is there.

The policy is read, merged and written with its etag, so that nothing that somebody else has granted is lost.
https://cloud.google.com/iam/docs/policies#etag
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.schemas import schema
from funcpack.deploy.plan.backend import Change
from funcpack.deploy.plan.steps import Condition, Plan, Step
from funcpack.deploy.plan.values import Computed, Joined, answer
from funcpack.deploy.settings.schema import check
from funcpack.deployment_errors import ConfigurationFieldError, InvalidField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from funcpack.deploy.plan.values import Answers
    from funcpack.deploy.settings.configuration import Configuration

POLICY = "policy"
GRANT = "grant"

# Bindings with a condition are kept only by requests of this version.
_VERSION = 3
_ROLE = re.compile(r"roles/[A-Za-z0-9_.]+|(projects|organizations)/[^/\s]+/roles/[A-Za-z0-9_.]+")
_MEMBER = re.compile(r"allUsers|allAuthenticatedUsers|[A-Za-z]+:\S+|principal(Set)?://\S+")

Binding = dict[str, Any]


def configured(configuration: Configuration, replaced: Mapping[str, str] | None = None) -> list[Binding]:
    """Return the bindings of a configuration. `replaced` are roles that another role stands for.

    Raises:
        ConfigurationFieldError: a binding has no role or no members, or they do not have the form of IAM.

    """
    bindings: list[Binding] = list(configuration.values.get("bindings", ()))
    check({"bindings": bindings}, schema("Policy"), "", configuration.file)
    problems = [
        InvalidField(f"bindings[{number}].{name}", message)
        for number, binding in enumerate(bindings)
        for name, message in _problems(binding)
    ]
    if problems:
        raise ConfigurationFieldError(configuration.file, problems)
    return [{**binding, "role": (replaced or {}).get(binding["role"], binding["role"])} for binding in bindings]


def steps(url: str | Joined, bindings: Sequence[Binding]) -> list[Step]:
    """Return the steps that add bindings to the policy of the resource at a URL; none without bindings."""
    if not bindings:
        return []
    policy = answer(POLICY, "")
    return [
        Step(
            POLICY,
            "Read who may call it",
            "GET",
            _at(url, f":getIamPolicy?options.requestedPolicyVersion={_VERSION}"),
        ),
        Step(
            GRANT,
            "Grant the roles in 'bindings'",
            "POST",
            _at(url, ":setIamPolicy"),
            {"policy": Computed(policy, "merged with bindings", lambda found: merged(found, bindings))},
            condition=Condition(
                f"{{{POLICY}}} lacks a member of bindings",
                lambda answers: POLICY in answers and is_changed(answers[POLICY].body, bindings),
            ),
            computed_from=POLICY,
        ),
    ]


def changes(url: str | None, bindings: Sequence[Binding], run: Callable[[Plan], Answers]) -> tuple[Change, ...]:
    """Return the members that a deployment adds, a change for each binding. `url` is that of the resource, if it exists."""
    policy = None
    if url and bindings:
        policy = run(Plan((steps(url, bindings)[0],)))[POLICY].body
    return tuple(
        Change(f"bindings[{binding['role']}].members", None, added)
        for binding in bindings
        if (added := _added(_same((policy or {}).get("bindings", ()), binding), binding))
    )


def _same(entries: Iterable[Binding], binding: Binding) -> list[Binding]:
    """Return the entries of a policy that are for the same role and condition as a binding."""
    return [entry for entry in entries if _key(entry) == _key(binding)]


def _added(same: Iterable[Binding], binding: Binding) -> list[str]:
    """Return the members of a binding that the entries for the same role and condition lack."""
    present = {member for entry in same for member in entry.get("members", ())}
    return [member for member in dict.fromkeys(binding["members"]) if member not in present]


def _at(url: str | Joined, verb: str) -> str | Joined:
    return f"{url}{verb}" if isinstance(url, str) else Joined((*url.parts, verb))


def merged(policy: Mapping[str, Any] | None, bindings: Sequence[Binding]) -> dict[str, Any]:
    """Return a policy with bindings added. A role with another condition is another binding."""
    result: dict[str, Any] = copy.deepcopy(dict(policy or {}))
    entries: list[Binding] = result.setdefault("bindings", [])
    for binding in bindings:
        same = _same(entries, binding)
        added = _added(same, binding)
        if not same:
            entries.append({**binding, "members": added})
        elif added:
            same[0]["members"] = [*same[0].get("members", ()), *added]
    return result | {"version": _VERSION}


def is_changed(policy: Mapping[str, Any] | None, bindings: Sequence[Binding]) -> bool:
    """Return whether a policy lacks a member of bindings."""
    before = (policy or {}).get("bindings", [])
    return bool(merged(policy, bindings)["bindings"] != before)


def _key(binding: Mapping[str, Any]) -> tuple[Any, str]:
    return binding.get("role"), json.dumps(binding.get("condition"), sort_keys=True)


def _problems(binding: Mapping[str, Any]) -> list[tuple[str, str]]:
    role, members = binding.get("role", ""), binding.get("members", [])
    problems = []
    if not _ROLE.fullmatch(role):
        problems.append(("role", f"'{role}' does not have the form roles/NAME, such as roles/run.invoker"))
    if not members:
        problems.append(("members", "a role needs at least one member, such as allUsers"))
    problems += [
        (
            f"members[{number}]",
            f"'{member}' does not have the form of a member, such as user:ada@example.com or allUsers",
        )
        for number, member in enumerate(members)
        if not _MEMBER.fullmatch(member)
    ]
    return problems
