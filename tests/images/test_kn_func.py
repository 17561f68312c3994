"""kn func's own buildpack for Python runs first, and moves the project before the build sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.images.conftest import MakeApp, Workshop

HANDLER = 'import os\n\n\ndef handler():\n    return [os.environ["LEVEL"], open("data.txt").read(), os.getcwd()]\n'
FUNC_YAML = "specVersion: 0.36.0\nname: f\nruntime: python\nrun:\n  envs:\n  - name: LEVEL\n    value: high\n"
# The script of https://github.com/knative/func/blob/main/pkg/buildpacks/scaffolder.go
PROJECT = """[_]
schema-version = "0.2"

[[io.buildpacks.pre.group]]
id = "knative.dev/func/python-scaffolding"

[io.buildpacks.pre.group.script]
api = "0.10"
shell = "/bin/bash"
inline = '''
set -eo pipefail
shopt -s dotglob
mkdir -p fn
for item in *; do
  case "$item" in
    fn|.func|.git|.gitignore|func.yaml) continue ;;
  esac
  mv "$item" fn/
done
shopt -u dotglob
mv .func/build/* .
rm -rf .func
ln -snf fn f
'''
"""
SERVER = {
    ".func/build/pyproject.toml": '[project]\nname = "service"\nversion = "0.1.0"\ndependencies = ["func-python==0.8.1"]\n',
    ".func/build/service/main.py": "from func_python.http import serve\n",
    ".func/build/Procfile": "web: python -m service.main\n",
}


def test_function_runs_in_the_directory_that_kn_func_moved_it_to(workshop: Workshop, make_app: MakeApp) -> None:
    files = {"handler.py": HANDLER, "data.txt": "data", "func.yaml": FUNC_YAML, "project.toml": PROJECT, **SERVER}
    built = workshop.build(make_app(files))

    assert "kn func moved the project to 'fn'." in built.log
    with workshop.run(built.image) as function:
        assert function.request("GET", "/").body == b'["high", "data", "/workspace/fn"]'
