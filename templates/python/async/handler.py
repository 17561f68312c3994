"""Calls a service and returns its response."""

import os

import httpx

# The client keeps its connections open, so that later requests reuse them.
client = httpx.AsyncClient(timeout=5)


async def handler() -> tuple[dict[str, str | int], int]:
    """Call the service at SERVICE_URL. While this waits, the same process handles other requests without extra threads."""
    try:
        answer = await client.get(service())
    except httpx.HTTPError as error:
        return {"error": f"the service did not respond: {type(error).__name__}"}, 502
    return {"status": answer.status_code, "text": answer.text}, 200


async def stop() -> None:
    """Close the connections. The invoker calls this hook after the last request, before the process exits."""
    await client.aclose()


def service() -> str:
    """Return the URL of the service. Without SERVICE_URL, it is the health check of this function."""
    return os.environ.get("SERVICE_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8080')}/health/ready")
