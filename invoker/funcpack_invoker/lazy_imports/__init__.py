"""Lazy imports: everything that the invoker does to Python's import system, and how to turn it off.

A start imports gunicorn, asyncio and, for HTTP functions, parts of Flask and Werkzeug. These libraries import much more
at their top than serving a function uses. Two mechanisms leave that out until it is used:

- **Lazy modules** (`modules`): inside `lazy_modules(...)` an import of a module in a list, such as `ssl` or `argparse`,
  creates a `LazyModule`. It is loaded when an attribute of it is used. What it saves: about a quarter of a start.
- **Partial packages** (`packages`): inside `partial_packages(...)` an import of `flask` or `werkzeug` does not run the
  package's `__init__`, so that a submodule such as `flask.wrappers` can be imported without the application, Jinja, the
  command line and the development server. `__init__` is run when an attribute is used that it defines. What it saves:
  half of the start of an HTTP function.

A third mechanism is for correctness rather than speed, and always on:

- **Libraries** (`libraries`): `import_library` ignores the files of the app, because a user's `email.py` would otherwise
  be imported instead of the standard library's by whatever library asks for it.

All three rest on `finders`: one finder in `sys.meta_path` that does something only for the thread that is inside one of
the context managers. `sys.path` is not changed, and other threads import as they always do.

To turn the lazy mechanisms off, set `FUNCTION_LAZY_IMPORTS=off`: every library is then imported in the ordinary way, for
debuggers, profilers, APM agents and others that hook into imports. `benchmarks/` measures the cold start;
`tests/integration/test_start_modules.py` lists what a start must not load.

Python 3.15 has lazy imports of its own (PEP 810). They cannot replace this while older versions are supported.
"""

from __future__ import annotations

import os

VARIABLE = "FUNCTION_LAZY_IMPORTS"

# The settings accept more and report what is wrong; but imports come before settings.
_OFF = frozenset({"off", "false", "no", "0"})


def are_enabled() -> bool:
    """Check whether lazy imports are on, which they are unless the environment variable turns them off."""
    return os.environ.get(VARIABLE, "").strip().lower() not in _OFF
