"""All error texts of deployments: a title, the finding and the remedy, as in `errors`.

`cli.error_boundary` prints them and chooses the exit code.
"""

# ruff: noqa: D102 - UserError documents `found` and `remedy` once for all subclasses

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from funcpack.command_errors import EXIT_USAGE, CommandError, OptionFileError
from funcpack.plain_text import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# --- settings ---


@dataclass(eq=False)
class UnknownBackendError(CommandError):
    """There is no backend of this name. `origin` is where it was set."""

    name: str
    origin: str
    backends: tuple[str, ...]
    title: ClassVar[str] = "Unknown backend"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.origin} names the backend '{self.name}'."

    @property
    def remedy(self) -> str:
        return f"Use one of these backends: {', '.join(self.backends)}."


@dataclass(eq=False)
class BackendLiteralError(CommandError):
    """The backend in the code of the function is not a literal. `expression` is what the code has."""

    file: str
    line: int
    expression: str
    title: ClassVar[str] = "The backend is not a literal"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: the backend of Goblet() is the expression '{self.expression}', whose value is known only when the code runs."

    @property
    def remedy(self) -> str:
        return 'Write a literal, for example Goblet(backend="cloudrun"), or choose the backend with --backend.'


@dataclass(eq=False)
class BackendLiteralsError(CommandError):
    """The code of the function names several backends. `lines` are those of the calls."""

    file: str
    lines: tuple[int, ...]
    title: ClassVar[str] = "Several backends in the code"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file} creates Goblet with different backends, in the lines {' and '.join(map(str, self.lines))}."

    @property
    def remedy(self) -> str:
        return "Keep one of the calls, or choose the backend with --backend."


@dataclass(eq=False)
class ConfigurationFilesError(CommandError):
    """The directory has two configuration files."""

    files: tuple[str, str]
    title: ClassVar[str] = "Two configuration files"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"Both {self.files[0]} and {self.files[1]} exist."

    @property
    def remedy(self) -> str:
        return f"Delete one of them, or name the one to use: --config {self.files[0]}"


@dataclass(eq=False)
class ConfigurationFileError(CommandError):
    """The configuration file cannot be read."""

    file: str
    reason: str
    title: ClassVar[str] = "The configuration cannot be read"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Name a JSON file in UTF-8 that exists and that you have access to, for example: --config config.json"


@dataclass(eq=False)
class ConfigurationSyntaxError(CommandError):
    """The configuration file is not valid JSON."""

    file: str
    line: int
    column: int
    reason: str
    title: ClassVar[str] = "Invalid JSON"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}, column {self.column}: {self.reason}."

    @property
    def remedy(self) -> str:
        return f"Correct the line or the end of the line before. To check the file: python -m json.tool {self.file}"


@dataclass(eq=False)
class ConfigurationContentError(CommandError):
    """The configuration file is JSON that cannot be used, whatever the fields mean. `reason` follows the name of the file."""

    file: str
    reason: str
    title: ClassVar[str] = "Invalid configuration"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file} {self.reason}."

    @property
    def remedy(self) -> str:
        return 'Write one JSON object with each name once, for example: {"backend": "cloudrun", "cloudrun": {"traffic": 25}}'


@dataclass(eq=False)
class SecretReferenceError(CommandError):
    """A value in `secrets` does not name a secret. The error does not show it, because it may be the secret itself."""

    origin: str | None
    variable: str
    title: ClassVar[str] = "Invalid configuration"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.origin}: the value of '{self.variable}' in 'secrets' does not name a secret and a key."

    @property
    def remedy(self) -> str:
        return (
            f'Write the name of the secret, a slash and the key, for example: "secrets": {{"{self.variable}": "database/password"}}\n'
            "On Google, the part after the slash is the version. Without it, the version is the latest."
        )


@dataclass(eq=False)
class UnknownStageError(CommandError):
    """The configuration has no stage of this name. `file` is None if there is no configuration."""

    stage: str
    file: str | None
    stages: tuple[str, ...]
    title: ClassVar[str] = "Unknown stage"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        if self.file is None:
            return f"There is no stage '{self.stage}', because there is no configuration."
        stages = f"It has the stages: {', '.join(self.stages)}." if self.stages else "It has no stages."
        return f"{self.file} has no stage '{self.stage}'. {stages}"

    @property
    def remedy(self) -> str:
        if self.stages:
            return "Use one of these stages, or add the stage to 'stages'."
        return f'Add the stage to config.json, for example: {{"stages": {{"{self.stage}": {{"name": "orders-{self.stage}"}}}}}}'


@dataclass(eq=False)
class DeploymentNameError(CommandError):
    """A backend does not accept a name. `rule` is its rule in words, `example` the name in a form that it accepts."""

    name: str
    origin: str
    backend: str
    rule: str
    example: str
    title: ClassVar[str] = "Invalid name"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The backend '{self.backend}' does not accept the name '{self.name}' ({self.origin}).\n{self.rule}"

    @property
    def remedy(self) -> str:
        return f"Choose another name, for example: --name {self.example}"


@dataclass(eq=False)
class NotDeployedError(CommandError):
    """There is nothing of this name on the platform of a backend."""

    name: str
    backend: str
    title: ClassVar[str] = "Not deployed"

    @property
    def found(self) -> str:
        return f"The backend '{self.backend}' has nothing with the name '{self.name}'."

    @property
    def remedy(self) -> str:
        return (
            "Name what you deployed with the same options: --backend, --name, --project, --location, --namespace, --context.\n"
            "To deploy it: funcpack deploy"
        )


# --- packing ---


@dataclass(eq=False)
class IgnoredFunctionError(CommandError):
    """A file of the function would not be in the archive, because of an ignore file or because of its name."""

    file: str
    title: ClassVar[str] = "The function is not in the archive"

    @property
    def found(self) -> str:
        return f"{self.file} is not uploaded, because an ignore file names it or because files of this name are never uploaded."

    @property
    def remedy(self) -> str:
        return f"Remove {self.file} from .gcloudignore, .funcignore or .gitignore, or rename it."


@dataclass(eq=False)
class GeneratedFileError(CommandError):
    """The app has a file with the name of one that is added to the archive."""

    file: str
    title: ClassVar[str] = "File name reserved for a generated file"

    @property
    def found(self) -> str:
        return f"The app contains {self.file}, but Funcpack adds a file of this name to the archive that it uploads."

    @property
    def remedy(self) -> str:
        return f"Rename {self.file}, or delete it if it is the result of an earlier deployment."


