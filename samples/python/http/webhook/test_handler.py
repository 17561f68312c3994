import hashlib
import hmac

import pytest
from handler import handler

SECRET = "It's a Secret to Everybody"  # noqa: S105 - the secret in GitHub's documentation
BODY = b'{"action": "opened", "repository": {"full_name": "ann/tools"}}'


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)


def signature(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def test_signature_is_the_one_github_documents() -> None:
    documented = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    # The signature is valid, but "Hello, World!" is not JSON. The function checks the signature before it parses the body.
    assert handler(b"Hello, World!", {"X-Hub-Signature-256": documented}) == ("the body is not JSON", 400)


def test_signed_delivery_is_accepted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    headers = {"X-Hub-Signature-256": signature(BODY), "X-GitHub-Event": "issues"}

    with caplog.at_level("INFO"):
        assert handler(BODY, headers) == ("accepted", 202)
    assert caplog.messages == ["'issues' from 'ann/tools'"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"X-Hub-Signature-256": signature(BODY)[7:]}, id="without algorithm"),
        pytest.param({"X-Hub-Signature-256": signature(BODY, "another")}, id="another secret"),
        pytest.param({"X-Hub-Signature-256": signature(b"another body")}, id="another body"),
        pytest.param({"X-Hub-Signature-256": "sha256=é"}, id="not ASCII"),
    ],
)
def test_delivery_without_the_right_signature_is_refused(headers: dict[str, str]) -> None:
    assert handler(BODY, headers) == ("the signature is missing or wrong", 401)


@pytest.mark.parametrize("body", [b"[]", b"1", b'{"repository": "x"}', b'{"repository": null}'])
def test_signed_json_of_any_shape_is_accepted(body: bytes) -> None:
    assert handler(body, {"X-Hub-Signature-256": signature(body)}) == ("accepted", 202)


def test_without_a_secret_nothing_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "")

    assert handler(BODY, {"X-Hub-Signature-256": signature(BODY, "")})[1] == 503
