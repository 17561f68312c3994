"""The version is the same everywhere, one command sets it, and a release needs its section of the changelog."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from tests.checkouts import checkout, make
from tools import changelog, version
from tools.errors import ToolError
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- New.

## [1.0.0] - 2026-05-01

- [First](docs/a.md).
"""


# The form of a version in each file.
FORMS = ("{0}{1}", "{0}", "{0}")


def versions(root: Path) -> list[str]:
    """Return the version in each file, which names it at least once, and the same one each time."""
    places = version.PLACES.items()
    found = [
        set(re.findall(rf"{before}(\d[\drc.]*){after}", (root / name).read_text())) for name, (before, after) in places
    ]
    return [each for (each,) in found]


def expected(version: str) -> list[str]:
    numbers, _, candidate = version.partition("-rc.")
    return [form.format(numbers, candidate and f"rc{candidate}") for form in FORMS]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name in (*version.PLACES, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_all_places_name_the_same_version() -> None:
    assert versions(ROOT) == expected(version.current())


@pytest.mark.parametrize("candidate", ["7.8.9-rc.1", "7.8.9-rc.12"])
def test_candidate_has_a_version_of_each_kind_and_leaves_the_changes_unreleased(candidate: str, sources: Path) -> None:
    version.write(candidate, "2026-06-01", sources)

    distributions, *others = versions(sources)
    assert distributions == str(Version(candidate)) == f"7.8.9rc{candidate[9:]}"
    assert others == ["7.8.9", "7.8.9"]
    assert (sources / "CHANGELOG.md").read_text() == CHANGELOG
    assert changelog.changes(CHANGELOG, candidate) == "### Added\n\n- New.\n"


def test_release_follows_its_candidates(sources: Path) -> None:
    for each in ("7.8.9-rc.1", "7.8.9-rc.2", "7.8.9"):
        version.write(each, "2026-06-01", sources)

    assert versions(sources) == expected("7.8.9")
    assert changelog.changes((sources / "CHANGELOG.md").read_text(), "7.8.9") == "### Added\n\n- New.\n"


def test_one_command_sets_the_version_everywhere(sources: Path) -> None:
    version.write("7.8.9", "2026-06-01", sources)

    assert versions(sources) == expected("7.8.9")
    assert changelog.section((sources / "CHANGELOG.md").read_text(), "7.8.9") == "### Added\n\n- New.\n"
    assert "## [Unreleased]\n\n## [7.8.9] - 2026-06-01\n" in (sources / "CHANGELOG.md").read_text()


def test_no_other_file_of_the_product_names_the_version() -> None:
    """A version next to Funcpack's name is in one of the places; the logs of builds in the tests are compared without it."""
    named = [
        "git",
        "grep",
        "-lE",
        rf"funcpack[^ ]*[ @=-]+{re.escape(version.current())}",
        "--",
        ".",
        ":!tests/fixtures",
    ]
    found = subprocess.run([*named, ":!CHANGELOG.md"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert set(found.stdout.split()) <= {*version.PLACES, "tests/unit/buildpack/builds.py"}


@pytest.mark.parametrize("wrong", ["1.2", "v1.2.0", "1.2.0rc1", "1.2.0-rc1", "1.2.0-beta.1", ""])
def test_version_with_another_form_is_rejected(wrong: str, sources: Path) -> None:
    with pytest.raises(ToolError, match=r"invalid version(.|\n)*make version VERSION=1\.2\.0-rc\.1"):
        version.write(wrong, "2026-06-01", sources)
    assert versions(sources) == expected(version.current())


def test_version_that_the_changelog_has_is_rejected(sources: Path) -> None:
    with pytest.raises(ToolError, match=r"CHANGELOG\.md has the section \[1\.0\.0\]"):
        version.write("1.0.0", "2026-06-01", sources)
    assert versions(sources) == expected(version.current())


def test_release_without_changes_is_rejected(sources: Path) -> None:
    version.write("7.8.9", "2026-06-01", sources)
    with pytest.raises(ToolError, match="the changelog has no changes of this version"):
        version.write("7.9.0", "2026-06-02", sources)
    assert versions(sources) == expected("7.8.9")


@pytest.mark.parametrize(
    ("name", "changes"), [("Unreleased", "### Added\n\n- New.\n"), ("1.0.0", "- [First](docs/a.md).\n")]
)
def test_section_of_a_version(name: str, changes: str) -> None:
    assert changelog.section(CHANGELOG, name) == changes


@pytest.mark.parametrize("missing", ["1.0", "0.0.1", "1x0.0"])
def test_missing_section_names_the_version(missing: str) -> None:
    with pytest.raises(ToolError) as caught:
        changelog.section(CHANGELOG, missing)
    assert caught.value.found == f"CHANGELOG.md has no section [{missing}], or an empty one."


def clone(tmp_path: Path, wanted: str) -> Path:
    """Return a repository with the tools, whose version is set to `wanted`."""
    checkout(tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    version.write(wanted, "2026-06-01", tmp_path)
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@a", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def written_notes(sources: Path, tag: str) -> str:
    """Run `make notes`, and return the notes or, if it fails, the error. A failure leaves no notes for the next step."""
    file = sources / "dist" / "notes.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text("The notes of an earlier release.")
    done = make(sources, "notes", f"TAG={tag}")
    assert file.exists() == (done.returncode == 0)
    return file.read_text() if file.exists() else done.stderr


@pytest.mark.parametrize("wanted", ["7.8.9", "7.8.9-rc.1"])
def test_notes_are_the_changes_of_the_version(wanted: str, tmp_path: Path) -> None:
    assert written_notes(clone(tmp_path, wanted), f"v{wanted}") == "### Added\n\n- New.\n"


@pytest.mark.parametrize("tag", ["v99.0.0", "v7.8.9-rc.1"])
def test_tag_of_another_version_is_rejected(tag: str, tmp_path: Path) -> None:
    error = written_notes(clone(tmp_path, "7.8.9"), tag)
    assert f"The tag is {tag}, and the version in the sources is 7.8.9." in error


@pytest.mark.parametrize("tag", ["7.8.9", "v7.8", "release-7.8.9", "v7.8.9rc1", "vv7.8.9", ""])
def test_tag_with_another_form_is_rejected(tag: str, tmp_path: Path) -> None:
    assert written_notes(clone(tmp_path, "7.8.9"), tag).startswith(
        f"\nerror: TAG is not the tag of a release\n\nIt is '{tag}', which is not `v` followed by a version.\n\n"
        "What to do: set TAG to the tag of a release, for example TAG=v1.2.0, or of a release candidate, for example"
        " TAG=v1.2.0-rc.1.\n"
    )


def test_release_of_uncommitted_changes_is_rejected(tmp_path: Path) -> None:
    sources = clone(tmp_path, "7.8.9")
    (sources / "buildpack.toml").write_text("")
    error = written_notes(sources, "v7.8.9")
    assert "there are changes that are not committed" in error
    assert " M buildpack.toml" in error
