"""Creates clients for AWS or a compatible server, and maps their errors to a status for the broker.

Each sample has a copy of this file, so that you can copy the directory of a sample on its own.
"""

import logging
from functools import cache
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config
from settings import NotReadyError

log = logging.getLogger(__name__)

# Error codes for which a retry can succeed. For any other 4xx, a retry fails the same way.
RETRYABLE = {
    "ConditionalRequestConflict",
    "ExpiredToken",
    "ExpiredTokenException",
    "KmsThrottled",
    "OperationAborted",
    "PreconditionFailed",
    "RequestThrottled",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
}


# The server did not respond, or the response was cut short.
UNREACHED = (
    exceptions.ConnectionError,
    exceptions.CredentialRetrievalError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
)


class EventError(Exception):
    """The event cannot be handled, and a retry cannot help."""


FAULTS = (EventError, NotReadyError, exceptions.BotoCoreError, exceptions.ClientError)


@cache
def client(service: str) -> Any:
    """Return the client for a service. It is created lazily, so importing the function needs no network and no settings.

    boto3 reads the endpoint, the region and the credentials from the AWS_* variables and from its other sources.
    """
    settings = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
    # Uses a separate session, because boto3's default session is not thread-safe.
    return boto3.Session().client(service, config=settings)


def refusal(fault: Exception) -> tuple[str, int]:
    """Return the response for an event that was not handled: 503, which a broker retries, or 422, which it does not.

    The server's message can contain account IDs, ARNs and addresses, so only the log gets it. The caller gets the code.
    """
    status = 503 if _may_pass(fault) else 422
    detail = "".join(character if character.isprintable() else " " for character in str(fault))
    log.warning("event not handled (%d): %s", status, detail)
    return _reason(fault), status


def code(fault: exceptions.ClientError) -> str:
    """Return the error code, such as NoSuchKey or AccessDenied, or the status if the response has no code."""
    return str(fault.response.get("Error", {}).get("Code") or _http_status(fault))


def _reason(fault: Exception) -> str:
    if isinstance(fault, exceptions.ClientError):
        return f"{fault.operation_name} failed: {code(fault)}"
    if isinstance(fault, exceptions.BotoCoreError):
        return f"the request failed: {type(fault).__name__}"
    return str(fault)


def _may_pass(fault: Exception) -> bool:
    if isinstance(fault, exceptions.ClientError):
        status = _http_status(fault)
        return status >= 500 or status == 429 or code(fault) in RETRYABLE
    return isinstance(fault, (NotReadyError, *UNREACHED))


def _http_status(fault: exceptions.ClientError) -> int:
    return int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
