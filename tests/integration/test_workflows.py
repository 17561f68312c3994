"""The workflows in .github are valid and careful, and do nothing but run targets of the Makefile, which do their part."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from funcpack.project.supported_pythons import SUPPORTED
from tests import checkouts
from tests.checkouts import checkout
from tests.distributions import distributions
from tests.environments import one_process
from tools import checks, newest, rebase_notice, release_tools, signing
from tools.places import ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
UNSAFE = """\
name: Unsafe
on: issues
jobs:
  unsafe:
    runs-on: ubuntu-24.04
    steps:
      - run: make "${{ github.event.issue.title }}"
"""


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


# With the login of the user that runs the steps, and with uv on PATH.
AS_ROOT = 'sudo --preserve-env env "HOME=$HOME" "PATH=$PATH" '
COMMANDS = sorted({step["run"] for workflow in WORKFLOWS for step in steps(workflow) if "run" in step})


def linters(directory: Path) -> dict[str, list[str]]:
    progress = Progress(directory / "log")
    with one_process("linters"):
        actionlint, zizmor = checks.ensure(progress, "actionlint"), release_tools.ensure(progress, "zizmor")
    return {
        "actionlint": [str(actionlint)],
        "zizmor": [str(zizmor), "--offline", "--no-progress", "--persona=pedantic"],
    }


@pytest.mark.parametrize("linter", ["actionlint", "zizmor"])
def test_linters_accept_the_workflows_and_reject_an_unsafe_one(linter: str, tmp_path: Path) -> None:
    command = linters(tmp_path)[linter]
    good = subprocess.run([*command, *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout

    (tmp_path / "unsafe.yml").write_text(UNSAFE)
    bad = subprocess.run([*command, str(tmp_path / "unsafe.yml")], capture_output=True, text=True, check=False)
    assert bad.returncode != 0
    assert "github.event.issue.title" in bad.stdout


@pytest.mark.parametrize("name", ["release.yml", "images.yml"])
def test_published_images_are_signed_with_the_key_of_an_environment_that_requires_a_review(name: str) -> None:
    job = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())["jobs"]["images"]
    (publish,) = (step for step in job["steps"] if "make publish" in step.get("run", ""))
    assert job["environment"] == "registry"
    assert publish["env"] == {name: f"${{{{ secrets.{name} }}}}" for name in (signing.KEY_VARIABLE, "COSIGN_PASSWORD")}


def test_only_the_upload_to_pypi_has_an_identity() -> None:
    jobs = {name: job for file in WORKFLOWS for name, job in yaml.safe_load(file.read_text())["jobs"].items()}
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["pypi"]


@pytest.mark.parametrize("command", COMMANDS)
def test_step_is_a_target_of_the_makefile(command: str) -> None:
    target = re.fullmatch(r"make ([a-z]+)( [A-Z]+=\"[^\"]+\")*", command.removeprefix(AS_ROOT))
    assert target, "the logic of a step belongs into a target"
    assert re.search(rf"(?m)^{target[1]}:.* ## ", (ROOT / "Makefile").read_text())
    dry = ["make", "--dry-run", target[1]]
    done = subprocess.run(
        dry, cwd=ROOT, env={**os.environ, "TAG": "v1.2.0"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_steps_that_create_images_from_packages_of_debian_run_as_root() -> None:
    """GitHub runs steps as another user, for whom the images would be based on an image of a registry."""
    images = [each for each in COMMANDS if re.search(r"make (notice|publish)\b", each)]
    assert len(images) == 3
    assert [each for each in images if not each.startswith(AS_ROOT)] == []


def test_actions_are_pinned_by_commit_and_the_same_everywhere() -> None:
    files = [*WORKFLOWS, ROOT / "funcpack" / "workflows" / "github.yml"]
    uses = {line for file in files for line in re.findall(r"uses: (.*)", file.read_text())}
    assert [line for line in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    assert len({line.partition("@")[0] for line in uses}) == len(uses)


def test_changes_are_tested_on_all_supported_pythons_and_both_architectures() -> None:
    matrix = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["check"]["strategy"]["matrix"]
    assert matrix["python"] == [".".join(map(str, version)) for version in SUPPORTED]
    assert matrix["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]


def test_images_go_where_names_without_a_registry_lead() -> None:
    """The documentation and the default of `funcpack build` name `funcpack/builder`, which engines look for on Docker Hub."""
    registries = [re.findall(r"REGISTRY: (.*)", file.read_text()) for file in WORKFLOWS]
    assert {registry for found in registries for registry in found} == {"docker.io"}


@pytest.mark.parametrize(
    ("requirement", "unbounded"),
    [
        ("flask>=3.1,<4\n", "flask>=3.1\n"),
        ('    "gunicorn>=27.0.1,<27.1",\n', '    "gunicorn>=27.0.1",\n'),
        ("# The uv.\nuv==0.13.8\n", "# The uv.\nuv>=0.13.8\n"),
        ("click>=8.1\n", "click>=8.1\n"),
    ],
)
def test_upper_bounds_are_removed(requirement: str, unbounded: str) -> None:
    assert newest.unbounded(requirement) == unbounded


@pytest.mark.parametrize("name", newest.RANGES)
def test_no_upper_bound_is_left(name: str) -> None:
    text = newest.unbounded((ROOT / name).read_text())
    assert re.findall(r"(?m)^\s*\"?[a-z]+[^#\n]*(?:<|==).*$", text) == []


def packages(directory: Path, **versions: str) -> dict[str, str]:
    directory.mkdir()
    (directory / "a.md5sums").touch()
    for name, version in versions.items():
        (directory / name).write_text(f"Package: {name}\nVersion: {version}\nDescription: one\n more\n")
    return rebase_notice.packages(directory)


def test_notice_lists_the_packages_that_changed(tmp_path: Path) -> None:
    published = packages(tmp_path / "published", libssl="3.5.1-1", libc="2.41-12", old="1")
    new = packages(tmp_path / "new", libssl="3.5.1-1+deb13u1", libc="2.41-12", new="2")
    assert rebase_notice.notice(published, published) == ""
    assert rebase_notice.notice(published, new).endswith(
        "|-|-|-|\n| libssl | 3.5.1-1 | 3.5.1-1+deb13u1 |\n| new | - | 2 |\n| old | 1 | - |\n"
    )


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return a checkout with a release in `dist`, and a `gh` and a `docker` that write what they get to files."""
    (tmp_path / "dist" / "pypi").mkdir(parents=True)
    (tmp_path / "dist" / "pypi" / "a.whl").touch()
    (tmp_path / "dist" / "notes.md").touch()
    (tmp_path / "bin").mkdir()
    for name in ("gh", "docker"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {name}.arguments\ncat > {name}.input\n')
        program.chmod(0o755)
    return checkout(tmp_path)


def make(directory: Path, *arguments: str, **variables: str) -> None:
    done = checkouts.make(directory, *arguments, **variables)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("version", "options"), [("1.2.0", []), ("1.2.0-rc.1", ["--prerelease"])])
