"""What a body is, by its media type: JSON, text or bytes.

The rules are those of DESIGN's data typing, which refine the CloudEvents JSON format 1.0.2 section 3.1.1 (what declares
JSON) and RFC 2046 section 4.1.2 (`charset`). Names of types and parameters are case-insensitive (RFC 2045 section 5.1).
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
_PARAMETER = re.compile(rf';\s*({_WORD})=("(?:[^"\\]|\\.)*"|[^\s;]*)')

# The charsets that Python knows by more than one name: all that people use, and none of its own inventions, some of
# which take quadratic time (https://docs.python.org/3/library/codecs.html#python-specific-encodings). A name outside of
# this table is not looked up: `encodings` remembers each failure for ever.
_CHARSETS = frozenset(aliases) | frozenset(aliases.values()) | {"koi8_u"}

_LONGEST_CACHED = 200


class MediaType(NamedTuple):
    """A media type, and how its bodies become values.

    `essence` is type/subtype in lower case; `codec` is the Python codec of its charset (UTF-8 where none is named), or
    None when the charset is unknown.
    """

    essence: str
    codec: str | None
    is_json: bool
    is_text: bool

    def decode(self, body: bytes) -> Any:
        """Give the value of a body: parsed JSON, `str`, or the bytes themselves; None when it is empty.

        What is declared as JSON or text, but is not, stays bytes: the function sees what was sent.
        """
        if not body:
            return None
        try:
            if self.is_json:
                return json_codec.loads(body, self.codec or "utf-8")
            return body.decode(self.codec) if self.is_text and self.codec else body
        except ValueError:
            return body

    def encode(self, data: Any) -> bytes:
        """Write data as a body: bytes as they are, `str` as it is unless the type is JSON, all else as JSON text.

        Raises:
            ValueError: when the data has no such form, or its charset lacks a character.

        """
        if isinstance(data, bytes | bytearray | memoryview):
            return bytes(data)
        if self.codec is None:
            raise ValueError("its charset is unknown")
        text = data if isinstance(data, str) and not self.is_json else json_codec.dumps(data)
        return text.encode(self.codec)


def parse(value: str) -> MediaType:
    """Read a media type with its parameters, such as `text/plain; charset=utf-8`.

    Raises:
        ValueError: when it is none (RFC 2045 section 5.1).

    """
    # What a stranger sends is remembered only while it is small.
    return _parse_cached(value) if len(value) <= _LONGEST_CACHED else _parse(value)


def _parse(value: str) -> MediaType:
    match = _MEDIA_TYPE.match(value)
    if not match or not value.isascii() or not value.isprintable():
        raise ValueError(f"{value[:60]!r} is not a media type")
    essence = match[1].lower()
    subtype = essence.partition("/")[2]
    is_json = subtype == "json" or subtype.endswith("+json")
    is_text = not is_json and (essence.startswith("text/") or subtype == "xml" or subtype.endswith("+xml"))
    # JSON has no charset (RFC 8259, section 11): one that is unknown has no say.
    codec = _codec(value) or ("utf-8" if is_json else None)
    return MediaType(essence, codec, is_json, is_text)


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
    except LookupError:  # it is no encoding of text, such as hex
        return None
    return codecs.lookup(name).name
