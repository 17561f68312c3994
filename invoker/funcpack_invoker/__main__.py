"""`python -m funcpack_invoker`."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from funcpack_invoker.lazy_imports.modules import deferring

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code: 0, 1 (the function cannot be served), 2 (wrong usage or settings)."""
    # The kernel ignores SIGTERM for process 1 as long as nobody asks for it, and imports take a moment.
    signal.signal(signal.SIGTERM, _leave)
    # Imports leave no garbage, and looking for it takes a tenth of the start. Workers turn it on when they have loaded.
    gc.disable()
    with deferring():
        from funcpack_invoker.program import prepare  # noqa: PLC0415 - signals come first

        act = prepare(sys.argv[1:] if arguments is None else arguments)
    return act()


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
