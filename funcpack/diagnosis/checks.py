"""The checks of `funcpack doctor`: each finds one tool, and names the command that installs or starts it if it is missing.

The checks run at the same time, and each has a deadline. They do not connect to another machine, except to a container engine.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.command_errors import EngineAccessError, NoEngineError, NoPackError
from funcpack.diagnosis import credentials
from funcpack.environments.settings import uv_executable
from funcpack.errors import UserError
from funcpack.image_builds import builder_image, engine, pack
from funcpack.image_builds.builder_image import DEFAULT_BUILDER
from funcpack.project.supported_pythons import DEFAULT, SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 15.0
_CHECKOUT = Path(__file__).parents[2]
_IS_MACOS = sys.platform == "darwin"
_MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
_INSTALLERS = {"brew": "brew install {}", "apt-get": "sudo apt install {}", "dnf": "sudo dnf install {}"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and the command that fixes the problem, which is empty if there is none."""

    found: str
    fix: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.fix


def run_all() -> Mapping[str, Finding]:
    """Run all checks, and return the findings by the names of the tools."""
    findings: dict[str, Finding] = {}

    def run(name: str, check: Callable[[], Finding]) -> None:
        findings[name] = check()

    # Daemons, because the tool must not wait for a program that hangs.
    threads = [threading.Thread(target=run, args=item, daemon=True) for item in CHECKS.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = Finding(f"no answer within {_SECONDS:.0f} seconds", "funcpack doctor")
    return {name: findings.get(name, late) for name in CHECKS}


def _engine() -> Finding:
    try:
        found = engine.find()
    except UserError as exc:
        return Finding(f"{exc.title.lower()}: {exc.found}", _engine_fix(exc))
    address = found.address or os.environ.get("DOCKER_HOST") or ""
    return Finding(f"{found.client} {found.version}{' at ' if address else ''}{address}")


def _engine_fix(exc: UserError) -> str:
    if isinstance(exc, NoEngineError):
        return _installation("podman", "https://podman.io/docs/installation")
    if isinstance(exc, EngineAccessError):
        return 'sudo usermod -aG docker "$USER"'
    if os.environ.get("DOCKER_HOST"):
        return "unset DOCKER_HOST"
    if not shutil.which("docker"):
        return "podman machine start" if _IS_MACOS else "podman system migrate"
    return "open -a Docker" if _IS_MACOS else "sudo systemctl start docker"


def _pack() -> Finding:
    try:
        found = pack.find()
    except NoPackError as exc:
        return Finding(exc.found, pack.install_command())
    return Finding(f"{found.version} at {found.program}")


def _builder() -> Finding:
    try:
        found = engine.find()
    except UserError as exc:
        return Finding(f"{DEFAULT_BUILDER} is not known, because no engine is running", _engine_fix(exc))
    version = builder_image.buildpack_version(found, DEFAULT_BUILDER)
    if version is None:
        is_checkout = (_CHECKOUT / "builder.toml").is_file()
        fix = f"make -C {_CHECKOUT} builder" if is_checkout else f"{found.client} pull {DEFAULT_BUILDER}"
        return Finding(f"there is no image {DEFAULT_BUILDER}", fix)
    return Finding(f"{DEFAULT_BUILDER} with the buildpack {version}")


def _uv() -> Finding:
    try:
        program = uv_executable()
    except (UserError, ImportError):
        return Finding("uv is not installed with Funcpack", f"{sys.executable} -m pip install uv")
    version = _output(str(program), "--version")
    fix = "" if version else f"{sys.executable} -m pip install --force-reinstall uv"
    return Finding(f"{version.removeprefix('uv ').partition(' ')[0]} at {program}" if version else str(program), fix)


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    newest = ".".join(map(str, DEFAULT))
    return Finding(found, "" if sys.version_info[:2] in SUPPORTED else f"uv tool install --python {newest} funcpack")


def _kubectl() -> Finding:
    if not shutil.which("kubectl"):
        url = f"https://dl.k8s.io/release/$(curl -Ls https://dl.k8s.io/release/stable.txt)/bin/linux/{_MACHINE}/kubectl"
        download = f'curl -LO "{url}" && sudo install kubectl /usr/local/bin/'
        return Finding("kubectl is not on PATH", "brew install kubectl" if _IS_MACOS else download)
    version = _output("kubectl", "version", "--client", "--output=json")
    context = _output("kubectl", "config", "current-context")
    name = json.loads(version)["clientVersion"]["gitVersion"] if version else "unknown version"
    return Finding(f"{name}, {f'context {context}' if context else 'no current context'}")


def _credentials() -> Finding:
    google, registries = credentials.google(os.environ), credentials.registries(os.environ)
    found = f"Google: {google or 'none'}; registries: {', '.join(registries) or 'none'}"
    client = next(filter(shutil.which, ("docker", "podman")), "docker")
    fix = "" if registries else f"{client} login REGISTRY"
    return Finding(found, fix if google else "gcloud auth application-default login")


def _installation(package: str, page: str) -> str:
    """Return the command that installs a package with the package manager of this machine."""
    command = next((text for name, text in _INSTALLERS.items() if shutil.which(name)), None)
    return command.format(package) if command else f"See {page}"


def _output(*command: str) -> str:
    """Return the stripped output of a program, or an empty text if it fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


CHECKS: Mapping[str, Callable[[], Finding]] = {
    "Container engine": _engine,
    "pack": _pack,
    "Builder": _builder,
    "uv": _uv,
    "Python": _python,
    "kubectl": _kubectl,
    "Credentials": _credentials,
}