@dataclass(eq=False)
class ArchiveNameError(CommandError):
    """A file has a name that a zip cannot contain. `shown` has escapes for what is not UTF-8."""

    shown: str
    title: ClassVar[str] = "File name is not UTF-8"

    @property
    def found(self) -> str:
        return f"The name of the file {self.shown} is not valid UTF-8, so the archive cannot contain it."

    @property
    def remedy(self) -> str:
        return "Rename the file, or add it to .gcloudignore."


@dataclass(eq=False)
class UnknownDependenciesError(CommandError):
    """A build backend decides on the dependencies, so that no list of them can be uploaded."""

    title: ClassVar[str] = "The dependencies are not known"

    @property
    def found(self) -> str:
        return (
            "pyproject.toml leaves the dependencies to its build backend, but this build installs from a list of them."
        )

    @property
    def remedy(self) -> str:
        return "Write them to a lock file, which is used instead, for example: uv lock"


@dataclass(eq=False)
class LockExportError(CommandError):
    """uv cannot read a lock. `output` is the end of its output."""

    output: str
    title: ClassVar[str] = "Invalid uv.lock"

    @property
    def found(self) -> str:
        return f"uv could not export the packages in uv.lock:\n\n{self.output}"

    @property
    def remedy(self) -> str:
        return "Create the file again: uv lock"


@dataclass(eq=False)
class ProcfileError(CommandError):
    """The Procfile does not name what to start."""

    exit_code: ClassVar[int] = EXIT_USAGE
    title: ClassVar[str] = "Procfile without a web process"

    @property
    def found(self) -> str:
        return "The Procfile has no line that begins with `web:`, which is the command that Cloud Run starts."

    @property
    def remedy(self) -> str:
        return "Add such a line, for example:\n\n  web: python -m funcpack_invoker\n\nOr delete the Procfile to use the default image."


# --- schemas ---

_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_FORMATS = {
    "int32": "an integer of 32 bits",
    "int64": "an integer of 64 bits",
    "uint32": "a positive integer of 32 bits",
    "uint64": "a positive integer of 64 bits",
    "google-duration": "a duration in seconds such as '3.5s'",
}
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with a field of the configuration. `path` is for example `cloudrun_revision.containers[0].image`."""

    path: str

    @property
    def text(self) -> str:
        """Return what is wrong, and what would be right, in a line."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class UnknownField(FieldProblem):
    """The resource has no such field. `similar` is its field with the most similar name."""

    similar: str | None

    @property
    def text(self) -> str:
        hint = f" Did you mean '{self.similar}'?" if self.similar else ""
        return f"{self.path} is not a known field.{hint}"


@dataclass(frozen=True, slots=True)
class MovedField(FieldProblem):
    """The field is in another place in this version of the resource."""

    place: str

    @property
    def text(self) -> str:
        return f"{self.path} is not a known field. Use {self.place}."


@dataclass(frozen=True, slots=True)
class MissingField(FieldProblem):
    """The resource requires the field."""

    @property
    def text(self) -> str:
        return f"{self.path} is required."


@dataclass(frozen=True, slots=True)
class WrongType(FieldProblem):
    """The value has another type. `types` are the JSON types that are right. The value may be a secret."""

    types: tuple[str, ...]
    value: object

    @property
    def text(self) -> str:
        expected = " or ".join(_TYPES[kind] for kind in self.types if kind != "null")
        return f"{self.path} must be {expected}, not {_kind(self.value)}."


@dataclass(frozen=True, slots=True)
class UnknownValue(FieldProblem):
    """The value is not one of those that the field takes."""

    choices: tuple[object, ...]
    value: object

    @property
    def text(self) -> str:
        return f"{self.path} is {_short(self.value)}. It must be one of: {', '.join(map(str, self.choices))}."


@dataclass(frozen=True, slots=True)
class WrongFormat(FieldProblem):
    """The text or number is not of the format that the field takes."""

    format: str
    value: object

    @property
    def text(self) -> str:
        return f"{self.path} is {_short(self.value)}. It must be {_FORMATS[self.format]}."


@dataclass(frozen=True, slots=True)
class OutputOnlyField(FieldProblem):
    """The platform alone sets the field."""

    @property
    def text(self) -> str:
        return f"{self.path} is set by the platform and cannot be configured."


@dataclass(frozen=True, slots=True)
class ForbiddenField(FieldProblem):
    """Funcpack sets the field. `reason` is a sentence that says what to use instead."""

    reason: str

    @property
    def text(self) -> str:
        return f"{self.path} is set by Funcpack. {self.reason}"


@dataclass(frozen=True, slots=True)
class DuplicateName(FieldProblem):
    """Several entries of a list have the same name."""

    name: str

    @property
    def text(self) -> str:
        return f"{self.path} has several entries with the name '{self.name}'. Keep one of them."


@dataclass(frozen=True, slots=True)
class MissingEntry(FieldProblem):
    """A list has no entry with the name that Funcpack changes. `entry` says what it is."""

    entry: str
    name: str

    @property
    def text(self) -> str:
        return f"{self.path} needs {self.entry} with the name '{self.name}'."


@dataclass(frozen=True, slots=True)
class InvalidField(FieldProblem):
    """The value breaks another rule of the resource's schema. `message` is that of the schema library."""

    message: str

    @property
    def text(self) -> str:
        return f"{self.path} is not valid: {self.message}."


def _kind(value: object) -> str:
    kinds: dict[type, str] = {
        dict: "object",
        list: "array",
        str: "string",
        bool: "boolean",
        int: "number",
        float: "number",
    }
    return _TYPES[kinds.get(type(value), "null")]


def _short(value: object) -> str:
    text = str(value)
    if len(text) > _LONGEST_VALUE:
        text = f"{text[:_LONGEST_VALUE]}..."
    return f"'{text}'" if isinstance(value, str) else text


@dataclass(eq=False)
class ConfigurationFieldError(CommandError):
    """Fields of a section do not fit the resource that the section becomes a part of. Without a file, `--set` gave them."""

    file: str | None
    problems: Sequence[FieldProblem]
    title: ClassVar[str] = "Invalid configuration"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        origin = self.file or "--set"
        return "\n".join(f"{origin}: {escaped(problem.text)}" for problem in self.problems)

    @property
    def remedy(self) -> str:
        fields = "this field" if len(self.problems) == 1 else "these fields"
        return f"Correct or remove {fields}. Nothing was built or sent."


