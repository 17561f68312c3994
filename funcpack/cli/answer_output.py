"""Prints an answer: its body as it arrives in a pipe, readable on a terminal, or all of it as JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Protocol

from funcpack.calls.answer import Answer
from funcpack.cli.output import json_data, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.calls.answer import Head

EXIT_DONE = 0
EXIT_FAILED = 1


class AnswerOutput(Protocol):
    """Prints one answer."""

    def begin(self, head: Head) -> Callable[[bytes], object]:
        """Take the head; return what takes each part of the body."""

    def finish(self, ms: float) -> int:
        """Print what is left of the answer, which took some milliseconds; return the exit code."""


def for_format(name: str, *, include: bool) -> AnswerOutput:
    """Return the output for `json` or `text`; with the head of the answer before the text if `include`."""
    return _Json() if name == "json" else _Text(include=include)


class _Json:
    """Prints an answer as one object."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def begin(self, head: Head) -> Callable[[bytes], object]:
        self._head = head
        return self._parts.append

    def finish(self, ms: float) -> int:
        json_data(Answer(self._head, b"".join(self._parts), ms).as_json())
        return _exit_code(self._head)


class _Text:
    """Prints the body of an answer, and its status to people."""

    def __init__(self, *, include: bool) -> None:
        self._include = include

    def begin(self, head: Head) -> Callable[[bytes], object]:
        self._head = head
        if self._include:
            fields = "".join(f"{name}: {value}\n" for name, value in head.headers)
            _write(f"{head.version} {head.status} {head.reason}\n{fields}\n".encode())
        self._body = _body_output(head)
        return self._body.write

    def finish(self, ms: float) -> int:
        self._body.finish()
        status = f"HTTP {self._head.status} {self._head.reason}".rstrip()
        if self._head.is_error:
            note(status, fg="red")
        elif sys.stderr.isatty():
            note(f"{status}, {ms:.1f} ms", dim=True)
        return _exit_code(self._head)


class _BodyOutput(Protocol):
    def write(self, part: bytes) -> None:
        """Take a part of the body."""

    def finish(self) -> None:
        """End the output."""


class _Raw:
    """Prints a body in a pipe as it arrives."""

    def write(self, part: bytes) -> None:
        _write(part)

    def finish(self) -> None:
        pass


class _Lines:
    """Prints a text on a terminal as it arrives, with a newline at its end."""

    def __init__(self) -> None:
        self._end = b"\n"

    def write(self, part: bytes) -> None:
        _write(part)
        self._end = part[-1:] or self._end

    def finish(self) -> None:
        if self._end != b"\n":
            _write(b"\n")


class _Readable:
    """Prints a whole body on a terminal: JSON is indented, and binary data is not printed."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> None:
        self._parts.append(part)

    def finish(self) -> None:
        answer = Answer(self._head, b"".join(self._parts), 0)
        text = answer.text
        if text is None:
            note(f"The body is binary ({len(answer.body)} bytes). To keep it, redirect the output to a file.")
        elif text:
            shown = _indented(text) if self._head.media_type.is_json else text
            _write(shown.encode() if shown.endswith("\n") else f"{shown}\n".encode())


def _body_output(head: Head) -> _BodyOutput:
    if not sys.stdout.isatty():
        return _Raw()
    return _Lines() if head.media_type.is_text else _Readable(head)


def _exit_code(head: Head) -> int:
    return EXIT_FAILED if head.is_error else EXIT_DONE


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
