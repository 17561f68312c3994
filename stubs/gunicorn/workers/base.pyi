import signal
import socket
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

class Worker:
    SIGNALS: list[signal.Signals]
    age: int
    ppid: int
    sockets: list[socket.socket]
    # Whatever application the arbiter was given.
    app: Any
    cfg: Config

    def __init__(
        self,
        age: int,
        ppid: int,
        sockets: list[socket.socket],
        app: BaseApplication,
        timeout: float,
        cfg: Config,
        log: Logger,
    ) -> None: ...
    def init_process(self) -> None: ...
    def init_signals(self) -> None: ...
    def load_wsgi(self) -> None: ...
    def run(self) -> None: ...
