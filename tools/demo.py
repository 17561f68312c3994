"""Runs `make demo`: builds an HTTP function and a CloudEvent function with `pack`, runs both in containers, and calls them."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from tools import container, errors, host, make, pack_cli
from tools.places import BUILDER_IMAGE, LOGS, PACK, ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from tools.container import Answer
    from tools.engine import Engine
    from tools.pack_cli import Pack

TEMPLATES = ROOT / "templates" / "python"


@dataclass(frozen=True, slots=True)
class Example:
    """A template, and a request for its function."""

    template: str
    method: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def image(self) -> str:
        """The name of the image."""
        return f"funcpack-demo-{self.template}"


EVENT = {
    "ce-specversion": "1.0",
    "ce-id": "A234-1234-1234",
    "ce-source": "https://example.com/shop",
    "ce-type": "com.example.order.placed",
    "content-type": "application/json",
}
EXAMPLES = (Example("http", "GET"), Example("cloudevent", "POST", EVENT, '{"order": 1, "customer": "Ada"}'))


def demonstrate(progress: Progress) -> None:
    """Create everything that a build needs, build, run and call each example, and print the next commands."""
    engine = make.make_engine(progress)
    with_pack = pack_cli.of_user_or_pinned(engine)
    programs = [make.make_pack] if with_pack.is_pinned else []
    make.make_builder(progress, with_pack, make.make_build_backend, *programs)
    for example in EXAMPLES:
        build(progress, with_pack, example)
    for example in EXAMPLES:
        call(progress, engine, example)
    print(next_commands(with_pack))


def build(progress: Progress, with_pack: Pack, example: Example) -> None:
    """Build the image of an example."""
    with progress.step(f"pack build of templates/python/{example.template}") as step, host.network_options() as network:
        with_pack.build(progress, example.image, TEMPLATES / example.template, network)
        step.result = f"image {example.image}"


def call(progress: Progress, engine: Engine, example: Example) -> None:
    """Run an example, send its request, and print the request and the response. Raises ToolError if the status is not 200."""
    with progress.step(f"{engine.client} run of {example.image}"), container.running(engine, example.image) as running:
        answer = running.request(example.method, "/", example.headers, example.body.encode() or None)
    text = conversation(example, answer)
    print(text)
    progress.write(text)
    if answer.status != HTTPStatus.OK:
        raise errors.unexpected_answer(f"{example.method} / of {example.image}", "200", str(answer.status))


def conversation(example: Example, answer: Answer) -> str:
    """Return the request and the response as sent over the wire, with lines marked by > and <."""
    sent = [
        f"{example.method} / HTTP/1.1",
        *(f"{name}: {value}" for name, value in example.headers.items()),
        "",
        example.body,
    ]
    phrase = HTTPStatus(answer.status).phrase
    received = [
        f"HTTP/1.1 {answer.status} {phrase}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        "",
        answer.body.decode(),
    ]
    lines = [f"    > {line}" for line in sent if line] + [f"    < {line}" for line in received if line]
    return "\n" + "\n".join(lines) + "\n"


def next_commands(with_pack: Pack) -> str:
    """Return the commands that the user can run next with the same `pack` and engine."""
    engine = with_pack.engine
    program = str(PACK.relative_to(ROOT)) if with_pack.is_pinned else "pack"
    address = ["env", f"DOCKER_HOST={engine.address}"] if engine.address else []
    template = (TEMPLATES / "http").relative_to(ROOT)
    commands = (
        ["cp", "-r", str(template), "hello"],
        [*address, program, "build", "hello", "--path", "hello", *pack_cli.build_options(engine)],
        [engine.client, "run", "--rm", "--publish", "127.0.0.1:8080:8080", "hello"],
    )
    lines = "\n".join(f"    {shlex.join(command)}" for command in commands)
    return (
        f"The builder is {BUILDER_IMAGE}. To build and run your own function, run these commands, then"
        f" `curl http://127.0.0.1:8080/`:\n\n{lines}"
    )


def main() -> int:
    """Run the demo, and return the exit code."""
    progress = Progress(LOGS / "demo.log")
    print(f"The output of all programs is in {progress.log.relative_to(ROOT)}\n")
    return make.finish(lambda: demonstrate(progress))


if __name__ == "__main__":
    sys.exit(main())
