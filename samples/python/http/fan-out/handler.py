"""Calls two services at the same time. The wait is the longer of both calls, not their sum."""

import asyncio
import logging
import os

import httpx

log = logging.getLogger(__name__)

SECONDS = 5.0


async def handler() -> tuple[dict[str, object], int]:
    """Return the responses of the services at FIRST_URL and SECOND_URL.

    Return 502 if a service does not respond, and 500 if a URL is not set. The URLs come from the environment and never
    from the request. Otherwise, any client could use the function to reach the network that it runs in.
    """
    urls = {name: os.environ.get(name.upper(), "") for name in ("first_url", "second_url")}
    missing = [name.upper() for name, url in urls.items() if not url]
    if missing:
        return {"error": f"not set: {' and '.join(missing)}"}, 500
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            first, second = await asyncio.gather(*(text(client, url) for url in urls.values()))
    except httpx.HTTPError as error:
        log.warning("no response: %r", error)
        return {"error": "a service did not respond"}, 502
    return {"first": first, "second": second}, 200


async def text(client: httpx.AsyncClient, url: str) -> str:
    """Return the response of a service as text.

    Raises:
        httpx.HTTPError: if the service does not respond, or responds with an error.

    """
    answer = await client.get(url)
    answer.raise_for_status()
    return answer.text
