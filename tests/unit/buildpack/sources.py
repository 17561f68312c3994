"""Sources of packages that build without a network."""

from __future__ import annotations

# A package without a build dependency, whose module is `orders`, in a directory.
BACKEND = """
import os, pathlib, zipfile


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "orders-1.0-py3-none-any.whl"
    files = {
        "orders.py": pathlib.Path("orders.py").read_text(),
        "orders-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: orders\\nVersion: 1.0\\n",
        "orders-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files["orders-1.0.dist-info/RECORD"] = "".join(f"{file},,\\n" for file in [*files, "orders-1.0.dist-info/RECORD"])
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return name


build_editable = build_wheel
"""


def package(directory: str, version: str = "1.0") -> dict[str, str]:
    about = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    return {
        f"{directory}/pyproject.toml": f'{about}[project]\nname = "orders"\nversion = "1.0"\n',
        f"{directory}/backend.py": BACKEND,
        f"{directory}/orders.py": f'VERSION = "{version}"\n',
    }