# --- requests: answers, deadlines, retries ---

_RUN_AGAIN = "Run the command again."


@dataclass(eq=False)
class NetworkError(CommandError):
    """There is no complete answer. `is_sent` is false if the server got nothing of the request."""

    server: str
    reason: str
    is_sent: bool
    title: ClassVar[str] = "No answer from the server"

    @property
    def found(self) -> str:
        return f"{self.server}: {self.reason.rstrip('.')}."

    @property
    def remedy(self) -> str:
        return f"Check the network and the settings of the proxy.\n{_RUN_AGAIN}"


@dataclass(eq=False)
class CertificateError(NetworkError):
    """The server has a certificate of an authority that this machine does not know. Waiting does not change that."""

    title: ClassVar[str] = "The certificate is not trusted"

    @property
    def remedy(self) -> str:
        return "If a proxy or a private server has this certificate, set SSL_CERT_FILE to a file with its authority."


@dataclass(eq=False)
class UnknownOutcomeError(CommandError):
    """A request that changes something was sent, and it is not known whether it had an effect."""

    purpose: str
    server: str
    reason: str
    title: ClassVar[str] = "The connection was cut"

    @property
    def found(self) -> str:
        return (
            f"{self.purpose}: {self.server}: {self.reason.rstrip('.')}.\n"
            "The request was sent, and it is not known whether the server has done it. It was not sent a second time."
        )

    @property
    def remedy(self) -> str:
        # A second rollback would go back further.
        return (
            "See what is deployed: funcpack describe\n"
            "You can run a deployment again. It continues with what is there already."
        )


@dataclass(eq=False)
class DeadlineError(CommandError):
    """The time of `--timeout` is over. `state` is the last answer as a sentence, if it was a failure."""

    purpose: str
    seconds: float
    resume: str
    state: str | None = None
    _OUTPUT: ClassVar[frozenset[str]] = frozenset({"resume"})
    title: ClassVar[str] = "The deadline has passed"

    @property
    def found(self) -> str:
        last = f"\n{self.state}" if self.state else ""
        return f"{self.purpose}: not finished after {self.seconds:g} seconds.{last}"

    @property
    def remedy(self) -> str:
        return self.resume


@dataclass(eq=False)
class RejectedRequestError(CommandError):
    """The server rejected a request. `text` is its message, and `reason` the API's name for it, such as INVALID_ARGUMENT."""

    purpose: str
    status: int
    explanation: str
    reason: str
    title: ClassVar[str] = "The request was rejected"

    @property
    def found(self) -> str:
        return f"{self.purpose}: {self.explanation.rstrip('.')} ({self.status} {self.reason})."

    @property
    def remedy(self) -> str:
        if self.status in {429, 500, 502, 503, 504}:
            return f"The server is not available at the moment. Wait a few minutes.\n{_RUN_AGAIN}"
        return "Correct what the message names. Then run the command again."


@dataclass(eq=False)
class PermissionDeniedError(RejectedRequestError):
    """The server rejected a request, because the caller lacks a permission."""

    title: ClassVar[str] = "Permission denied"

    @property
    def remedy(self) -> str:
        return (
            "Check that the project and the account are the ones that you mean: gcloud auth list\n"
            "Ask an administrator of the project for the roles in docs/deploy/permissions.md."
        )


@dataclass(eq=False)
class ServiceDisabledError(RejectedRequestError):
    """The API of `service` is not enabled in the project."""

    service: str
    project: str | None
    title: ClassVar[str] = "The API is not enabled"

    @property
    def remedy(self) -> str:
        project = f" --project {self.project}" if self.project else ""
        return (
            f"Enable it, wait a minute, and run the command again:\n\n  gcloud services enable {self.service}{project}"
        )


@dataclass(eq=False)
class RejectedCredentialsError(RejectedRequestError):
    """The server rejected the credentials, even after they were refreshed."""

    title: ClassVar[str] = "Expired or invalid credentials"

    @property
    def remedy(self) -> str:
        return (
            "If CLOUDSDK_AUTH_ACCESS_TOKEN is set, set it to a new token: gcloud auth print-access-token\n"
            "Otherwise log in again: gcloud auth application-default login"
        )


@dataclass(eq=False)
class IncompleteAnswerError(CommandError):
    """The answer to a request lacks a field that a later request needs."""

    purpose: str
    field: str
    title: ClassVar[str] = "Unexpected answer"

    @property
    def found(self) -> str:
        return f"{self.purpose}: the answer has no field '{self.field}'."

    @property
    def remedy(self) -> str:
        return (
            "Check that the variables CLOUDSDK_API_ENDPOINT_OVERRIDES_* and those of the proxy name the right servers.\n"
            f"{_RUN_AGAIN}"
        )


@dataclass(eq=False)
class NoJsonError(CommandError):
    """An API answered with something else than JSON: often the page of a proxy."""

    server: str
    content_type: str
    title: ClassVar[str] = "Unexpected answer"

    @property
    def found(self) -> str:
        return f"{self.server}: the answer is not a JSON object (Content-Type: {self.content_type})."

    @property
    def remedy(self) -> str:
        return (
            "Check that the variables CLOUDSDK_API_ENDPOINT_OVERRIDES_* and those of the proxy name the right servers,\n"
            "and that the network does not require a login."
        )


@dataclass(eq=False)
class PollIntervalError(CommandError):
    """The variable of the interval between polls is not a positive number."""

    variable: str
    value: str
    title: ClassVar[str] = "Invalid interval"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.variable} is '{self.value}', which is not a positive number of seconds."

    @property
    def remedy(self) -> str:
        return f"Unset it, or set it to a number: {self.variable}=2"


# --- Google: projects, credentials, permissions ---


@dataclass(eq=False)
class NoProjectError(CommandError):
    """Nothing names the project of Google Cloud."""

    title: ClassVar[str] = "No project"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return "Neither --project nor GOOGLE_CLOUD_PROJECT nor CLOUDSDK_CORE_PROJECT names a project of Google Cloud."

    @property
    def remedy(self) -> str:
        return "Name it with --project PROJECT. This command lists your projects: gcloud projects list"


