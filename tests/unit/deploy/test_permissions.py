"""The permissions that are tested before a deployment, and the one table of what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from funcpack import deployment_errors as errors
from funcpack.deploy.google import roles
from funcpack.deploy.google.endpoints import Endpoints
from funcpack.deploy.google.permissions import Account, Need, Preflight, Resource, needs, preflight
from funcpack.deploy.google.place import Place
from funcpack.deploy.google.rejections import rejection
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.steps import Plan, Step, found, missing
from funcpack.deploy.plan.values import Received

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECTS = "https://cloudresourcemanager.googleapis.com/v1/projects/shop"
SERVICE = "https://run.googleapis.com/v2/projects/shop/locations/us-east1/services/orders"
REPOSITORY = "projects/images/locations/us/repositories/apps"
DEFAULT = "123-compute@developer.gserviceaccount.com"
BUILDER = "builder@shop.iam.gserviceaccount.com"
DISABLED = {"error": {"message": "Not used", "details": [{"reason": "SERVICE_DISABLED", "metadata": {"service": "x"}}]}}


@dataclass
class Google:
    """Google's answers: `denied` are permissions that the caller lacks on the resources whose URL ends so."""

    denied: Mapping[str, set[str]] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    failures: Mapping[str, Received] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def send(self, method: str, url: str, headers: object, body: Any, **_: object) -> Received:
        del headers
        self.sent.append(f"{method} {url}")
        failure = next((received for part, received in self.failures.items() if part in url), None)
        if failure:
            return failure
        if url.endswith(":testIamPermissions"):
            assert not url.startswith(SERVICE) or "run.services.create" not in body["permissions"]
            denied = next((denied for part, denied in self.denied.items() if part in url), set())
            granted = [permission for permission in body["permissions"] if permission not in denied]
            return Received(200, {}, {"permissions": granted} if granted else {})
        if ":getIamPolicy" in url:
            return Received(200, {}, next((policy for part, policy in self.policies.items() if part in url), {}))
        return Received(200, {}, {"projectNumber": "123"})

    def run(self, *accounts: Account, before: tuple[Step, ...] = (), **values: Any) -> None:
        place = Place("shop", "us-east1")
        needed = values.pop("needs", needs(roles.CLOUD_RUN))
        of = Preflight(Endpoints(), place, needed, accounts, self.notes.append, **values)
        Execution(self.send, rejection, 1, None, lambda _: None).run(Plan((*before, *preflight(of))))

    def missing(self, *accounts: Account, **values: Any) -> list[tuple[str, ...]]:
        with pytest.raises(errors.MissingPermissionsError) as raised:
            self.run(*accounts, **values)
        return [tuple(row) for row in raised.value.missing]


def grant(role: str) -> str:
    member = '"user:$(gcloud config get-value core/account)"'
    return f"gcloud projects add-iam-policy-binding shop --role {role} --member {member}"


def test_with_all_permissions_nothing_is_said() -> None:
    google = Google()
    google.run(Account("run", None))
    assert google.sent == [
        f"GET {PROJECTS}",
        f"POST https://iam.googleapis.com/v1/projects/-/serviceAccounts/{DEFAULT}:testIamPermissions",
        f"POST {PROJECTS}:testIamPermissions",
    ]
    assert google.notes == []


def test_one_table_shows_what_is_missing_on_the_project_and_on_accounts() -> None:
    google = Google(
        {"shop:test": {"run.services.create", "run.services.update", "cloudbuild.builds.get"}, DEFAULT: {roles.ACT_AS}}
    )
    rows = google.missing(Account("run", None), needs=needs((*roles.CLOUD_RUN, *roles.BUILD)))
    act_as = f"gcloud iam service-accounts add-iam-policy-binding {DEFAULT} --project shop --role roles/iam.serviceAccountUser"
    assert rows == [
        ("you", "run.services.create, run.services.update", "project shop", grant("roles/run.developer")),
        ("you", "cloudbuild.builds.get", "project shop", grant("roles/cloudbuild.builds.editor")),
        (
            "you",
            roles.ACT_AS,
            f"service account {DEFAULT}",
            f'{act_as} --member "user:$(gcloud config get-value core/account)"',
        ),
    ]


def test_deployer_that_is_a_service_account_is_named() -> None:
    google = Google({"shop:test": {"run.services.get"}})
    (row,) = google.missing(deployer=lambda: "ci@shop.iam.gserviceaccount.com")
    assert row[0] == "ci@shop.iam.gserviceaccount.com"
    assert row[3].endswith("--member serviceAccount:ci@shop.iam.gserviceaccount.com")


def test_permission_on_the_resource_is_enough() -> None:
    before = Step("service", "Read", "GET", SERVICE, accepts=frozenset({404}))
    resource = Resource(SERVICE, roles.CLOUD_RUN, found("service"))
    denied = {"shop:test": {"run.services.update", "run.services.create"}, SERVICE: {"run.services.create"}}
    Google(denied).run(before=(before,), resource=resource)
    absent = Google(denied, failures={SERVICE: Received(404, {}, None)})
    rows = absent.missing(before=(before,), resource=resource)
    assert [row[1] for row in rows] == ["run.services.create, run.services.update"]


