"""Sends the plans of a command to Google's APIs, as the options and the variables of a target say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google.client import GoogleClient
from funcpack.deploy.google.rejections import rejection
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.poll_interval import poll_interval

if TYPE_CHECKING:
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.target import Target


def execution(target: Target, note: Note) -> Execution:
    """Return what runs the plans of a command. `--timeout` is the deadline of all of them, and begins now."""
    client = GoogleClient(target.environ)
    return Execution(client, rejection, poll_interval(target.environ), target.options.timeout, note)
