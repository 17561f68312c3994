"""The ceiling: the least that anyone can write for the same answers; `uvicorn bare_asgi:NAME` serves one."""

import asyncio
import json

PLAIN = (b"content-type", b"text/plain; charset=utf-8")
JSON = (b"content-type", b"application/json")


async def body_of(receive):
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    return body


async def answer(send, body, *headers):
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def hello(scope, receive, send):
    await answer(send, b"Hello World!", PLAIN)


hello_async = hello


async def json_echo(scope, receive, send):
    order = json.loads(await body_of(receive))
    summary = {"order": order["order"], "items": len(order["items"]), "customer": order["customer"]}
    await answer(send, json.dumps(summary).encode(), JSON)


async def reply(scope, receive, send):
    headers = [(name, value) for name, value in scope["headers"] if name.startswith((b"ce-", b"content-type"))]
    await answer(send, await body_of(receive), *headers)


reply_structured = reply


async def size(scope, receive, send):
    await answer(send, str(len(await body_of(receive))).encode(), PLAIN)


async def slow(scope, receive, send):
    await asyncio.sleep(0.05)
    await answer(send, b"Hello World!", PLAIN)
