"""The backend `cloudfunction`: Cloud Functions of the first generation."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google.function import FUNCTION, deployed_step
from funcpack.deploy.google.function_backend import FunctionBackend
from funcpack.deploy.google.function_plan import UPDATE, replacing, source_steps, update_step
from funcpack.deploy.google.function_serving import call_step, serving_steps
from funcpack.deploy.google.generations import SOURCE_LABEL, V1
from funcpack.deploy.packing.archive import source_label
from funcpack.deploy.plan.steps import Plan, Step, Upload, found
from funcpack.deploy.plan.values import answer, at
from funcpack.deployment_errors import NoEarlierSourceError, NotDeployedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.plan.backend import Backend
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.target import Target

_DOWNLOAD_URL = "download url"
_DOWNLOAD = "download"
# Each version needs two requests, and a change of the configuration makes a version, too.
_MOST_VERSIONS = 20


def create(target: Target, note: Note) -> Backend:
    """Return the backend for a target.

    Raises:
        FunctionOptionError: An option is not one of Cloud Functions.

    """
    return FunctionBackend(target, note, V1, _roll_back)


def _roll_back(backend: FunctionBackend) -> None:
    """Deploy the newest source that is older than the one that serves, with the configuration as it is."""
    found_function = backend.read()[FUNCTION]
    if found_function.status == 404:
        raise NotDeployedError(backend.function.name, V1.backend)
    old: Mapping[str, Any] = found_function.body
    source = _earlier_source(backend, old)
    function = backend.function
    labels = replacing({**old.get("labels", {}), SOURCE_LABEL: source_label(source)}, old["versionId"])
    body = {"name": function.full_name, "labels": labels, **V1.source}
    backend.run(
        Plan(
            (
                *source_steps(function, source),
                update_step(UPDATE, function, body, ("labels", "sourceUploadUrl")),
                deployed_step(function, (UPDATE,)),
                *serving_steps(function, backend.endpoints.run),
                call_step(V1),
            )
        )
    )


def _earlier_source(backend: FunctionBackend, function: Mapping[str, Any]) -> Upload:
    """Return the source of the newest earlier version with another one.

    Raises:
        NoEarlierSourceError: There is none among the versions that Google keeps.

    """
    newest = int(function["versionId"])
    for version in range(newest - 1, max(0, newest - 1 - _MOST_VERSIONS), -1):
        source = _source(backend, version)
        # A deployment that failed has a number, too, but no source.
        if source is not None and source_label(source) != at(function, f"labels.{SOURCE_LABEL}"):
            return source
    raise NoEarlierSourceError(backend.function.name, str(newest))


def _source(backend: FunctionBackend, version: int) -> Upload | None:
    """Return the source of a version, or None if Google does not keep it."""
    url = Step(
        _DOWNLOAD_URL,
        f"Look for the source of version {version}",
        "POST",
        f"{backend.function.url}:generateDownloadUrl",
        {"versionId": str(version)},
        accepts=frozenset({404}),
        is_idempotent=True,
    )
    download = Step(
        _DOWNLOAD,
        f"Download the source of version {version}",
        "GET",
        answer(_DOWNLOAD_URL, "downloadUrl"),
        condition=found(_DOWNLOAD_URL),
        accepts=frozenset({404}),
        is_authorized=False,
    )
    received = backend.run(Plan((url, download))).get(_DOWNLOAD)
    if received is None or received.status == 404:
        return None
    return Upload(received.content, hashlib.sha256(received.content).hexdigest(), ())
