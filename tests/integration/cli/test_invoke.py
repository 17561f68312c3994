"""`funcpack invoke` against real servers: the invoker, and servers of raw sockets that show each byte."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pty
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.calls import sending
from funcpack.calls.body import Body
from funcpack.calls.request import Content, Request
from funcpack.calls.sending import Server as CalledServer
from funcpack.command_errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.integration.conftest import Server, StartServer

ROOT = Path(__file__).parents[3]
DEADLINE = 60

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "funcpack", *arguments]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'invoker'}", **variables}


def invoke(
    *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command("invoke", *arguments),
        input=stdin,
        capture_output=True,
        env=environment(**variables),
        cwd=cwd,
        check=False,
        timeout=DEADLINE,
    )


# Bytes to send, or what happens before the next ones.
Part = bytes | Callable[[], object]


@dataclass
class Recorder:
    """A server of one connection at a time that answers each request with the same bytes."""

    listener: socket.socket
    answer: Sequence[Part] = (OK,)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream, suppress(ConnectionError):
                self._exchange(connection, stream)

    def _exchange(self, connection: socket.socket, stream: object) -> None:
        read: Callable[..., bytes] = stream.readline  # type: ignore[attr-defined]
        lines = list(iter(read, b"\r\n"))
        head = b"".join(lines)
        size = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
        body = stream.read(size)  # type: ignore[attr-defined]
        self.heads.append(head)
        self.bodies.append(body)
        for part in self.answer:
            if isinstance(part, bytes):
                connection.sendall(part)
            else:
                part()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        recorder = Recorder(listener)
        threading.Thread(target=recorder.serve, daemon=True).start()
        yield recorder
        listener.shutdown(socket.SHUT_RDWR)


HTTP_FUNCTION = """
from flask import Response

def handler(request):
    path = request.path
    if path == "/binary":
        return bytes(range(256))
    if path == "/cookies":
        response = Response("ok")
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response
    if path == "/form":
        files = {name: file.read().decode() for name, file in request.files.items()}
        return {"form": request.form.to_dict(flat=False), "files": files}
    if path == "/status":
        return "because", int(request.args["code"])
    return {"method": request.method, "path": path, "body": request.get_data(as_text=True)}
"""

EVENT_FUNCTION = """
def handler(event):
    if event["type"] == "quiet":
        return None
    attributes = {name: value for name, value in event.get_attributes().items() if name == "subject"}
    return attributes | {"type": "replied", "source": "/é"}, {"got": event.data, "type": event["type"]}