@dataclass(eq=False)
class ProjectError(CommandError):
    """The name of the project is not valid. `origin` is where it was set."""

    project: str
    origin: str
    title: ClassVar[str] = "Invalid project"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.origin} is '{self.project}', which is not the ID of a project."

    @property
    def remedy(self) -> str:
        return (
            "Use the ID, which has lowercase letters, digits and dashes. This command lists your projects and their IDs: "
            "gcloud projects list"
        )


@dataclass(eq=False)
class LocationError(CommandError):
    """The name of the location is not valid. `origin` is where it was set."""

    location: str
    origin: str
    title: ClassVar[str] = "Invalid location"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.origin} is '{self.location}', which is not the name of a region."

    @property
    def remedy(self) -> str:
        return "Use the name of a region, such as us-central1. This command lists them: gcloud run regions list"


@dataclass(eq=False)
class EndpointError(CommandError):
    """A variable that overrides the base URL of an API is not a URL. The value is not shown: it may contain a password."""

    variable: str
    example: str
    title: ClassVar[str] = "Invalid endpoint"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.variable} is not the base URL of the API."

    @property
    def remedy(self) -> str:
        return f"Set it to a URL of this form, or unset it: {self.example}"


@dataclass(eq=False)
class NoGoogleAuthError(CommandError):
    """The library that reads Application Default Credentials is not installed."""

    title: ClassVar[str] = "The extra 'gcp' is not installed"

    @property
    def found(self) -> str:
        return (
            "CLOUDSDK_AUTH_ACCESS_TOKEN is not set, and Application Default Credentials need the package google-auth."
        )

    @property
    def remedy(self) -> str:
        return (
            "Install it: pip install 'funcpack[gcp]'\n"
            "Or set CLOUDSDK_AUTH_ACCESS_TOKEN to the output of: gcloud auth print-access-token"
        )


@dataclass(eq=False)
class NoCredentialsError(CommandError):
    """There are no credentials for Google Cloud, or they cannot be used. `reason` is a sentence."""

    reason: str
    title: ClassVar[str] = "No credentials for Google Cloud"

    @property
    def found(self) -> str:
        return self.reason

    @property
    def remedy(self) -> str:
        return (
            "Log in: gcloud auth application-default login\n"
            "Or set GOOGLE_APPLICATION_CREDENTIALS to a file with credentials, for example in CI."
        )


@dataclass(eq=False)
class InvalidTokenError(CommandError):
    """The access token has characters that no header can contain. It is not shown."""

    title: ClassVar[str] = "Invalid access token"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return "CLOUDSDK_AUTH_ACCESS_TOKEN contains spaces or characters that are not ASCII."

    @property
    def remedy(self) -> str:
        return "Set it to the output of: gcloud auth print-access-token"


class MissingPermission(NamedTuple):
    """What an identity lacks on a resource, and the command that grants it."""

    who: str
    permission: str
    on: str
    command: str


@dataclass(eq=False)
class MissingPermissionsError(CommandError):
    """The deployer lacks permissions."""

    missing: Sequence[MissingPermission]
    title: ClassVar[str] = "Missing permissions"

    @property
    def found(self) -> str:
        header = MissingPermission("WHO", "LACKS", "ON", "")
        rows = [[escaped(cell) for cell in row[:3]] for row in (header, *self.missing)]
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        lines = ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(
            ["Nothing was changed. Google reports that permissions are missing:\n", *map(str.rstrip, lines)]
        )

    @property
    def remedy(self) -> str:
        commands = dict.fromkeys(escaped(row.command) for row in self.missing)
        return "\n  ".join(
            ["Ask an administrator to run this, and wait a minute before you run the command again:\n", *commands]
        )


# --- Cloud Run ---


@dataclass(eq=False)
class RegistryConflictError(CommandError):
    """Two settings name different registries. `values` are their values by the names of the fields."""

    file: str | None
    values: Mapping[str, str]
    title: ClassVar[str] = "Two different registries"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        origin = self.file or "--set"
        return "\n".join(f"{origin}: {field} is '{value}'." for field, value in self.values.items())

    @property
    def remedy(self) -> str:
        return "Keep cloudbuild.artifact_registry, and remove the other. Nothing was built or sent."


@dataclass(eq=False)
class ForeignRegistryError(CommandError):
    """The registry belongs to another project, and the account that builds by default cannot write there."""

    file: str | None
    registry: str
    owner: str
    project: str
    title: ClassVar[str] = "The registry of another project needs a service account"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        origin = self.file or "--set"
        return (
            f"{origin}: the registry '{self.registry}' belongs to the project '{self.owner}', the deployment to the project "
            f"'{self.project}',\nand cloudbuild.serviceAccount is not set."
        )

    @property
    def remedy(self) -> str:
        location, _, rest = self.registry.partition("-docker.pkg.dev/")
        repository = rest.split("/")[1]
        return (
            f"Set cloudbuild.serviceAccount to the email address of a service account ACCOUNT that builds, and grant it:\n\n"
            f"  gcloud projects add-iam-policy-binding {self.project} --member serviceAccount:ACCOUNT "
            "--role roles/storage.objectViewer\n"
            f"  gcloud artifacts repositories add-iam-policy-binding {repository} --project {self.owner} --location {location} "
            "--member serviceAccount:ACCOUNT --role roles/artifactregistry.writer"
        )


@dataclass(eq=False)
class ForeignBucketError(CommandError):
    """The default bucket of sources is not one of the project's. `owner` is the number of its project, or None if it is not known."""

    bucket: str
    owner: str | None
    project: str
    title: ClassVar[str] = "The bucket of sources belongs to another project"

    @property
    def found(self) -> str:
        reason = (
            f"belongs to the project with the number {self.owner}"
            if self.owner
            else f"denies the access that the project '{self.project}' grants you"
        )
        return (
            f"The bucket '{self.bucket}' exists and {reason}. Whoever owns it could read and replace your source: "
            "nothing was uploaded."
        )

    @property
    def remedy(self) -> str:
        return f"Name a bucket of the project '{self.project}': --set deploy.artifact_bucket=BUCKET"


@dataclass(eq=False)
class ImageNameError(CommandError):
    """Cloud Run cannot take an image by this name. `reason` continues the sentence."""

    image: str
    reason: str
    title: ClassVar[str] = "The name of the image is not valid"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"'{self.image}' {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Name the registry and the digest, for example: --image us-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE@sha256:DIGEST\n"
            "'funcpack build --publish' prints the name of the image that it has published."
        )


