"""The access token: the one of CLOUDSDK_AUTH_ACCESS_TOKEN, else one of Application Default Credentials.

See https://cloud.google.com/docs/authentication/application-default-credentials. Nothing here prints or keeps a token.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

from funcpack.deployment_errors import InvalidTokenError, NoCredentialsError, NoGoogleAuthError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_VARIABLE = "CLOUDSDK_AUTH_ACCESS_TOKEN"  # noqa: S105 - the name of the variable
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Credentials(Protocol):
    """What authorizes requests."""

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the headers that authorize a request."""

    def refresh(self) -> bool:
        """Get a new token. Return false if there is no way to get one."""

    @property
    def account(self) -> str | None:
        """The email of the service account, or None if they are a user's or not known."""


def credentials(environ: Mapping[str, str]) -> Credentials:
    """Return the credentials of the environment.

    Raises:
        InvalidTokenError: the token of the variable cannot be sent.
        NoGoogleAuthError: there is no such token, and google-auth is not installed.
        NoCredentialsError: there are no Application Default Credentials.

    """
    token = environ.get(TOKEN_VARIABLE, "").strip()
    return AccessToken(token) if token else DefaultCredentials()


class AccessToken:
    """A token that the user has got."""

    def __init__(self, token: str) -> None:
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise InvalidTokenError
        self._token = token

    def headers(self, _method: str, _url: str) -> Mapping[str, str]:
        """Return the header with the token."""
        return {"authorization": f"Bearer {self._token}"}

    def refresh(self) -> bool:
        """Return false: only the user can get another one."""
        return False

    @property
    def account(self) -> None:
        """None: a token does not tell whose it is."""
        return None


class DefaultCredentials:
    """Application Default Credentials: of a file, of the user's login, of the machine or of another cloud."""

    def __init__(self) -> None:
        try:
            import google.auth  # noqa: PLC0415 - an extra
            import google.auth.transport.requests  # noqa: PLC0415 - an extra
        except ImportError as exc:
            raise NoGoogleAuthError from exc
        self._session = google.auth.transport.requests.Request()
        self._failures = google.auth.exceptions.GoogleAuthError
        try:
            with warnings.catch_warnings():
                # It advises users of a login to set a quota project, which has nothing to do with this command.
                warnings.simplefilter("ignore", UserWarning)
                self._credentials: Any = google.auth.default(scopes=[_SCOPE], request=self._session)[0]
        except self._failures as exc:
            raise _unusable(exc) from exc

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the headers, with a token that is valid for at least some minutes.

        Raises:
            NoCredentialsError: Google does not give one, for example because the login has expired.

        """
        found: dict[str, str] = {}
        try:
            self._credentials.before_request(self._session, method, url, found)
        except self._failures as exc:
            raise _unusable(exc) from exc
        return found

    def refresh(self) -> bool:
        """Get a new token.

        Raises:
            NoCredentialsError: Google does not give one.

        """
        try:
            self._credentials.refresh(self._session)
        except self._failures as exc:
            raise _unusable(exc) from exc
        return True

    @property
    def account(self) -> str | None:
        """The email of the service account, or None for a user's login."""
        email = getattr(self._credentials, "service_account_email", None)
        # Until its first token, a machine calls its account so.
        return None if email == "default" else email


def _unusable(error: Exception) -> NoCredentialsError:
    """Return the error for one of google-auth. Its first argument is the message; others are whole answers."""
    message = " ".join(str(error.args[0] if error.args else error).split())
    return NoCredentialsError(message if message.endswith(".") else f"{message}.")
