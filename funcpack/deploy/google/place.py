"""The project and the location of a deployment, from the options and from the variables of gcloud."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.deployment_errors import LocationError, NoProjectError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from funcpack.deploy.settings.options import Options

DEFAULT_LOCATION = "us-central1"

_PROJECT_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
_LOCATION_VARIABLE = "GOOGLE_CLOUD_LOCATION"
_REGION_VARIABLES = {
    "cloudrun": "CLOUDSDK_RUN_REGION",
    "cloudfunction": "CLOUDSDK_FUNCTIONS_REGION",
    "cloudfunctionv2": "CLOUDSDK_FUNCTIONS_REGION",
}
# A name, one in an organization such as `example.com:shop`, or a number. Google's lower limit of six characters is left to Google:
# projects of old have shorter names. https://cloud.google.com/resource-manager/docs/creating-managing-projects
_PROJECT = re.compile(r"([a-z][a-z0-9.-]*:)?[a-z]([a-z0-9-]{0,61}[a-z0-9])?|[0-9]+")
# A region, such as `europe-west1`. A zone has a letter more: `europe-west1-b`.
_LOCATION = re.compile(r"[a-z]+(-[a-z]+)+[0-9]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where to deploy. Both names are valid in a URL."""

    project: str
    location: str

    @classmethod
    def of(cls, options: Options, environ: Mapping[str, str], backend: str) -> Place:
        """Return the place that the options name, or the variables.

        Raises:
            NoProjectError: nothing names a project.
            ProjectError: the name of the project is not valid.
            LocationError: the name of the location is not valid.

        """
        regions = (_LOCATION_VARIABLE, _REGION_VARIABLES[backend])
        project = _first("--project", options.project, _PROJECT_VARIABLES, environ)
        location = _first("--location", options.location, regions, environ)
        if project is None:
            raise NoProjectError
        if not _PROJECT.fullmatch(project[0]):
            raise ProjectError(*project)
        if location and not _LOCATION.fullmatch(location[0]):
            raise LocationError(*location)
        return cls(project[0], location[0] if location else DEFAULT_LOCATION)

    @property
    def path(self) -> str:
        """The name of the location as a resource, the parent of services and functions."""
        return f"projects/{self.project}/locations/{self.location}"


def _first(
    flag: str, value: str | None, variables: Iterable[str], environ: Mapping[str, str]
) -> tuple[str, str] | None:
    """Return the first value that is set and its origin: the flag or a variable."""
    candidates = [(value, flag), *((environ.get(variable), variable) for variable in variables)]
    return next(((value, origin) for value, origin in candidates if value), None)
