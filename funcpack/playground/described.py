"""Loads the function and describes its parameters: executed by the Python of the function, where the tool is not installed.

Usage: python -P described.py APP HANDLER, which ends when its standard input does. It writes one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path


def main(app: str, handler: str) -> None:
    """Write the description to standard output, and the output of the function to standard error."""
    threading.Thread(target=_end_with_the_tool, daemon=True).start()
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from funcpack_invoker.function.description import describe_parameters  # noqa: PLC0415 - not the tool's
    from funcpack_invoker.function.loader import load  # noqa: PLC0415 - not the tool's

    loaded = load(handler, Path(app))
    parameters = [parameter._asdict() for parameter in describe_parameters(loaded)]
    with output:
        json.dump({"module": loaded.module.__name__, "parameters": parameters}, output)


def _end_with_the_tool() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Threads of the function do not keep it alive.
    os._exit(0)
