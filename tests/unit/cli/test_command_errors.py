"""The error texts of the command line tool, word by word: the title, the finding, the remedy and the exit code."""

from __future__ import annotations

import pytest

from funcpack import command_errors as errors
from funcpack.errors import render

CASES = [
    # --- invoke and test ---
    (
        errors.OptionValueError("--header", "X", "is not a header field", "--header 'Name: value'"),
        2,
        """\
Invalid value
--header 'X' is not a header field.

Write it in this form: --header 'Name: value'""",
    ),
    (
        errors.OptionFileError("order.json", "No such file or directory"),
        2,
        """\
Cannot read a file
order.json: No such file or directory.

Name a file that exists and that you have access to, or - for standard input.""",
    ),
    (
        errors.ConflictingOptionsError("--data", "--json"),
        2,
        """\
Conflicting options
--data and --json cannot be used together.

Remove one of them.""",
    ),
    (
        errors.TargetError("localhost:8080", "is neither a URL nor a directory"),
        2,
        """\
Invalid target
'localhost:8080' is neither a URL nor a directory.

Name a URL that begins with http:// or https://, or the directory of your function.""",
    ),
    (
        errors.EventError("type is empty"),
        2,
        """\
Invalid CloudEvent
The options do not describe a valid event: type is empty.

Correct the attribute. To send an invalid event on purpose, write its fields with --header 'ce-NAME: value'.""",
    ),
    (
        errors.EventFileError("order.json", "specversion is missing"),
        2,
        """\
The file is not a CloudEvent
order.json: specversion is missing.

Correct the file: 'funcpack samples cloudevents' prints an event to start from.
To send the file as the data of an event: funcpack invoke --type TYPE --data @order.json""",
    ),
    (
        errors.EventEncodingError("binary", "unknown charset"),
        2,
        """\
The event cannot be sent
The data does not fit the datacontenttype in binary mode: unknown charset.

Correct the datacontenttype or the data of the event.""",
    ),
    (
        errors.InvalidRequestError("Too little data for declared Content-Length"),
        2,
        """\
The request cannot be sent
It is not a valid HTTP request: Too little data for declared Content-Length.

Correct the method and the header fields, and do not change a file while it is sent.""",
    ),
    (
        errors.NoAnswerError("http://127.0.0.1:8080", "Connection refused"),
        3,
        """\
No answer
http://127.0.0.1:8080: Connection refused.

Make sure that the function is running, for example with 'funcpack run', and that the URL is correct.""",
    ),
    (
        errors.CallTimeoutError("http://127.0.0.1:8080", 0.5),
        3,
        """\
No answer in time
http://127.0.0.1:8080 did not send a complete answer within 0.5 seconds.

Make the function faster, or allow more seconds with --timeout.""",
    ),
    (
        errors.FunctionProblemError("The import failed", "handler.py, line 1\n\nInstall it."),
        1,
        """\
The function cannot be served
The import failed.

handler.py, line 1

Install it.""",
    ),
    (
        errors.SavedRequestNameError("a/b"),
        2,
        """\
Invalid name of a request
'a/b' is not a name of letters, digits, '.', '_' and '-' that begins with a letter or digit.

Choose another name, for example 'order-created'.""",
    ),
    (
        errors.SavedRequestExistsError("order", "tests/events/order.json"),
        2,
        """\
The request exists already
tests/events/order.json contains a request, which --save does not replace.

Choose another name, or delete the file. To update only its answer: funcpack test order --update""",
    ),
    (
        errors.SavedRequestMissingError("order", "tests/events", ["paid", "sent"]),
        2,
        """\
No such saved request
There is no tests/events/order.json. The saved requests are: paid, sent.

Use one of these names.""",
    ),
    (
        errors.SavedRequestMissingError("order", "tests/events", []),
        2,
        """\
No such saved request
There is no tests/events/order.json, and no other saved request.

Save a request and its answer first: funcpack invoke --save NAME""",
    ),
    (
        errors.SavedRequestMissingError(None, "tests/events", []),
        2,
        """\
No such saved request
tests/events contains no requests.

Save a request and its answer first: funcpack invoke --save NAME""",
    ),
    (
        errors.SavedRequestError("tests/events/order.json", 'it has no "request"'),
        2,
        """\
Invalid saved request
tests/events/order.json: it has no "request".

Correct the file. The smallest one is: {"request": {"path": "/"}}""",
    ),
]


@pytest.mark.parametrize(("error", "exit_code", "text"), CASES)
def test_text(error: errors.CommandError, exit_code: int, text: str) -> None:
    assert "\n".join([error.title, *render(error)]) == text
    assert error.exit_code == exit_code