"""


@pytest.fixture(scope="module")
def http_function(start_shared_server: StartServer) -> Server:
    return start_shared_server(HTTP_FUNCTION)


@pytest.fixture(scope="module")
def event_function(start_shared_server: StartServer) -> Server:
    return start_shared_server(EVENT_FUNCTION)


def url(server: Server, path: str = "") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


@pytest.mark.parametrize(
    ("in_url", "path", "target"),
    [
        ("", None, b"/"),
        ("/a/../b//c/%2f?x=1&&y#fragment", None, b"/a/../b//c/%2f?x=1&&y"),
        ("/a?b=1", "/other", b"/other"),
        ("", "//a//b/./../%2F%41?", b"//a//b/./../%2F%41?"),
        ("", "/?a=b?c#d", b"/?a=b?c#d"),
        ("", "/[a]|{b}^`\"<>\\'", b"/[a]|{b}^`\"<>\\'"),
        ("", "*", b"*"),
        # No request line can contain these.
        ("", "/é b", b"/%C3%A9%20b"),
    ],
)
def test_path_is_sent_as_it_is(recorder: Recorder, in_url: str, path: str | None, target: bytes) -> None:
    done = invoke(recorder.url + in_url, *(["--path", path] if path else []))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ok", b"")
    assert recorder.heads[0].splitlines()[0] == b"GET %s HTTP/1.1" % target


def test_request_has_only_the_header_fields_of_the_user_and_the_necessary_ones(recorder: Recorder) -> None:
    invoke(
        recorder.url,
        "--data",
        "hello",
        "--header",
        "x-Ünit: é".replace("Ü", "U"),
        "--header",
        "X-A: 1",
        "--header",
        "X-A: 2",
    )
    fields = recorder.heads[0].splitlines()[1:]
    assert fields == [
        f"Host: {recorder.url.removeprefix('http://')}".encode(),
        b"Accept: */*",
        b"User-Agent: funcpack",
        b"Content-Length: 5",
        b"Content-Type: text/plain",
        "x-Unit: é".encode(),
        b"X-A: 1",
        b"X-A: 2",
    ]


def test_fields_of_the_user_replace_those_of_the_tool(recorder: Recorder) -> None:
    fields = ["Host: shop.example.com", "accept: text/html", "User-agent: me", "content-type: text/csv"]
    invoke(recorder.url, "--data", "1", *(option for text in fields for option in ("--header", text)))
    sent = [line.lower() for line in recorder.heads[0].decode().splitlines()[1:]]
    assert sorted(sent) == sorted(["content-length: 1", *(text.lower() for text in fields)])


def test_body_of_standard_input(recorder: Recorder) -> None:
    data = b"\0\xff" * (1 << 20)
    assert invoke(recorder.url, "--data", "@-", stdin=data).returncode == 0
    assert recorder.bodies == [data]


def test_body_of_a_pipe(recorder: Recorder, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"hello",), daemon=True).start()
    assert invoke(recorder.url, "--data", f"@{tmp_path / 'pipe'}").returncode == 0
    assert recorder.bodies == [b"hello"]


@pytest.mark.parametrize("option", ["--data=@{}", "--form=file=@{}"])
def test_large_file_is_not_read_into_memory(recorder: Recorder, tmp_path: Path, option: str) -> None:
    size = 200 << 20
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
    script = (
        "import sys; from funcpack.cli.main import main; code = main(sys.argv[1:])\n"
        "print(*(line for line in open('/proc/self/status') if line.startswith('VmHWM')), file=sys.stderr)"
    )
    arguments = ["invoke", recorder.url, option.format(tmp_path / "large")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, env=environment(), check=True
    )
    assert len(recorder.bodies[0]) >= size
    assert int(done.stderr.split()[1]) << 10 < size


def test_file_that_changes_while_it_is_sent(recorder: Recorder) -> None:
    for sent in (b"short", b"much too long"):
        request = Request("POST", "/", (), Content(Body((sent,), 8), "text/plain"))
        with pytest.raises(InvalidRequestError, match="a file has changed while it was sent"):
            asyncio.run(sending.send(CalledServer.at(recorder.url), request))


def test_certificates_are_not_loaded_without_tls(recorder: Recorder) -> None:
    assert invoke(recorder.url, SSL_CERT_FILE="/does/not/exist").returncode == 0
    result = invoke(recorder.url.replace("http:", "https:"), SSL_CERT_FILE="/does/not/exist")
    assert result.returncode == 2
    assert b"SSL_CERT_FILE names /does/not/exist: No such file or directory." in result.stderr


def test_no_proxy_of_the_environment_gets_calls_of_this_machine(recorder: Recorder) -> None:
    proxy = "http://127.0.0.1:1"
    port = recorder.listener.getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        done = invoke(f"http://{host}:{port}", HTTP_PROXY=proxy, http_proxy=proxy, ALL_PROXY=proxy, NO_PROXY="")
        assert done.stdout == b"ok"


def test_other_calls_use_the_proxy_of_the_environment(recorder: Recorder) -> None:
    done = invoke(
        "http://shop.example.com/a//b", "--path", "/c/../d", http_proxy=recorder.url, NO_PROXY="", no_proxy=""
    )
    assert done.stdout == b"ok"
    assert recorder.heads[0].startswith(b"GET http://shop.example.com/c/../d HTTP/1.1\r\n")


def test_proxy_of_another_kind_is_wrong_usage() -> None:
    done = invoke("http://shop.example.com", ALL_PROXY="socks5://me:secret@127.0.0.1:1", http_proxy="", no_proxy="")
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: Unsupported proxy\nThe environment has a proxy of the type 'socks5' for ")
    assert b"secret" not in done.stderr


def test_answer_is_printed_as_it_arrives(recorder: Recorder) -> None:
    seen = threading.Event()
    recorder.answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        lambda: seen.wait(DEADLINE),
        b"4\r\nlast\r\n0\r\n\r\n",
    )
    with subprocess.Popen(command("invoke", recorder.url), stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 100) == b"first"
        seen.set()
        assert process.stdout.read() == b"last"
    assert process.returncode == 0


def test_reader_that_has_seen_enough_ends_it_without_a_word(recorder: Recorder) -> None:
    recorder.answer = (b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n", *[b"x" * 1000] * 4000)
    with subprocess.Popen(
        command("invoke", recorder.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert os.read(process.stdout.fileno(), 1) == b"x"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize(("closed", "printed"), [("<&-", b"ok"), (">&-", b""), ("2>&-", b"ok"), ("<&- >&- 2>&-", b"")])
def test_closed_standard_streams_are_like_the_null_device(recorder: Recorder, closed: str, printed: bytes) -> None:
    line = ["sh", "-c", f'"$@" {closed}', "sh", *command("invoke", recorder.url, "--data", "@-")]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, b"")
    assert recorder.bodies == [b""]


def test_full_disk_is_an_error_with_a_text(recorder: Recorder) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("invoke", recorder.url), stdout=full, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: Cannot read or write a file\nNo space left on device.\n")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("status", "code"), [(200, 0), (302, 0), (404, 1), (503, 1)])
def test_exit_code_is_1_for_an_error(http_function: Server, status: int, code: int) -> None:
    done = invoke(url(http_function), "--path", f"/status?code={status}")
    assert (done.returncode, done.stdout) == (code, b"because")
    assert done.stderr.startswith(f"HTTP {status} ".encode() if code else b"")
    assert done.stderr.count(b"\n") == code


def test_nothing_that_answers_is_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = invoke(f"http://me:secret@127.0.0.1:{port}/a")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(f"error: No answer\nhttp://127.0.0.1:{port}: Connection refused.\n".encode())


@pytest.mark.parametrize(
    "answer",
    [
        (),
        (b"HTTP/1.1 200 OK\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",),
        (b"SSH-2.0-OpenSSH\r\n",),
    ],
)
def test_answer_that_is_not_complete_is_3(recorder: Recorder, answer: Sequence[bytes]) -> None:
    recorder.answer = answer
    done = invoke(recorder.url)
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: No answer\n{recorder.url}: ".encode())


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"]
)
def test_timeout_is_for_the_whole_answer(recorder: Recorder, begin: bytes) -> None:
    over = threading.Event()
    # A byte from time to time: no read takes long.
    slowly: list[Part] = [lambda: over.wait(0.02), b"x"]
    recorder.answer = (begin, *slowly * 5000 * bool(begin), lambda: over.wait(DEADLINE))
    done = invoke(recorder.url, "--timeout", "0.5", "--output", "json")
    over.set()
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"did not send a complete answer within 0.5 seconds." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["localhost:8080"], b"Invalid target"),
        (["http://"], b"Invalid target"),
        (["http://127.0.0.1:port"], b"Invalid target"),
        (["http://localhost:99999"], b"Invalid target"),
        (["http://127.0.0.1:1", "--json", "{"], b"Invalid value"),
        (["http://127.0.0.1:1", "--form", "a=b", "--type", "t"], b"Conflicting options"),
        (["http://127.0.0.1:1", "--data", "@/does/not/exist"], b"Cannot read a file"),
        (["http://127.0.0.1:1", "--data", "@/"], b"Cannot read a file"),
        (["http://127.0.0.1:1", "--replay", "nothing"], b"No such saved request"),
        (["http://127.0.0.1:1", "--save", "../a"], b"Invalid name of a request"),
        (["http://127.0.0.1:1", "--save", ""], b"Invalid name of a request"),
        (["http://127.0.0.1:1", "--timeout", "0"], b"--timeout '0' is not a positive number of seconds."),
        (["http://127.0.0.1:1", "--timeout", "nan"], b"--timeout 'nan' is not a positive number of seconds."),
        (["http://127.0.0.1:1", "--sample", "kafka"], b"'kafka' is not one of 's3'"),
        (["http://127.0.0.1:1", "--output", "yaml"], b"'yaml' is not one of 'text', 'json'"),
        (["http://127.0.0.1:1", "--header", "Content-Length: 5", "--data", "a"], b"The request cannot be sent"),
    ],
)
def test_wrong_usage_is_2(recorder: Recorder, arguments: list[str], problem: bytes) -> None:
    done = invoke(
        *(
            argument.replace("http://127.0.0.1:1", recorder.url) if ":port" not in argument else argument
            for argument in arguments
        )
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert problem in done.stderr
    assert recorder.bodies == []


class TestJson:
    """`--output json`."""

    def result(self, *arguments: str) -> dict[str, object]:
        done = invoke(*arguments, "--output", "json")
        assert done.stderr == b""
        assert done.stdout.count(b"\n") == 1
        result: dict[str, object] = json.loads(done.stdout)
        assert isinstance(result["ms"], float)
        return result

    def test_members(self, http_function: Server) -> None:
        result = self.result(url(http_function), "--path", "/a", "--json", '"é"')
        assert list(result) == ["status", "headers", "attributes", "body", "ms"]
        assert (result["status"], result["attributes"]) == (200, None)
        assert json.loads(str(result["body"])) == {"method": "POST", "path": "/a", "body": '"é"'}

    def test_status_of_an_error(self, http_function: Server) -> None:
        done = invoke(url(http_function), "--path", "/status?code=418", "--output", "json")
        assert done.returncode == 1
        assert json.loads(done.stdout)["status"] == 418

    def test_repeated_headers_are_joined(self, http_function: Server) -> None:
        headers = self.result(url(http_function), "--path", "/cookies")["headers"]
        assert isinstance(headers, dict)
        assert headers["set-cookie"] == "a=1; Path=/, b=2; Path=/"

    def test_binary_body(self, http_function: Server) -> None:
        result = self.result(url(http_function), "--path", "/binary")
        assert list(result) == ["status", "headers", "attributes", "body", "ms", "base64"]
        assert result["base64"] is True
        assert base64.b64decode(str(result["body"])) == bytes(range(256))

    @pytest.mark.parametrize("accept", [[], ["--header", "Accept: application/cloudevents+json"]])
    def test_attributes_of_a_reply_event(self, event_function: Server, accept: list[str]) -> None:
        subject = 'ü "%" \\'
        result = self.result(url(event_function), "--type", "t", "--subject", subject, "--data", "1", *accept)
        attributes = result["attributes"]
        assert isinstance(attributes, dict)
        assert attributes.pop("id")
        assert attributes.pop("time")
        assert attributes == {"specversion": "1.0", "type": "replied", "source": "/é", "subject": subject} | (
            {} if accept else {"datacontenttype": "application/json"}
        )

    def test_answer_without_an_event(self, event_function: Server) -> None:
        result = self.result(url(event_function), "--type", "quiet")
        assert (result["status"], result["attributes"], result["body"]) == (200, None, "")


@pytest.mark.parametrize("mode", [[], ["--structured"]])
def test_sample_reaches_the_function(event_function: Server, mode: list[str]) -> None:
    done = invoke(url(event_function), "--sample", "dapr", *mode)
    assert json.loads(done.stdout) == {"got": {"order": 42, "customer": "Ada"}, "type": "com.dapr.event.sent"}


def test_batch_reaches_the_function(event_function: Server, tmp_path: Path) -> None:
    events = [
        {"specversion": "1.0", "id": str(number), "source": "/s", "type": "t", "data": number} for number in range(3)
    ]
    (tmp_path / "events.json").write_text(json.dumps(events))
    done = invoke(url(event_function), "--event", str(tmp_path / "events.json"), "--batch")
    assert [reply["data"]["got"] for reply in json.loads(done.stdout)] == [0, 1, 2]


def test_form_reaches_the_function(http_function: Server, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("é")
    fields = ["--form", "name=Ada é", "--form", "name=B", "--form", f"file=@{tmp_path / 'a.txt'}"]
    done = invoke(url(http_function, "/form"), *fields, "--form", "in=@-", stdin=b"typed")
    assert json.loads(done.stdout) == {"form": {"name": ["Ada é", "B"]}, "files": {"file": "é", "in": "typed"}}


def test_body_is_raw_in_a_pipe(http_function: Server) -> None:
    assert invoke(url(http_function, "/binary")).stdout == bytes(range(256))


def test_include_prints_the_head(recorder: Recorder) -> None:
    recorder.answer = (b"HTTP/1.1 201 Made\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nok",)
    assert invoke(recorder.url, "--include").stdout == b"HTTP/1.1 201 Made\nX-A: 1\nx-a: 2\nContent-Length: 2\n\nok"


def on_terminal(*arguments: str, **variables: str) -> str:
    """Run the command on a terminal; return all that it prints, with the terminal's line ends."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        command("invoke", *arguments), stdout=terminal, stderr=terminal, env=environment(**variables)
    )
    os.close(terminal)
    printed = b""
    try:
        while part := os.read(master, 4096):
            printed += part
    except OSError:  # the end of a terminal on Linux
        pass
    process.wait(DEADLINE)
    os.close(master)
    return printed.decode()


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        (
            b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n" + '{"a":["é"]}'.encode(),
            '{\r\n  "a": [\r\n    "é"\r\n  ]\r\n}\r\n',
        ),
        (b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nok", "ok\r\n"),
        (b"Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n", "ok\r\n"),
        (b"Content-Length: 2\r\n\r\nok", "ok\r\n"),
        (b"Content-Length: 0\r\n\r\n", ""),
        (
            b"Content-Type: image/png\r\nContent-Length: 2\r\n\r\n\x89P",
            "The body is binary (2 bytes). To keep it, redirect the output to a file.\r\n",
        ),
    ],
)
def test_body_is_readable_on_a_terminal(recorder: Recorder, answer: bytes, printed: str) -> None:
    recorder.answer = (b"HTTP/1.1 200 OK\r\n" + answer,)
    shown, status = on_terminal(recorder.url, NO_COLOR="1").rsplit("HTTP 200 OK, ", 1)
    assert shown == printed
    assert status.endswith(" ms\r\n")


