"""The audit, with the real auditors and databases that the test serves: it names what is vulnerable, and since when a fix exists."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tools import audit, audit_go, audit_python, errors
from tools.advisories import Finding, Fix
from tools.errors import ToolError
from tools.places import ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HASH = "sha256:" + "0" * 64
LOCK = f"iniconfig==1.0.0 --hash={HASH}\njinja2==2.10 --hash={HASH}\n"
UNREACHABLE = "http://127.0.0.1:1"

# As https://api.osv.dev/v1/query answers, without the texts.
SANDBOX_ESCAPE = {
    "id": "GHSA-462w-v97r-4m45",
    "aliases": ["CVE-2019-10906"],
    "published": "2019-04-10T14:30:24Z",
    "modified": "2026-02-04T03:12:47Z",
    "summary": "Jinja2 sandbox escape via string formatting",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10.1"}]}],
        }
    ],
}

# As the files of https://go.dev/doc/security/vuln/database, which govulncheck can read from a directory.
GO_ADVISORY = {
    "schema_version": "1.3.1",
    "id": "GO-2026-0001",
    "published": "2026-01-04T00:00:00Z",
    "modified": "2026-01-05T00:00:00Z",
    "affected": [
        {
            "package": {"name": "stdlib", "ecosystem": "Go"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.999.0"}]}],
            "ecosystem_specific": {"imports": [{"path": "strings", "symbols": ["ToUpper"]}]},
        }
    ],
}
GO_DATABASE = {
    "index/db.json": {"modified": "2026-01-05T00:00:00Z"},
    "index/modules.json": [
        {
            "path": "stdlib",
            "vulns": [{"id": "GO-2026-0001", "modified": "2026-01-05T00:00:00Z", "fixed": "1.999.0"}],
        }
    ],
    "index/vulns.json": [{"id": "GO-2026-0001", "modified": "2026-01-05T00:00:00Z"}],
    "ID/GO-2026-0001.json": GO_ADVISORY,
}


class _Osv(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"vulns": [SANDBOX_ESCAPE]} if query["package"]["name"] == "jinja2" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""


@contextmanager
def osv() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Osv)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "log")


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "lock.txt"
    file.write_text(LOCK)
    return file


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Return a Go module with a program that uses the vulnerable package."""
    directory = tmp_path / "module"
    (directory / "cmd").mkdir(parents=True)
    (directory / "go.mod").write_text("module example.com/module\n\ngo 1.26\n\ntool example.com/module/cmd\n")
    (directory / "cmd" / "main.go").write_text(
        'package main\n\nimport "strings"\n\nfunc main() { println(strings.ToUpper("a")) }\n'
    )
    return directory


def test_vulnerable_package_is_named_with_the_day_of_the_fix(progress: Progress, lock: Path) -> None:
    with osv() as database:
        found = audit_python.findings(progress, [lock], database)
    assert found == [
        Finding("lock.txt", "jinja2", "2.10", "CVE-2019-10906", (Fix("2.10.1", "2019-04-06"),)),
    ]


def test_vulnerable_go_package_is_named(progress: Progress, module: Path, tmp_path: Path) -> None:
    for name, content in GO_DATABASE.items():
        (tmp_path / "database" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "database" / name).write_text(json.dumps(content))
    (found,) = audit_go.findings(progress, [module], f"file://{tmp_path}/database")
    assert (found.place, found.package, found.advisory) == ("module", "strings", "GO-2026-0001")
    assert found.fixes == (Fix("v1.999.0", None),)


def test_day_of_a_release_of_a_go_module() -> None:
    module = ROOT / "tools" / "checks"
    assert audit_go.released("golang.org/x/sync", "v0.20.0", module) == "2026-02-23"
    assert audit_go.released("golang.org/x/sync", "v0.20.99", module) is None


def test_unreachable_database_of_python_is_a_failure(progress: Progress, lock: Path) -> None:
    with pytest.raises(ToolError, match="the database of advisories does not answer") as caught:
        audit_python.findings(progress, [lock], UNREACHABLE)
    assert caught.value.found.startswith(f"{UNREACHABLE}\n")
    assert "127.0.0.1" in caught.value.found.partition("\n")[2]


def test_unreachable_database_of_go_is_a_failure(progress: Progress, module: Path) -> None:
    with pytest.raises(ToolError, match="the database of advisories does not answer"):
        audit_go.findings(progress, [module], UNREACHABLE)


def test_all_locks_and_programs_are_audited() -> None:
    names = {str(lock.relative_to(ROOT)) for lock in audit_python.LOCKS}
    assert {"invoker/requirements.txt", "requirements/dev.txt", "requirements/uv.txt"} <= names
    assert all("--hash=" in lock.read_text() for lock in audit_python.LOCKS)
    assert {module.name for module in audit_go.MODULES} >= {"checks", "conformance", "lifecycle", "pack"}


FOUND = Finding("requirements/dev.txt", "jinja2", "2.10", "GHSA-1", (Fix("2.10.1", "2019-04-06"), Fix("3.0", None)))


def test_both_auditors_run_before_the_findings_are_reported(
    progress: Progress, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(_: Progress) -> list[Finding]:
        raise errors.no_advisories("https://vuln.go.dev", "no such host")

    monkeypatch.setattr(audit, "AUDITS", {"Go": unreachable, "Python": lambda _: [FOUND]})
    with pytest.raises(ToolError, match="known vulnerabilities"):
        audit.audit(progress)
    assert "failed" in capsys.readouterr().out
    monkeypatch.setattr(audit, "AUDITS", {"Python": lambda _: [], "Go": unreachable})
    with pytest.raises(ToolError, match="does not answer"):
        audit.audit(progress)


def test_text_of_the_findings() -> None:
    none = Finding("tools/pack", "a.example/b", "v1.0.0", "GO-1", ())
    assert errors.vulnerable([FOUND, none]).found == (
        "requirements/dev.txt: jinja2 2.10: GHSA-1, fixed in 2.10.1 (released on 2019-04-06)"
        " and 3.0 (date of the release unknown)\n"
        "tools/pack: a.example/b v1.0.0: GO-1, no release fixes it"
    )
