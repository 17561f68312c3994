"""Receives webhooks that are signed as GitHub signs them, and trusts no others.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Mapping

log = logging.getLogger(__name__)


def handler(body: bytes, headers: Mapping[str, str]) -> tuple[str, int]:
    """Answer 202 to a signed delivery, 401 to one whose signature is missing or wrong, 400 to one that is no JSON."""
    secret = os.environ.get("WEBHOOK_SECRET", "")
    if not secret:
        log.error("WEBHOOK_SECRET is not set: every delivery is refused")
        return "this receiver is not set up", 503
    if not is_signed(body, headers.get("X-Hub-Signature-256", ""), secret):
        return "the signature is missing or wrong", 401
    try:
        delivery = json.loads(body)
    except ValueError:
        return "the body is no JSON", 400
    log.info("%r from %r", headers.get("X-GitHub-Event"), repository_of(delivery))
    return "accepted", 202


def repository_of(delivery: object) -> str | None:
    """Return the name of the repository a delivery is about, None if it is about none."""
    match delivery:
        case {"repository": {"full_name": str(name)}}:
            return name
    return None


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the signature is that of the body, compared in a time that tells nothing about how wrong it is."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}".encode(), signature.encode())
