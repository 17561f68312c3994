"""What a deployment tells people while it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# Prints a line for people.
Note: TypeAlias = Callable[[str], None]
