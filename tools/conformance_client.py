"""Builds the client of the CloudEvents conformance suite, and finds its events, at the version in the Go module conformance/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tools import golang, stamp
from tools.places import ROOT, TOOLS

if TYPE_CHECKING:
    from tools.progress import Progress, Step

MODULE = ROOT / "tools" / "conformance"
SOURCE = "github.com/cloudevents/conformance"
CLIENT = TOOLS / "bin" / "cloudevents"


def ensure(progress: Progress, step: Step) -> None:
    """Build the pinned client.

    Raises ToolError if Go is missing or fails.
    """
    inputs = stamp.digest(MODULE)
    if stamp.is_current("conformance", inputs) and CLIENT.exists():
        step.result = "up to date"
        return
    golang.build(progress, MODULE, [f"{SOURCE}/cmd/cloudevents"], "-s -w", CLIENT)
    stamp.write("conformance", inputs)


def events(progress: Progress) -> Path:
    """Return the directory with the suite's events in YAML.

    Raises ToolError if Go is missing or fails.
    """
    progress.run(["go", "mod", "download", SOURCE], cwd=MODULE)
    return Path(progress.run(["go", "list", "-m", "-f", "{{.Dir}}", SOURCE], cwd=MODULE).strip()) / "yaml"
