"""Reads project.toml: the variables for the build, and the description of the project for the labels of the image.

https://github.com/buildpacks/spec/blob/main/extensions/project-descriptor.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.errors import ProjectFileError
from funcpack.project.app_files import as_table, is_present, parse_toml, read_text, toml_failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_NAME = "project.toml"

# Labels by the keys of `[project]` (schema 0.1) and `[_]` (0.2):
# https://github.com/opencontainers/image-spec/blob/main/annotations.md
_LABELS = {
    "name": "org.opencontainers.image.title",
    "version": "org.opencontainers.image.version",
    "description": "org.opencontainers.image.description",
    "documentation-url": "org.opencontainers.image.documentation",
    "source-url": "org.opencontainers.image.source",
}


@dataclass(frozen=True, slots=True)
class ProjectToml:
    """The build variables and the image labels of a project.toml; both are empty if there is no such file."""

    variables: Mapping[str, str]
    labels: Mapping[str, str]

    @classmethod
    def read(cls, app: Path) -> ProjectToml:
        """Read project.toml in the app directory.

        Raises:
            ProjectFileError: The file is not TOML, or a variable does not have the documented form.
            FileEncodingError, UnreadableFileError: The file is not UTF-8, or it cannot be read.

        """
        text = read_text(app / _NAME, app) if is_present(app / _NAME) else ""
        try:
            descriptor = parse_toml(text)
        except ValueError as exc:
            raise ProjectFileError(_NAME, *toml_failure(exc)) from exc
        return cls(dict(_variables(descriptor, text)), _labels(descriptor))


def _variables(descriptor: Mapping[str, object], text: str) -> Iterator[tuple[str, str]]:
    """Return the build variables of all schemas.

    0.1 has `[[build.env]]`. 0.2 and later have `[[io.buildpacks.build.env]]`, and pack still accepts
    `[[io.buildpacks.env.build]]`, an early mistake of its documentation.
    """
    for path in (("build", "env"), ("io", "buildpacks", "env", "build"), ("io", "buildpacks", "build", "env")):
        for entry in _entries(descriptor, path, text):
            table = as_table(entry)
            name, value = table.get("name"), table.get("value", "")
            if not isinstance(name, str) or not name or "=" in name or "\0" in name:
                raise ProjectFileError(_NAME, f"a build variable has no valid name: {entry}")
            if isinstance(value, str) and "\0" in value:
                raise ProjectFileError(_NAME, f"the value of '{name}' contains a null character, as no variable can")
            if not isinstance(value, str):
                reason = f"the value of '{name}' is not a text in quotes: {value}"
                raise ProjectFileError(_NAME, reason, _line_with(f'"{name}"', text))
            yield name, value


def _entries(table: object, path: tuple[str, ...], text: str) -> Iterable[object]:
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
    # Other tools have files of this name, too, but no variables in it.
    if isinstance(table, dict) and any(key == "name" or key.isupper() for key in table):
        name = ".".join(path)
        reason = f"[{name}] is a single table, but each variable requires a [[{name}]] with 'name' and 'value'"
        raise ProjectFileError(_NAME, reason, _line_with(f"[{name}]", text))
    return table if isinstance(table, list) else ()


def _line_with(part: str, text: str) -> int | None:
    """Return the number of the first line that contains `part`; the parser does not tell where a value is."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if part in line), None)


def _labels(descriptor: Mapping[str, object]) -> dict[str, str]:
    """Return the labels that the project's description provides, authors and licenses among them."""
    about = {**as_table(descriptor.get("_")), **as_table(descriptor.get("project"))}
    labels = {label: value for key, label in _LABELS.items() if isinstance(value := about.get(key), str)}
    authors = [author for author in _list(about.get("authors")) if isinstance(author, str)]
    licenses = [as_table(license_).get("type") for license_ in _list(about.get("licenses"))]
    expressions = [license_ for license_ in licenses if isinstance(license_, str)]
    if authors:
        labels["org.opencontainers.image.authors"] = ", ".join(authors)
    if expressions:
        labels["org.opencontainers.image.licenses"] = " AND ".join(expressions)
    return labels


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
