"""The module that Google's buildpack for Cloud Functions serves, and what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.check.local import Inspection

# For the variable GOOGLE_FUNCTION_SOURCE and the field `entryPoint`.
ENTRY_MODULE_FILE = "_funcpack_entry.py"
ENTRY_POINT = "function_entrypoint"


def entry(inspection: Inspection) -> Mapping[str, bytes]:
    """Return the files to add to the archive of a function for Cloud Functions, by their names."""
    raise NotImplementedError
