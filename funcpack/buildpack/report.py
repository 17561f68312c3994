"""What the log says of the decisions: what was chosen, and because of what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.function.parameters import Kind

if TYPE_CHECKING:
    from funcpack.buildpack.install.interpreter import Interpreter
    from funcpack.buildpack.platform.cnb import Buildpack, Context
    from funcpack.buildpack.platform.log import Log
    from funcpack.check.handler import CheckedFunction
    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.python_version import Request
    from funcpack.project.settings import HandlerName

_KINDS = {Kind.HTTP: "HTTP requests", Kind.CLOUDEVENT: "CloudEvents"}


def buildpack(log: Log, about: Buildpack, context: Context) -> None:
    """Say who is at work and for which machine."""
    log.title(f"Funcpack: buildpack {about.id} {about.version}")
    log.line(f"Building for {context.target.os}/{context.target.arch} {context.target.distro}".rstrip())


def function(log: Log, name: HandlerName, checked: CheckedFunction) -> None:
    """Say which function it is, and what it is called with."""
    log.title("Function")
    log.line(f"The handler is '{name.text}' ({name.origin}).")
    if checked.hides:
        names = ", ".join(checked.hides)
        log.line(f"Warning: {names} of the app may hide what the invoker has of this name; better give it another one.")
    if checked.file is None:
        log.line("The Python of the build cannot look into its source; the invoker loads it when the image starts.")
        return
    place = f"{checked.file}, line {checked.line}" if checked.line else f"{checked.file}"
    if checked.signature is None:
        log.line(f"Found in {place}. Its parameters show when it is loaded.")
        return
    names = ", ".join(checked.signature.values) or "no parameters"
    log.line(f"Found in {place}. It takes {_KINDS[checked.signature.kind]}: {names}.")


def python_request(log: Log, request: Request | None, own: Interpreter | None) -> None:
    """Say which Python is wanted and which one is there."""
    log.title("Python")
    if request is None:
        log.line("The project asks for no version.")
    else:
        log.line(f"The project asks for '{request.setting.value}' ({request.setting.origin}).")
    if own is None:
        log.line("The run image has no Python that is known.")


def dependencies(log: Log, found: Dependencies | None) -> None:
    """Say which file counts."""
    log.title("Dependencies")
    if found is None:
        log.line("There is nothing to install.")
        return
    log.line(f"Taken from {found.format}.")
    if found.passed_over:
        log.line(f"Not looked at: {', '.join(found.passed_over)}.")
    if found.vendor:
        log.line("Installed from the directory 'vendor' alone, without the network.")
