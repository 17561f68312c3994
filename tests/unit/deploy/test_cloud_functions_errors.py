"""The error texts of Cloud Functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack import deployment_errors as errors
from funcpack.errors import render

if TYPE_CHECKING:
    from funcpack.command_errors import CommandError

LOG = "https://console.cloud.google.com/cloud-build/builds;region=us-central1/1234?project=shop"

CASES = [
    (
        errors.RuntimeNameError("cloudfunction.runtime", "python3.8", "python38", "python315"),
        2,
        """\
Invalid runtime
cloudfunction.runtime is 'python3.8', which is not the name of a Python runtime of Cloud Functions.

Set it to 'python38'.""",
    ),
    (
        errors.RuntimeNameError("runtime", "nodejs20", None, "python315"),
        2,
        """\
Invalid runtime
runtime is 'nodejs20', which is not the name of a Python runtime of Cloud Functions.

Name a Python version in this form: python315""",
    ),
    (
        errors.OldRuntimeError("cloudfunction.runtime", "python36", "python37"),
        2,
        """\
Unsupported runtime
cloudfunction.runtime is 'python36'. This generation of Cloud Functions requires at least python37.

Set cloudfunction.runtime to a newer runtime, or remove it to deploy with the Python version of your project.""",
    ),
    (
        errors.DifferentRuntimesError(["runtime is 'python312'", "cloudfunction.runtime is 'python313'"]),
        2,
        """\
Contradictory runtimes
The configuration sets the runtime in 2 places: runtime is 'python312', cloudfunction.runtime is 'python313'.

Remove all but one of them.""",
    ),
    (
        errors.FunctionEventTriggerError("cloudfunction.eventTrigger"),
        2,
        """\
Unsupported event trigger
The configuration has cloudfunction.eventTrigger. Funcpack deploys functions that are called by HTTP, and creates no triggers for them.

Remove cloudfunction.eventTrigger. A CloudEvent function accepts events by HTTP: after the deployment, create a trigger or a push subscription that sends them to its URL.""",
    ),
    (
        errors.FunctionOptionError("--image", "cloudfunction", "builds the function from its source"),
        2,
        """\
Unsupported option
--image was given, but the backend 'cloudfunction' builds the function from its source.

Leave out --image, or deploy to Cloud Run: --backend cloudrun --image ...""",
    ),
    (
        errors.ExistingFunctionError("hello", "is of the first generation"),
        1,
        """\
Another function has this name
The function 'hello' exists and is of the first generation. An update does not change that.

Choose another name with --name, or delete that function first. Nothing was built or changed.""",
    ),
    (
        errors.FunctionSourceSizeError(104857601, 104857600),
        1,
        """\
The source is too large
The archive of your project has 104857601 bytes. Cloud Functions accepts at most 104857600.

Name files that the function does not need in .gcloudignore, one pattern a line. See what is packed: funcpack deploy --dry-run""",
    ),
    (
        errors.FunctionOperationError("hello", "Build failed: no matching distribution (INVALID_ARGUMENT).", LOG),
        1,
        f"""\
The operation failed
Cloud Functions could not change the function 'hello': Build failed: no matching distribution (INVALID_ARGUMENT).

Read the log: {LOG}
Then correct the cause and run the command again.""",
    ),
    (
        errors.FunctionStateError("hello", "The container did not listen (FAILED).", LOG),
        1,
        f"""\
The function does not serve
The function 'hello' is not active: The container did not listen (FAILED).

Read the log: {LOG}
Then correct the cause and run the command again.""",
    ),
    (
        errors.FunctionRevisionError("hello", "hello-00002", "hello-00001"),
        1,
        """\
Another revision serves
The newest revision of the function 'hello' is hello-00002, but the requests go to hello-00001.

Somebody may have moved the traffic meanwhile. Run the command again to give all requests to the newest revision.""",
    ),
    (
        errors.NoEarlierSourceError("hello", "3"),
        1,
        """\
No earlier version
Version 3 of the function 'hello' serves. Google keeps no earlier version with another source.

Check out the source that you want, and deploy it: funcpack deploy""",
    ),
]


@pytest.mark.parametrize(("error", "exit_code", "text"), CASES)
def test_error_text(error: CommandError, exit_code: int, text: str) -> None:
    assert "\n".join([error.title, *render(error)]) == text
    assert error.exit_code == exit_code
