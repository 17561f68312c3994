"""Asks two services at once and answers with both: the wait is the longer one, not the sum."""

import asyncio
import logging
import os

import httpx

log = logging.getLogger(__name__)

SECONDS = 5.0


async def handler() -> tuple[dict[str, object], int]:
    """Return what the services at FIRST_URL and SECOND_URL say; 502 if one does not, 500 if they are not set.

    The addresses come from the platform, never from the request: a function that fetches what anybody asks for is a
    way into the network it runs in.
    """
    urls = {name: os.environ.get(name.upper(), "") for name in ("first_url", "second_url")}
    missing = [name.upper() for name, url in urls.items() if not url]
    if missing:
        return {"error": f"not set: {' and '.join(missing)}"}, 500
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            first, second = await asyncio.gather(*(text(client, url) for url in urls.values()))
    except httpx.HTTPError as error:
        log.warning("no answer: %r", error)
        return {"error": "a service behind this one does not answer"}, 502
    return {"first": first, "second": second}, 200


async def text(client: httpx.AsyncClient, url: str) -> str:
    """Return what a service answers. Raises httpx.HTTPError if it does not, or not with success."""
    answer = await client.get(url)
    answer.raise_for_status()
    return answer.text
