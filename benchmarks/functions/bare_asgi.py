"""The ceiling: the least that an ASGI application can do for the same answers, on the server that Funcpack uses."""

import asyncio
import json

PLAIN = [(b"content-type", b"text/html; charset=utf-8")]
JSON = [(b"content-type", b"application/json")]


def application(answer):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        content, headers = await answer(scope, body)
        length = (b"content-length", str(len(content)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": content})

    return app


@application
async def hello(scope, body):
    return b"Hello World!", PLAIN


hello_async = hello


@application
async def json_echo(scope, body):
    order = json.loads(body)
    answer = {"order": order["order"], "items": len(order["items"]), "customer": order["customer"]}
    return json.dumps(answer).encode(), JSON


@application
async def reply(scope, body):
    attributes = [(name, value) for name, value in scope["headers"] if name.startswith(b"ce-")]
    return json.dumps(json.loads(body)).encode(), [*attributes, *JSON]


@application
async def reply_structured(scope, body):
    event = json.loads(body)
    data = json.dumps(event.pop("data")).encode()
    return data, [*((b"ce-" + name.encode(), value.encode()) for name, value in event.items()), *JSON]


@application
async def size(scope, body):
    return str(len(body)).encode(), PLAIN


@application
async def slow(scope, body):
    await asyncio.sleep(0.05)
    return b"Hello World!", PLAIN
