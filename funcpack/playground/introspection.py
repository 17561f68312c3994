"""Asks the function itself, in a separate process, for its types and for the time that its imports take."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from funcpack.command_errors import NotLoadedError
from funcpack.environments.process_group import ProcessGroup
from funcpack.playground import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.dev_server.function_process import Launch
    from funcpack.dev_server.server import DevServer

# Seconds for the import of a function.
_MOST = 60.0

# Bytes of its output that are read, and lines of them that are shown if it fails.
_MOST_OUTPUT = 8 << 20
_SHOWN_LINES = 20

# https://docs.python.org/3/using/cmdline.html#cmdoption-X
_IMPORT = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")


@dataclass(frozen=True, slots=True)
class ImportTime:
    """The milliseconds that the modules of a top-level package take, without those that they import from other packages."""

    name: str
    ms: float
    modules: int


class Introspection:
    """The answers, kept for each version of the function."""

    def __init__(self, server: DevServer) -> None:
        self._server = server
        self._lock = asyncio.Lock()
        self._asked: Launch | None = None
        self._version = -1
        self._answer: dict[str, Any] = {}

    async def answer(self, *, anew: bool = False) -> dict[str, Any]:
        """Return the parameters of the function and the times of its imports; measured again if `anew`.

        Raises:
            NotLoadedError: The function cannot be loaded.

        """
        async with self._lock:
            launch, version = self._server.launch, self._server.version
            if launch is None:
                raise NotLoadedError("")
            if anew or (launch, version) != (self._asked, self._version):
                self._answer = await _ask(launch)
                self._asked, self._version = launch, version
            return self._answer


async def _ask(launch: Launch) -> dict[str, Any]:
    # Files, because programs that the function starts may keep the other end of a pipe.
    with TemporaryFile() as output, TemporaryFile() as errors:
        code = await _run(launch, output, errors)
        output.seek(0)
        errors.seek(0)
        log = errors.read(_MOST_OUTPUT).decode(errors="replace").splitlines()
        if code:
            rest = [line for line in log if not line.startswith("import time:")]
            raise NotLoadedError("\n".join(rest[-_SHOWN_LINES:]))
        imports = import_times(log, launch.variables["PYTHON_HANDLER"])
        return {"parameters": json.load(output), "imports": [asdict(package) for package in imports]}


async def _run(launch: Launch, output: IO[bytes], errors: IO[bytes]) -> int:
    """Run the process and return its exit code.

    Raises:
        NotLoadedError: It takes too long.

    """
    # Bytecode that it would write could be that of a version that is saved meanwhile.
    options = ("-P", "-B", "-X", "importtime", described.__file__)
    arguments = (*options, str(launch.app), launch.variables["PYTHON_HANDLER"])
    with ProcessGroup() as group:
        process = await asyncio.create_subprocess_exec(
            launch.python,
            *arguments,
            cwd=launch.app,
            env=launch.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            process_group=group.id,
        )
        try:
            async with asyncio.timeout(_MOST):
                return await process.wait()
        except TimeoutError:
            raise NotLoadedError(f"The import took more than {_MOST:g} seconds.") from None
        finally:
            group.kill()
            await process.wait()


def import_times(log: Sequence[str], handler: str) -> list[ImportTime]:
    """Return the packages that the module of a handler imports, the slowest first; the module itself is one of them."""
    begin = next((place for place, line in enumerate(log) if line == described.BEGIN), None)
    end = next((place for place, line in enumerate(log) if line.startswith(described.END)), None)
    if begin is None or end is None:
        return []
    matches = [match for line in log[begin:end] if (match := _IMPORT.match(line))]
    own = int(log[end].rpartition(" ")[2]) - sum(int(match[1]) for match in matches)
    totals: dict[str, list[int]] = {re.split("[.:]", handler)[0]: [max(own, 0)]}
    for match in matches:
        totals.setdefault(match[2].partition(".")[0], []).append(int(match[1]))
    found = [ImportTime(name, sum(times) / 1000, len(times)) for name, times in totals.items()]
    return sorted(found, key=lambda package: package.ms, reverse=True)
