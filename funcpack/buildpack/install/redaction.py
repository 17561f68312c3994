"""Removes credentials from texts for the log and for the metadata of layers."""

import re

# A password may contain an @ and, by mistake, a slash; but digits and a slash after a colon are a port.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/\s]+|[^/\s:@]+:(?!\d+/|//)\S+)@")
# uv quotes an address without a scheme in full when it rejects it.
_CREDENTIALS_WITHOUT_SCHEME = re.compile(r"(?<![\w/:.%+-])[\w.%+-]+:[^\s/@]+@(?=[\w\[])")
# URLs of storage services carry a signature in their query.
_QUERY = re.compile(r"(://[^\s?#,]+\?)[^\s#,`'\")]+")


def without_credentials(text: str) -> str:
    """Return the text with the users, passwords and queries of all URLs replaced by `***`."""
    return _QUERY.sub(r"\1***", _CREDENTIALS_WITHOUT_SCHEME.sub("***@", _CREDENTIALS.sub("***@", text)))
