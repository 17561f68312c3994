"""The same for functions-framework, which answers events with `OK`: its functions cannot reply with an event."""

import time


def hello(request):
    return "Hello World!"


def json_echo(request):
    order = request.get_json()
    return {"order": order["order"], "items": len(order["items"]), "customer": order["customer"]}


async def hello_async(request):
    return "Hello World!"


def reply(event):
    return {**event.get_attributes(), "type": "com.example.order.accepted"}, event.data


reply_structured = reply


def size(request):
    return str(len(request.get_data()))


def slow(request):
    time.sleep(0.05)
    return "Hello World!"
