"""Finds out whose credentials this machine has, without reading a secret into a text: kinds, files and hosts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from funcpack.project.app_files import as_table

if TYPE_CHECKING:
    from collections.abc import Mapping


def google(environ: Mapping[str, str]) -> str | None:
    """Return the kind and the place of Google's credentials, or None if there are none.

    They are searched for as by google-auth: https://cloud.google.com/docs/authentication/application-default-credentials
    """
    if environ.get("CLOUDSDK_AUTH_ACCESS_TOKEN"):
        return "access token in CLOUDSDK_AUTH_ACCESS_TOKEN"
    configuration = environ.get("CLOUDSDK_CONFIG") or _home(environ) / ".config" / "gcloud"
    file = Path(
        environ.get("GOOGLE_APPLICATION_CREDENTIALS") or Path(configuration, "application_default_credentials.json")
    )
    kind = _json(file).get("type")
    return f"{kind} in {file}" if isinstance(kind, str) else None


def registries(environ: Mapping[str, str]) -> list[str]:
    """Return the hosts of the registries for which Docker or Podman has credentials, or a program that provides them."""
    docker = Path(environ.get("DOCKER_CONFIG") or _home(environ) / ".docker") / "config.json"
    of_session = Path(environ.get("XDG_RUNTIME_DIR") or "/nowhere") / "containers" / "auth.json"
    podman = Path(environ.get("REGISTRY_AUTH_FILE") or of_session)
    of_user = _home(environ) / ".config" / "containers" / "auth.json"
    return sorted({host for file in (docker, podman, of_user) for host in _hosts(_json(file))})


def _hosts(configuration: Mapping[str, object]) -> set[str]:
    auths = as_table(configuration.get("auths"))
    # With a store, an entry without a value means that the store has the credentials.
    names = [name for name, value in auths.items() if value or configuration.get("credsStore")]
    return {_host(name) for name in (*names, *as_table(configuration.get("credHelpers")))}


def _host(name: str) -> str:
    url = urlsplit(name if "://" in name else f"//{name}")
    return url.netloc.rpartition("@")[2]


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or "/")


def _json(file: Path) -> Mapping[str, object]:
    try:
        return as_table(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