def test_release_is_created_with_its_notes_and_distributions(version: str, options: list[str], release: Path) -> None:
    make(release, "announce", f"TAG=v{version}")
    assert (release / "gh.arguments").read_text().splitlines() == [
        *("release", "create", f"v{version}", "--verify-tag", "--title", f"Funcpack {version}"),
        *("--notes-file", "dist/notes.md", *options, "dist/pypi/a.whl"),
    ]


def test_token_of_the_registry_is_no_argument(release: Path) -> None:
    make(release, "login", REGISTRY="registry.example.com", REGISTRY_USER="ada", REGISTRY_TOKEN="$(secret)")
    arguments = ["login", "--username", "ada", "--password-stdin", "registry.example.com"]
    assert (release / "docker.arguments").read_text().splitlines() == arguments
    assert (release / "docker.input").read_text() == "$(secret)\n"


@pytest.mark.parametrize("changes", ["", "| libssl | 1 | 2 |\n"], ids=["nothing-new", "new-packages"])
def test_users_are_notified_of_new_packages_only(changes: str, release: Path) -> None:
    (release / "dist" / "notice.md").write_text(changes)
    make(release, "notify")
    assert (release / "gh.arguments").exists() == bool(changes)


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout


def test_newest_release_is_checked_out(release: Path) -> None:
    git(release, "init", "-q")
    for tag in ("v1.9.0", "v1.10.0", "v1.11.0-rc.1", "other"):
        git(release, "commit", "-q", "--allow-empty", "-m", tag)
        git(release, "tag", tag)
    make(release, "released")
    assert git(release, "log", "-1", "--format=%s") == "v1.10.0\n"


def error_of(directory: Path, *arguments: str, **variables: str) -> str:
    """Return the error of a target that fails, without the line of make itself."""
    done = checkouts.make(directory, *arguments, **variables)
    assert done.returncode == 2, done.stdout
    return done.stderr.rpartition("make: ")[0]


