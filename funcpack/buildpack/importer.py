"""Lets Python read a module's bytecode once: zipimport does so a second time to tell the file's name.

It is a module for the image's own Python, beside the archive that it is for; a line of a .pth file imports it at each start.
"""

import sys
from zipimport import ZipImportError, zipimporter

_ARCHIVE = __file__.rpartition("/")[0] + ".zip"


class Importer(zipimporter):
    """Imports from the archive, in which every module has bytecode."""

    def __init__(self, path: str) -> None:
        """Take a path in the archive. Raises ZipImportError for others, which are left to the importers behind this one."""
        if not path.startswith(_ARCHIVE):
            raise ZipImportError(path)
        super().__init__(path)

    def get_filename(self, fullname: str) -> str:
        """Return what is to be `__file__` of a module. Raises ZipImportError where there is no such module."""
        end = "/__init__.pyc" if self.is_package(fullname) else ".pyc"
        return f"{self.archive}/{self.prefix}{fullname.rpartition('.')[2]}{end}"


sys.path_hooks.insert(0, Importer)
