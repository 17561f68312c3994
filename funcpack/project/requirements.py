"""Reads requirements files: which files they include, and whether they contain anything to install.

uv interprets the requirements. This module knows just enough of the format to follow `-r`, `-c`, `-e` and paths.
https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from funcpack.errors import (
    MissingLocalPackageError,
    MissingRequirementsFileError,
    NestedRequirementsError,
    OutsideFileError,
)
from funcpack.project.app_files import children, exists, is_file, is_inside, is_source_tree, read_text, shown_path
from funcpack.project.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_NESTED = re.compile(
    r"(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(?P<quote>[\"']?)(?P<file>.+)(?P=quote)"
)
_OF_FILE = re.compile(r"\s*(?:-r|-c|--requirement|--constraint)")
_CONSTRAINT = re.compile(r"-c|--constraint")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(?P<path>.+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_PLACE_OF_PACKAGES = re.compile(
    r"(?:-f|-i|--find-links|--index-url|--extra-index-url)(?:\s*=\s*|\s+)(?P<quote>[\"']?)(?P<place>.+)(?P=quote)"
)
# uv obeys this option in spite of UV_NO_BUILD, and also if it is in a requirements file at a URL.
_FROM_SOURCE = "--no-binary"
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
_COMMIT = re.compile(r"@[0-9a-f]{40}\b")
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\]\s*)?@\s*(?P<location>.+)")
_AFTER_LOCATION = re.compile(r"(?<!\s)\s+(?:;|--)|;|\[|#")
# uv reads the files that an option names by the path before one of these characters.
_END_OF_NAME = re.compile(r"[\\#]")
# uv follows each of them on its stack, which overflows after some hundreds.
_MOST_LEVELS = 100
_REMOTE = ("http://", "https://")
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True, slots=True)
class Place:
    """A logical line of a requirements file, with the number of its first physical line."""

    file: str
    number: int
    line: str


@dataclass(frozen=True, slots=True)
class _Open:
    """A requirements file that is being read: its lines that are left, and the name that messages use."""

    file: Path
    shown: str
    lines: Iterator[tuple[int, str]]
    is_constraints: bool


@dataclass(slots=True)
class Requirements:
    """The content of a requirements file and of all files that it includes.

    `files` are the requirements and constraints files. `paths` are files and directories of the app that are installed.
    `lines` are all logical lines except those that include a file of the app. `values` are the variables in the lines, without
    credentials. `changing` are the reasons why an installation from the same files may differ. `building` are the lines that
    may make uv build packages in spite of UV_NO_BUILD. `is_empty` is true if there is nothing to install.
    """

    files: dict[Path, None] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    changing: list[str] = field(default_factory=list)
    building: list[str] = field(default_factory=list)
    is_empty: bool = True


def read_requirements(file: Path, app: Path, variables: Mapping[str, str]) -> Requirements:
    """Read a requirements file and the files that it includes. uv replaces `${NAME}` by the variables of the build.

    Without a variable PROJECT_ROOT, uv uses the app directory.

    A file of the app may refer only to other files of the app. A file elsewhere is one that the platform names.

    Raises:
        MissingRequirementsFileError, FileEncodingError, UnreadableFileError: One of the files is missing or not readable.
        NestedRequirementsError: The files include each other too deeply.
        MissingLocalPackageError: The build does not have a package that a requirement refers to by its path.

    """
    reader = _Reader(app, {"PROJECT_ROOT": str(app), **variables})
    reader.read(file)
    return reader.found


@dataclass(frozen=True, slots=True)
class _Reader:
    app: Path
    variables: Mapping[str, str]
    found: Requirements = field(default_factory=Requirements)

    def read(self, file: Path) -> None:
        opened = [self._open(file, is_constraints=False)]
        while opened:
            included = self._read_to_next_file(opened[-1])
            if included is None:
                opened.pop()
            elif len(opened) > _MOST_LEVELS:
                raise NestedRequirementsError(opened[-1].shown, _MOST_LEVELS)
            else:
                opened.append(included)

    def _open(self, file: Path, *, is_constraints: bool) -> _Open:
        self.found.files[file] = None
        text = read_text(file, self.app if file.is_relative_to(self.app) else None)
        return _Open(file, shown_path(file, self.app), _lines(text), is_constraints)

    def _read_to_next_file(self, opened: _Open) -> _Open | None:
        """Read lines up to the next file that has not been read before, and open it; return None at the end of the file."""
        for number, written in opened.lines:
            line, values = _expanded(written, self.variables)
            self.found.values |= values
            place = Place(opened.shown, number, line)
            nested = _NESTED.fullmatch(line)
            if nested is None or nested["file"].startswith(_REMOTE):
                self.found.lines.append(written)
                self._add(place, opened.file, is_constraints=opened.is_constraints)
                continue
            target = self._included(nested, opened.file)
            if target is None:
                raise MissingRequirementsFileError(opened.shown, number, nested["file"])
            if target not in self.found.files:
                is_constraints = opened.is_constraints or _CONSTRAINT.match(line) is not None
                return self._open(target, is_constraints=is_constraints)
        return None

    def _included(self, nested: re.Match[str], file: Path) -> Path | None:
        """Return the file that a line of `file` includes, or None if there is no such file that it may include.

        A variable that is not known here may be one that the build sets for uv, such as the name of a file with credentials.
        """
        target = local_path(nested["file"], file.parent)
        # uv does not remove quotes, and takes only the beginning of some names.
        names = {nested["file"], nested[0].partition(nested["file"])[0][-1:] + nested["file"] + nested["quote"]}
        paths = [local_path(_END_OF_NAME.split(name)[0], file.parent) for name in names]
        is_allowed = all(path is None or not exists(path) or self._may_use(path, file) for path in (target, *paths))
        return target if target and "${" not in nested["file"] and is_allowed and is_file(target) else None

    def _may_use(self, path: Path, file: Path) -> bool:
        return is_inside(path, self.app) or not file.is_relative_to(self.app)

    def _add(self, place: Place, file: Path, *, is_constraints: bool) -> None:
        """Add the files that a line refers to, and the reason why its content may change if it does not show.

        The paths of packages are relative to the app directory, in which uv runs, and not to the file, as for pip.
        """
        line = place.line
        if _NESTED.fullmatch(line) or line.startswith(_FROM_SOURCE):
            option = _FROM_SOURCE if line.startswith(_FROM_SOURCE) else "a file at a URL"
            self.found.building.append(f"{place.file}, line {place.number}: {option}")
        if _refers_to_changing_content(line):
            self.found.changing.append(f"{place.file}, line {place.number} refers to content that may have changed")
        if not line.startswith("-") or _NESTED.fullmatch(line) or _EDITABLE.match(line):
            is_constraints |= _CONSTRAINT.match(line) is not None
            self.found.is_empty &= is_constraints
            path = _package_path(line, self.app)
            may_use = path is None or self._may_use(path, file)
            # A constraint need not apply, but it may.
            if path and (not is_constraints or (not may_use and exists(path))):
                _check_package(path, place, self.app, may_be_outside=may_use)
            self.found.paths += [path] if path else []
        elif place_of_packages := _PLACE_OF_PACKAGES.fullmatch(line):
            # uv accepts a path relative to the file or to the app directory.
            paths = {local_path(place_of_packages["place"], directory) for directory in (file.parent, self.app)}
            existing = sorted(path for path in paths if path and exists(path))
            for path in existing:
                if not self._may_use(path, file):
                    origin = f"{place.file}, line {place.number}"
                    raise OutsideFileError(f"'{place_of_packages['place']}'", str(path), origin)
            self.found.paths += existing


def _expanded(line: str, variables: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return a line with the values of its variables, and those of them that are not credentials."""
    names = {name for name in _VARIABLE.findall(_CREDENTIALS.sub("", line)) if name in variables}
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), line), {
        name: variables[name] for name in names
    }


