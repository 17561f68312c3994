"""Checks sections of the configuration against the schemas of the resources that they become a part of."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from funcpack import deployment_errors as errors
from funcpack.deploy.plan.values import at
from funcpack.deploy.settings.merging import name_of
from funcpack.similar_names import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    # A ValidationError of the library, whose types do not say that it is complete.
    CompleteError = Any

_NOTHING_MOVED: Mapping[str, str] = {}
_RANGES = {"int32": (-(2**31), 2**31), "int64": (-(2**63), 2**63), "uint32": (0, 2**32), "uint64": (0, 2**64)}
# Lists in which a name means one entry. Others, such as the headers of a probe, can have a name several times.
_MAY_LACK_NAMES = frozenset({"containers", "initContainers"})
_WITH_NAMES = _MAY_LACK_NAMES | {"env", "volumes", "volumeMounts"}
_DURATION = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?s")


def check(
    value: Mapping[str, Any],
    schema: Mapping[str, Any],
    section: str,
    file: str | None,
    *,
    moved: Mapping[str, str] = _NOTHING_MOVED,
) -> None:
    """Check a section against the JSON Schema of its resource.

    `section` is the beginning of the paths that errors name; it may be empty. `moved` says where fields are that people know
    from another version of the resource, for example `environmentVariables` in `serviceConfig.environmentVariables`.

    Raises:
        ConfigurationFieldError: with all fields that the resource does not have or that have a value it does not accept.

    """
    problems = [
        problem for error in _checker(schema).iter_errors(value) for problem in _problems(error, section, moved)
    ]
    problems.extend(problem for problem in _problems_of_names(value, section) if problem not in problems)
    if problems:
        raise errors.ConfigurationFieldError(file, sorted(problems, key=lambda problem: problem.path))


def forbidden(value: Mapping[str, Any], reasons: Mapping[str, str], section: str, file: str | None) -> None:
    """Check that a section does not set fields that Funcpack sets: `reasons` says why, by path.

    Raises:
        ConfigurationFieldError: with all such fields.

    """
    problems = [
        errors.ForbiddenField(_joined(section, path), reason)
        for path, reason in reasons.items()
        if _is_set(value, path)
    ]
    if problems:
        raise errors.ConfigurationFieldError(file, problems)


def _is_set(value: Mapping[str, Any], path: str) -> bool:
    """Return whether an object has a field, which may be null."""
    parents, _, name = path.rpartition(".")
    parent = at(value, parents)
    return isinstance(parent, Mapping) and name in parent


def _checker(schema: Mapping[str, Any]) -> Validator:
    # The library takes a tenth of a second to import, and most commands do not need it.
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - see above

    # Draft 2020-12 knows `readOnly` as a remark only.
    extended: Callable[..., Validator] = validators.extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"readOnly": _read_only}
    )
    return extended(schema, format_checker=_formats())


def _read_only(_checker: Validator, read_only: bool, _value: Any, _schema: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError  # noqa: PLC0415 - see `_checker`

    if read_only:
        yield ValidationError("is read-only")


@functools.cache
def _formats() -> Any:
    from jsonschema import FormatChecker  # noqa: PLC0415 - see `_checker`

    formats = FormatChecker(formats=())
    for name, (low, high) in _RANGES.items():
        formats.checks(name)(functools.partial(_is_in_range, low=low, high=high))
    formats.checks("google-duration")(lambda value: not isinstance(value, str) or bool(_DURATION.fullmatch(value)))
    return formats


def _is_in_range(value: object, *, low: int, high: int) -> bool:
    if isinstance(value, str):
        return bool(re.fullmatch("-?[0-9]{1,20}", value)) and low <= int(value) < high
    return not isinstance(value, int | float) or low <= value < high


def _problems(error: CompleteError, section: str, moved: Mapping[str, str]) -> Iterator[errors.FieldProblem]:
    path = _path(section, error)
    match error.validator:
        case "additionalProperties" if error.validator_value is False:
            known = error.schema.get("properties", {})
            for name in sorted(error.instance.keys() - known.keys()):
                yield _unknown(path, name, known, section if path == section else None, moved)
        case "required":
            missing = next(name for name in error.validator_value if error.message.startswith(repr(name)))
            yield errors.MissingField(_joined(path, missing))
        case _:
            yield _KINDS.get(str(error.validator), _other)(path, error)


def _problems_of_names(value: Any, path: str) -> Iterator[errors.FieldProblem]:
    """Return what no schema excludes: entries by whose names lists are merged, but that have none or that of another entry."""
    if isinstance(value, Mapping):
        for key, field in value.items():
            if key in _WITH_NAMES and isinstance(field, list):
                yield from _problems_of_entries(field, _joined(path, key), requires_name=key not in _MAY_LACK_NAMES)
            yield from _problems_of_names(field, _joined(path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _problems_of_names(entry, f"{path}[{index}]")


def _problems_of_entries(entries: list[Any], path: str, *, requires_name: bool) -> Iterator[errors.FieldProblem]:
    for index, entry in enumerate(entries):
        if entry is None:
            yield errors.WrongType(f"{path}[{index}]", ("object",), entry)
        elif requires_name and isinstance(entry, Mapping) and "name" not in entry:
            yield errors.MissingField(f"{path}[{index}].name")
    names = Counter(name for name in map(name_of, entries) if isinstance(name, str))
    yield from (errors.DuplicateName(path, name) for name, count in names.items() if count > 1)


def _unknown(
    path: str, name: str, known: Mapping[str, Any], section: str | None, moved: Mapping[str, str]
) -> errors.FieldProblem:
    """Return the problem of an unknown field. `section` is None if the field is not at the top of it."""
    if section is not None and name in moved:
        return errors.MovedField(_joined(path, name), _joined(section, moved[name]))
    return errors.UnknownField(_joined(path, name), nearest(name, known))


def _other(path: str, error: CompleteError) -> errors.FieldProblem:
    return errors.InvalidField(path, error.message)


def _types(error: CompleteError) -> tuple[str, ...]:
    types = error.validator_value
    return (types,) if isinstance(types, str) else tuple(types)


_KINDS: Mapping[str, Callable[[str, Any], errors.FieldProblem]] = {
    "type": lambda path, error: errors.WrongType(path, _types(error), error.instance),
    "enum": lambda path, error: errors.UnknownValue(path, tuple(error.validator_value), error.instance),
    "format": lambda path, error: errors.WrongFormat(path, str(error.validator_value), error.instance),
    "readOnly": lambda path, _: errors.OutputOnlyField(path),
}


def _path(section: str, error: CompleteError) -> str:
    keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.absolute_path)
    return f"{section}{''.join(keys)}".removeprefix(".")


def _joined(section: str, path: str) -> str:
    return f"{section}.{path}".removeprefix(".")
