"""Makes in `bin/build` the layers of the image. Everything about the project is looked at before anything is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funcpack.buildpack import error_boundary, image_config, import_check, report
from funcpack.buildpack.install import bytecode, certificates, credentials, environment, interpreter, wheels
from funcpack.buildpack.install.uv import Uv
from funcpack.buildpack.layers import dependencies, function, invoker, python
from funcpack.buildpack.platform.cnb import EXIT_PASS, Buildpack, Context
from funcpack.buildpack.platform.log import Log
from funcpack.check import handler
from funcpack.project import dependency_files, python_version
from funcpack.project import settings as project_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the build and return its exit code."""
    os.umask(0o022)  # an image runs as any user, and is the same whatever umask the platform has
    log = Log()
    return error_boundary.run(lambda: build(Context.of_build(os.environ, arguments), log), log)


def build(context: Context, log: Log) -> int:
    """Do the steps of a build, in order."""
    buildpack = Buildpack.read(context.buildpack)
    report.buildpack(log, buildpack, context)
    settings = project_settings.Settings.read(context.app, context.environ)
    name = project_settings.named_handler(settings) or project_settings.default_handler(context.app)
    request = python_version.requested(context.app, settings)
    own = interpreter.of_run_image(settings, context)
    expected = python_version.expected_minor(request, own.numbers if own else None)
    report.function(log, name, handler.check(name, context.app, expected, wheels.modules(context.buildpack)))
    wanted = dependency_files.find(context.app)
    env = environment.of_build(settings.all())
    needs_files = settings.is_on(import_check.VARIABLE)

    with certificates.trusted(context, env, log) as trust, credentials.provided(context, env, log) as access:
        options = environment.pip_arguments(settings.all())
        uv = Uv(context.buildpack / "bin" / "uv", {**env, **trust, **access}, context.app, options)
        chosen = python.provide(context, request, own, uv, log)
        with invoker.providing(context, chosen, uv, log, needs_files=needs_files) as base:
            virtualenv = dependencies.provide(context, base, wanted, uv, log, needs_files=needs_files)
    import_check.run(context, settings, name, virtualenv, log)
    with bytecode.compiling_app(chosen.path, context.app):
        function.provide(context, name, virtualenv)
        image_config.write(context, buildpack, name, virtualenv)
    return EXIT_PASS
