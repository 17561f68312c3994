"""The page about permissions has the roles that the tool tests and recommends."""

from __future__ import annotations

import pytest

from funcpack.deploy.google import roles
from funcpack.deployment_errors import MissingPermission, MissingPermissionsError, PermissionDeniedError
from funcpack.errors import render
from tools.places import ROOT

PAGE = ROOT / "docs" / "deploy" / "permissions.md"
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]


@pytest.mark.parametrize(("permission", "role"), roles.ROLE_OF.items())
def test_permission_stands_beside_its_role(permission: str, role: str) -> None:
    assert [row for row in ROWS if f"`{permission}`" in row and f"`{role}`" in row]


@pytest.mark.parametrize("role", [role.name for role in (*roles.BUILDER_ROLES, *roles.SECRET_ROLES)])
def test_roles_of_service_accounts_are_named(role: str) -> None:
    assert f"`{role}`" in PAGE.read_text()


def test_table_is_that_of_the_tool() -> None:
    command = 'gcloud projects add-iam-policy-binding shop --role roles/run.developer --member "user:$(gcloud config get-value core/account)"'
    error = MissingPermissionsError(
        [MissingPermission("you", "run.services.create, run.services.update", "project shop", command)]
    )
    assert "\n".join([f"error: {error.title}", *render(error)]) in PAGE.read_text()


def test_error_names_the_page() -> None:
    assert str(PAGE.relative_to(ROOT)) in PermissionDeniedError("", 403, "", "").remedy
