"""The project, the location and the base URLs, from options and variables."""

from __future__ import annotations

import pytest

from funcpack import deployment_errors as errors
from funcpack.deploy.google.endpoints import Endpoints
from funcpack.deploy.google.place import Place
from funcpack.deploy.settings.options import Options

PROJECT = {"GOOGLE_CLOUD_PROJECT": "shop"}


@pytest.mark.parametrize(
    ("option", "environ", "project"),
    [
        ("flag", {"GOOGLE_CLOUD_PROJECT": "google", "CLOUDSDK_CORE_PROJECT": "sdk"}, "flag"),
        (None, {"GOOGLE_CLOUD_PROJECT": "google", "CLOUDSDK_CORE_PROJECT": "sdk"}, "google"),
        (None, {"GOOGLE_CLOUD_PROJECT": "", "CLOUDSDK_CORE_PROJECT": "sdk"}, "sdk"),
        ("example.com:shop", {}, "example.com:shop"),
        ("123456789012", {}, "123456789012"),
    ],
)
def test_project(option: str | None, environ: dict[str, str], project: str) -> None:
    assert Place.of(Options(project=option), environ, "cloudrun").project == project


@pytest.mark.parametrize(
    ("option", "environ", "backend", "location"),
    [
        (
            "europe-west1",
            {"GOOGLE_CLOUD_LOCATION": "us-east1", "CLOUDSDK_RUN_REGION": "us-east4"},
            "cloudrun",
            "europe-west1",
        ),
        (None, {"GOOGLE_CLOUD_LOCATION": "us-east1", "CLOUDSDK_RUN_REGION": "us-east4"}, "cloudrun", "us-east1"),
        (None, {"CLOUDSDK_RUN_REGION": "us-east4", "CLOUDSDK_FUNCTIONS_REGION": "us-west1"}, "cloudrun", "us-east4"),
        (
            None,
            {"CLOUDSDK_RUN_REGION": "us-east4", "CLOUDSDK_FUNCTIONS_REGION": "us-west1"},
            "cloudfunction",
            "us-west1",
        ),
        (
            None,
            {"CLOUDSDK_RUN_REGION": "us-east4", "CLOUDSDK_FUNCTIONS_REGION": "us-west1"},
            "cloudfunctionv2",
            "us-west1",
        ),
        (None, {}, "cloudfunction", "us-central1"),
        ("northamerica-northeast1", {}, "cloudrun", "northamerica-northeast1"),
        ("u-france-east1", {}, "cloudrun", "u-france-east1"),
    ],
)
def test_location(option: str | None, environ: dict[str, str], backend: str, location: str) -> None:
    assert Place.of(Options(location=option), {**PROJECT, **environ}, backend).location == location


@pytest.mark.parametrize("project", ["My Project", "shop/x", "shop?", "-shop", "shop-", "../x", "1shop", ":shop"])
def test_invalid_project(project: str) -> None:
    with pytest.raises(errors.ProjectError) as raised:
        Place.of(Options(), {"CLOUDSDK_CORE_PROJECT": project}, "cloudrun")
    assert (raised.value.project, raised.value.origin) == (project, "CLOUDSDK_CORE_PROJECT")


@pytest.mark.parametrize("location", ["europe-west1-b", "eu", "us-central1/x", "US-CENTRAL1", "global"])
def test_invalid_location(location: str) -> None:
    with pytest.raises(errors.LocationError) as raised:
        Place.of(Options(location=location), PROJECT, "cloudrun")
    assert (raised.value.location, raised.value.origin) == (location, "--location")


def test_missing_project() -> None:
    with pytest.raises(errors.NoProjectError):
        Place.of(Options(), {}, "cloudrun")


def test_path() -> None:
    assert Place("shop", "us-east1").path == "projects/shop/locations/us-east1"


def test_endpoints_are_googles() -> None:
    endpoints = Endpoints.from_environ({})
    assert endpoints.run == "https://run.googleapis.com/"
    assert endpoints.storage == "https://storage.googleapis.com/storage/v1/"
    assert endpoints.storage_upload == "https://storage.googleapis.com/upload/storage/v1/"


@pytest.mark.parametrize("slash", ["/", ""])
def test_endpoints_are_overridden(slash: str) -> None:
    names = ("run", "cloudfunctions", "cloudbuild", "artifactregistry", "cloudresourcemanager", "iam", "logging")
    overrides = {
        f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": f"http://127.0.0.1:8000/{name}{slash}" for name in names
    }
    storage = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"http://127.0.0.1:8000/s/storage/v1{slash}"}
    endpoints = Endpoints.from_environ({**overrides, **storage})
    assert {name: getattr(endpoints, name) for name in names} == {
        name: f"http://127.0.0.1:8000/{name}/" for name in names
    }
    assert endpoints.storage == "http://127.0.0.1:8000/s/storage/v1/"
    assert endpoints.storage_upload == "http://127.0.0.1:8000/s/upload/storage/v1/"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("RUN", "run.googleapis.com"),
        ("RUN", "ftp://run.test/"),
        ("RUN", "https://run.test:99999/"),
        ("RUN", "https://run.test/?key=s3cret"),
        ("RUN", "https:///v2/"),
        ("STORAGE", "https://storage.test/"),
    ],
)
def test_endpoint_must_be_a_base_url(name: str, url: str) -> None:
    with pytest.raises(errors.EndpointError) as raised:
        Endpoints.from_environ({f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": url})
    assert raised.value.variable == f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}"
