"""Loads the function: checks its project, provides its environment, and describes the process that serves it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from funcpack.check.local import inspect
from funcpack.command_errors import InvalidSettingError
from funcpack.dev_server.function_process import HOST, Debugger, Launch
from funcpack.dev_server.variables import process_variables, user_variables
from funcpack.environments import debugger
from funcpack.environments.environment import provide
from funcpack.environments.process_group import ProcessGroup
from funcpack_invoker.errors import SettingsError
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from funcpack.check.local import Inspection
    from funcpack.environments.environment import Environment

# What the invoker imports late would surprise in a debugger.
_FOR_DEBUGGERS = {"FUNCTION_LAZY_IMPORTS": "off"}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the function is, and what the user has chosen for it.

    `shell` are the variables of the tool, `given` those of the command line. `handler` and `python` are None for the project's
    choice, and `debug_port` is None without a debugger.
    """

    directory: Path
    shell: Mapping[str, str]
    given: Mapping[str, str]
    env_files: Sequence[Path] = ()
    handler: str | None = None
    python: str | None = None
    debug_port: int | None = None

    def variables(self) -> dict[str, str]:
        """Return the variables of the user.

        Raises:
            EnvFileError: A file with variables does not have the documented form.
            OSError: It cannot be read.

        """
        return user_variables(self.shell, self.env_files, self.given)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A function that a process can serve with these settings of the invoker."""

    inspection: Inspection
    settings: Settings
    launch: Launch


class Loader:
    """Loads a function again and again; the environment is only provided again if it may be another one."""

    def __init__(self, source: Source, report: Callable[[str], None]) -> None:
        """Call `report` with lines about the installation of packages, on the event loop."""
        self._source = source
        self._report = report
        self._key: object = None
        self._environment: Environment | None = None

    async def load(self) -> Loaded:
        """Load the function as its files are now.

        Raises:
            UserError: It cannot be served.
            OSError: A file cannot be read.

        """
        source = self._source
        variables = source.variables()
        inspection = await _on_thread(
            lambda: inspect(source.directory, source.handler, variables, python=source.python)
        )
        environment = await self._provide(inspection)
        launch_variables = process_variables(variables, inspection.project, environment.python, HOST)
        if source.debug_port is None:
            launch = Launch(environment.python, inspection.project.app, launch_variables)
        else:
            report = self._report_from_thread()
            debugpy = await _in_group(lambda group: debugger.provide(environment, inspection.project, report, group))
            launch = Launch(
                environment.python,
                inspection.project.app,
                {**launch_variables, **_FOR_DEBUGGERS},
                Debugger(source.debug_port, debugpy),
            )
        return Loaded(inspection, _settings(launch.variables), launch)

    async def _provide(self, inspection: Inspection) -> Environment:
        project = inspection.project
        key = (project.dependencies, project.python, project.settings.project, inspection.python)
        if self._environment is None or key != self._key:
            report = self._report_from_thread()
            python = self._source.python
            self._environment = await _in_group(
                lambda group: provide(inspection, python=python, report=report, process_group=group)
            )
            self._key = key
        return self._environment

    def _report_from_thread(self) -> Callable[[str], None]:
        loop = asyncio.get_running_loop()
        return lambda line: _call(loop, lambda: self._report(line))


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call something on the event loop, unless the tool has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)


async def _in_group(function: Callable[[int], Result]) -> Result:
    """Run a function on a thread with the number of a process group, which ends with the function or the tool."""

    def run() -> Result:
        with ProcessGroup() as group:
            return function(group.id)

    return await _on_thread(run)


async def _on_thread(function: Callable[[], Result]) -> Result:
    """Run a function on a thread that the end of the tool does not wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            result = function()
        except BaseException as exc:  # noqa: BLE001 - raised where it is awaited
            error = exc
            _call(loop, lambda: None if future.done() else future.set_exception(error))
        else:
            _call(loop, lambda: None if future.done() else future.set_result(result))

    threading.Thread(target=run, daemon=True).start()
    return await future


def _settings(variables: Mapping[str, str]) -> Settings:
    try:
        return Settings.from_env(variables)
    except SettingsError as error:
        raise InvalidSettingError(str(error)) from None
