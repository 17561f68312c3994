"""Parses requests: gunicorn's parser, with a shorter way for headers that are as they should be.

gunicorn (27.0) looks at every byte of a header in Python, one after the other. Here one regular expression looks at the
whole header section; whatever it does not match, gunicorn's own code refuses, or takes, and says why. The names with an
underscore are gunicorn's.
"""

from __future__ import annotations

import re

from gunicorn.asgi.parser import PythonProtocol  # type: ignore[import-untyped]

# RFC 9112 section 5: field lines, each a name (a token) and a colon, then a value without control characters but HTAB.
FIELD_LINES = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\x00-\x08\x0a-\x1f\x7f]*+\r\n)++")

# RFC 9110 section 9.1: a token; gunicorn wants it in upper case, of a usual length and without #.
_METHOD = re.compile(rb"[!$%&'*+.^_`|~0-9A-Z-]{3,20}")


class Parser(PythonProtocol):  # type: ignore[misc] # gunicorn has no types
    """Takes in what a client sends, and calls back with what it finds."""

    _headers_list: list[tuple[bytes, bytes]]
    _is_held = False

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing of a request has come in yet."""
        return not self._buffer and self._state == "request_line"

    def hold(self) -> None:
        """Keep what comes from now on: a request that was read elsewhere is being served."""
        self._state = "complete"
        self.is_complete = self._is_held = True

    def take_rest(self) -> bytes:
        """Give what came after the request, and be ready for the next one."""
        rest: bytes = self.remaining()
        if self._is_held and not rest:
            self._state = "request_line"
            self.is_complete = False
        else:
            self.reset()
        self._is_held = False
        return rest

    def _parse_headers(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        # A section that is no longer than one field may be has no field that is too long.
        if self._headers_list or not 0 <= end <= self._limit_request_field_size - 2:
            return bool(super()._parse_headers())
        section = bytes(self._buffer[: end + 2])
        lines = section.split(b"\r\n")[:-1]
        if len(lines) > self._limit_request_fields or not FIELD_LINES.fullmatch(section):
            return bool(super()._parse_headers())
        fields = [line.split(b":", 1) for line in lines]
        self._headers_list = [(name.lower(), value.strip(b" \t")) for name, value in fields]
        self._header_count = len(lines)
        self._scan_from = 0
        del self._buffer[: end + 4]
        self._finalize_headers()
        return True

    def _is_valid_method(self, method: bytes) -> bool:
        return _METHOD.fullmatch(method) is not None