def _refers_to_changing_content(line: str) -> bool:
    """Check whether a line refers to a URL whose content may change: a Git branch or tag, an archive, a requirements file."""
    nested = _NESTED.fullmatch(line)
    if nested:
        return "://" in nested["file"]
    if line.startswith("-") and not _EDITABLE.match(line):
        return False  # an index or an option
    if "git+" in line:
        return _COMMIT.search(line) is None
    if "://" not in line or "file:" in line:
        return False
    return not (_location(line).partition("?")[0].endswith(".whl") or "sha256" in line)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Return the logical lines without comments, each with the number of its first physical line."""
    pending, start = "", 0
    for number, physical in enumerate([*text.splitlines(), ""], 1):  # the last line may end with a backslash, too
        line = _COMMENT.sub("", physical)  # a comment ends with its line, even if that ends with a backslash
        start = start if pending else number
        # uv does not continue the name of a file, so that the rest of the name must not become part of it here.
        is_of_file = _OF_FILE.match(pending or line) is not None
        pending += line if is_of_file else line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        stripped = pending.strip()
        pending = ""
        if stripped:
            yield start, stripped


def _package_path(line: str, base: Path) -> Path | None:
    """Return the file or the directory that a requirement refers to, which may be missing; None for any other requirement."""
    text = _location(line)
    is_path = _EDITABLE.match(line) or text.startswith((".", "file:")) or "/" in text or text.endswith(_ARCHIVES)
    # Names with unknown variables, quotes or backslashes are left to uv.
    return local_path(text, base) if is_path and not re.search(r"\$\{|[\"'\\]", text) else None


def _location(line: str) -> str:
    """Return the location in a requirement, without its extras, marker and options."""
    editable = _EDITABLE.match(line)
    text = editable["path"] if editable else line
    named = _NAMED.fullmatch(text)
    text = named["location"] if named else text
    return _AFTER_LOCATION.split(text.strip(), maxsplit=1)[0]


def _check_package(path: Path, place: Place, app: Path, *, may_be_outside: bool) -> None:
    """Check that there is a package at `path`, unless a marker may exclude it.

    Raises:
        MissingLocalPackageError: There is no package.

    """
    reason = "does not exist"
    if not may_be_outside and exists(path):
        reason = "is outside the app directory"
    elif is_file(path) or ";" in place.line:
        return
    elif exists(path) and not path.is_dir():
        reason = "is not a file or a directory"
    elif exists(path):
        if is_source_tree(path):
            return
        is_empty = not children(path)
        reason = "is an empty directory" if is_empty else "has no pyproject.toml or setup.py"
    location = _location(place.line)
    from_file = local_path(location, (app / place.file).parent)
    is_from_file = from_file is not None and from_file.is_relative_to(app) and is_source_tree(from_file)
    from_app = str(from_file.relative_to(app)) if from_file and is_from_file else None
    is_outside = not path.is_relative_to(app)
    raise MissingLocalPackageError(place.file, place.number, location, reason, is_outside, from_app)


class Reference(NamedTuple):
    """The path that a requirement refers to, the reason why its content may change, and the values of its variables."""

    path: Path | None
    changing: str | None
    values: Mapping[str, str]


def reference(line: str, base: Path, shown: str, variables: Mapping[str, str]) -> Reference:
    """Return what a single requirement of the file `shown` refers to."""
    expanded, values = _expanded(line, variables)
    changing = f"{shown} refers to content that may have changed" if _refers_to_changing_content(expanded) else None
    return Reference(_package_path(expanded, base), changing, values)


def option_variables(lines: Iterable[str]) -> dict[str, str]:
    """Return the variables of uv for options that uv ignores in requirements files: `--pre` and `--trusted-host`."""
    options = [line.replace("=", " ", 1).split() for line in lines if line.startswith("--")]
    hosts = [option[1] for option in options if option[0] == "--trusted-host" and len(option) > 1]
    variables = {"UV_INSECURE_HOST": " ".join(hosts)} if hosts else {}
    return variables | ({"UV_PRERELEASE": "allow"} if ["--pre"] in options else {})
