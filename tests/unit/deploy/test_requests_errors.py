"""The error texts of requests, word by word."""

from __future__ import annotations

from funcpack import deployment_errors as errors

CASES = [
    (
        errors.NetworkError("https://run.googleapis.com", "Connection refused.", is_sent=False),
        1,
        """\
No answer from the server
https://run.googleapis.com: Connection refused.

Check the network and the settings of the proxy.
Run the command again.""",
    ),
    (
        errors.CertificateError(
            "https://run.test", "its certificate is not trusted (self-signed certificate)", is_sent=False
        ),
        1,
        """\
The certificate is not trusted
https://run.test: its certificate is not trusted (self-signed certificate).

If a proxy or a private server has this certificate, set SSL_CERT_FILE to a file with its authority.""",
    ),
    (
        errors.UnknownOutcomeError("Create the service", "https://run.googleapis.com", "Server disconnected."),
        1,
        """\
The connection was cut
Create the service: https://run.googleapis.com: Server disconnected.
The request was sent, and it is not known whether the server has done it. It was not sent a second time.

See what is deployed: funcpack describe
You can run a deployment again. It continues with what is there already.""",
    ),
    (
        errors.DeadlineError("Build the image", 600, "Run it again.\nIt goes on."),
        1,
        """\
The deadline has passed
Build the image: not finished after 600 seconds.

Run it again.
It goes on.""",
    ),
    (
        errors.DeadlineError("Build the image", 0.5, "Run it again.", "Build the image: Busy (503 UNAVAILABLE)."),
        1,
        """\
The deadline has passed
Build the image: not finished after 0.5 seconds.
Build the image: Busy (503 UNAVAILABLE).

Run it again.""",
    ),
    (
        errors.RejectedRequestError("Create the service", 400, "Unknown name.", "INVALID_ARGUMENT"),
        1,
        """\
The request was rejected
Create the service: Unknown name (400 INVALID_ARGUMENT).

Correct what the message names. Then run the command again.""",
    ),
    (
        errors.RejectedRequestError("Create the service", 503, "Busy", "UNAVAILABLE"),
        1,
        """\
The request was rejected
Create the service: Busy (503 UNAVAILABLE).

The server is not available at the moment. Wait a few minutes.
Run the command again.""",
    ),
    (
        errors.PermissionDeniedError("Create the service", 403, "Denied", "PERMISSION_DENIED"),
        1,
        """\
Permission denied
Create the service: Denied (403 PERMISSION_DENIED).

Check that the project and the account are the ones that you mean: gcloud auth list
Ask an administrator of the project for the roles in docs/deploy/permissions.md.""",
    ),
    (
        errors.ServiceDisabledError("Create the service", 403, "Not used", "S", "run.googleapis.com", "123"),
        1,
        """\
The API is not enabled
Create the service: Not used (403 S).

Enable it, wait a minute, and run the command again:

  gcloud services enable run.googleapis.com --project 123""",
    ),
    (
        errors.ServiceDisabledError("Create the service", 403, "Not used", "S", "run.googleapis.com", None),
        1,
        """\
The API is not enabled
Create the service: Not used (403 S).

Enable it, wait a minute, and run the command again:

  gcloud services enable run.googleapis.com""",
    ),
    (
        errors.RejectedCredentialsError("Read the service", 401, "Invalid", "UNAUTHENTICATED"),
        1,
        """\
Expired or invalid credentials
Read the service: Invalid (401 UNAUTHENTICATED).

If CLOUDSDK_AUTH_ACCESS_TOKEN is set, set it to a new token: gcloud auth print-access-token
Otherwise log in again: gcloud auth application-default login""",
    ),
    (
        errors.IncompleteAnswerError("Create the service", "name"),
        1,
        """\
Unexpected answer
Create the service: the answer has no field 'name'.

Check that the variables CLOUDSDK_API_ENDPOINT_OVERRIDES_* and those of the proxy name the right servers.
Run the command again.""",
    ),
    (
        errors.NoJsonError("https://run.googleapis.com", "text/html"),
        1,
        """\
Unexpected answer
https://run.googleapis.com: the answer is not a JSON object (Content-Type: text/html).

Check that the variables CLOUDSDK_API_ENDPOINT_OVERRIDES_* and those of the proxy name the right servers,
and that the network does not require a login.""",
    ),
]