def test_permission_to_create_is_needed_only_for_what_is_missing() -> None:
    before = Step("repository", "Read", "GET", f"https://a.test/{REPOSITORY}", accepts=frozenset({404}))
    needed = (Need("artifactregistry.repositories.create", missing("repository")),)
    denied = {"shop:test": {"artifactregistry.repositories.create"}}
    Google(denied).run(before=(before,), needs=needed)
    absent = Google(denied, failures={"a.test": Received(404, {}, None)})
    assert [row[1] for row in absent.missing(before=(before,), needs=needed)] == [
        "artifactregistry.repositories.create"
    ]


def test_account_that_does_not_exist_is_in_the_table() -> None:
    google = Google(failures={BUILDER: Received(404, {}, {"error": {"message": "Unknown service account"}})})
    assert [row[:3] for row in google.missing(Account("build", BUILDER))] == [
        ("you", roles.ACT_AS, f"service account {BUILDER}")
    ]


def test_account_that_builds_and_runs_is_tested_once() -> None:
    google = Google()
    google.run(Account("build", BUILDER), Account("run", BUILDER))
    assert sum(BUILDER in sent for sent in google.sent) == 1


def test_default_account_that_builds_needs_no_permission_to_act_as_it() -> None:
    google = Google({DEFAULT: {roles.ACT_AS}})
    google.run(Account("run", BUILDER), Account("build", None))
    assert [sent for sent in google.sent if DEFAULT in sent] == []


@pytest.mark.parametrize(
    ("part", "what"),
    [("shop:test", "the permissions on the project shop"), (BUILDER, f"the permission to act as {BUILDER}")],
)
def test_api_that_is_not_enabled_is_no_failure(part: str, what: str) -> None:
    google = Google(failures={part: Received(403, {}, DISABLED)})
    google.run(Account("build", BUILDER))
    assert google.notes == [f"Not checked: {what}, because the API that tests it is not enabled in the project."]


def test_unreadable_number_of_the_project_leaves_the_default_account_unchecked() -> None:
    google = Google(failures={"v1/projects/shop": Received(403, {}, DISABLED)})
    google.run(Account("run", None))
    assert (
        google.notes[-1]
        == "Not checked: the permission to act as the default service account, whose name is not known."
    )


def test_unknown_project_is_an_error() -> None:
    body = {"error": {"message": "No access", "status": "PERMISSION_DENIED"}}
    with pytest.raises(errors.PermissionDeniedError, match="No access"):
        Google(failures={"shop:test": Received(403, {}, body)}).run()


# --- roles of service accounts ---


def policy(*names: str, member: str = f"serviceAccount:{BUILDER}", **values: Any) -> dict[str, Any]:
    return {"bindings": [{"role": name, "members": ["user:a@b", member], **values} for name in names]}


ALL_ROLES = tuple(role.name for role in roles.BUILDER_ROLES)


@pytest.mark.parametrize(
    ("project", "repository", "lacking"),
    [
        (policy(*ALL_ROLES[:2]), policy(ALL_ROLES[2]), []),
        (policy("roles/cloudbuild.builds.builder"), {}, []),
        (policy("roles/editor"), {}, []),
        (policy(*ALL_ROLES), {}, []),
        (policy(*ALL_ROLES[:2]), {}, ALL_ROLES[2:]),
        ({}, policy("roles/owner"), ALL_ROLES[:2]),
        (policy(*ALL_ROLES, member="serviceAccount:other@shop"), {}, ALL_ROLES),
        (policy("roles/editor", condition={"expression": "false"}), {}, ALL_ROLES),
        ({}, {}, ALL_ROLES),
    ],
)
def test_roles_that_the_policies_lack_are_noted_and_do_not_stop(
    project: Any, repository: Any, lacking: tuple[str, ...]
) -> None:
    google = Google(policies={PROJECTS: project, REPOSITORY: repository})
    google.run(Account("build", BUILDER, roles.BUILDER_ROLES), repository=REPOSITORY)
    assert [note.partition(" --role ")[2].split()[0] for note in google.notes[1:]] == list(lacking)


def test_note_names_the_account_and_the_commands() -> None:
    google = Google(policies={PROJECTS: policy(ALL_ROLES[0])})
    google.run(Account("build", BUILDER, roles.BUILDER_ROLES), repository=REPOSITORY)
    member = f"--member serviceAccount:{BUILDER}"
    assert google.notes == [
        f"Not confirmed: the roles of {BUILDER}. A folder or a group may grant them. If the deployment fails without them, run:",
        f"  gcloud projects add-iam-policy-binding shop --role roles/storage.objectViewer {member}",
        f"  gcloud artifacts repositories add-iam-policy-binding apps --project images --location us --role {ALL_ROLES[2]} {member}",
    ]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_policies_that_cannot_be_read_are_not_checked(status: int) -> None:
    google = Google(failures={":getIamPolicy": Received(status, {}, {"error": {"message": "no"}})})
    google.run(Account("build", BUILDER, roles.BUILDER_ROLES), repository=REPOSITORY)
    assert google.notes == [
        "Not checked: the roles of the service accounts on project shop, because its policy cannot be read.",
        f"Not checked: the roles of the service accounts on repository {REPOSITORY}, because its policy cannot be read.",
    ]


def test_every_permission_has_a_role() -> None:
    permissions = {
        *roles.CLOUD_RUN,
        *roles.CLOUD_RUN_POLICY,
        *roles.CLOUD_FUNCTIONS,
        *roles.CLOUD_FUNCTIONS_POLICY,
        *roles.BUILD,
        *roles.REPOSITORY,
        *roles.NEW_REPOSITORY,
        *roles.BUCKET,
        *roles.NEW_BUCKET,
        roles.ACT_AS,
    }
    assert roles.ROLE_OF.keys() == permissions
