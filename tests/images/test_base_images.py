"""The build image and the run image: the requirements of the platform specification, and the small size of the run image."""

from __future__ import annotations

import filecmp
import io
import json
import os
import secrets
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from images import archive, debian
from images import make as base_images
from images.recipe import BUILD, GROUP_ID, RUN
from tools import stamp
from tools.engine import is_root_on_debian
from tools.errors import ToolError
from tools.parts import Parts
from tools.progress import Progress, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.engine import Engine

LARGEST_RUN_IMAGE = 58_000_000
FROM_DEBIAN_PACKAGES = pytest.mark.skipif(
    not is_root_on_debian() or bool(os.environ.get("BASE_IMAGE")),
    reason="here the images are made from a registry's Debian",
)


def config_of(engine: Engine, image: str) -> dict[str, Any]:
    return dict(json.loads(engine.run("image", "inspect", "--format", "{{json .Config}}", image)))


@pytest.mark.parametrize("image", [BUILD, RUN], ids=lambda image: image.name)
def test_the_image_says_what_it_is(container_engine: Engine, image: Any) -> None:
    config = config_of(container_engine, image.name)

    assert config["User"] == f"{image.user_id}:{GROUP_ID}"
    assert "LANG=C.UTF-8" in config["Env"]
    assert {
        "io.buildpacks.base.distro.name": "debian",
        "io.buildpacks.base.distro.version": "13",
        "io.buildpacks.base.id": image.name.replace("/", "."),
    }.items() <= config["Labels"].items()


def test_the_build_image_names_the_user_of_buildpacks(container_engine: Engine) -> None:
    environment = config_of(container_engine, BUILD.name)["Env"]

    assert {f"CNB_USER_ID={BUILD.user_id}", f"CNB_GROUP_ID={GROUP_ID}"} <= set(environment)
    assert BUILD.user_id != RUN.user_id


def test_the_build_image_knows_the_python_of_the_run_image(container_engine: Engine) -> None:
    known = container_engine.run("run", "--rm", BUILD.name, "cat", "/etc/funcpack/run-image-python")
    program = "import os, platform; print(platform.python_version(), os.path.realpath('/usr/bin/python3'))"

    assert known == container_engine.run("run", "--rm", RUN.name, "/usr/bin/python3", "-c", program)


def test_the_build_image_compiles_c(container_engine: Engine) -> None:
    program = "echo '#include <Python.h>\nint main(void) { return 0; }' > /tmp/x.c && gcc $(pkg-config --cflags python-3.13) /tmp/x.c -o /tmp/x && /tmp/x"

    container_engine.run("run", "--rm", BUILD.name, "sh", "-c", program)


STANDARD_LIBRARY = """
import ctypes.util, locale, lzma, os, pwd, pydoc, socket, sqlite3, ssl, subprocess, zoneinfo
assert len(ssl.create_default_context().get_ca_certs()) > 100
assert ctypes.util.find_library("c") == "libc.so.6"
assert locale.setlocale(locale.LC_ALL, "C.UTF-8")
assert zoneinfo.ZoneInfo("Europe/Berlin") and pydoc.render_doc("help")
assert socket.getservbyname("https") == 443
assert subprocess.run("echo $0", shell=True, capture_output=True, text=True).stdout.strip() == "/bin/sh"
assert pwd.getpwuid(os.getuid()).pw_name == "cnb" and os.access(os.environ["HOME"], os.W_OK)
sqlite3.connect(":memory:").execute("select 1")
print("complete")
"""


def test_the_python_of_the_run_image_is_complete(container_engine: Engine) -> None:
    assert container_engine.run("run", "--rm", RUN.name, "python3", "-c", STANDARD_LIBRARY) == "complete"


@FROM_DEBIAN_PACKAGES
def test_the_run_image_has_no_package_manager(container_engine: Engine) -> None:
    program = "import shutil; print([name for name in ('apt', 'apt-get', 'dpkg', 'perl', 'bash', 'pip', 'gcc', 'git', 'curl') if shutil.which(name)])"

    assert container_engine.run("run", "--rm", RUN.name, "python3", "-c", program) == "[]"


