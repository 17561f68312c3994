"""Every text that the repository's own tools (`make demo`, `make images`, ...) show when they cannot go on."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHOWN_LINES = 20


@dataclass(eq=False)  # not frozen: contextlib sets an exception's traceback
class ToolError(Exception):
    """What stopped a tool: a short title, what was found, and what to do about it."""

    title: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"error: {self.title}\n\n{self.found}\n\nWhat to do: {self.remedy}"


def no_engine() -> ToolError:
    """Say that no container engine answers, and this is no machine on which one may be installed."""
    return ToolError(
        "no container engine answers",
        f"Neither `docker version` nor `podman info` reaches an engine, and only as root on Debian or Ubuntu is one installed here"
        f" (this is {platform.system()}).",
        "install Docker (https://docs.docker.com/engine/install/) or Podman (https://podman.io/docs/installation), start it,"
        " see that `docker version` or `podman info` works, and run the command again.",
    )


def podman_without_socket(socket: str) -> ToolError:
    """Say that Podman answers, but `pack` speaks to an engine over its socket alone."""
    return ToolError(
        "podman's socket is not there",
        f"`pack` speaks to the engine over a socket, and nothing listens at {socket}.",
        "run `systemctl --user start podman.socket` (or `podman machine start` where podman runs in a virtual machine).",
    )


def engine_not_started(log: Path, lines: Sequence[str]) -> ToolError:
    """Say that the engine was started and did not answer."""
    return ToolError(
        "the container engine does not start",
        "The end of its log:\n" + _indented(lines),
        f"read {log}; where an engine cannot run on this machine, let DOCKER_HOST name one elsewhere.",
    )


def command_failed(command: Sequence[str], code: int, output: str, log: Path) -> ToolError:
    """Say that a program that a step needs ended with an error."""
    return ToolError(
        f"`{command[0]}` failed with exit code {code}",
        f"{' '.join(command)}\n" + _indented(output.splitlines()),
        f"its whole output is in {log}.",
    )


def engine_refused(command: Sequence[str], code: int, output: str) -> ToolError:
    """Say that the container engine did not do what it was asked for."""
    return ToolError(
        f"`{command[0]} {command[1]}` failed with exit code {code}",
        f"{' '.join(command)}\n" + _indented(output.splitlines()),
        f"see whether `{command[0]} version` works, and run the command again.",
    )


def command_missing(command: str) -> ToolError:
    """Say that a program that a step needs is not installed."""
    return ToolError(
        f"`{command}` is not installed",
        f"`{command}` is not on PATH.",
        f"install `{command}` and run the command again.",
    )


def no_venv_module() -> ToolError:
    """Say that Debian's Python comes without what makes virtual environments."""
    return ToolError(
        "this Python cannot make virtual environments",
        f"{sys.executable} has no `ensurepip` module, which Debian and Ubuntu keep in a package of its own.",
        "run `apt install python3-venv`, or name another Python: `make PYTHON=/path/to/python3.12 demo`.",
    )


def no_answer(url: str, seconds: float, logs: str) -> ToolError:
    """Say that a function's container does not answer."""
    return ToolError(
        "the function does not answer",
        f"{url} gave no answer in {seconds:.0f} seconds. The end of the container's log:\n"
        + _indented(logs.splitlines()),
        "run the image by hand and read its log.",
    )


def unexpected_answer(request: str, expected: str, got: str) -> ToolError:
    """Say that a function answers something else than its template promises."""
    return ToolError(
        "the function answers something unexpected",
        f"{request}\nexpected: {expected}\ngot:      {got}",
        "see whether the template was changed; the demonstration calls it as its README does.",
    )


def unknown_architecture(found: str, known: Sequence[str]) -> ToolError:
    """Say that TARGET_ARCH, or the engine's own architecture, is none that the buildpack is made for."""
    return ToolError(
        "this architecture is not supported", f"The target is {found}.", f"set TARGET_ARCH to {' or '.join(known)}."
    )


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines[-SHOWN_LINES:])
