"""Answers who it is, and can be told to be slow, to compute, to fail and to fall ill."""

import os
import time
from pathlib import Path

ANSWER = os.environ.get("ANSWER", "Hello")
if os.environ.get("FAIL") == "import":
    raise LookupError("no model at /models/large")

ill = False


def start():
    time.sleep(float(os.environ.get("START_SECONDS", "0")))
    if os.environ.get("FAIL") == "start":
        raise ConnectionError("no database at db:5432")


def alive():
    return not ill, "the connection to the database is broken"


def seconds_since_start():
    ticks = int(Path("/proc/1/stat").read_text().rpartition(")")[2].split()[19])
    return float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def handler(req):
    global ill
    if req.path == "/age":
        return f"{seconds_since_start():.2f}"
    if req.path == "/ill":
        ill = True
    compute(float(req.args.get("compute", "0")))
    time.sleep(float(req.args.get("sleep", "0")))
    return ANSWER
