"""The forms of ASGI that the rooms of the invoker use among each other.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

# Its name in lower case, and its value.
Header = tuple[bytes, bytes]

# A request without its body.
Scope = MutableMapping[str, Any]