@FROM_DEBIAN_PACKAGES
def test_the_run_image_is_small_and_the_same_every_time(container_engine: Engine, tmp_path: Path) -> None:
    progress = Progress(tmp_path / "log")
    for name in ("one", "two"):
        debian.make_root(progress, RUN, tmp_path / f"{name}.root", container_engine.architecture())
        archive.write(RUN, container_engine.architecture(), tmp_path / f"{name}.root", tmp_path / name)

    assert (tmp_path / "one.root").stat().st_size <= LARGEST_RUN_IMAGE
    assert filecmp.cmp(tmp_path / "one", tmp_path / "two", shallow=False)


MMDEBSTRAP = """\
#!/bin/sh -e
echo >> {directory}/runs
for argument; do
    case $argument in *root.tar) cp {directory}/debian.tar "$argument" ;; esac
done
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """Debian's archive, from which a stub of mmdebstrap takes the packages, and images of it under a tag in the engine."""

    directory: Path
    engine: Engine
    parts: Parts
    made: set[str] = field(default_factory=set)

    def publish(self, version: str) -> None:
        """Replace the version of the only package."""
        status = f"Package: base-files\nStatus: install ok installed\nVersion: {version}\nArchitecture: all\nSHA256: {64 * 'a'}\n"
        with tarfile.open(self.directory / "debian.tar", "w") as tar:
            member = tarfile.TarInfo("var/lib/dpkg/status")
            member.size = len(status)
            tar.addfile(member, io.BytesIO(status.encode()))

    def make_images(self) -> list[str]:
        """Create the images if needed, and return their ids in the engine."""
        base_images.ensure(Progress(self.directory / "log"), Step(), self.engine, self.parts)
        ids = [self.engine.image_id(f"{image.name}:{self.parts.tag}") or "" for image in (RUN, BUILD)]
        self.made.update(ids)
        return ids

    def runs(self) -> int:
        """Return how often packages were taken from the archive, once for each image."""
        return len((self.directory / "runs").read_text())


@pytest.fixture
def debian_archive(container_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    (tmp_path / "bin").mkdir()
    stub = tmp_path / "bin" / "mmdebstrap"
    stub.write_text(MMDEBSTRAP.format(directory=tmp_path))
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("REFRESH", raising=False)
    monkeypatch.setattr(base_images, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(stamp, "STAMPS", tmp_path / "stamps")
    tag = f"test-{secrets.token_hex(6)}"
    parts = Parts(container_engine.architecture(), tag, tmp_path / "buildpack", tmp_path / "prepared", tmp_path / "lc")
    made = Archive(tmp_path, container_engine, parts)
    yield made
    for image in made.made:
        container_engine.ask("image", "rm", "--force", image)


@FROM_DEBIAN_PACKAGES
def test_refresh_takes_the_fixes_of_debian_and_the_same_packages_lead_to_the_same_images(
    debian_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian_archive.publish("13")
    before = debian_archive.make_images()

    debian_archive.publish("13+deb13u1")
    assert debian_archive.make_images() == before
    assert debian_archive.runs() == 2

    monkeypatch.setenv("REFRESH", "1")
    refreshed = debian_archive.make_images()
    assert not set(refreshed) & set(before)
    assert debian_archive.runs() == 4

    assert debian_archive.make_images() == refreshed
    assert debian_archive.runs() == 6

    monkeypatch.delenv("REFRESH")
    assert debian_archive.make_images() == refreshed
    assert debian_archive.runs() == 6


@FROM_DEBIAN_PACKAGES
def test_refresh_that_fails_is_repeated(debian_archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    debian_archive.publish("13")
    before = debian_archive.make_images()
    (debian_archive.directory / "debian.tar").rename(debian_archive.directory / "away")
    monkeypatch.setenv("REFRESH", "1")
    with pytest.raises(ToolError):
        debian_archive.make_images()

    debian_archive.publish("13+deb13u1")
    monkeypatch.delenv("REFRESH")

    assert not set(debian_archive.make_images()) & set(before)
