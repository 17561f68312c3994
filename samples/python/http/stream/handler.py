"""Streams a response: each chunk is sent as soon as it is created."""

import time
from collections.abc import Iterator

from flask import Request, Response, stream_with_context

LONGEST = 3600  # seconds, because each stream occupies a thread


def handler(request: Request) -> Response | tuple[str, int]:
    """Count down from ?from=5 with one server-sent event per second, or with another interval (?pause=0.1).

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    start = request.args.get("from", 5, type=int)
    pause = request.args.get("pause", 1.0, type=float)
    if not (0 <= start <= LONGEST and pause >= 0 and start * pause <= LONGEST):
        return f"from must be between 0 and {LONGEST}, and from times pause at most {LONGEST} seconds", 400
    return Response(stream_with_context(countdown(start, pause)), mimetype="text/event-stream")


def countdown(start: int, pause: float) -> Iterator[str]:
    """Yield one event for each number. If the client disconnects, the generator is closed and the countdown ends."""
    for number in range(start, 0, -1):
        yield f"data: {number}\n\n"
        time.sleep(pause)
    yield "data: lift-off\n\n"
