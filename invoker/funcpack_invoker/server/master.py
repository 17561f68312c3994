"""The server: gunicorn's master and workers, set up from our settings alone."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from funcpack_invoker.errors import EndedWhileStartingError, ListenError
from funcpack_invoker.logs import configure
from funcpack_invoker.server.application import Server
from funcpack_invoker.server.limits import Limits
from funcpack_invoker.server.sockets import BACKLOG, listen, url
from funcpack_invoker.server.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack_invoker.settings import Settings

logger = logging.getLogger("funcpack")

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the only place to write to on a read-only root

# After a worker's own deadline, before it is killed.
_LAST_MOMENT = 2.0


def serve(settings: Settings, source: Path, limits: Limits | None = None) -> int:
    """Serve the function until a signal ends it; gives the exit code.

    Args:
        settings: what the environment says.
        source: the app directory.
        limits: for tests, which do not want to wait.

    """
    configure(settings)
    try:
        listeners = listen(settings.host, settings.port)
    except ListenError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the whole answer to whoever started it
        return 1
    limits = limits or Limits()
    addresses = ", ".join(url(listener) for listener in listeners)
    descriptors = [listener.detach() for listener in listeners]
    server = Server(settings, source, limits, addresses, _gunicorn_settings(settings, limits, descriptors))
    try:
        Master(server).run()
    except SystemExit as leaving:
        return int(leaving.code or 0)


def _gunicorn_settings(settings: Settings, limits: Limits, listeners: list[int]) -> dict[str, Any]:
    """Return gunicorn's settings (https://docs.gunicorn.org/en/stable/settings.html); `listeners` are descriptors."""
    calls_end = max(settings.grace_period, settings.shutdown_delay)
    return {
        "bind": [f"fd://{descriptor}" for descriptor in listeners],
        "backlog": BACKLOG,
        "workers": settings.workers,
        "worker_class": Worker,
        "worker_tmp_dir": _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None,
        "logger_class": _Log,
        "loglevel": settings.log_level,
        "graceful_timeout": int(calls_end + limits.shutdown_reserve + _LAST_MOMENT),
        "control_socket_disable": True,
        "child_exit": _end_unless_it_served,
    }


def _end_unless_it_served(_master: Master, worker: Worker) -> None:
    """End the server with a worker that could not start: the next ones could not either."""
    if not (worker.boot_status.succeeded or worker.dismissed):
        raise HaltServer(worker.boot_status.failure or str(EndedWhileStartingError(worker.settings.handler)), 1)


class Master(Arbiter):
    """gunicorn's master, which starts workers, replaces crashed ones and ends them."""

    # With these codes of a worker gunicorn ends the server; a function that exits may have any. Workers that could not
    # start are known by their birth.
    WORKER_BOOT_ERROR = APP_LOAD_ERROR = -1

    def run(self) -> NoReturn:
        """Start the workers and watch them; ends by SystemExit."""
        # What is there now stays: the garbage collector need not touch it, and so copy it, in every worker.
        gc.freeze()
        super().run()
        raise AssertionError("the master's loop ends by an exception")

    def signal(self, signum: int, frame: Any) -> None:
        """Take a signal; who asks a second time for the end does not want to wait for it."""
        if self.app.is_ending and signum == signal.SIGTERM:
            signum = signal.SIGINT
        super().signal(signum, frame)

    def handle_int(self) -> None:
        """Ctrl-C ends the server as SIGTERM does."""
        self.handle_term()

    def spawn_worker(self) -> Any:
        """Start a worker; it gets signals only when it has its own handlers for them."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.SIGNALS)

    def reexec(self) -> None:
        """Ignore SIGUSR2: containers are replaced, not upgraded in place."""

    def kill_worker(self, pid: int, signum: int) -> None:
        """Send a signal to a worker; one that ends by it has done what it was told to."""
        if pid in self.WORKERS:
            self.WORKERS[pid].dismissed = True
        super().kill_worker(pid, signum)

    def murder_workers(self) -> None:
        """Kill no worker for being silent.

        Platforms freeze idle containers (Cloud Run, Knative with a paused revision), and after that every worker seems
        to have been silent. A worker whose event loop hangs does not answer the liveness probe.
        """

    def reap_workers(self) -> None:
        """Note the end of workers."""
        try:
            super().reap_workers()
        except HaltServer:
            # gunicorn raises it for every worker that cannot start: one is enough.
            if not self.app.is_ending:
                raise

    def halt(self, reason: str | None = None, exit_status: int = 0) -> NoReturn:
        """End the workers, and this process."""
        self.app.end()
        if reason:
            print(reason, file=sys.stderr)  # noqa: T201 - the whole answer to whoever started it
        self.stop()
        sys.exit(1 if exit_status else 0)


class _Log(Logger):
    """gunicorn's log as a part of ours: what it says of its daily work is for debugging only."""

    def setup(self, cfg: Any) -> None:
        """Send the records to the root logger's handler."""
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO if cfg.loglevel == "debug" else logging.WARNING)