@dataclass(eq=False)
class ImageNotFoundError(CommandError):
    """The registry does not tell the digest of an image."""

    image: str
    status: int
    title: ClassVar[str] = "The image is not available"

    @property
    def found(self) -> str:
        states = {404: "does not have it", 401: "requires a login", 403: "denies the access"}
        return (
            f"'{self.image}': the registry {states.get(self.status, 'does not tell its digest')}. Nothing was deployed."
        )

    @property
    def remedy(self) -> str:
        if self.status == 404:
            return "Check the name and the tag, or publish the image: funcpack build --tag IMAGE --publish"
        return "Name the image by its digest: --image IMAGE@sha256:DIGEST"


@dataclass(eq=False)
class FailedOperationError(CommandError):
    """The platform began what was requested, and it failed. `cause` is the platform's sentence, `log` the address of the log."""

    purpose: str
    cause: str
    log: str | None
    title: ClassVar[str] = "The operation failed"

    @property
    def found(self) -> str:
        return f"{self.purpose}: {self.cause}{_log_line(self.log)}"

    @property
    def remedy(self) -> str:
        return (
            "What served before goes on serving. Correct what the message names, and run the command again.\n"
            "The last lines of the function are shown by: funcpack logs"
        )


@dataclass(eq=False)
class FailedBuildError(CommandError):
    """Cloud Build could not build the image. `cause` is a sentence, `log` the address of the log."""

    build: str
    cause: str
    log: str | None
    title: ClassVar[str] = "The build failed"

    @property
    def found(self) -> str:
        return f"Build {self.build}: {self.cause}{_log_line(self.log)}"

    @property
    def remedy(self) -> str:
        return "Read the log, correct the cause, and run the command again. What served before goes on serving."


@dataclass(eq=False)
class NotServingError(CommandError):
    """The new revision does not serve as it should.

    `reason` is a sentence, `serving` are the percentages by revision, and `log` is the address of the log.
    """

    service: str
    reason: str
    serving: Mapping[str, int]
    log: str | None
    title: ClassVar[str] = "The new revision does not serve"

    @property
    def found(self) -> str:
        shares = ", ".join(f"{revision} {percent} %" for revision, percent in self.serving.items()) or "no revision"
        return f"Service '{self.service}': {self.reason}{_log_line(self.log)}\nTraffic: {shares}."

    @property
    def remedy(self) -> str:
        return "Correct what the reason names, and run the command again. The last lines of the function are shown by: funcpack logs"


@dataclass(eq=False)
class UnhealthyAddressError(CommandError):
    """The address of what was deployed answers with an error of the server."""

    url: str
    status: int
    title: ClassVar[str] = "The function does not answer"

    @property
    def found(self) -> str:
        return f"The function is deployed, but {self.url} answers {self.status}."

    @property
    def remedy(self) -> str:
        return "See why: funcpack logs\nTo go back to what served before: funcpack rollback"


@dataclass(eq=False)
class SmokeFileError(OptionFileError):
    """The file of `--smoke` cannot be read."""

    title: ClassVar[str] = "The saved request cannot be read"

    @property
    def remedy(self) -> str:
        return "Name a file that `funcpack invoke --save` has written, for example: --smoke tests/events/order.json"


@dataclass(eq=False)
class SmokeError(CommandError):
    """The answer to the saved request is not the expected one. `lines` are the difference; `traffic` is a sentence."""

    file: str
    lines: Sequence[str]
    traffic: str
    title: ClassVar[str] = "The smoke request failed"

    @property
    def found(self) -> str:
        lines = "\n".join(f"    {escaped(line)}" for line in self.lines)
        return f"The answer of the new revision is not the one in {self.file}:\n{lines}\n{self.traffic}"

    @property
    def remedy(self) -> str:
        return f"Correct the function, or the answer in {self.file}, and run the command again."


@dataclass(eq=False)
class PrivateSmokeError(SmokeError):
    """The request of --smoke has no identity token, and the service answers that it is private."""

    status: int
    title: ClassVar[str] = "The smoke request was refused"

    @property
    def found(self) -> str:
        return (
            f"The answer to the request in {self.file} is {self.status}: the service is private, unless the function itself answers so,\n"
            f"and the request has no identity token. {self.traffic}"
        )

    @property
    def remedy(self) -> str:
        return (
            "If everybody may call the service, deploy it once without --smoke, with roles/run.invoker for allUsers in 'bindings'.\n"
            "Otherwise, add the header Authorization to a copy of the file that nobody else can read. Its value is 'Bearer', a space,\n"
            "and what this command prints: gcloud auth print-identity-token"
        )


@dataclass(eq=False)
class UnsentSmokeError(CommandError):
    """There is no way to send the request of `--smoke` to the new revision. `traffic` is a sentence."""

    file: str
    reason: str
    traffic: str
    title: ClassVar[str] = "The smoke request was not sent"

    @property
    def found(self) -> str:
        return f"The request in {self.file} cannot be sent to the new revision: {self.reason}.\n{self.traffic}"

    @property
    def remedy(self) -> str:
        return "Run the command where the address of the revision can be reached, for example in the cluster, or leave out --smoke."


@dataclass(eq=False)
class UnansweredSmokeError(CommandError):
    """The new revision does not answer the request of `--smoke`. `traffic` is a sentence."""

    file: str
    reason: str
    traffic: str
    title: ClassVar[str] = "The smoke request was not answered"

    @property
    def found(self) -> str:
        reason = self.reason.rstrip(".")
        return f"The new revision does not answer the request in {self.file}: {reason}.\n{self.traffic}"

    @property
    def remedy(self) -> str:
        return "Look at the log of the function with `funcpack logs`, correct the cause, and run the command again."


@dataclass(eq=False)
class NothingToRollBackToError(CommandError):
    """There is no earlier version."""

    name: str
    title: ClassVar[str] = "There is nothing to roll back to"

    @property
    def found(self) -> str:
        return f"'{self.name}' has no ready revision that has served and is older than the one that serves now."

    @property
    def remedy(self) -> str:
        return "Deploy the source that you want to serve: funcpack deploy"


def _log_line(log: str | None) -> str:
    return f"\nLog: {log}" if log else ""


# --- Cloud Functions ---


