"""Makes texts from files that somebody else wrote safe to show: they stay on their line and say what they seem to say."""

from __future__ import annotations

import re

# Control characters, the characters that change the direction of a text or are invisible, and those that end a line. A tab is
# harmless. The joiners U+200C and U+200D are part of words in several scripts.
_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_LONGEST = 4000


def escaped(text: str) -> str:
    """Return a text for one line: with escapes for unsafe characters, and without the end of a text that is very long."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}... ({len(text) - _LONGEST} more characters)"
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
