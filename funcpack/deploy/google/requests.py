"""Sends plans to Google's APIs, as the options and the variables of a target say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google.client import GoogleClient
from funcpack.deploy.plan.execution import Execution
from funcpack.deploy.plan.poll_interval import poll_interval

if TYPE_CHECKING:
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Plan
    from funcpack.deploy.plan.values import Answers
    from funcpack.deploy.settings.target import Target


def run(target: Target, note: Note, plan: Plan) -> Answers:
    """Send the steps of a plan, and return their answers. `--timeout` is the deadline of all of them.

    Raises:
        CommandError: a step failed.

    """
    execution = Execution(GoogleClient(target.environ), poll_interval(target.environ), target.options.timeout, note)
    return execution.run(plan)
