from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack.project.embedded_credentials import find_credentials

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.buildpack.builds import Platform

HANDLER = "def handler(req): ...\n"
URL = "https://orders:hunter2_of_the_index@index.example.com/simple"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ"


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        (f"--index-url {URL}", True),
        (f"orders @ git+{URL}", True),
        (f"orders @ git+https://{TOKEN}@example.com/orders", True),
        ("--index-url https://:secret@example.com/simple", True),
        ("--index-url https://${USER}:${PASSWORD}@example.com/simple", False),
        ("--index-url https://orders:$PASSWORD@example.com/simple", False),
        ("--index-url https://${TOKEN_OF_THE_REPOSITORY}@example.com/simple", False),
        ("--index-url https://organization@pkgs.dev.azure.com/simple", False),
        ("orders @ git+ssh://git@github.com/orders/orders", False),
        ("orders @ https://example.com/a@b:c.whl", False),
        ("UV_INDEX_ORDERS_PASSWORD: secret", True),
        ("UV_INDEX_ORDERS_USERNAME: orders", False),
    ],
)
def test_lines_with_credentials(tmp_path: Path, line: str, is_secret: bool) -> None:
    (tmp_path / "requirements.txt").write_text(f"# Orders\n{line}\n")
    found = find_credentials(tmp_path, [tmp_path / "requirements.txt"])
    assert found == (("requirements.txt, line 2",) if is_secret else ())


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": f"--index-url {URL}\n"},
        {"requirements.txt": "-r more/index.txt\n", "more/index.txt": f"-i {URL}\nsix==0 ; python_version < '3'\n"},
        {"pip.conf": f"[global]\nindex-url = {URL}\n"},
        {"uv.toml": f"[[index]]\nurl = '{URL}'\n"},
        {"pyproject.toml": f"[[tool.uv.index]]\nurl = '{URL}'\n"},
        {"uv.lock": f"source = {{ registry = '{URL}' }}\n", "requirements.txt": "six==0 ; python_version < '3'\n"},
        {"project.toml": f"[[build.env]]\nname = 'PIP_INDEX_URL'\nvalue = '{URL}'\n"},
        {".netrc": "machine example.com login orders password hunter2_of_the_index\n"},
    ],
)
def test_warning_names_the_file_but_not_the_secret(rebuilt: Platform, files: dict[str, str]) -> None:
    rebuilt.write({"handler.py": HANDLER, **files})
    result = rebuilt.build({"UV_OFFLINE": "1"})
    assert "Warning: these files contain credentials, which become part of the image:" in result.output
    *_, name = [name for name, text in files.items() if "hunter2" in text]
    assert f"  {name}" in result.output
    assert "hunter2" not in result.output


def test_a_project_without_credentials(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, "pip.conf": "[global]\nindex-url = https://index.example.com/simple\n"})
    assert "credentials" not in rebuilt.build_well().output
