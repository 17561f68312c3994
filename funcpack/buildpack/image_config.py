"""launch.toml: how the image is started, and the labels that say what is in it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from funcpack.buildpack.platform.cnb import Launch, Process

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.buildpack.install.virtualenv import Virtualenv
    from funcpack.buildpack.platform.cnb import Buildpack, Context
    from funcpack.project.settings import HandlerName

# https://github.com/opencontainers/image-spec/blob/main/annotations.md; the keys of `[project]` (0.1) and `[_]` (0.2) that say it
_ANNOTATIONS = {
    "name": "org.opencontainers.image.title",
    "version": "org.opencontainers.image.version",
    "description": "org.opencontainers.image.description",
    "documentation-url": "org.opencontainers.image.documentation",
    "source-url": "org.opencontainers.image.source",
}


def write(context: Context, buildpack: Buildpack, name: HandlerName, virtualenv: Virtualenv) -> None:
    """Write it: the default process `web`, to which the platform may add arguments."""
    # -P: the working directory is the app's, and must not shadow what the invoker imports before it adds it itself.
    process = Process("web", [str(virtualenv.python), "-P", "-m", "funcpack_invoker"], default=True)
    ours = {"io.funcpack.handler": name.text, "io.funcpack.buildpack.version": buildpack.version}
    Launch([process], _of_project(context.app) | ours).write(context.layers)


def _of_project(app: Path) -> dict[str, str]:
    """Return the labels that project.toml gives reason for, authors and licences among them."""
    file = app / "project.toml"
    descriptor: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8-sig")) if file.is_file() else {}
    about = {**_table(descriptor.get("_")), **_table(descriptor.get("project"))}
    labels = {label: about[key] for key, label in _ANNOTATIONS.items() if isinstance(about.get(key), str)}
    authors = [author for author in _list(about.get("authors")) if isinstance(author, str)]
    licenses = [_table(license_).get("type") for license_ in _list(about.get("licenses"))]
    expressions = [license_ for license_ in licenses if isinstance(license_, str)]
    if authors:
        labels["org.opencontainers.image.authors"] = ", ".join(authors)
    if expressions:
        labels["org.opencontainers.image.licenses"] = " AND ".join(expressions)
    return labels


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
