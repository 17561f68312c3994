"""Runs `bin/build`, which creates the layers of the image.

Project: `Project.read` reads the settings, the files of the project and their origins into one frozen value. Nothing is
downloaded before the project is known to be valid.

Function: the static check finds the function and its parameters in the source, for the Python version that the image will most
likely have. A function that cannot be served fails the build here, within a second.

Variables: uv runs with the variables of the user, plus the certificates and the index credentials of service bindings. Both are
temporary files that exist only during the installation.

Python: the image uses the Python of the run image if it satisfies the project's request. Otherwise the layer `python` contains
a matching one.

Invoker and dependencies: the environment of the invoker is installed from the buildpack's own wheels, in the background while
uv installs the packages of the function into a second environment. The packages of the function come first on the path. If the
project itself is a package, its build backend installs it into a separate layer.

Import check: on request, the function is imported as it will be in the image.

Image: all users may read the files of the app, and only their owner may write them. The app is compiled in the background while the
variables, processes and labels of the image are written.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funcpack.buildpack import app_permissions, error_boundary, image_config, import_check, report
from funcpack.buildpack.install import bytecode, certificates, credentials, environment, interpreter
from funcpack.buildpack.install.uv import Uv
from funcpack.buildpack.layers import dependencies, function, invoker, python
from funcpack.buildpack.layers import project as project_layer
from funcpack.buildpack.platform import bindings
from funcpack.buildpack.platform.context import EXIT_PASS, Buildpack, Context
from funcpack.buildpack.platform.log import Log
from funcpack.check.handler import check_handler
from funcpack.check.installed import check_installed
from funcpack.check.invoker_modules import INVOKER_MODULES
from funcpack.project import kn_func, python_request
from funcpack.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the build and return its exit code."""
    os.umask(0o022)  # files in an image must be readable for every user, and must not depend on the platform's umask
    log = Log()
    return error_boundary.run_phase(lambda: build(Context.for_build(os.environ, arguments), log), log)


def build(context: Context, log: Log) -> int:
    """Run the steps of a build, in order."""
    buildpack = Buildpack.read(context.buildpack)
    report.log_buildpack(log, buildpack, context)
    project = Project.read(kn_func.function_directory(context.app), context.variables, context.environ)
    run_image_python = interpreter.run_image_interpreter(project.settings, context)
    run_image_version = run_image_python.numbers if run_image_python else None
    expected_python = python_request.expected_minor(project.python, run_image_version)
    checked = check_handler(project.handler, project.app, expected_python, INVOKER_MODULES, project.dependencies)
    report.log_function(log, project, checked, context.app)
    variables = environment.build_variables(project.settings.all())
    needs_files = project.checks_import or checked.is_in_package

    with (
        certificates.temporary_bundle(context, variables, log) as certificate_variables,
        credentials.temporary_netrc(context, variables, log) as index_variables,
    ):
        uv_variables = {**variables, **certificate_variables, **index_variables}
        uv_options = environment.pip_arguments(project.settings.all())
        secrets = bindings.secret_values(context.platform, variables)
        uv = Uv(context.buildpack / "bin" / "uv", uv_variables, project.app, uv_options, secrets)
        report.log_python_request(log, project.python, project.unused.python, run_image_python)
        image_python = python.provide_interpreter(context, project.python, run_image_python, uv, log)
        with invoker.install_in_background(
            context, image_python, uv, log, needs_files=needs_files
        ) as invoker_environment:
            report.log_dependencies(log, project)
            function_environment = dependencies.provide_environment(
                context, invoker_environment, project.dependencies, uv, log, needs_files=needs_files
            )
            project_layer.provide_project(
                context, function_environment, project.dependencies, uv, log, needs_files=needs_files
            )
    if checked.is_in_package:
        check_installed(project.handler, project.app, function_environment.site_packages)
    if project.checks_import:
        import_check.import_function(project, function_environment, log)
    app_permissions.set_permissions(context.app, log)
    with bytecode.compile_app_in_background(image_python.path, project.app):
        function.write_variables(context, project, function_environment)
        image_config.write_launch(context, buildpack, project, function_environment)
    return EXIT_PASS
