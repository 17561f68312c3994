"""Prints the status, the body and the seconds of one GET request as JSON. Usage: get.py URL [NAME:VALUE]..."""

import json
import sys
import time
import urllib.error
import urllib.request

headers = dict(header.split(":", 1) for header in sys.argv[2:])
began = time.monotonic()
try:
    with urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=headers), timeout=60) as response:
        status, body = response.status, response.read()
except urllib.error.HTTPError as error:
    status, body = error.code, error.read()
print(json.dumps({"status": status, "body": body.decode(), "seconds": time.monotonic() - began}))
