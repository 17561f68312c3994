"""Credentials for package indexes, in the form of service bindings: the login of the default index, and a netrc file.

A netrc file has one login for each host. Another login for the same host stays in the URL, and so in a variable of the build.
"""

from __future__ import annotations

import netrc
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Programs disagree on how a netrc file quotes other characters.
_PLAIN = re.compile(r"[^\s\"\\#]+")
_URL = re.compile(r"\w[\w+.-]*://[^\s,]+")


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and a password."""

    username: str
    password: str

    @property
    def is_plain(self) -> bool:
        """Whether a netrc file can contain it."""
        return all(_PLAIN.fullmatch(part) for part in (self.username, self.password))


@dataclass(slots=True)
class Credentials:
    """The credentials for a build. `netrc_file` is the user's own netrc file, with the logins `of_user` by host.

    If a build cannot have bindings, all logins stay where they are.
    """

    has_bindings: bool = True
    netrc_file: Path | None = None
    of_user: Mapping[str, Login] = field(default_factory=dict)
    default_index: str | None = None
    default_login: Login | None = None
    logins: dict[str, Login] = field(default_factory=dict)

    def separate(self, value: str, *, is_default: bool) -> str:
        """Take the logins out of the URLs in a value, and return the rest."""
        return _URL.sub(lambda match: self._separated(match[0], is_default=is_default), value)

    def add(self, url: str, login: Login) -> bool:
        """Add the login for the host of a URL; return False if a netrc file cannot contain it."""
        host = urlsplit(url).hostname
        if not self.has_bindings or not host or not login.is_plain or self._known(host) not in {None, login}:
            return False
        self.logins[host] = login
        return True

    def netrc(self) -> str:
        """Return the content of a netrc file with all logins, those of the user last."""
        entries = [
            f"machine {host} login {login.username} password {login.password}\n" for host, login in self.logins.items()
        ]
        own = self.netrc_file.read_text(encoding="utf-8", errors="replace") if self.netrc_file else ""
        return "".join(entries) + own

    def hosts(self) -> list[str]:
        """Return the hosts of all logins that do not come from the user's netrc file."""
        default = urlsplit(self.default_index or "").hostname
        return sorted({*self.logins, *([default] if default else [])})

    def _known(self, host: str) -> Login | None:
        of_default = self.default_login if host == urlsplit(self.default_index or "").hostname else None
        return of_default or self.logins.get(host) or self.of_user.get(host)

    def _separated(self, url: str, *, is_default: bool) -> str:
        parts, login = _split(url)
        if login is None or not self.add(url, login):
            return url
        rest = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        if is_default:
            self.default_index, self.default_login = rest, self.logins.pop(str(parts.hostname))
        return rest


def read_netrc(file: Path | None) -> dict[str, Login]:
    """Return the logins in a netrc file by host. The programs that use it report what is wrong with it."""
    if file is None:
        return {}
    try:
        hosts = netrc.netrc(file).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return {}
    return {host: Login(login, password) for host, (login, _, password) in hosts.items()}


def _split(url: str) -> tuple[SplitResult, Login | None]:
    """Return the parts of a URL, and its login if it has both a user name and a password."""
    try:
        parts = urlsplit(url)
        username, password = parts.username, parts.password
    except ValueError:
        return SplitResult("", "", url, "", ""), None
    if not username or not password:
        return parts, None
    return parts, Login(unquote(username), unquote(password))
