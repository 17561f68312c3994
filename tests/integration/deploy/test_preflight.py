"""The tests of permissions against a server with the rules of Google's APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack import deployment_errors as errors
from funcpack.deploy.google import roles
from funcpack.deploy.google.client import GoogleClient
from funcpack.deploy.google.endpoints import Endpoints
from funcpack.deploy.google.permissions import Account, Preflight, Resource, needs, preflight
from funcpack.deploy.google.place import Place
from funcpack.deploy.google.rejections import rejection
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.steps import Plan, Step, found
from funcpack.deploy.settings.options import Options
from tests.google.failures import Cut
from tests.google.world import PROJECT

if TYPE_CHECKING:
    from tests.google.server import GoogleServer

BUILDER = f"builder@{PROJECT}.iam.gserviceaccount.com"
METHODS = [
    "cloudresourcemanager.v1.projects.get",
    "cloudresourcemanager.v1.projects.getIamPolicy",
    "artifactregistry.projects.locations.repositories.getIamPolicy",
    "iam.projects.serviceAccounts.testIamPermissions",
    "cloudresourcemanager.v1.projects.testIamPermissions",
]
FUNCTIONS = (*roles.CLOUD_FUNCTIONS, *roles.CLOUD_FUNCTIONS_POLICY)
SOURCE = (*roles.BUILD, *roles.REPOSITORY, *roles.NEW_REPOSITORY, *roles.BUCKET, *roles.NEW_BUCKET)
EVERY = (*roles.CLOUD_RUN, *roles.CLOUD_RUN_POLICY, *FUNCTIONS, *SOURCE)


def run(google: GoogleServer, notes: list[str] | None = None) -> None:
    """Test all permissions of a deployment with a builder and the default account."""
    endpoints, place = Endpoints.from_environ(google.environ), Place.of(Options(), google.environ, "cloudrun")
    repository = f"{place.path}/repositories/apps"
    url = f"{endpoints.run}v2/{place.path}/services/orders"
    accounts = (Account("build", BUILDER, roles.BUILDER_ROLES), Account("run", None))
    resource = Resource(url, roles.CLOUD_RUN, found("service"))
    note = (notes if notes is not None else []).append
    of = Preflight(endpoints, place, needs(EVERY), accounts, note, repository, resource)
    service = Step("service", "Look for the service", "GET", url, accepts=frozenset({404}))
    Execution(GoogleClient(google.environ), rejection, 0.01, None, lambda _: None).run(Plan((service, *preflight(of))))


def test_requests_fit_the_apis(google: GoogleServer) -> None:
    run(google)
    assert [method for method in METHODS if method not in google.sent()] == []
    assert {request.status for request in google.requests} <= {200, 404}


def test_denied_permissions_are_in_one_table(google: GoogleServer) -> None:
    google.world.denied = {"run.services.create", "cloudbuild.builds.create", roles.ACT_AS}
    with pytest.raises(errors.MissingPermissionsError) as raised:
        run(google)
    assert [row.permission for row in raised.value.missing] == [
        "run.services.create",
        "cloudbuild.builds.create",
        roles.ACT_AS,
        roles.ACT_AS,
    ]


def test_policies_that_may_not_be_read_do_not_stop_a_deployment(google: GoogleServer) -> None:
    google.world.denied = {"resourcemanager.projects.getIamPolicy", "artifactregistry.repositories.getIamPolicy"}
    notes: list[str] = []
    run(google, notes)
    assert [note.partition(",")[0] for note in notes] == [
        f"Not checked: the roles of the service accounts on project {PROJECT}",
        f"Not checked: the roles of the service accounts on repository projects/{PROJECT}/locations/us-central1/repositories/apps",
    ]


@pytest.mark.parametrize("method", METHODS)
def test_cut_is_tried_again(google: GoogleServer, method: str) -> None:
    google.fail(method, Cut())
    run(google)
    assert sum(sent == method for sent in google.sent()) >= 2
