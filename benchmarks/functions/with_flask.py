"""The same with Flask alone; `gunicorn with_flask:NAME` serves one."""

import time

from flask import Flask, request


def application(view):
    app = Flask(view.__name__)
    app.add_url_rule("/", view_func=view, methods=["GET", "POST"])
    return app


@application
def hello():
    return "Hello World!"


@application
def json_echo():
    order = request.get_json()
    return {"order": order["order"], "items": len(order["items"]), "customer": order["customer"]}


@application
def reply():
    from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event
    from cloudevents.core.v1.event import CloudEvent

    event = from_http_event(HTTPMessage(dict(request.headers), request.get_data()))
    answer = to_binary_event(
        CloudEvent({**event.get_attributes(), "type": "com.example.order.accepted"}, event.get_data())
    )
    return answer.body, 200, answer.headers


reply_structured = reply


@application
def size():
    return str(len(request.get_data()))


@application
def slow():
    time.sleep(0.05)
    return "Hello World!"