@dataclass(eq=False)
class RuntimeNameError(CommandError):
    """A runtime is not the name of a Python runtime. `meant` is the runtime that the value probably means, or None."""

    origin: str
    value: str
    meant: str | None
    example: str
    title: ClassVar[str] = "Invalid runtime"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.origin} is '{self.value}', which is not the name of a Python runtime of Cloud Functions."

    @property
    def remedy(self) -> str:
        return f"Set it to '{self.meant}'." if self.meant else f"Name a Python version in this form: {self.example}"


@dataclass(eq=False)
class OldRuntimeError(CommandError):
    """A runtime is older than the oldest Python of this generation of Cloud Functions."""

    origin: str
    runtime: str
    minimum: str
    title: ClassVar[str] = "Unsupported runtime"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return (
            f"{self.origin} is '{self.runtime}'. This generation of Cloud Functions requires at least {self.minimum}."
        )

    @property
    def remedy(self) -> str:
        return f"Set {self.origin} to a newer runtime, or remove it to deploy with the Python version of your project."


@dataclass(eq=False)
class DifferentRuntimesError(CommandError):
    """Several fields of the configuration set the runtime, to different values."""

    settings: Sequence[str]
    title: ClassVar[str] = "Contradictory runtimes"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The configuration sets the runtime in {len(self.settings)} places: {', '.join(self.settings)}."

    @property
    def remedy(self) -> str:
        return "Remove all but one of them."


@dataclass(eq=False)
class FunctionEventTriggerError(CommandError):
    """The configuration has an event trigger, which this tool does not create."""

    origin: str
    title: ClassVar[str] = "Unsupported event trigger"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The configuration has {self.origin}. Funcpack deploys functions that are called by HTTP, and creates no triggers for them."

    @property
    def remedy(self) -> str:
        return (
            f"Remove {self.origin}. A CloudEvent function accepts events by HTTP: after the deployment, create a trigger or a push "
            "subscription that sends them to its URL."
        )


@dataclass(eq=False)
class FunctionOptionError(CommandError):
    """An option that Cloud Functions does not have. `reason` continues a sentence that begins with the backend."""

    option: str
    backend: str
    reason: str
    title: ClassVar[str] = "Unsupported option"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.option} was given, but the backend '{self.backend}' {self.reason}."

    @property
    def remedy(self) -> str:
        return f"Leave out {self.option}, or deploy to Cloud Run: --backend cloudrun {self.option} ..."


@dataclass(eq=False)
class ExistingFunctionError(CommandError):
    """A function with the name exists that the deployment cannot update. `kind` continues the sentence."""

    name: str
    kind: str
    title: ClassVar[str] = "Another function has this name"

    @property
    def found(self) -> str:
        return f"The function '{self.name}' exists and {self.kind}. An update does not change that."

    @property
    def remedy(self) -> str:
        return "Choose another name with --name, or delete that function first. Nothing was built or changed."


@dataclass(eq=False)
class FunctionSourceSizeError(CommandError):
    """The archive of the source is larger than Cloud Functions accepts. Both sizes are in bytes."""

    size: int
    limit: int
    title: ClassVar[str] = "The source is too large"

    @property
    def found(self) -> str:
        return f"The archive of your project has {self.size} bytes. Cloud Functions accepts at most {self.limit}."

    @property
    def remedy(self) -> str:
        return "Name files that the function does not need in .gcloudignore, one pattern a line. See what is packed: funcpack deploy --dry-run"


@dataclass(eq=False)
class FunctionOperationError(CommandError):
    """Google reports that an operation on a function failed. `cause` is a sentence, `log` the address of the log."""

    name: str
    cause: str
    log: str
    title: ClassVar[str] = "The operation failed"

    @property
    def found(self) -> str:
        return f"Cloud Functions could not change the function '{self.name}': {self.cause}"

    @property
    def remedy(self) -> str:
        return f"Read the log: {self.log}\nThen correct the cause and run the command again."


@dataclass(eq=False)
class FunctionStateError(CommandError):
    """A function is not active after its deployment. `cause` is a sentence, `log` the address of the log."""

    name: str
    cause: str
    log: str
    title: ClassVar[str] = "The function does not serve"

    @property
    def found(self) -> str:
        return f"The function '{self.name}' is not active: {self.cause}"

    @property
    def remedy(self) -> str:
        return f"Read the log: {self.log}\nThen correct the cause and run the command again."


@dataclass(eq=False)
class FunctionRevisionError(CommandError):
    """The newest revision of a second-generation function does not get all requests."""

    name: str
    newest: str
    serving: str
    title: ClassVar[str] = "Another revision serves"

    @property
    def found(self) -> str:
        return f"The newest revision of the function '{self.name}' is {self.newest}, but the requests go to {self.serving}."

    @property
    def remedy(self) -> str:
        return "Somebody may have moved the traffic meanwhile. Run the command again to give all requests to the newest revision."


@dataclass(eq=False)
class NoEarlierSourceError(CommandError):
    """There is no earlier version of the function with another source."""

    name: str
    version: str
    title: ClassVar[str] = "No earlier version"

    @property
    def found(self) -> str:
        return f"Version {self.version} of the function '{self.name}' serves. Google keeps no earlier version with another source."

    @property
    def remedy(self) -> str:
        return "Check out the source that you want, and deploy it: funcpack deploy"


# --- Kubernetes: manifests ---


@dataclass(frozen=True, slots=True)
class DuplicateSource(FieldProblem):
    """Another source before has the same kind and name."""

    kind: str
    name: str

    @property
    def text(self) -> str:
        return f"{self.path} is a second {self.kind} with the name '{self.name}'. Give it another name."


@dataclass(eq=False)
class MissingImageError(CommandError):
    """A cluster runs images, and none was named."""

    backend: str
    name: str
    title: ClassVar[str] = "No image"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The backend '{self.backend}' runs an image, and --image names none."

    @property
    def remedy(self) -> str:
        image = f"registry.example.com/{self.name}:1.0.0"
        return (
            "Build the image, push it to a registry that the cluster reads, and deploy it:\n\n"
            f"  funcpack build --tag {image} --publish\n"
            f"  funcpack deploy --backend {self.backend} --image {image}"
        )


@dataclass(eq=False)
class SmokeWithoutRevisionsError(CommandError):
    """`--smoke` needs an address of the new revision, which the backend does not have."""

    backend: str
    title: ClassVar[str] = "--smoke is not supported"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"With the backend '{self.backend}', the new pods have no address of their own before they serve."

    @property
    def remedy(self) -> str:
        return "Leave out --smoke, or use the backend knative or cloudrun."


