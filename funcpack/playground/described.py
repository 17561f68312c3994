"""Loads the function and describes its parameters: executed by the Python of the function, where the tool is not installed.

Usage: python -P -B -X importtime described.py APP HANDLER. It writes one JSON object to standard output.
The lines of Python about the imports of the function's module are between two marks on standard error.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

BEGIN = "import time: begin"
END = "import time: end"


def main(app: str, handler: str) -> None:
    """Write the description to standard output, and the output of the function to standard error."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from funcpack_invoker.function.description import describe_parameters  # noqa: PLC0415 - not the tool's
    from funcpack_invoker.function.loader import load  # noqa: PLC0415 - not the tool's
    from funcpack_invoker.handler_name import parse  # noqa: PLC0415 - not the tool's

    sys.meta_path.insert(0, _MarkedModule(parse(handler).module))
    loaded = load(handler, Path(app))
    parameters = [parameter._asdict() for parameter in describe_parameters(loaded)]
    with output:
        json.dump(parameters, output)


class _MarkedModule:
    """A finder that marks the beginning and the end of the import of one module. Python does not trace `import_module` itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec that the other finders have, with a loader that writes the marks."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def marked(module: ModuleType) -> None:
            print(BEGIN, file=sys.stderr, flush=True)  # noqa: T201 - for the tool
            start = time.perf_counter()
            execute(module)
            microseconds = int((time.perf_counter() - start) * 1_000_000)
            print(END, microseconds, file=sys.stderr, flush=True)  # noqa: T201 - for the tool

        spec.loader.exec_module = marked  # type: ignore[method-assign] # only that of this loader
        return spec


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Threads of the function do not keep it alive.
    os._exit(0)
