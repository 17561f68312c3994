"""Names of packages as the package index compares them."""

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normalized(name: str) -> str:
    """Return the normalized form of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required_name(line: str) -> str:
    """Return the normalized name of the package that a requirement begins with, or an empty text."""
    match = _NAME.match(line)
    return normalized(match[0]) if match else ""
