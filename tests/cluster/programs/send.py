"""Sends CloudEvents to a URL, and prints the numbers of the statuses as JSON.

Usage: send.py URL COUNT MODE TYPE, where MODE is binary, structured or malformed. A malformed event has data that is not
the JSON that it says.
"""

import json
import sys
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

url, count, mode, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def request_of(number):
    attributes = {"specversion": "1.0", "id": f"{kind}-{mode}-{number}", "source": "/cluster-test", "type": kind}
    data = {"number": number}
    if mode == "structured":
        body = json.dumps({**attributes, "datacontenttype": "application/json", "data": data})
        return body.encode(), {"content-type": "application/cloudevents+json"}
    body = "{" if mode == "malformed" else json.dumps(data)
    headers = {f"ce-{name}": value for name, value in attributes.items()}
    return body.encode(), {**headers, "content-type": "application/json"}


def send(number):
    body, headers = request_of(number)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


with ThreadPoolExecutor(8) as threads:
    print(json.dumps(Counter(str(status) for status in threads.map(send, range(count)))))
