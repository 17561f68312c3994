"""Makes in `bin/build` the layers of the image. Everything about the project is looked at before anything is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funcpack import handler, project
from funcpack.buildpack import (
    border,
    bytecode,
    certificates,
    credentials,
    dependency_files,
    environment,
    import_check,
    interpreter,
    launch,
    python_version,
    report,
    wheels,
)
from funcpack.buildpack.cnb import EXIT_PASS, Buildpack, Context
from funcpack.buildpack.layers import dependencies, function, invoker, python
from funcpack.buildpack.output import Log
from funcpack.buildpack.uv import Uv

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the build and return its exit code."""
    os.umask(0o022)  # an image runs as any user, and is the same whatever umask the platform has
    log = Log()
    return border.run(lambda: build(Context.of_build(os.environ, arguments), log), log)


def build(context: Context, log: Log) -> int:
    """Do the steps of a build, in order."""
    buildpack = Buildpack.read(context.buildpack)
    report.buildpack(log, buildpack, context)
    settings = project.Settings.read(context.app, context.environ)
    name = project.named_handler(settings) or project.default_handler(context.app)
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
        launch.write(context, buildpack, name, virtualenv)
    return EXIT_PASS
