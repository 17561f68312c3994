"""The directories of the tools' inputs and outputs, and the names and versions that several tools share."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
LOGS = DIST / "logs"
STAMPS = DIST / "stamps"
BUILDPACK = DIST / "buildpack"
PREPARED = DIST / "prepared"
DISTRIBUTIONS = DIST / "pypi"
NOTES = DIST / "notes.md"
NOTICE = DIST / "notice.md"
IMAGES = DIST / "images"
TOOLS = ROOT / ".tools"
PACK = TOOLS / "bin" / "pack"
REGISTRY = TOOLS / "bin" / "registry"
CRANE = TOOLS / "bin" / "crane"
COSIGN = TOOLS / "bin" / "cosign"
LIFECYCLE = TOOLS / "lifecycle"
VENV = ROOT / ".venv"
PICTURES = ROOT / "docs" / "pictures"

BUILDER_IMAGE = "funcpack/builder"
REPOSITORY = "https://github.com/funcpack/funcpack"

# The lifecycle's exporter sets this time for every file and image, so the same input leads to the same image:
# 1980-01-01T00:00:01Z.
SOURCE_DATE_EPOCH = 315532801


def reproducible_environment() -> dict[str, str]:
    """Return the environment of this process with SOURCE_DATE_EPOCH, for programs that would write the current date."""
    return {**os.environ, "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH)}
