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


class TextOutput:
    """Prints the body of an answer in parts, with the head before it if `include`."""

    def __init__(self, *, include: bool) -> None:
        self._include = include

    def begin(self, head: Head) -> Callable[[bytes], object]:
        """Print the head, if it was asked for, and return what prints a part of the body."""
        self._head = head
        if self._include:
            fields = "".join(f"{name}: {value}\n" for name, value in head.headers)
            _write(f"{head.version} {head.status} {head.reason}\n{fields}\n".encode())
        self._body = _body_output(head)
        return self._body.write

    def finish(self, ms: float) -> int:
        """Print what is left, and for people the status; return the exit code."""
        self._body.finish()
        head = self._head
        if head.is_error:
            note(f"HTTP {head.status} {head.reason}".rstrip(), fg="red")
        elif sys.stderr.isatty():
            note(f"HTTP {head.status} {head.reason}".rstrip() + f", {ms:.1f} ms", dim=True)
        return exit_code(head)


def print_text(answer: Answer, *, include: bool) -> int:
    """Print the body of an answer, and return the exit code."""
    output = TextOutput(include=include)
    output.begin(answer.head)(answer.body)
    return output.finish(answer.ms)


def print_json(answer: Answer) -> int:
    """Print an answer as JSON, and return the exit code."""
    json_data(answer.as_json())
    return exit_code(answer.head)


def exit_code(head: Head) -> int:
    """Return the exit code for an answer."""
    return EXIT_FAILED if head.is_error else EXIT_DONE


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


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