def test_status_has_a_color_on_a_terminal_alone(recorder: Recorder) -> None:
    assert "\x1b[" in on_terminal(recorder.url, TERM="xterm", NO_COLOR="")
    assert "\x1b[" not in on_terminal(recorder.url, TERM="xterm", NO_COLOR="1")


def test_request_is_saved_and_sent_again(http_function: Server, recorder: Recorder, tmp_path: Path) -> None:
    first = invoke(url(http_function, "/a"), "--json", '{"a": 1}', "--save", "one", cwd=tmp_path)
    note = b"Saved the request and its answer in tests/events/one.json.\n"
    assert (first.returncode, first.stderr) == (0, note)
    saved = json.loads((tmp_path / "tests/events/one.json").read_text())
    assert saved == {
        "request": {"method": "POST", "path": "/a", "headers": {"Content-Type": "application/json"}, "json": {"a": 1}},
        "answer": {
            "status": 200,
            "headers": {"content-type": "application/json"},
            "json": {"method": "POST", "path": "/a", "body": '{"a": 1}'},
        },
    }
    assert invoke(url(http_function), "--replay", "one", cwd=tmp_path).stdout == first.stdout
    invoke(recorder.url, "--replay", "one", cwd=tmp_path)
    assert (recorder.heads[0].splitlines()[0], recorder.bodies[0]) == (b"POST /a HTTP/1.1", b'{"a": 1}')


def test_saved_request_is_not_replaced(recorder: Recorder, tmp_path: Path) -> None:
    assert invoke(recorder.url, "--save", "one", cwd=tmp_path).returncode == 0
    done = invoke(recorder.url, "--save", "one", "--path", "/other", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert len(recorder.heads) == 1
