"""Sends GET requests with Python's own client, until it is told to stop or has sent enough; prints what came back as JSON.

Runs in a pod, in the image of a function. Usage: load.py URL CLIENTS COUNT [OPTIONS], with COUNT 0 for no end.
`--fresh` opens a new connection for each request. `--stop FILE` ends the load when the file exists;
a line tells when the first request has ended.
"""

import argparse
import json
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit


class Load:
    """The clients and what came back to them."""

    def __init__(self, options):
        self.options = options
        self.url = urlsplit(options.url)
        self.left = options.count or None
        self.lock = threading.Lock()
        self.statuses, self.bodies, self.errors, self.seconds = Counter(), Counter(), [], []

    def goes_on(self):
        if self.options.stop and Path(self.options.stop).exists():
            return False
        with self.lock:
            if self.left is not None:
                self.left -= 1
                return self.left >= 0
        return True

    def client(self):
        connection = self.connect()
        while self.goes_on():
            if self.options.fresh:
                connection.close()
                connection = self.connect()
            began = time.monotonic()
            try:
                connection.request("GET", self.url.path + ("?" + self.url.query if self.url.query else ""))
                response = connection.getresponse()
                status, body = str(response.status), response.read(200).decode()
            except (OSError, HTTPException) as exc:
                connection.close()
                connection = self.connect()
                status, body = type(exc).__name__, str(exc)
            self.note(status, body, time.monotonic() - began)
            time.sleep(self.options.pause)
        connection.close()

    def connect(self):
        return HTTPConnection(self.url.hostname, self.url.port or 80, timeout=60)

    def note(self, status, body, seconds):
        with self.lock:
            if self.options.stop and not self.seconds:
                print("started", flush=True)
            self.statuses[status] += 1
            self.bodies[body] += 1
            self.seconds.append(seconds)
            if status != "200":
                self.errors.append(f"{time.strftime('%X')} {status} {body} after {seconds:.3f} s")

    def run(self):
        threads = [threading.Thread(target=self.client) for _ in range(self.options.clients)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        times = sorted(self.seconds) or [0.0]
        return {
            "requests": len(self.seconds),
            "statuses": self.statuses,
            "bodies": dict(self.bodies.most_common(10)),
            "errors": self.errors[:20],
            "rate": len(self.seconds) / took,
            "median": times[len(times) // 2],
            "p99": times[int(len(times) * 0.99)],
            "slowest": times[-1],
        }


parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("clients", type=int)
parser.add_argument("count", type=int)
parser.add_argument("--fresh", action="store_true")
parser.add_argument("--pause", type=float, default=0.0)
parser.add_argument("--stop")
print(json.dumps(Load(parser.parse_args()).run()))
