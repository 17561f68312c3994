"""The base URLs of Google's APIs, which gcloud's own variables override: for regional, private and test endpoints.

See https://cloud.google.com/sdk/gcloud/reference/topic/configurations (`api_endpoint_overrides`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from funcpack.deployment_errors import EndpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
_OBJECTS = "storage/v1/"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs. Each ends with `/`; a path after it begins with the version, except for the two of storage, which contain it."""

    run: str = "https://run.googleapis.com/"
    cloudfunctions: str = "https://cloudfunctions.googleapis.com/"
    cloudbuild: str = "https://cloudbuild.googleapis.com/"
    artifactregistry: str = "https://artifactregistry.googleapis.com/"
    cloudresourcemanager: str = "https://cloudresourcemanager.googleapis.com/"
    iam: str = "https://iam.googleapis.com/"
    storage: str = "https://storage.googleapis.com/storage/v1/"
    logging: str = "https://logging.googleapis.com/"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Endpoints:
        """Return the endpoints with the overrides of the environment.

        Raises:
            EndpointError: an override is not a URL.

        """
        variables = {field.name: f"{_PREFIX}{field.name.upper()}" for field in fields(cls)}
        return cls(**{name: _url(name, of, environ[of]) for name, of in variables.items() if environ.get(of)})

    @property
    def storage_upload(self) -> str:
        """The base URL of uploads to buckets."""
        return f"{self.storage.removesuffix(_OBJECTS)}upload/{_OBJECTS}"


def _url(name: str, variable: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and not parts.fragment
        parts.port  # noqa: B018 - raises ValueError for a port that does not exist
    except ValueError:
        is_url = False
    url = f"{text.rstrip('/')}/"
    if not is_url or (name == "storage" and not url.endswith(f"/{_OBJECTS}")):
        raise EndpointError(variable, f"https://{name}.googleapis.com/{_OBJECTS if name == 'storage' else ''}")
    return url