def test_repository_without_a_release_is_an_error(release: Path) -> None:
    git(release, "init", "-q")
    git(release, "commit", "-q", "--allow-empty", "-m", "first")
    assert error_of(release, "released") == (
        "\nerror: there is no release to check out\n\ngit finds no tag such as v1.2.0 in the history of this commit."
        " Its output is:\n    fatal: No names found, cannot describe anything.\n\n"
        "What to do: run `git fetch --tags`, and `git fetch --unshallow` if the clone is shallow. If there is no release yet, make"
        " one: see docs/releases.md.\n"
    )


def test_release_that_git_cannot_check_out_is_an_error(release: Path) -> None:
    git(release, "init", "-q")
    for content in ("first", "second"):
        (release / "CHANGELOG.md").write_text(content)
        git(release, "add", "CHANGELOG.md")
        git(release, "commit", "-q", "-m", content)
    git(release, "tag", "v1.2.0", "HEAD~1")
    (release / "CHANGELOG.md").write_text("not committed")
    before, _, error = error_of(release, "released").partition("\nerror: ")
    assert "Your local changes to the following files would be overwritten by checkout" in before
    assert error == (
        "`git checkout` failed with exit code 1\n\nIts output is above.\n\n"
        "What to do: correct what it reports, and run the command again.\n"
    )


@pytest.mark.parametrize(
    ("target", "missing", "title", "remedy"),
    [
        ("announce", "dist/notes.md", "dist/notes.md is missing", "run `make notes TAG=v1.2.0` first."),
        ("announce", "dist/pypi/a.whl", "there are no distributions to upload", "run `make distributions` first."),
        ("announce", "bin/gh", "`gh` is not installed", "install `gh` and run the command again."),
        ("notify", "dist/notice.md", "dist/notice.md is missing", "run `make notice REGISTRY=docker.io` first."),
        ("notify", "bin/gh", "`gh` is not installed", "install `gh` and run the command again."),
        ("upload", "dist/pypi/a.whl", "there are no distributions to upload", "run `make distributions` first."),
    ],
)
def test_what_a_step_needs_is_named(target: str, missing: str, title: str, remedy: str, release: Path) -> None:
    (release / "dist" / "notice.md").write_text("| libssl | 1 | 2 |\n")
    (release / missing).unlink()
    error = error_of(release, target, "TAG=v1.2.0", PATH=str(release / "bin"))
    assert error.startswith(f"\nerror: {title}\n\n")
    assert error.endswith(f"\n\nWhat to do: {remedy}\n")


@pytest.mark.parametrize("tag", ["", "1.2.0", "v1.2"])
def test_release_of_a_tag_with_another_form_is_not_created(tag: str, release: Path) -> None:
    assert "error: TAG is not the tag of a release" in error_of(release, "announce", f"TAG={tag}")
    assert not (release / "gh.arguments").exists()


def test_failure_of_gh_is_an_error(release: Path) -> None:
    (release / "bin" / "gh").write_text("#!/bin/sh\necho 'tag v1.2.0 does not exist' >&2\nexit 4\n")
    error = error_of(release, "announce", "TAG=v1.2.0")
    assert error.startswith("tag v1.2.0 does not exist\n\nerror: `gh release` failed with exit code 4\n")


def test_credentials_of_an_upload_that_fails_are_not_printed(release: Path) -> None:
    (release / ".venv" / "bin").mkdir(parents=True)
    (release / ".venv" / "bin" / "uv").symlink_to("/bin/false")
    error = error_of(release, "upload", "UPLOAD=--token pypi-c2VjcmV0")
    assert error.startswith("\nerror: `uv publish` failed with exit code 1\n\nIts output is above.\n")
    assert "pypi-c2VjcmV0" not in error


class _Index(BaseHTTPRequestHandler):
    """Accepts uploads as PyPI does: https://docs.pypi.org/api/upload/."""

    names: list[str]

    def do_POST(self) -> None:
        body = (
            self.rfile.read(int(self.headers["Content-Length"])) if "Content-Length" in self.headers else self._chunks()
        )
        self.names += re.findall(r'name="content"; filename="([^"]+)"', body.decode("latin-1"))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""


@contextmanager
def index() -> Iterator[tuple[str, list[str]]]:
    """Run an index, and yield its address and the list of the files that it gets."""
    names: list[str] = []
    handler = type("Index", (_Index,), {"names": names, "protocol_version": "HTTP/1.1"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/legacy/", names
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_distributions_are_uploaded() -> None:
    built = distributions()
    with index() as (url, names):
        options = f"--publish-url {url} --username u --password p"
        make(ROOT, "upload", "TRUSTED=never", f"UPLOAD={options}")
    assert sorted(names) == [path.name for path in built]
