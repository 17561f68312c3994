"""Requests of a history, as tests write them."""

from __future__ import annotations

from funcpack.dev_server.history import Exchange, Message, Timings

JSON = "application/json"
EVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "x", "ce-type": "order"}


def message(body: bytes = b"", size: int | None = None, /, **headers: str) -> Message:
    """Return a message; `_` in the name of a header stands for `-`."""
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Message(fields, body, len(body) if size is None else size)


def exchange(
    status: int = 200,
    answer: Message | None = None,
    request: Message | None = None,
    *,
    method: str = "POST",
    path: str = "/",
    type: str | None = None,  # noqa: A002 - the name of the attribute
    version: int = 1,
) -> Exchange:
    """Return a request with its answer."""
    return Exchange(
        number=1,
        id="a",
        started=0.0,
        method=method,
        path=path,
        type=type,
        request=request or message(),
        status=status,
        answer=answer or message(),
        is_complete=True,
        timings=Timings(1, 2, 3),
        version=version,
        lines=(),
    )
