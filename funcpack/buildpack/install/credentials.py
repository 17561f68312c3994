"""The package index and its credentials from service bindings.

A binding of type `pypi` has a `uri` and optionally `username` and `password`. A binding of type `netrc` has a file `netrc` or
`.netrc`. uv receives the credentials in a file that is removed after the installation.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from funcpack.buildpack.install.redaction import without_credentials
from funcpack.buildpack.platform import bindings
from funcpack.errors import BindingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from funcpack.buildpack.platform.bindings import Binding
    from funcpack.buildpack.platform.context import Context
    from funcpack.buildpack.platform.log import Log


@contextmanager
def temporary_netrc(context: Context, env: Mapping[str, str], log: Log) -> Iterator[dict[str, str]]:
    """Write the credentials to a file for the block, and yield the variables that make uv use them and the index.

    Raises:
        BindingError: A binding lacks a value that its type requires.
        BindingFileError: A value cannot be read.

    """
    indexes = bindings.find_bindings("pypi", context.platform, env)
    logins = [_netrc(binding) for binding in bindings.find_bindings("netrc", context.platform, env)]
    if not indexes and not logins:
        yield {}
        return
    log.title("Package index")
    variables = _default_index(indexes, env, log)
    entries = [entry for binding in indexes if (entry := _entry(binding, log))] + logins
    # Without credentials, uv reads the user's own netrc file.
    if not entries:
        log.line("The service bindings have no credentials.")
        yield variables
        return
    import tempfile  # noqa: PLC0415 - slow, and most builds have no binding

    log.line("Using the credentials from service bindings during this build.")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="netrc-") as file:
        file.write("\n".join(entries) + "\n")
        file.flush()
        yield variables | {"NETRC": file.name}


def _default_index(indexes: Sequence[Binding], env: Mapping[str, str], log: Log) -> dict[str, str]:
    if not indexes or "UV_DEFAULT_INDEX" in env:
        return {}
    uri = _uri(indexes[0])
    log.line(f"Using {without_credentials(uri)} from the service binding '{indexes[0].name}'.")
    return {"UV_DEFAULT_INDEX": uri}


def _uri(binding: Binding) -> str:
    uri = binding.value("uri") or binding.value("url")
    if uri is None or not _host(uri):
        raise BindingError(binding.name, binding.type, "has no file 'uri' with the URL of the index")
    return uri


def _entry(binding: Binding, log: Log) -> str | None:
    """Return the login of an index for a netrc file, or None if the index needs none."""
    host = _host(_uri(binding))
    username, password = binding.value("username"), binding.value("password")
    if username and password:
        return f"machine {host} login {username} password {password}"
    if username or password:
        missing = "password" if username else "username"
        log.line(f"Warning: not using the credentials of '{binding.name}', which has no file '{missing}'.")
    return None


def _host(uri: str) -> str | None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - see above

    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


def _netrc(binding: Binding) -> str:
    content = binding.value("netrc") or binding.value(".netrc")
    if not content:
        raise BindingError(binding.name, binding.type, "has no file 'netrc' with credentials")
    return content
