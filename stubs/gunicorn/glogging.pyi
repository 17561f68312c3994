import logging

from gunicorn.config import Config

class Logger:
    error_log: logging.Logger
    cfg: Config

    def setup(self, cfg: Config) -> None: ...
