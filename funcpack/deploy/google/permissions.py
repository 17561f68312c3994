"""The steps that test, before anything is changed, what the deployer may do and which roles the service accounts have.

What the deployer lacks is an error: Google itself tests it. The roles of the service accounts are only looked for in the policies
of the project and of the repository. A folder, an organization, a group or a custom role may grant them, too, so what is not found
is a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from funcpack.deploy.google.rejections import rejection
from funcpack.deploy.google.roles import ACT_AS, ROLE_OF
from funcpack.deploy.plan.steps import Condition, Step
from funcpack.deploy.plan.values import Joined, answer, at
from funcpack.deployment_errors import MissingPermission, MissingPermissionsError, ServiceDisabledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from funcpack.deploy.google.endpoints import Endpoints
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.google.roles import Role
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.values import Answers, Received

# The keys of the steps.
PROJECT = "project"
PROJECT_POLICY = "project-policy"
REPOSITORY_POLICY = "repository-policy"
RESOURCE_PERMISSIONS = "resource-permissions"
PERMISSIONS = "permissions"

RolesByMember: TypeAlias = dict[str, set[str]]

_UNREADABLE = frozenset({403, 404})
# What is only read for a note never stops a deployment. Credentials that are rejected do, and 429 is retried.
_ANY_REJECTION = frozenset(range(400, 500)) - {401, 429}
# Of Compute Engine, after the number of the project. Cloud Run and Cloud Functions run as it unless another one is named.
_DEFAULT_ACCOUNT = "-compute@developer.gserviceaccount.com"
_YOU = "you"
_YOUR_MEMBER = '"user:$(gcloud config get-value core/account)"'


@dataclass(frozen=True, slots=True)
class Need:
    """A permission that the deployer needs if `condition` holds when the permissions are tested."""

    permission: str
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A service account. `duty` is `build` or `run`; without an email it is the default account of Compute Engine."""

    duty: str
    email: str | None
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """What exists already, by its URL, if `condition` holds. These permissions on it are enough: none on the project is needed.

    One to create it is not needed either, and not tested: APIs reject tests of a permission that a resource cannot have.
    """

    url: str
    permissions: tuple[str, ...]
    condition: Condition


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a deployment needs.

    `repository` is the name of the registry's repository, `projects/P/locations/L/repositories/R`. `deployer` returns the email of
    the deployer's service account, or None if it is not known. With `is_project_read`, a step before reads the project. Steps that the conditions refer to come before, and accept 403, so
    that the table shows what they lack, too.
    """

    endpoints: Endpoints
    place: Place
    needs: tuple[Need, ...]
    accounts: tuple[Account, ...]
    note: Note
    repository: str | None = None
    resource: Resource | None = None
    deployer: Callable[[], str | None] = lambda: None
    is_project_read: bool = False


def needs(permissions: Iterable[str], condition: Condition | None = None) -> tuple[Need, ...]:
    """Return the needs for some permissions."""
    return tuple(Need(permission, condition) for permission in permissions)


def preflight(of: Preflight) -> tuple[Step, ...]:
    """Return the steps. The last one raises MissingPermissionsError with all that the deployer lacks."""
    has_default = any(account.email is None for account in of.accounts)
    return (
        *((project_step(of.endpoints, of.place),) if has_default and not of.is_project_read else ()),
        *(_policy_steps(of) if any(account.roles for account in of.accounts) else ()),
        *(_act_as_step(of, account) for account in _distinct(of)),
        *((_resource_step(of.resource),) if of.resource else ()),
        _permissions_step(of),
    )


def project_step(endpoints: Endpoints, place: Place, condition: Condition | None = None) -> Step:
    """Return the step that reads the number of the project, which may be denied."""
    url = f"{endpoints.cloudresourcemanager}v1/projects/{place.project}"
    return Step(PROJECT, "Read the number of the project", "GET", url, condition=condition, accepts=_ANY_REJECTION)


def project_number(answers: Answers) -> str | None:
    """Return the number of the project, or None if it is not known."""
    return at(answers[PROJECT].body, "projectNumber") if PROJECT in answers else None


def _policy_steps(of: Preflight) -> Iterator[Step]:
    url = f"{of.endpoints.cloudresourcemanager}v1/projects/{of.place.project}:getIamPolicy"
    # Version 3 shows the conditions of bindings. https://cloud.google.com/iam/docs/policies#versions
    body = {"options": {"requestedPolicyVersion": 3}}
    yield Step(
        PROJECT_POLICY,
        "Read the roles of the service accounts",
        "POST",
        url,
        body,
        accepts=_ANY_REJECTION,
        is_idempotent=True,
    )
    if of.repository:
        url = f"{of.endpoints.artifactregistry}v1/{of.repository}:getIamPolicy?options.requestedPolicyVersion=3"
        yield Step(REPOSITORY_POLICY, "Read the roles in the repository", "GET", url, accepts=_ANY_REJECTION)


def _act_as_step(of: Preflight, account: Account) -> Step:
    email = account.email or Joined((answer(PROJECT, "projectNumber"), _DEFAULT_ACCOUNT))
    base = f"{of.endpoints.iam}v1/projects/-/serviceAccounts/"
    parts = (base, email) if isinstance(email, str) else (base, *email.parts)
    return Step(
        _act_as_key(account),
        f"Test the permission to act as the service account that {account.duty}s",
        "POST",
        Joined((*parts, ":testIamPermissions")),
        {"permissions": [ACT_AS]},
        condition=None if account.email else _is_known(PROJECT),
        accepts=_UNREADABLE,
        is_idempotent=True,
    )


def _resource_step(resource: Resource) -> Step:
    return Step(
        RESOURCE_PERMISSIONS,
        "Test the permissions on what is deployed",
        "POST",
        f"{resource.url}:testIamPermissions",
        {"permissions": [name for name in resource.permissions if not _creates(name)]},
        condition=resource.condition,
        accepts=_UNREADABLE,
        is_idempotent=True,
    )


def _permissions_step(of: Preflight) -> Step:
    return Step(
        PERMISSIONS,
        "Test the permissions on the project",
        "POST",
        f"{of.endpoints.cloudresourcemanager}v1/projects/{of.place.project}:testIamPermissions",
        {"permissions": [need.permission for need in of.needs]},
        accepts=_UNREADABLE,
        is_idempotent=True,
        review=lambda answers: _review(of, answers),
    )


def _review(of: Preflight, answers: Answers) -> None:
    """Note the roles that the accounts may lack, and raise MissingPermissionsError if the deployer lacks a permission."""
    _note_unconfirmed(of, list(_unconfirmed(of, answers)))
    lacking = [*_lacking_on_project(of, answers), *_lacking_on_accounts(of, answers)]
    if lacking:
        raise MissingPermissionsError(lacking)


def _lacking_on_project(of: Preflight, answers: Answers) -> Iterator[MissingPermission]:
    """Return what the deployer lacks on the project, a row for each role that grants it."""
    received = answers[PERMISSIONS]
    if not _is_tested(of, received, f"the permissions on the project {of.place.project}"):
        return
    if received.status in _UNREADABLE:
        raise rejection("Test the permissions on the project", received)
    granted = {*_permissions(received), *_permissions(answers.get(RESOURCE_PERMISSIONS))}
    if of.resource and RESOURCE_PERMISSIONS in answers:
        granted |= set(filter(_creates, of.resource.permissions))
    needed = [need.permission for need in of.needs if need.condition is None or need.condition.holds(answers)]
    lacking = [permission for permission in needed if permission not in granted]
    for role in dict.fromkeys(ROLE_OF[permission] for permission in lacking):
        permissions = ", ".join(permission for permission in lacking if ROLE_OF[permission] == role)
        yield _deployer_lacks(of, permissions, f"project {of.place.project}", _on_project(of, role))


def _lacking_on_accounts(of: Preflight, answers: Answers) -> Iterator[MissingPermission]:
    """Return the service accounts that the deployer must not act as. One that does not exist is among them."""
    for account in _distinct(of):
        email, received = _email(account, answers), answers.get(_act_as_key(account))
        if email is None or received is None:
            of.note("Not checked: the permission to act as the default service account, whose name is not known.")
        elif _is_tested(of, received, f"the permission to act as {email}") and ACT_AS not in _permissions(received):
            command = f"gcloud iam service-accounts add-iam-policy-binding {email} --project {of.place.project}"
            yield _deployer_lacks(of, ACT_AS, f"service account {email}", f"{command} --role {ROLE_OF[ACT_AS]}")


def _note_unconfirmed(of: Preflight, missing: list[MissingPermission]) -> None:
    for who in dict.fromkeys(row.who for row in missing):
        of.note(
            f"Not confirmed: the roles of {who}. A folder or a group may grant them. If the deployment fails without them, run:"
        )
        for row in missing:
            if row.who == who:
                of.note(f"  {row.command}")


def _unconfirmed(of: Preflight, answers: Answers) -> Iterator[MissingPermission]:
    """Return the roles of the service accounts that the policies do not contain. A policy that cannot be read is noted."""
    roles_of = {
        step: _roles_by_member(answers[step]) for step in (PROJECT_POLICY, REPOSITORY_POLICY) if step in answers
    }
    for step in (step for step, members in roles_of.items() if members is None):
        on = f"project {of.place.project}" if step == PROJECT_POLICY else f"repository {of.repository}"
        of.note(f"Not checked: the roles of the service accounts on {on}, because its policy cannot be read.")
    for account in of.accounts:
        email = _email(account, answers)
        for role in account.roles if email else ():
            steps = (PROJECT_POLICY, REPOSITORY_POLICY) if role.on_repository and of.repository else (PROJECT_POLICY,)
            if _is_missing(role, f"serviceAccount:{email}", [roles_of[step] for step in steps]):
                on, command = _target(of, role)
                yield MissingPermission(str(email), role.name, on, f"{command} --member serviceAccount:{email}")


def _is_missing(role: Role, member: str, policies: Sequence[RolesByMember | None]) -> bool:
    """Return whether all policies can be read, and none gives a member the role or a larger one."""
    readable = [policy for policy in policies if policy is not None]
    has_role = any({role.name, *role.larger} & policy.get(member, set()) for policy in readable)
    return not has_role and len(readable) == len(policies)


def _target(of: Preflight, role: Role) -> tuple[str, str]:
    """Return what a role is granted on, and the command without the member."""
    if role.on_repository and of.repository:
        _, project, _, location, _, repository = of.repository.split("/")
        command = f"gcloud artifacts repositories add-iam-policy-binding {repository}"
        return f"repository {of.repository}", f"{command} --project {project} --location {location} --role {role.name}"
    return f"project {of.place.project}", _on_project(of, role.name)


def _on_project(of: Preflight, role: str) -> str:
    return f"gcloud projects add-iam-policy-binding {of.place.project} --role {role}"


def _deployer_lacks(of: Preflight, permissions: str, on: str, command: str) -> MissingPermission:
    email = of.deployer()
    member = f"serviceAccount:{email}" if email else _YOUR_MEMBER
    return MissingPermission(email or _YOU, permissions, on, f"{command} --member {member}")


def _is_tested(of: Preflight, received: Received, what: str) -> bool:
    """Return whether the API has tested something. In many projects, the API that would is not enabled: that is no failure."""
    is_disabled = received.status == 403 and isinstance(rejection(what, received), ServiceDisabledError)
    if is_disabled:
        of.note(f"Not checked: {what}, because the API that tests it is not enabled in the project.")
    return not is_disabled


def _email(account: Account, answers: Answers) -> str | None:
    """Return the email of an account, or None if the number of the project is not known."""
    number = project_number(answers)
    return account.email or (f"{number}{_DEFAULT_ACCOUNT}" if number else None)


def _permissions(received: Received | None) -> list[str]:
    return list(at(received.body, "permissions") or ()) if received and received.status < 300 else []


def _roles_by_member(policy: Received) -> RolesByMember | None:
    """Return the roles that a policy gives without a condition, or None if it cannot be read."""
    if policy.status in _ANY_REJECTION:
        return None
    found: dict[str, set[str]] = {}
    for binding in at(policy.body, "bindings") or ():
        for member in () if binding.get("condition") else binding.get("members", ()):
            found.setdefault(member, set()).add(binding["role"])
    return found


def _distinct(of: Preflight) -> list[Account]:
    """Return the accounts that the deployer must be allowed to act as, each once: one may both build and run.

    The default account that builds is not among them: in older projects it is Cloud Build's own, for which nobody needs this.
    """
    accounts = [account for account in of.accounts if account.email or account.duty == "run"]
    return list({account.email: account for account in reversed(accounts)}.values())[::-1]


def _creates(permission: str) -> bool:
    return permission.endswith(".create")


def _act_as_key(account: Account) -> str:
    return f"act-as-{account.duty}"


def _is_known(step: str) -> Condition:
    return Condition(f"{{{step}}} is 200", lambda answers: step in answers and answers[step].status == 200)
