"""Sends CloudEvents to a URL as one batch, and prints the status, the content type and the events of the reply as JSON.

Usage: send_batch.py URL COUNT TYPE.
"""

import json
import sys
import urllib.error
import urllib.request

url, count, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
attributes = {"specversion": "1.0", "source": "/cluster-test", "type": kind, "datacontenttype": "application/json"}
batch = [{**attributes, "id": f"{kind}-batch-{number}", "data": {"number": number}} for number in range(count)]
headers = {"content-type": "application/cloudevents-batch+json"}
try:
    with urllib.request.urlopen(
        urllib.request.Request(url, json.dumps(batch).encode(), headers), timeout=60
    ) as response:
        found = {
            "status": response.status,
            "content type": response.headers["content-type"],
            "replies": json.load(response),
        }
except urllib.error.HTTPError as error:
    found = {"status": error.code, "body": error.read().decode()}
print(json.dumps(found))
