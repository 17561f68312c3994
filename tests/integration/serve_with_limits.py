"""Serves as `python -m funcpack_invoker` does, with other limits: `serve_with_limits.py DIRECTORY JSON`."""

import json
import os
import sys
from pathlib import Path

from funcpack_invoker.http.limits import WireLimits
from funcpack_invoker.server.limits import Limits
from funcpack_invoker.server.master import serve
from funcpack_invoker.server.sockets import bind
from funcpack_invoker.settings import Settings

if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    wire = {name: given.pop(name) for name in WireLimits._fields if name in given}
    limits = Limits(**given, wire=WireLimits(**wire))
    settings = Settings.from_env(os.environ)
    sys.exit(serve(settings, Path(sys.argv[1]), bind(settings.host, settings.port), limits))