# --- Kubernetes: clusters, rollouts ---


@dataclass(eq=False)
class MissingKubernetesExtraError(CommandError):
    """The libraries that talk to clusters are not installed."""

    module: str
    title: ClassVar[str] = "A library is not installed"

    @property
    def found(self) -> str:
        return f"Deployments to a cluster need the Python module '{self.module}'."

    @property
    def remedy(self) -> str:
        return (
            "Install Funcpack with its extra 'kubernetes': pip install 'funcpack[kubernetes]'\n"
            "Without it, print the manifests and apply them: funcpack deploy --dry-run ... | kubectl apply --filename -"
        )


@dataclass(eq=False)
class NoClusterError(CommandError):
    """Nothing names a cluster. `context` is the option."""

    context: str | None
    title: ClassVar[str] = "No cluster"

    @property
    def found(self) -> str:
        asked = f"--context names '{self.context}', but there" if self.context else "There"
        return f"{asked} is no kubeconfig: KUBECONFIG is not set, and ~/.kube/config does not exist."

    @property
    def remedy(self) -> str:
        return "Set KUBECONFIG to the kubeconfig file of your cluster. Check it with: kubectl cluster-info"


@dataclass(eq=False)
class KubeconfigError(CommandError):
    """A kubeconfig file cannot be used. `kind` says what is wrong with it."""

    file: str
    kind: str
    title: ClassVar[str] = "The kubeconfig is not valid"

    @property
    def found(self) -> str:
        return f"{self.file} {self.kind}."

    @property
    def remedy(self) -> str:
        return "Set KUBECONFIG to the kubeconfig file of your cluster. Check it with: kubectl config view"


@dataclass(eq=False)
class UnsupportedKubeconfigError(CommandError):
    """A context has a setting of its cluster or its user that Funcpack does not support. `value` is None if none is supported."""

    files: str
    context: str
    setting: str
    value: str | None
    title: ClassVar[str] = "The kubeconfig has a setting that is not supported"

    @property
    def found(self) -> str:
        setting = f"'{self.setting}: {self.value}'" if self.value else f"'{self.setting}'"
        return f"{self.files}: the context '{self.context}' uses {setting}, which Funcpack does not support."

    @property
    def remedy(self) -> str:
        instead = {
            "proxy-url": "Set the environment variable HTTPS_PROXY instead, and remove proxy-url.",
            "exec.apiVersion": (
                "If the plugin also supports client.authentication.k8s.io/v1, set its apiVersion to that. "
                "Otherwise, use a context with a token, for example that of a service account: kubectl create token NAME"
            ),
            "auth-provider": "Log in with a plugin that the kubeconfig names in `exec`, or with a token.",
        }.get(self.setting, "Use a context without it.")
        return (
            f"{instead}\n"
            "You can also let kubectl apply the manifests: funcpack deploy --dry-run ... "
            "| kubectl apply --server-side --field-manager=funcpack --filename -"
        )


@dataclass(eq=False)
class UnknownContextError(CommandError):
    """The kubeconfig has no such context, or `context` is None and it has no current one."""

    context: str | None
    files: str
    contexts: Sequence[str]
    title: ClassVar[str] = "Unknown context"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        known = f"Its contexts are: {', '.join(self.contexts)}." if self.contexts else "It has no contexts."
        finding = f"has no context '{self.context}'" if self.context else "has no current context"
        return f"{self.files} {finding}. {known}"

    @property
    def remedy(self) -> str:
        return "Name a context with --context, or choose one: kubectl config use-context CONTEXT"


@dataclass(eq=False)
class ClusterCredentialsError(CommandError):
    """The cluster does not accept the credentials of the kubeconfig, or they cannot be read."""

    server: str
    context: str
    reason: str
    title: ClassVar[str] = "No valid credentials for the cluster"

    @property
    def found(self) -> str:
        return f"{self.server} (context {self.context}): {self.reason.rstrip('.')}."

    @property
    def remedy(self) -> str:
        return f"Log in to the cluster again. Check it with: kubectl auth whoami --context {self.context}"


@dataclass(frozen=True, slots=True)
class Permission:
    """Verbs on a kind of resource, as kubectl names it."""

    resource: str
    verbs: tuple[str, ...]


@dataclass(eq=False)
class ClusterPermissionError(CommandError):
    """The user lacks permissions in a namespace. An empty `namespace` is the whole cluster."""

    user: str
    namespace: str
    missing: tuple[Permission, ...]
    title: ClassVar[str] = "Permission denied"

    @property
    def found(self) -> str:
        place = f"the namespace '{self.namespace}'" if self.namespace else "the cluster"
        width = max(len(permission.resource) for permission in self.missing)
        rows = [f"  {permission.resource:{width}}  {', '.join(permission.verbs)}" for permission in self.missing]
        return "\n".join([f"{self.user} may not do this in {place}:", "", *rows])

    @property
    def remedy(self) -> str:
        commands = [command for verbs, names in self._grouped() for command in self._grants(verbs, names)]
        listing = "\n".join(f"  {command}" for command in commands)
        return f"Ask an administrator of the cluster to grant it:\n\n{listing}"

    def _grouped(self) -> list[tuple[tuple[str, ...], list[str]]]:
        verbs = dict.fromkeys(permission.verbs for permission in self.missing)
        return [(group, [entry.resource for entry in self.missing if entry.verbs == group]) for group in verbs]

    def _grants(self, verbs: tuple[str, ...], names: list[str]) -> tuple[str, str]:
        role = f"funcpack-{'-'.join(verbs)}"
        namespace = f" --namespace {self.namespace}" if self.namespace else ""
        kind = "role" if self.namespace else "clusterrole"
        account = self.user.removeprefix("system:serviceaccount:")
        who = f"--serviceaccount={account}" if account != self.user else f"--user={self.user}"
        return (
            f"kubectl create {kind} {role}{namespace} --verb={','.join(verbs)} --resource={','.join(names)}",
            f"kubectl create {kind}binding {role}{namespace} --{kind}={role} {who}",
        )


@dataclass(eq=False)
class MissingNamespaceError(CommandError):
    """The namespace does not exist."""

    namespace: str
    title: ClassVar[str] = "Unknown namespace"

    @property
    def found(self) -> str:
        return f"The cluster has no namespace '{self.namespace}'."

    @property
    def remedy(self) -> str:
        return f"Name another one with --namespace, or create it: kubectl create namespace {self.namespace}"


