"""Decodes and encodes bodies by their media type: JSON, text or bytes.

The rules refine the CloudEvents JSON format 1.0.2, section 3.1.1 (which types are JSON), and RFC 2046 section 4.1.2
(`charset`). Names of types and parameters are case-insensitive (RFC 2045 section 5.1).
"""

from __future__ import annotations

import codecs
import encodings
import re
from encodings.aliases import aliases
from functools import lru_cache
from typing import Any, NamedTuple

from funcpack_invoker.http import json_codec

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf"\s*({_WORD}/{_WORD})\s*(?:;|$)")
# Possessive: an alternation that can be tried again keeps some 170 bytes for each character.
_PARAMETER = re.compile(rf';\s*+({_WORD})=("(?:[^"\\]++|\\.)*+"|[^\s;]*+)')

# The charsets with an alias in Python. All common ones have an alias; Python's own encodings have none, and some of them
# take quadratic time (https://docs.python.org/3/library/codecs.html#python-specific-encodings). Other names are not
# looked up, because `encodings` caches every failure without a limit.
_CHARSETS = frozenset(aliases) | frozenset(aliases.values()) | {"koi8_u"}

_ASCII = bytes(range(0x20, 0x7F))

_LONGEST_CACHED = 200

# Characters. A value in the JSON of an event could have the length of the body.
_LONGEST = 8190


class MediaType(NamedTuple):
    """A media type, which decodes and encodes bodies.

    Attributes:
        essence: type/subtype in lower case.
        codec: the Python codec of the charset, which is UTF-8 by default; None for an unknown charset.
        is_json: whether bodies are JSON.
        is_text: whether bodies are text.

    """

    essence: str
    codec: str | None
    is_json: bool
    is_text: bool

    def decode(self, body: bytes, loads: json_codec.Loads = json_codec.loads) -> Any:
        """Return the value of a body: JSON parsed by `loads`, `str`, or the bytes; None if it is empty.

        A body that is declared as JSON or text but cannot be decoded stays bytes, so that the function can inspect it.
        """
        if not body:
            return None
        try:
            if self.is_json:
                return loads(body, self.codec or "utf-8")
            return body.decode(self.codec) if self.is_text and self.codec else body
        except ValueError:
            return body

    def encode(self, data: Any) -> bytes:
        """Encode data as a body: bytes unchanged, `str` as text unless the type is JSON, anything else as JSON.

        Raises:
            ValueError: if the data cannot be written as JSON, or the charset is unknown or lacks a character.

        """
        if isinstance(data, bytes | bytearray | memoryview):
            return bytes(data)
        if self.codec is None:
            raise ValueError("unknown charset")
        text = data if isinstance(data, str) and not self.is_json else json_codec.dumps(data)
        return text.encode(self.codec)


def parse(value: str) -> MediaType:
    """Parse a media type with its parameters, such as `text/plain; charset=utf-8`.

    Raises:
        ValueError: if the value is not a media type (RFC 2045 section 5.1), or is too long.

    """
    if len(value) > _LONGEST:
        raise ValueError(f"the media type is longer than {_LONGEST} characters")
    # Clients choose the value, so only short ones are cached.
    return _parse_cached(value) if len(value) <= _LONGEST_CACHED else _parse(value)


def _parse(value: str) -> MediaType:
    match = _MEDIA_TYPE.match(value)
    if not match or not value.isascii() or not value.isprintable():
        raise ValueError(f"{value[:60]!r} is not a media type")
    essence = match[1].lower()
    subtype = essence.partition("/")[2]
    is_json = subtype == "json" or subtype.endswith("+json")
    is_text = not is_json and (essence.startswith("text/") or subtype == "xml" or subtype.endswith("+xml"))
    # JSON has no charset parameter (RFC 8259, section 11), so an unknown charset is ignored.
    codec = _codec(value) or ("utf-8" if is_json else None)
    return MediaType(essence, codec, is_json, is_text)


@lru_cache(maxsize=64)
def keeps_ascii(codec: str) -> bool:
    """Return whether a codec of Python has the printable characters of ASCII at the bytes of ASCII.

    In UTF-16, EBCDIC and UTF-7, it does not. Other codecs that do have these characters nowhere else.
    """
    try:
        return _ASCII.decode(codec) == _ASCII.decode("ascii")
    except ValueError:
        return False


_parse_cached = lru_cache(maxsize=256)(_parse)


def _codec(value: str) -> str | None:
    charsets = [match[2] for match in _PARAMETER.finditer(value) if match[1].lower() == "charset"]
    if not charsets:
        return "utf-8"
    name = encodings.normalize_encoding(charsets[0].strip('"')).lower()
    if name not in _CHARSETS:
        return None
    try:
        "".encode(name)
    except LookupError:  # not a text encoding, such as hex
        return None
    return codecs.lookup(name).name
