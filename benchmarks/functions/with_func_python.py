"""The same for func-python, whose functions are ASGI apps; `python with_func_python.py NAME` serves one."""

import asyncio
import json
import sys

START = {"type": "http.response.start", "status": 200, "headers": [[b"content-type", b"text/plain"]]}


async def body_of(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def hello(scope, receive, send):
    await send(START)
    await send({"type": "http.response.body", "body": b"Hello World!"})


hello_async = hello


async def json_echo(scope, receive, send):
    order = json.loads(await body_of(receive))
    answer = {"order": order["order"], "items": len(order["items"]), "customer": order["customer"]}
    await send(START)
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def size(scope, receive, send):
    answer = str(len(await body_of(receive))).encode()
    await send(START)
    await send({"type": "http.response.body", "body": answer})


async def slow(scope, receive, send):
    await asyncio.sleep(0.05)
    await hello(scope, receive, send)


async def reply(scope, receive, send):
    from cloudevents.core.v1.event import CloudEvent

    event = scope["event"]
    answer = CloudEvent({**event.get_attributes(), "type": "com.example.order.accepted"}, event.get_data())
    await send(answer)


reply_structured = reply


def main():
    name = sys.argv[1]
    handle = globals()[name]
    if name.startswith("reply"):
        from func_python.cloudevent import serve
    else:
        from func_python.http import serve
    handle.__name__ = "handle"
    serve(handle)


if __name__ == "__main__":
    main()