@dataclass(eq=False)
class MissingKindError(CommandError):
    """The cluster does not have a kind of resource."""

    api_version: str
    kind: str
    title: ClassVar[str] = "Unknown kind of resource"

    @property
    def found(self) -> str:
        return f"The cluster has no {self.kind} of {self.api_version}."

    @property
    def remedy(self) -> str:
        if self.api_version.startswith("sources."):
            return (
                f"Install Knative Eventing (https://knative.dev/docs/install/), or the component that has {self.kind}."
            )
        if ".knative.dev/" in self.api_version:
            part = "Serving" if self.api_version.startswith("serving") else "Eventing"
            return f"Install Knative {part} (https://knative.dev/docs/install/), or use the backend kubernetes."
        return "Use a cluster with a version of Kubernetes that has it."


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that another manager has set to another value."""

    field: str
    manager: str


@dataclass(eq=False)
class FieldConflictError(CommandError):
    """Fields of a resource belong to other managers: server-side apply does not change them."""

    kind: str
    name: str
    namespace: str
    conflicts: tuple[FieldConflict, ...]
    title: ClassVar[str] = "Another manager has set a field"

    @property
    def found(self) -> str:
        rows = [f"  {conflict.field} is set by {conflict.manager}" for conflict in self.conflicts]
        return "\n".join([f"{self.kind} {self.name} in the namespace '{self.namespace}':", "", *rows])

    @property
    def remedy(self) -> str:
        return (
            "Set the field in your configuration to the value that it has, or take it over:\n\n"
            "  funcpack deploy --dry-run ... | kubectl apply --server-side --field-manager=funcpack --force-conflicts"
            f" --namespace {self.namespace} --filename -"
        )


@dataclass(eq=False)
class RejectedManifestError(CommandError):
    """The cluster rejected a resource: a field is not valid, or a quota or a policy does not allow it."""

    kind: str
    name: str
    namespace: str
    reason: str
    title: ClassVar[str] = "The cluster rejected a resource"

    @property
    def found(self) -> str:
        return f"{self.kind} {self.name} in the namespace '{self.namespace}': {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Correct the configuration, or ask an administrator about the quota or the policy that the message names."
        )


@dataclass(eq=False)
class UnexpectedClusterAnswerError(CommandError):
    """The API server reports a failure that Funcpack does not know."""

    purpose: str
    status: int
    reason: str
    title: ClassVar[str] = "Unexpected answer of the cluster"

    @property
    def found(self) -> str:
        return f"{self.purpose}: {self.reason} (status {self.status})."

    @property
    def remedy(self) -> str:
        return f"Check the cluster with: kubectl get --raw '/readyz?verbose'\n{_RUN_AGAIN}"


@dataclass(eq=False)
class RolloutFailedError(CommandError):
    """The new version does not start. `lines` are the last ones of its log, and `previous` is what still serves, if anything."""

    kind: str
    name: str
    namespace: str
    reason: str
    lines: tuple[str, ...]
    previous: str | None
    title: ClassVar[str] = "The new version does not start"

    @property
    def found(self) -> str:
        log = ["", "The last lines of its log:", "", *(f"  {line}" for line in self.lines)] if self.lines else []
        return "\n".join([f"{self.kind} {self.name} in the namespace '{self.namespace}': {self.reason}.", *log])

    @property
    def remedy(self) -> str:
        serves = f"{self.previous} still serves." if self.previous else ""
        # A revision of Knative that has failed gets no traffic: a rollback would go back from the one that serves.
        undo = " To undo the deployment, run `funcpack rollback`." if serves and self.kind == "Deployment" else ""
        return f"{serves}{undo}\nCorrect the cause, and deploy again.".lstrip()


@dataclass(eq=False)
class RolloutDeadlineError(CommandError):
    """The time of `--timeout` is over before the new version serves. `state` is what it waits for."""

    kind: str
    name: str
    namespace: str
    seconds: float
    state: str
    title: ClassVar[str] = "The deadline has passed"

    @property
    def found(self) -> str:
        return (
            f"{self.kind} {self.name} in the namespace '{self.namespace}' is not ready after {self.seconds:g} seconds: "
            f"{self.state}."
        )

    @property
    def remedy(self) -> str:
        return (
            "The rollout continues. To wait for it, run the same command again, with a longer --timeout. "
            "To look at it, run `funcpack describe`."
        )


@dataclass(eq=False)
class UnreachableAddressError(CommandError):
    """The address of the function cannot be reached from this machine. The function got nothing."""

    url: str
    reason: str
    title: ClassVar[str] = "The address cannot be reached"

    @property
    def found(self) -> str:
        return f"{self.url} cannot be reached from here: {self.reason.rstrip('.')}."

    @property
    def remedy(self) -> str:
        return "Run the command where the address of the function can be reached, for example in the cluster."


@dataclass(eq=False)
class UnansweredCallError(CommandError):
    """The rollout is complete, but the address does not answer."""

    url: str
    reason: str
    title: ClassVar[str] = "The function does not answer"

    @property
    def found(self) -> str:
        return f"{self.url}: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Look at the log of the function with `funcpack logs`. To undo the deployment, run `funcpack rollback`."


@dataclass(eq=False)
class NothingToRollBackError(CommandError):
    """There is no earlier version."""

    kind: str
    name: str
    title: ClassVar[str] = "There is no earlier version"

    @property
    def found(self) -> str:
        return f"{self.kind} {self.name} has no earlier version that was ready."

    @property
    def remedy(self) -> str:
        return "Deploy the image that you want: funcpack deploy --image IMAGE"


@dataclass(eq=False)
class ForeignResourceError(CommandError):
    """A resource of the name was not created by Funcpack, so it is not deleted. Nothing was."""

    kind: str
    name: str
    namespace: str
    resource: str
    title: ClassVar[str] = "The resource does not belong to Funcpack"

    @property
    def found(self) -> str:
        return (
            f"{self.kind} {self.name} in the namespace '{self.namespace}' does not have the label "
            "app.kubernetes.io/managed-by=funcpack. Nothing was deleted."
        )

    @property
    def remedy(self) -> str:
        return f"If you mean it, delete it: kubectl delete {self.resource} {self.name} --namespace {self.namespace}"
