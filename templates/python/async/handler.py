"""Asks a service, and answers with what it says."""

import os

import httpx

# Opened at the first request and kept for all that follow: its connections are used again.
client = httpx.AsyncClient(timeout=5)


async def handler() -> tuple[dict[str, str | int], int]:
    """Ask the service at SERVICE_URL. While this waits, the same process answers others: nobody needs a thread to wait in."""
    try:
        answer = await client.get(service())
    except httpx.HTTPError as error:
        return {"error": f"the service does not answer: {type(error).__name__}"}, 502
    return {"status": answer.status_code, "text": answer.text}, 200


async def stop() -> None:
    """Close the connections; called when the last request is answered, before the process ends."""
    await client.aclose()


def service() -> str:
    """Return the address of the service; without SERVICE_URL it is the health page beside this very function."""
    return os.environ.get("SERVICE_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8080')}/health/ready")
