"""Runs `bin/detect` and `bin/build` as the lifecycle does: as processes, with its variables and directories."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# The base interpreter of the tests' virtual environment takes the role of the run image's Python.
PYTHON = Path(sys._base_executable).resolve()  # type: ignore[attr-defined] # noqa: SLF001 - no other name
PYTHON_VERSION = ".".join(map(str, sys.version_info[:3]))


@dataclass(frozen=True, slots=True)
class Result:
    """The exit code and the output of a phase."""

    code: int
    output: str

    def section(self, title: str) -> list[str]:
        """Return the lines of a section of the log."""
        _, found, rest = self.output.partition(f"[{title}]\n")
        assert found, self.output
        return rest.partition("\n[")[0].strip("\n").splitlines()


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform with one app. The directories `app`, `layers` and `platform` are in `root`.

    `search_path` is the PATH of the build image.
    """

    root: Path
    buildpack: Path
    search_path: str = f"{PYTHON.parent}:/usr/bin:/bin"

    @property
    def app(self) -> Path:
        return self.root / "workspace"

    @property
    def layers(self) -> Path:
        return self.root / "layers"

    @property
    def platform(self) -> Path:
        return self.root / "platform"

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the app."""
        for name, text in files.items():
            path = self.app / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def bind(self, name: str, type_: str, values: Mapping[str, str]) -> None:
        """Add a service binding to the build."""
        directory = self.platform / "bindings" / name
        directory.mkdir(parents=True)
        (directory / "type").write_text(type_)
        for key, value in values.items():
            (directory / key).write_text(value)

    def detect(self, env: Mapping[str, str] | None = None) -> Result:
        return self._run("detect", env or {})

    def build(self, env: Mapping[str, str] | None = None) -> Result:
        return self._run("build", env or {})

    def build_well(self, env: Mapping[str, str] | None = None) -> Result:
        """Run a build that must succeed."""
        result = self.build(env)
        assert result.code == 0, result.output
        return result

    def restore(self) -> None:
        """Keep only the parts of launch layers that the lifecycle restores: their metadata, without types and files."""
        for file in self.layers.glob("*.toml"):
            content = tomllib.loads(file.read_text())
            if content.get("types", {}).get("cache"):
                continue
            shutil.rmtree(file.with_suffix(""), ignore_errors=True)
            _, _, metadata = file.read_text().partition("[metadata]")
            file.write_text(f"[metadata]{metadata}") if "metadata" in content else file.unlink()

    def launch(self) -> dict[str, Any]:
        """Return launch.toml."""
        return tomllib.loads((self.layers / "launch.toml").read_text())

    def labels(self) -> dict[str, str]:
        """Return the labels of the image."""
        return {label["key"]: label["value"] for label in self.launch()["labels"]}

    def python(self, code: str) -> str:
        """Run code with the image's interpreter, and return its output."""
        command = self.launch()["processes"][0]["command"][0]
        done = subprocess.run([command, "-P", "-c", code], cwd=self.app, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def _run(self, phase: str, env: Mapping[str, str]) -> Result:
        """Run a phase. The variables of the user are files, as buildpack.toml demands."""
        shutil.rmtree(self.platform / "env", ignore_errors=True)
        (self.platform / "env").mkdir(parents=True)
        of_lifecycle = {name: value for name, value in env.items() if name.startswith("CNB_")}
        for name in env.keys() - of_lifecycle:
            (self.platform / "env" / name).write_bytes(os.fsencode(env[name]))
        done = subprocess.run(
            [str(self.buildpack / "bin" / phase)],
            cwd=self.app,
            env={
                "PATH": self.search_path,
                "HOME": str(self.root),
                "CNB_BUILDPACK_DIR": str(self.buildpack),
                "CNB_PLATFORM_DIR": str(self.platform),
                "CNB_LAYERS_DIR": str(self.layers),
                "CNB_BUILD_PLAN_PATH": "/dev/null",
                "CNB_BP_PLAN_PATH": "/dev/null",
                "CNB_TARGET_OS": "linux",
                "CNB_TARGET_ARCH": "amd64",
                "CNB_TARGET_DISTRO_NAME": "debian",
                "CNB_TARGET_DISTRO_VERSION": "13",
                "BP_RUN_IMAGE_PYTHON": f"{PYTHON_VERSION} {PYTHON}",
                **of_lifecycle,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout)


def readable(output: str, platform: Platform) -> str:
    """Replace the parts of the output that differ between runs or machines."""
    for text, name in (
        (str(platform.app), "/workspace"),
        (str(platform.layers), "/layers"),
        (str(platform.root), "/root"),
    ):
        output = output.replace(text, name)
    output = output.replace(f"Python {PYTHON_VERSION}", "Python 3.13.5").replace(str(PYTHON), "/usr/bin/python3.13")
    output = re.sub(r"\(checked with Python 3\.\d+\)", "(checked with Python 3.13)", output)
    output = re.sub(r"funcpack/python \d+\.\d+\.\d+", "funcpack/python 0.1.0", output)
    return re.sub(r"\bin \d+(\.\d+)?(ms|s)\b", "in 10ms", output)
