"""What keeps the function from being served, and how the front says so: as text, or as a page for a browser."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from funcpack.errors import UserError, render

if TYPE_CHECKING:
    from funcpack_invoker.http.asgi import Header

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem; }}
  h1 {{ font-size: 1.4rem; border-left: .3rem solid #d33; padding-left: .8rem; }}
  pre {{ font: 14px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }}
</style>
<h1>{title}</h1>
<pre>{message}</pre>
<p>Save the corrected file, and load this page again.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason why the function is not served.

    `title` is a plain statement, `message` the finding and the remedy, in several lines. `lines` are those of the message that
    the function's process wrote itself, as it wrote them.
    """

    title: str
    message: str
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: UserError) -> Problem:
        """Return the problem that an error of the project is."""
        return cls(error.title, "\n".join(render(error)))

    def answer(self, accept: bytes) -> tuple[list[Header], bytes]:
        """Return the headers and the body of the answer to a client that accepts these media types."""
        if b"text/html" in accept.lower():
            body = _PAGE.format(title=escape(self.title), message=escape(self.message)).encode(errors="replace")
            media_type = b"text/html; charset=utf-8"
        else:
            body = f"{self.title}\n\n{self.message}\n".encode(errors="replace")
            media_type = b"text/plain; charset=utf-8"
        # A browser that shows the page again after a fix must not take it from its cache.
        return [(b"content-type", media_type), (b"cache-control", b"no-store")], body
