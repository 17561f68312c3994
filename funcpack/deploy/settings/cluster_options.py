"""Checks the options of clusters: the namespace, which becomes a part of URLs, and the image, which the cluster would fail to pull."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.command_errors import OptionValueError

if TYPE_CHECKING:
    from funcpack.deploy.settings.options import Options

# RFC 1123: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

# The grammar of https://pkg.go.dev/github.com/distribution/reference, which container runtimes use.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
_IMAGE = re.compile(rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*(?::{_TAG})?(?:@{_DIGEST})?")


def check_cluster_options(options: Options) -> None:
    """Check the namespace and the image, if they are given.

    Raises:
        OptionValueError: One of them is not valid.

    """
    if options.namespace and not _NAMESPACE.fullmatch(options.namespace):
        problem = (
            "is not the name of a namespace. A name contains only lowercase letters, digits and dashes, neither begins nor ends with "
            "a dash, and has at most 63 characters"
        )
        raise OptionValueError("--namespace", options.namespace, problem, "--namespace shop")
    if options.image and not _IMAGE.fullmatch(options.image):
        raise OptionValueError(
            "--image", options.image, "is not the name of an image", "--image registry.example.com/orders:1.0.0"
        )
