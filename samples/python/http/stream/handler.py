"""Streams an answer while it is made: each chunk is sent at once, none is collected."""

import time
from collections.abc import Iterator

from flask import Request, Response, stream_with_context

LONGEST = 3600


def handler(request: Request) -> Response | tuple[str, int]:
    """Count down from ?from=5 as server-sent events, one a second (?pause=0.1 for other pauses).

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    start = request.args.get("from", 5, type=int)
    pause = request.args.get("pause", 1.0, type=float)
    if not (0 <= start <= LONGEST and 0 <= pause <= 60):
        return f"from must lie between 0 and {LONGEST}, pause between 0 and 60", 400
    return Response(stream_with_context(countdown(start, pause)), mimetype="text/event-stream")


def countdown(start: int, pause: float) -> Iterator[str]:
    """Yield an event a number; when the client leaves, the generator is closed, and the counting ends."""
    for number in range(start, 0, -1):
        yield f"data: {number}\n\n"
        time.sleep(pause)
    yield "data: lift-off\n\n"
