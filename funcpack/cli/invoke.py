"""`funcpack invoke`: sends a request or an event to a function, and prints its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from funcpack.calls.sample_events import TITLES
from funcpack.cli.output import note
from funcpack.cli.seconds import positive

if TYPE_CHECKING:
    from funcpack.calls.request import Request
    from funcpack.calls.saved_requests import SavedRequest
    from funcpack.cli.answer_output import AnswerOutput
    from funcpack.cli.targets import Target

_EXAMPLES = """\b
Examples:
  funcpack invoke http://127.0.0.1:8080 --json '{"name": "Ada"}'
  funcpack invoke --path '/orders?page=2' --header 'X-Tenant: acme'
  funcpack invoke --type com.example.order.created --data @order.json
  funcpack invoke --sample s3 --save object-created
  funcpack invoke https://orders.example.com --replay object-created
"""


@click.command(epilog=_EXAMPLES)
@click.argument("target", default=".")
@click.option("--method", metavar="M", help="HTTP method. Default: GET, or POST with a body.")
@click.option("--path", metavar="P", help="Path and query, sent as they are.")
@click.option("--header", metavar="'NAME: VALUE'", multiple=True, help="Header field.")
@click.option("--data", metavar="D|@FILE|@-", help="Body, or data of the event.")
@click.option("--json", metavar="D|@FILE|@-", help="Body, or data of the event, in JSON.")
@click.option("--form", metavar="K=V|K=@FILE", multiple=True, help="Field of a form.")
@click.option("--type", metavar="T", help="Type of an event.")
@click.option("--source", metavar="S", help="Source of an event.")
@click.option("--id", metavar="ID", help="ID of an event.")
@click.option("--subject", metavar="S", help="Subject of an event.")
@click.option("--attribute", metavar="K=V", multiple=True, help="Another attribute of an event.")
@click.option("--event", metavar="FILE", help="Send the event in a JSON file unchanged; - is standard input.")
@click.option("--sample", metavar="NAME", type=click.Choice(tuple(TITLES)), help="Send an event of 'funcpack samples'.")
@click.option("--structured", is_flag=True, help="Send the event in structured mode.")
@click.option("--batch", is_flag=True, help="Send the event in a batch. A FILE may contain an array.")
@click.option("--include", is_flag=True, help="Print the status and the headers, too.")
@click.option(
    "--timeout", metavar="SECONDS", type=float, callback=positive, help="Deadline of the call. Default: none."
)
@click.option("--save", metavar="NAME", help="Save the request and the answer in tests/events/NAME.json.")
@click.option("--replay", metavar="NAME", help="Send the request in tests/events/NAME.json.")
@click.option("--output", type=click.Choice(("text", "json")), default="text", help="Format of the answer.")
def command(target: str, *, include: bool, timeout: float | None, output: str, **request_options: Any) -> int:
    """Send a request or an event to TARGET, and print the body of the answer.

    TARGET is a URL, or the directory of a function, which is served for this one call. Default: this directory.
    """
    from funcpack.calls import saved_requests  # noqa: PLC0415 - takes longer than the rest of the tool
    from funcpack.calls.request_options import RequestOptions  # noqa: PLC0415 - as above
    from funcpack.cli import answer_output  # noqa: PLC0415 - as above
    from funcpack.cli.targets import find_target, request_for  # noqa: PLC0415 - as above

    options = RequestOptions(**request_options)
    options.check_conflicts()
    called = find_target(target)
    request = request_for(called, options)
    saved = saved_requests.new(called.directory, options.save, request) if options.save is not None else None
    printed = answer_output.for_format(output, include=include)
    return asyncio.run(_call(called, request, saved, printed, timeout))


async def _call(
    target: Target, request: Request, saved: SavedRequest | None, printed: AnswerOutput, seconds: float | None
) -> int:
    from funcpack.calls import comparison, sending  # noqa: PLC0415 - as above

    async with target.serving() as server:
        if saved is None:
            ms = await sending.stream(server, request, printed.begin, seconds)
            return printed.finish(ms)
        answer = await sending.send(server, request, seconds)
    saved.with_answer(comparison.kept(answer)).write()
    printed.begin(answer.head)(answer.body)
    code = printed.finish(answer.ms)
    note(f"Saved the request and its answer in {saved.file}.")
    return code
