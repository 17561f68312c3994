"""Rejects threads that gevent or eventlet has replaced by greenlets.

None of them runs while the event loop does, so no call would ever end. What else the two replace, such as sockets, works.
"""

from __future__ import annotations

import sys

from funcpack_invoker.errors import PatchedThreadsError


def refuse_patched_threads(step: str) -> None:
    """Check the threads after a step, such as "Importing `handler`"; neither library is imported for it.

    Raises:
        PatchedThreadsError: if the threads are greenlets.

    """
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and gevent.is_module_patched("threading"):
        raise PatchedThreadsError(step, "gevent", "gevent.monkey.patch_all()", "gevent.monkey.patch_all(thread=False)")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        raise PatchedThreadsError(step, "eventlet", "eventlet.monkey_patch()", "eventlet.monkey_patch(thread=False)")
