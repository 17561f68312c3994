"""Removes credentials from texts for the log and for the metadata of layers."""

import re

# The limits of lengths bound the time. No URL has parts that long.

# A password may contain an @ and, by mistake, a slash; but digits and a slash after a colon are a port.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/\s]+|[^/\s:@]+:(?!\d+/|//)\S{1,1000})@")
# uv quotes an address without a scheme in full when it rejects it.
_CREDENTIALS_WITHOUT_SCHEME = re.compile(r"(?<![\w/:.%+-])[\w.%+-]+:[^\s/@]{1,1000}@(?=[\w\[])")
# URLs of storage services carry a signature in their query.
_QUERY = re.compile(r"(://[^\s?#,]{1,2000}\?)[^\s#,`'\")]+")


def without_credentials(text: str) -> str:
    """Return the text with the users, passwords and queries of all URLs replaced by `***`."""
    return _QUERY.sub(r"\1***", _CREDENTIALS_WITHOUT_SCHEME.sub("***@", _CREDENTIALS.sub("***@", text)))
