"""The samples as users run them: built with `pack`, locked down, and called with events whose effects are read with boto3.

The server of the S3 and SQS protocols is moto's, itself a function in a container (fixtures/aws), in one network with the samples.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests import samples
from tests.images.test_function_image import LOCKED_DOWN
from tools import host
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.images.conftest import Workshop
    from tools.container import Answer, Container

FIXTURES = ROOT / "tests" / "images" / "fixtures"
STRUCTURED = {"content-type": "application/cloudevents+json"}
ENCRYPTION_KEY = base64.urlsafe_b64encode(os.urandom(32)).decode()


class RunSample(Protocol):
    """Runs a sample by its name, with `variables` of the platform, for the duration of the block."""

    def __call__(self, name: str, **variables: str) -> AbstractContextManager[Container]: ...


@dataclass(frozen=True, slots=True)
class Cloud:
    """A server for AWS's protocols. `inside` is its address in the network of the samples."""

    server: Container
    inside: str

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables of a function that uses this server."""
        return {**self._credentials, "AWS_ENDPOINT_URL": self.inside}

    @property
    def variables_here(self) -> dict[str, str]:
        """Return the variables of programs on this machine."""
        return {**self._credentials, "AWS_ENDPOINT_URL": f"http://{self.server.host}:{self.server.port}"}

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation with boto3 and return its response, with the content of an object as bytes in "Body"."""
        script = str(FIXTURES / "samples" / "call_aws.py")
        done = samples.run(script, service, operation, json.dumps(parameters), variables=self.variables_here)
        assert done.returncode == 0, done.stderr.decode()
        answer: dict[str, Any] = json.loads(done.stdout)
        if "Body" in answer:
            answer["Body"] = base64.b64decode(answer["Body"])
        return answer

    def put(self, bucket: str, key: str, text: str) -> None:
        """Upload an object."""
        self.call("s3", "put_object", Bucket=bucket, Key=key, Body=text)

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of all objects in a bucket."""
        return [entry["Key"] for entry in self.call("s3", "list_objects_v2", Bucket=bucket).get("Contents", [])]

    def check_credentials(self, *, after_calls: str) -> None:
        """Reject unknown credentials after the given number of calls ("inf": never)."""
        assert self.server.request("POST", "/moto-api/reset-auth", {}, after_calls.encode()).status == 200

    @property
    def _credentials(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def build(workshop: Workshop) -> Iterator[Callable[[Path], str]]:
    """Return a function that builds a directory with its pinned packages once, and returns the image."""
    with host.network_options() as network:

        @functools.cache
        def build_once(app: Path) -> str:
            built = workshop.build(app, "--network", "host", "--env", "BP_CHECK_IMPORT=true", *network)
            assert "schema version" not in built.log  # pack warns about a project.toml without one
            assert "[Import check]" in built.log  # the module needs neither a network nor settings
            return built.image

        yield build_once


@pytest.fixture(scope="module")
def network(workshop: Workshop) -> Iterator[str]:
    name = f"funcpack-test-{secrets.token_hex(6)}"
    workshop.engine.run("network", "create", name)
    try:
        yield name
    finally:
        workshop.engine.ask("network", "rm", name)


@pytest.fixture(scope="module")
def cloud_server(workshop: Workshop, build: Callable[[Path], str], network: str) -> Iterator[Cloud]:
    with workshop.run(build(FIXTURES / "aws"), "--network", network) as server:
        yield Cloud(server, f"http://{server.name}:8080")


@pytest.fixture
def cloud(cloud_server: Cloud) -> Cloud:
    """A server with four empty buckets and a queue."""
    assert cloud_server.server.request("POST", "/moto-api/reset").status == 200
    for bucket in ("pictures", "inbox", "vault", "library"):
        cloud_server.call("s3", "create_bucket", Bucket=bucket)
    cloud_server.call("sqs", "create_queue", QueueName="secrets")
    return cloud_server


@pytest.fixture
def run_sample(workshop: Workshop, build: Callable[[Path], str], network: str) -> RunSample:
    """Return a function that runs a sample as an arbitrary user on a read-only root."""

    def run(name: str, **variables: str) -> AbstractContextManager[Container]:
        options = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
        return workshop.run(build(samples.DIRECTORY / name), *LOCKED_DOWN, "--network", network, *options)

    return run


def sample_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((samples.DIRECTORY / name / "event.json").read_text())
    return event


def send(function: Container, event: dict[str, Any]) -> Answer:
    """Deliver an event as a broker would."""
    return function.request("POST", "/", STRUCTURED, json.dumps(event).encode())


def reply(function: Container, event: dict[str, Any]) -> tuple[str, Any]:
    """Deliver an event that the function handles, and return the type and data of the reply."""
    answer = send(function, event)
    assert answer.status == 200, answer.body
    assert answer.headers["ce-specversion"] == "1.0"
    return answer.headers["ce-type"], json.loads(answer.body)


def test_s3_lambda_leaves_a_tagged_marker(cloud: Cloud, run_sample: RunSample) -> None:
    event = sample_event("cloudevent/s3-lambda")
    key = "holidays/summer in Köln.jpg"

    with run_sample("cloudevent/s3-lambda", **cloud.variables, SOURCE_BUCKET="pictures") as function:
        first, second = reply(function, event), reply(function, event)

    assert first == ("com.example.s3.objectmarked", {"bucket": "pictures", "key": key, "marked": True})
    assert second == ("com.example.s3.objectmarked", {"bucket": "pictures", "key": key, "marked": False})
    tags = cloud.call("s3", "get_object_tagging", Bucket="pictures", Key=key)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"STATE": "DELETED", "FROM": "pictures"}


def test_secrets_are_queued_encrypted_and_decrypted(cloud: Cloud, run_sample: RunSample) -> None:
    key = "team/secret plans.txt"
    cloud.put("inbox", key, "attack at dawn")
    queue = f"{cloud.inside}/123456789012/secrets"
    settings = {"SOURCE_BUCKET": "inbox", "AWS_S3_BUCKET_NAME": "vault", "ENCRYPTION_KEY": ENCRYPTION_KEY}

    with run_sample("cloudevent/sqs-producer", **cloud.variables, SOURCE_BUCKET="inbox", QUEUE_URL=queue) as producer:
        assert reply(producer, sample_event("cloudevent/sqs-producer"))[0] == "com.example.secret.queued"
    (message,) = cloud.call("sqs", "receive_message", QueueUrl=queue)["Messages"]
    event = {**sample_event("cloudevent/sqs-lambda"), "data": message}
    with run_sample("cloudevent/sqs-lambda", **cloud.variables, **settings) as encrypter:
        answers = [reply(encrypter, event), reply(encrypter, event)]

    data = {"bucket": "vault", "key": key, "from": "inbox"}
    assert answers == [
        ("com.example.secret.encrypted", {**data, "state": "encrypted"}),
        ("com.example.secret.encrypted", {**data, "state": "already encrypted"}),
    ]
    assert (cloud.keys("inbox"), cloud.keys("vault")) == ([], [key])
    assert b"attack" not in cloud.call("s3", "get_object", Bucket="vault", Key=key)["Body"]
    command = samples.DIRECTORY / "cloudevent" / "sqs-lambda" / "decrypt.py"
    decrypted = samples.run(str(command), "vault", key, variables={**cloud.variables_here, **settings})
    assert decrypted.stdout == b"attack at dawn", decrypted.stderr


def test_txt_to_pdf_draws_the_story(cloud: Cloud, run_sample: RunSample) -> None:
    story = samples.DIRECTORY / "cloudevent" / "txt-to-pdf" / "story.txt"
    cloud.put("library", "story.txt", story.read_text())
    event = sample_event("cloudevent/txt-to-pdf")
    picture = {**event, "data": {"s3": {"bucket": {"name": "library"}, "object": {"key": "cat.jpg"}}}}

    with run_sample("cloudevent/txt-to-pdf", **cloud.variables, SOURCE_BUCKET="library") as function:
        made, skipped = reply(function, event), reply(function, picture)

    assert made == ("com.example.pdf.made", {"bucket": "library", "key": "story.txt", "pdf": "story.pdf"})
    assert skipped[0] == "com.example.pdf.skipped"
    document = cloud.call("s3", "get_object", Bucket="library", Key="story.pdf")["Body"]
    script = str(FIXTURES / "samples" / "read_pdf.py")
    read = subprocess.run([str(samples.python()), script], input=document, capture_output=True, check=True)
    (page,) = json.loads(read.stdout)
    for words in ("Möwen", "Маяк всё ещё светит", "שלום", "مرحبا", "a heart ❤", "[ship]"):
        assert words in page["text"]
    assert 0.01 < page["ink"] < 0.2


# The bucket of each sample's event.
SOURCE_BUCKETS = {
    "cloudevent/s3-lambda": "pictures",
    "cloudevent/sqs-lambda": "inbox",
    "cloudevent/sqs-producer": "inbox",
    "cloudevent/txt-to-pdf": "library",
}
WRONG_SHAPE = {"nothing": "of use"}
OTHER_BUCKET = {"s3": {"bucket": {"name": "vault"}, "object": {"key": "lost.txt"}}}
LOST_OBJECT = {"s3": {"bucket": {"name": "library"}, "object": {"key": "lost.txt"}}}
SECRET = {"s3": {"bucket": {"name": "inbox"}, "object": {"key": "secret.txt"}}}
LOST_SECRET = {"Body": '{"bucket": "inbox", "key": "lost.txt"}'}
SECRET_OF_OTHER_BUCKET = {"Body": '{"bucket": "vault", "key": "lost.txt"}'}


@pytest.mark.parametrize(
    ("name", "credentials", "refused"),
    [
        (
            "cloudevent/s3-lambda",
            "InvalidAccessKeyId",
            {"no S3 notification": WRONG_SHAPE, "not accepted": OTHER_BUCKET},
        ),
        (
            "cloudevent/sqs-producer",
            "SendMessage failed: 403",  # the server answers with XML, and boto3 expects JSON
            {"no S3 notification": WRONG_SHAPE, "not accepted": OTHER_BUCKET, "NonExistentQueue": SECRET},
        ),
        (
            "cloudevent/txt-to-pdf",
            "InvalidAccessKeyId",
            {"no S3 notification": WRONG_SHAPE, "not accepted": OTHER_BUCKET, "lost.txt is not in": LOST_OBJECT},
        ),
        (
            "cloudevent/sqs-lambda",
            "InvalidAccessKeyId",
            {
                "no message of the queue": WRONG_SHAPE,
                "not accepted": SECRET_OF_OTHER_BUCKET,
                "lost.txt is not in": LOST_SECRET,
            },
        ),
    ],
)
def test_what_no_attempt_can_do_is_refused_for_good(
    cloud: Cloud, run_sample: RunSample, name: str, credentials: str, refused: dict[str, Any]
) -> None:
    settings = {
        "SOURCE_BUCKET": SOURCE_BUCKETS[name],
        "AWS_S3_BUCKET_NAME": "vault",
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "QUEUE_URL": f"{cloud.inside}/123456789012/lost",
    }

    with run_sample(name, **cloud.variables, **settings) as function:
        answers = {words: send(function, {**sample_event(name), "data": data}) for words, data in refused.items()}
        cloud.check_credentials(after_calls="0")
        try:
            answers[credentials] = send(function, sample_event(name))
        finally:
            cloud.check_credentials(after_calls="inf")
        log = function.logs()

    for words, answer in answers.items():
        assert (answer.status, words in answer.body.decode()) == (422, True), answer.body
    assert log.count("event not handled (422): ") == len(answers)


@pytest.mark.parametrize("name", samples.EVENT_NAMES)
def test_an_event_comes_again_when_the_server_is_away(run_sample: RunSample, cloud: Cloud, name: str) -> None:
    away = {**cloud.variables, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "QUEUE_URL": "http://127.0.0.1:9/q"}
    settings = {
        "SOURCE_BUCKET": SOURCE_BUCKETS[name],
        "AWS_S3_BUCKET_NAME": "vault",
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
    }

    with run_sample(name, **away, **settings) as function:
        answer = send(function, sample_event(name))
        log = function.logs()

    assert (answer.status, answer.body) == (503, b"the request failed: EndpointConnectionError")
    assert "Could not connect" in log


def test_hello_greets_by_query_and_form(run_sample: RunSample) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}

    with run_sample("http/hello") as function:
        by_query = function.request("GET", "/?name=Ada")
        by_form = function.request("POST", "/", form, b"name=%3Cb%3E")

    assert b"<h1>Hello, Ada!</h1>" in by_query.body
    assert b"<h1>Hello, &lt;b&gt;!</h1>" in by_form.body


def test_adder_answers_with_status_codes(run_sample: RunSample) -> None:
    requests = [("GET", "/?a=0.1&b=0.2"), ("GET", "/?a=1"), ("GET", "/?a=x&b=1"), ("GET", "/x"), ("POST", "/?a=1&b=2")]

    with run_sample("http/adder") as function:
        answers = [function.request(method, path) for method, path in requests]

    assert [answer.status for answer in answers] == [200, 400, 422, 404, 405]
    assert json.loads(answers[0].body) == {"sum": "0.3"}
    assert answers[-1].headers["allow"] == "GET, HEAD"


def test_typed_json_names_the_field_that_does_not_fit(run_sample: RunSample) -> None:
    order = {"table": 4, "pizzas": [{"name": "Funghi", "size": "large", "extras": ["garlic"]}]}
    wrong = {"table": "window", "pizzas": []}

    with run_sample("http/typed-json") as function:
        taken = function.request("POST", "/", {"content-type": "application/json"}, json.dumps(order).encode())
        refused = function.request("POST", "/", {"content-type": "application/json"}, json.dumps(wrong).encode())

    assert json.loads(taken.body) == {"table": 4, "pizzas": 1, "total": 13}
    assert (refused.status, b"table" in refused.body) == (400, True)


def test_stream_sends_every_event(run_sample: RunSample) -> None:
    with run_sample("http/stream") as function:
        answer = function.request("GET", "/?from=2&pause=0.01")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.body == b"data: 2\n\ndata: 1\n\ndata: lift-off\n\n"


def test_fan_out_asks_both_services(run_sample: RunSample) -> None:
    with run_sample("http/adder") as adder:
        url = f"http://{adder.name}:8080/"
        with run_sample("http/fan-out", FIRST_URL=f"{url}?a=1&b=2", SECOND_URL=f"{url}?a=3&b=4") as function:
            answer = function.request("GET", "/")
        with run_sample("http/fan-out", FIRST_URL=url, SECOND_URL=url) as function:
            refused = function.request("GET", "/")

    assert {name: json.loads(text) for name, text in json.loads(answer.body).items()} == {
        "first": {"sum": "3"},
        "second": {"sum": "7"},
    }
    assert refused.status == 502


def test_webhook_takes_only_what_is_signed(run_sample: RunSample) -> None:
    body = b'{"repository": {"full_name": "ann/tools"}}'
    signature = f"sha256={hmac.new(b'opensesame', body, hashlib.sha256).hexdigest()}"

    with run_sample("http/webhook", WEBHOOK_SECRET="opensesame") as function:
        signed = function.request("POST", "/", {"X-Hub-Signature-256": signature}, body)
        changed = function.request("POST", "/", {"X-Hub-Signature-256": signature}, body + b" ")

    assert (signed.status, changed.status) == (202, 401)


def test_the_async_template_asks_its_own_health(workshop: Workshop, build: Callable[[Path], str]) -> None:
    image = build(ROOT / "templates" / "python" / "async")

    with workshop.run(image, *LOCKED_DOWN) as function:
        answer = function.request("GET", "/")

    assert json.loads(answer.body) == {"status": 200, "text": "ok\n"}
