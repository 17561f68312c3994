"""The error texts of the command line tool, word by word: the title, the finding, the remedy and the exit code."""

from __future__ import annotations

import pytest

from funcpack import command_errors as errors
from funcpack import errors as build_errors
from funcpack.errors import render

PACKAGES = "uv could not install the dependencies from requirements.txt. See the output of uv above."

CASES = [
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
        errors.InvalidSettingError("FUNCTION_TIMEOUT is 'x', but it must be a number of seconds, at least 0"),
        2,
        """\
Invalid setting
FUNCTION_TIMEOUT is 'x', but it must be a number of seconds, at least 0.

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
Python version of the function, for example:

  uv tool install --python 3.12.1 funcpack""",
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
]


@pytest.mark.parametrize(("error", "exit_code", "text"), CASES)
def test_text(error: errors.CommandError, exit_code: int, text: str) -> None:
    assert "\n".join([error.title, *render(error)]) == text
    assert error.exit_code == exit_code
