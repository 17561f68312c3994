"""Functions in packages that the build installs: their sources may be in other directories of the app, or not in the app at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.check.modules import Modules, OpaqueModuleError
from funcpack.errors import MissingModuleError
from funcpack.project.app_files import children, is_directory, source_roots
from funcpack.project.package_names import normalized
from funcpack.similar_names import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.handler_name import Handler

NOT_IN_APP = "its module is not in the app, but may be in an installed package"

# Directories that contain copies of sources, or sources that are not installed.
_NO_SOURCES = frozenset({"build", "dist", "node_modules", "site-packages", "tests", "vendor"})
_DEEPEST = 3


def source_root(module: str, app: Path, dependencies: Dependencies | None) -> Path | None:
    """Return the only directory of the app, other than its root and `src`, from which a package with the module is installed."""
    if dependencies is None or not dependencies.has_sources:
        return None
    roots = [root for root in _directories(app, _DEEPEST) if _contains(root, module)]
    return roots[0] if len(roots) == 1 else None


def may_be_installed(module: str, dependencies: Dependencies | None, app_modules: list[str]) -> bool:
    """Check whether an installed package may contain the module: one with a similar name, or one with sources in the app.

    A name that is almost that of a module of the app is a mistake rather than a package with sources.
    """
    if dependencies is None:
        return False
    name = module.partition(".")[0]
    if any(_is_similar(normalized(name), package) for package in dependencies.names if package):
        return True
    return dependencies.has_sources and nearest(name, app_modules) is None


def _is_similar(module: str, package: str) -> bool:
    return module == package or package.startswith(f"{module}-") or module.startswith(f"{package}-")


def check_installed(handler: Handler, app: Path, site_packages: Path) -> None:
    """Check that the handler's module is in the function's environment.

    Raises:
        MissingModuleError: It is not.

    """
    directories = list(_path_entries(site_packages))
    # An editable installation may find its modules with code.
    if None in directories:
        return
    try:
        found = Modules(site_packages, [path for path in directories if path]).find(handler.module)
    except OpaqueModuleError:
        return
    if found is None:
        modules = Modules(app, source_roots(app))
        raise MissingModuleError(handler.text, handler.origin, handler.module, modules.names(), searched_packages=True)


def _directories(app: Path, depth: int) -> Iterator[Path]:
    for path in children(app) if depth else ():
        if (
            is_directory(path)
            and not path.is_symlink()
            and not path.name.startswith(".")
            and path.name not in _NO_SOURCES
        ):
            yield path
            yield from _directories(path, depth - 1)


def _contains(directory: Path, module: str) -> bool:
    try:
        return Modules(directory, (directory,)).find(module) is not None
    except OpaqueModuleError:
        return False


def _path_entries(site_packages: Path) -> Iterator[Path | None]:
    """Return the directories that the environment adds to `sys.path`; None stands for code that adds others."""
    yield site_packages
    for file in sorted(site_packages.glob("*.pth")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            yield None if line.startswith(("import ", "import\t")) else site_packages / line.strip()
