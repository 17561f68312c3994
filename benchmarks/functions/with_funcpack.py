"""The functions as a user of Funcpack writes them."""

import time


def hello(req):
    return "Hello World!"


def json_echo(req):
    order = req.get_json()
    return {"order": order["order"], "items": len(order["items"]), "customer": order["customer"]}


async def hello_async(req):
    return "Hello World!"


def reply(data, attributes):
    return {**attributes, "type": "com.example.order.accepted"}, data


reply_structured = reply


def size(body):
    return str(len(body))


def slow(req):
    time.sleep(0.05)
    return "Hello World!"
