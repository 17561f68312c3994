"""Replies to an event with another one, or fails."""

import os


def handler(data, attributes):
    if os.environ.get("FAIL"):
        raise ConnectionError("the backend is down")
    return {**attributes, "type": os.environ["REPLY_TYPE"], "source": "/relay"}, data
