"""A function that can be built, but not loaded in a pod."""

import os

if "KUBERNETES_SERVICE_HOST" in os.environ or "K_SERVICE" in os.environ:
    raise RuntimeError("the database is not configured")


def handler(req):
    return req.path
