"""Names of packages as the package index compares them."""

import re


def normalized(name: str) -> str:
    """Return the normalized form of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
