"""The error texts of the command line tool, word by word: the title, the finding, the remedy and the exit code."""

from __future__ import annotations

import pytest

from funcpack import command_errors as errors
from funcpack import errors as build_errors
from funcpack.errors import render
from tests.unit.buildpack.test_errors import concrete

PACKAGES = "uv could not install the dependencies from requirements.txt. See the output of uv above."

CASES = [
    (
        errors.NotADirectoryArgumentError("hello", "does not exist"),
        2,
        """\
Not a directory
'hello' does not exist.

Name the directory of your function, or change to it and leave out the argument.""",
    ),
    (
        errors.FileSystemError("hello", "Permission denied"),
        1,
        """\
Cannot read or write a file
hello: Permission denied.

Make sure that the path exists, that you have access to it, and that the disk has free space. Then run the command again.""",
    ),
    (
        errors.FileSystemError(None, "No space left on device"),
        1,
        """\
Cannot read or write a file
No space left on device.

Make sure that the path exists, that you have access to it, and that the disk has free space. Then run the command again.""",
    ),
    # --- new ---
    (
        errors.ExistingFilesError(".", ["README.md"]),
        2,
        """\
Existing files
The current directory contains this file, which the template also has: README.md. Nothing was created.

Name a new directory, for example: funcpack new hello""",
    ),
    (
        errors.ExistingFilesError("shop", ["README.md", "handler.py"]),
        2,
        """\
Existing files
'shop' contains these files, which the template also has: README.md, handler.py. Nothing was created.

Name a new directory, for example: funcpack new hello""",
    ),
    # --- run ---
    (
        errors.PortInUseError("127.0.0.1", 8080, "another process uses the port", "--port"),
        1,
        """\
The port is not available
Cannot listen on port 8080 of 127.0.0.1: another process uses the port.

Stop the program that uses it, or choose another port with --port.""",
    ),
    (
        errors.EmptyDirectoryError("/home/ada", "handler.py"),
        1,
        """\
There is no function in this directory
/home/ada contains no handler.py, and no other Python files.

Change to the directory of your function, or create a function here: funcpack new""",
    ),
    (
        errors.HostError("999.0.0.1", "name or service not known"),
        2,
        """\
The address is not available
Cannot listen on '999.0.0.1': name or service not known.

Set --host to an address of this machine, for example 127.0.0.1, or 0.0.0.0 for all of them.""",
    ),
    (
        errors.UnusableOptionError(build_errors.PythonVersionSyntaxError("banana", "--python")),
        2,
        """\
Invalid value
The project requests Python 'banana' (--python), which is not a version or a version range.

Set --python to a supported version, for example '3.13'.
A version has the form '3.13' or '3.13.5', a range has the form '>=3.12,<3.14'.""",
    ),
    (
        errors.EnvFileError("variables", 3),
        2,
        """\
Invalid file of variables
variables:3: the line is neither NAME=value nor a comment.

Write a line for each variable, for example GREETING=hello. Comments begin with #. Values are taken as they are.""",
    ),
    (
        errors.InvalidSettingError(
            "FUNCTION_TIMEOUT is 'x', but it must be a number of seconds from 0 to 31536000 (a year)"
        ),
        2,
        """\
Invalid setting
FUNCTION_TIMEOUT is 'x', but it must be a number of seconds from 0 to 31536000 (a year).

Change the variable where you set it: with --env, in a file of variables, in func.yaml, or in the shell.""",
    ),
    (
        errors.DebuggerError("No solution found\nnetwork is down"),
        1,
        """\
The debugger cannot be installed
Installing debugpy failed:

No solution found
network is down

Make sure that the package index is available, or run the function without --debug.""",
    ),
    # --- environments ---
    (
        errors.CacheDirectoryError("/cache/funcpack", "Read-only file system"),
        1,
        """\
The cache directory is not writable
/cache/funcpack: Read-only file system.

Set XDG_CACHE_HOME to a directory that you can write to, for example: export XDG_CACHE_HOME=~/.cache""",
    ),
    (
        errors.NoUvError(),
        1,
        """\
uv is not installed
Funcpack installs the packages of a function with uv, which is not in its environment.

Install Funcpack again together with its dependencies, or install uv: pip install uv""",
    ),
    (
        errors.NoPythonError("3.12.1", "3.11.7"),
        1,
        """\
Python is not available
Python 3.12.1 is not installed, and uv could not download it. See the output of uv above.

Check the network, or install Python 3.12.1 in another way. Or run the function with the Python that runs Funcpack, with
the option: --python 3.11.7""",
    ),
    (
        errors.InvokerPackagesError("3.12.1", "3.11.7"),
        1,
        """\
The invoker cannot be installed
The function runs on Python 3.12.1, and Funcpack on Python 3.11.7. uv could not install the packages of the
invoker for Python 3.12.1. See the output of uv above.

Check the network and the settings of the package index, and run the command again. Or install Funcpack with the
Python version of the function, for example in a clone of its repository:

  uv tool install --python 3.12.1 .""",
    ),
    (
        errors.PackagesError(build_errors.InstallError("requirements.txt")),
        1,
        f"""\
The dependencies could not be installed
{PACKAGES}

Correct requirements.txt or the settings of the package index, and run the command again.""",
    ),
    (
        errors.PackagesError(build_errors.FileWriteError("requirements.txt")),
        1,
        f"""\
uv cannot write a file
{PACKAGES}

Free disk space, for example with 'uv cache prune', or give yourself access to the directory that the output above names.""",
    ),
    (
        errors.PackagesError(build_errors.CertificateError("requirements.txt")),
        1,
        f"""\
The certificate of the package index is not trusted
{PACKAGES}

Set SSL_CERT_FILE to a file with the certificates of your proxy or index, in PEM format:

  export SSL_CERT_FILE=/path/to/certificates.pem""",
    ),
    (
        errors.PackagesError(build_errors.IndexUnreachableError("requirements.txt")),
        1,
        f"""\
The package index is not reachable
{PACKAGES}

Check the network, and run the command again. To use a proxy, set HTTPS_PROXY. To use another package index, set
PIP_INDEX_URL or UV_DEFAULT_INDEX.""",
    ),
    (
        errors.PackagesError(build_errors.IndexCredentialsError("requirements.txt")),
        1,
        f"""\
The package index rejected the credentials
{PACKAGES}

Check the user name and the password for the index. Set them in the URL, for example
PIP_INDEX_URL=https://USER:PASSWORD@pypi.example.com/simple, in ~/.netrc, or in a keyring with
UV_KEYRING_PROVIDER=subprocess.""",
    ),
    (
        errors.PackagesError(build_errors.RepositoryError("requirements.txt")),
        1,
        f"""\
A Git repository cannot be fetched
{PACKAGES}

Check the network, and the URL and the revision in requirements.txt. If the repository is private, check that git has
access to it: git ls-remote URL""",
    ),
    (
        errors.PackagesError(build_errors.MissingGitError("requirements.txt")),
        1,
        f"""\
git is not installed
{PACKAGES}

Install git, and run the command again.""",
    ),
    (
        errors.PackagesError(build_errors.PackageBuildError("requirements.txt", ["orders==1.0"])),
        1,
        """\
A package cannot be built from source
uv could not install the dependencies from requirements.txt, because of 'orders==1.0'.
See the output of uv above.

Use a version of 'orders==1.0' that has a wheel for this Python version, or install the compiler and the headers that the
output above requires.""",
    ),
    (
        errors.PackagesError(build_errors.UnknownVersionError("requirements.txt")),
        1,
        f"""\
The version of a local package is unknown
{PACKAGES}

Set the version, because the package takes it from its Git repository:

  export SETUPTOOLS_SCM_PRETEND_VERSION=1.0""",
    ),
    (
        errors.PackagesError(build_errors.LockOutdatedError("uv.lock")),
        1,
        """\
uv.lock is out of date
uv could not install the dependencies from uv.lock. See the output of uv above.

Run 'uv lock', and commit uv.lock together with pyproject.toml.""",
    ),
    # --- invoke and test ---
    (
        errors.OptionValueError("--header", "X", "is not a header field", "--header 'Name: value'"),
        2,
        """\
Invalid value
--header 'X' is not a header field.

Write it in this form: --header 'Name: value'""",
    ),
    (
        errors.OptionFileError("order.json", "No such file or directory"),
        2,
        """\
Cannot read a file
order.json: No such file or directory.

Name a file that exists and that you have access to, or - for standard input.""",
    ),
    (
        errors.ConflictingOptionsError("--data", "--json"),
        2,
        """\
Conflicting options
--data and --json cannot be used together.

Remove one of them.""",
    ),
    (
        errors.MissingOptionError("--cache-image", "--publish"),
        2,
        """\
Missing option
--cache-image requires --publish.

Add --publish, or remove --cache-image.""",
    ),
    (
        errors.TargetError("localhost:8080", "is neither a URL nor a directory"),
        2,
        """\
Invalid target
'localhost:8080' is neither a URL nor a directory.

Name a URL that begins with http:// or https://, or the directory of your function.""",
    ),
    (
        errors.EventError("type is empty"),
        2,
        """\
Invalid CloudEvent
The options do not describe a valid event: type is empty.

Correct the attribute. To send an invalid event on purpose, write its fields with --header 'ce-NAME: value'.""",
    ),
    (
        errors.EventFileError("order.json", "specversion is missing"),
        2,
        """\
The file is not a CloudEvent
order.json: specversion is missing.

Correct the file: 'funcpack samples cloudevents' prints an event to start from.
To send the file as the data of an event: funcpack invoke --type TYPE --data @order.json""",
    ),
    (
        errors.EventEncodingError("binary", "unknown charset"),
        2,
        """\
The event cannot be sent
The data does not fit the datacontenttype in binary mode: unknown charset.

Correct the datacontenttype or the data of the event.""",
    ),
    (
        errors.InvalidRequestError("Too little data for declared Content-Length"),
        2,
        """\
The request cannot be sent
It is not a valid HTTP request: Too little data for declared Content-Length.

Correct the method and the header fields, and do not change a file while it is sent.""",
    ),
    (
        errors.NoAnswerError("http://127.0.0.1:8080", "Connection refused"),
        3,
        """\
No answer
http://127.0.0.1:8080: Connection refused.

Make sure that the function is running, for example with 'funcpack run', and that the URL is correct.""",
    ),
    (
        errors.CertificateFileError("SSL_CERT_FILE", "/etc/ssl/proxy.pem", "No such file or directory"),
        2,
        """\
The certificates cannot be read
SSL_CERT_FILE names /etc/ssl/proxy.pem: No such file or directory.

Set SSL_CERT_FILE to a file with certificates in PEM format, or remove the variable to trust those of the
public authorities: unset SSL_CERT_FILE""",
    ),
    (
        errors.UnsupportedProxyError("http://shop.example.com", "socks5"),
        2,
        """\
Unsupported proxy
The environment has a proxy of the type 'socks5' for http://shop.example.com.

Set http_proxy and https_proxy to an HTTP proxy, or add the host to no_proxy.""",
    ),
    (
        errors.CallTimeoutError("http://127.0.0.1:8080", 0.5),
        3,
        """\
No answer in time
http://127.0.0.1:8080 did not send a complete answer within 0.5 seconds.

Make the function faster, or allow more seconds with --timeout.""",
    ),
    (
        errors.FunctionProblemError("The import failed", "handler.py, line 1\n\nInstall it."),
        1,
        """\
The function cannot be served
The import failed.

handler.py, line 1

Install it.""",
    ),
    (
        errors.SavedRequestNameError("a/b"),
        2,
        """\
Invalid name of a request
'a/b' is not a name of letters, digits, '.', '_' and '-' that begins with a letter or digit.

Choose another name, for example 'order-created'.""",
    ),
    (
        errors.SavedRequestExistsError("order", "tests/events/order.json"),
        2,
        """\
The request exists already
tests/events/order.json contains a request, which --save does not replace.

Choose another name, or delete the file. To update only its answer: funcpack test order --update""",
    ),
    (
        errors.SavedRequestMissingError("order", "tests/events", ["paid", "sent"]),
        2,
        """\
No such saved request
There is no tests/events/order.json. The saved requests are: paid, sent.

Use one of these names.""",
    ),
    (
        errors.SavedRequestMissingError("order", "tests/events", []),
        2,
        """\
No such saved request
There is no tests/events/order.json, and no other saved request.

Save a request and its answer first: funcpack invoke --save NAME""",
    ),
    (
        errors.SavedRequestMissingError(None, "tests/events", []),
        2,
        """\
No such saved request
tests/events contains no requests.

Save a request and its answer first: funcpack invoke --save NAME""",
    ),
    (
        errors.SavedRequestError("tests/events/order.json", 'it has no "request"'),
        2,
        """\
Invalid saved request
tests/events/order.json: it has no "request".

Correct the file. The smallest one is: {"request": {"path": "/"}}""",
    ),
    # --- the page of run ---
    (
        errors.EventFieldError("type is empty"),
        1,
        """\
Invalid CloudEvent
The fields do not describe a valid event: type is empty.

Correct the field. To send an invalid event on purpose, send an HTTP request with header fields such as 'ce-type: value'.""",
    ),
    (
        errors.RequestNotKeptError(7),
        1,
        """\
The request is not kept
The history does not contain request 7, or only the beginning of its body.

Send it from the program that it came from.""",
    ),
    (
        errors.RejectedRequestError(431, "the header is too large"),
        1,
        """\
The request was rejected
The server answered 431 before the request came to the function: the header is too large

Correct the method, the path and the header fields.""",
    ),
    (
        errors.NotLoadedError(""),
        1,
        """\
The function is not loaded
It has not been loaded yet.

Correct the problem that the log shows, or wait until the function is ready.""",
    ),
    (
        errors.NotLoadedError("OSError: the port is in use"),
        1,
        """\
The function is not loaded
It could not be loaded a second time:
OSError: the port is in use

Correct the problem that the log shows, or wait until the function is ready.""",
    ),
    # --- build ---
    (
        errors.NoEngineError(),
        1,
        """\
No container engine is installed
Neither 'docker' nor 'podman' is on PATH. A build runs in containers.

Install Docker (https://docs.docker.com/engine/install/) or Podman (https://podman.io/docs/installation), for
example with: sudo apt install podman

To run the function without an engine, use: funcpack run""",
    ),
    (
        errors.EngineNotRunningError("docker", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."),
        1,
        """\
The container engine is not running
'docker info' fails: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.

Start Docker Desktop, or the service: sudo systemctl start docker
If DOCKER_HOST is set, check that it is the address of your engine.""",
    ),
    (
        errors.EngineNotRunningError("podman", "cannot connect to Podman socket"),
        1,
        """\
The container engine is not running
'podman info' fails: cannot connect to Podman socket

Check that 'podman info' works. If Podman runs in a virtual machine, start it: podman machine start""",
    ),
    (
        errors.EngineAccessError("/var/run/docker.sock"),
        1,
        """\
No access to the container engine
This user may not connect to Docker at /var/run/docker.sock.

Add yourself to the group of Docker's users, and log in again: sudo usermod -aG docker $USER
Its members can become root. Rootless Docker and Podman do not require this.""",
    ),
    (
        errors.EngineFailedError("docker push example.com/hello"),
        1,
        """\
The container engine reports an error
'docker push example.com/hello' failed. See its output above.

Correct what the output reports, and run the command again.""",
    ),
    (
        errors.NoPackError(None, "brew install buildpacks/tap/pack"),
        1,
        """\
pack is not installed
Funcpack builds images with 'pack', the program of the Buildpacks project, which is not on PATH.

Install it:

  brew install buildpacks/tap/pack

Or see https://buildpacks.io/docs/for-platform-operators/how-to/integrate-ci/pack/. In a clone of Funcpack, run
'make tools', and add the directory .tools/bin to PATH.""",
    ),
    (
        errors.NoPackError("/usr/bin/pack", "brew install buildpacks/tap/pack"),
        1,
        """\
pack is not installed
'/usr/bin/pack' is not the program of the Buildpacks project, because 'pack version' prints no version.

Install it:

  brew install buildpacks/tap/pack

Or see https://buildpacks.io/docs/for-platform-operators/how-to/integrate-ci/pack/. In a clone of Funcpack, run
'make tools', and add the directory .tools/bin to PATH.""",
    ),
    (
        errors.BuilderMissingError("example.com/builder", "podman"),
        1,
        """\
The builder is not available
There is no image 'example.com/builder' on this machine, and pack could not pull it. See the output of pack above.

Check the name, and that you can pull it: podman pull example.com/builder
To create the builder funcpack/builder on this machine, run 'make builder' in a clone of Funcpack.""",
    ),
    (
        errors.BuildFailedError(has_certificates=True),
        1,
        """\
The build failed
pack reports an error. See its output above.

Correct what the output reports, and run the command again.""",
    ),
    (
        errors.BuildFailedError(has_certificates=False),
        1,
        """\
The build failed
pack reports an error. See its output above.

Correct what the output reports, and run the command again. If a certificate is not trusted,
set SSL_CERT_FILE to a file with the certificates of your proxy or index, in PEM format.""",
    ),
    (
        errors.ImageNameError("Hello", "hello"),
        2,
        """\
Invalid image name
'Hello' is not the name of an image: [REGISTRY/]NAME[:TAG], with the name in lower case.

Name the image, for example: --tag hello""",
    ),
    (
        errors.NoRegistryError("hello"),
        2,
        """\
No registry
The option --publish sends the image to the registry in its name, and the option --tag is missing.

Name the image with its registry, for example: --tag registry.example.com/hello""",
    ),
    (
        errors.OutputDirectoryError("image", "contains other files"),
        2,
        """\
The output directory is in use
'image' contains other files. Nothing was built.

Name a new directory, an empty one, or one with an OCI image layout, which is replaced.""",
    ),
    (
        errors.EnvOptionError("=1"),
        2,
        """\
Invalid variable
The value '=1' of the option --env has no name.

Write --env NAME=VALUE, or --env NAME for the value in your environment.""",
    ),
    (
        errors.BuildPlaceError("/workspace", "is not empty"),
        1,
        """\
The build directory is not usable
Without a container engine, the image is built in this container, and /workspace is not empty.

Run the command in a new container of the builder, as the user of the builder.""",
    ),
    (
        errors.RunImageError("funcpack/run", "no answer"),
        1,
        """\
The run image is not available
'funcpack/run' could not be copied from its registry: no answer

Check the network, and that everybody can pull the run image. Or publish the image with: --publish""",
    ),
    (
        errors.NoPlaceForImageError(),
        2,
        """\
No place for the image
No container engine is running that could keep the image.

Publish the image with --publish, or write it to a directory with: --output-dir DIRECTORY""",
    ),
]


@pytest.mark.parametrize(("error", "exit_code", "text"), CASES)
def test_text(error: errors.CommandError, exit_code: int, text: str) -> None:
    assert "\n".join([error.title, *render(error)]) == text
    assert error.exit_code == exit_code


def test_every_error_has_a_case() -> None:
    assert {type(error) for error, _, _ in CASES} >= set(concrete(errors.CommandError))
