"""Counts the events that it receives, by type, and remembers what it knows of the last one."""

from collections import Counter
from threading import Lock

deliveries = Counter()
ids = {}
last = {}
lock = Lock()


def handler(req):
    if req.method == "GET":
        with lock:
            return {
                kind: {"deliveries": count, "ids": len(ids[kind]), "last": last[kind]}
                for kind, count in deliveries.items()
            }
    kind = req.headers["ce-type"]
    with lock:
        deliveries[kind] += 1
        ids.setdefault(kind, set()).add(req.headers["ce-id"])
        last[kind] = {
            "headers": {name.lower(): value for name, value in req.headers.items()},
            "body": req.get_data(as_text=True),
        }
    return None
