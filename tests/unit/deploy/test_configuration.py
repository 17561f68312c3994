"""Configuration files: where they are, what is wrong with them, stages, and the options `--set`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from funcpack import deployment_errors as errors
from funcpack.command_errors import CommandError, OptionValueError
from funcpack.deploy.settings.configuration import Configuration, read_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping

# The last example of the documentation that users bring with them. It has no comma after the first line of `cloudbuild`.
WITHOUT_A_COMMA = """\
{
    "cloudbuild":{
        "artifact_registry": "location-docker.pkg.dev/gcp_project/artifact/image"
        "serviceAccount": "service-account@project.iam.gserviceaccount.com"
    }
}
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(values: Any, name: str = "config.json") -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(values if isinstance(values, str) else json.dumps(values))


def read(*assignments: str, stage: str | None = None, config: str | None = None) -> Configuration:
    return read_configuration(
        Path(), config=Path(config) if config else None, stage=stage, assignments=tuple(assignments)
    )


@pytest.mark.parametrize("name", ["config.json", ".goblet/config.json"])
def test_file_is_in_the_directory(name: str) -> None:
    write({"cloudrun": {"traffic": 25}}, name)
    assert read() == Configuration({"cloudrun": {"traffic": 25}}, name)


def test_without_a_file_the_configuration_is_empty() -> None:
    assert read() == Configuration({}, None)
    assert read().section("cloudrun") == {}


def test_two_files_are_an_error_unless_one_is_chosen() -> None:
    write({"name": "one"})
    write({"name": "two"}, ".goblet/config.json")
    with pytest.raises(errors.ConfigurationFilesError) as caught:
        read()
    assert list(caught.value.files) == ["config.json", ".goblet/config.json"]
    assert read(config=".goblet/config.json").values == {"name": "two"}


def test_variables_of_the_process_do_not_change_values(monkeypatch: pytest.MonkeyPatch) -> None:
    write({"description": "from the file"})
    for name in ("description", "runtime", "traffic"):
        monkeypatch.setenv(name, "from the shell")
    assert read().values == {"description": "from the file"}


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        (WITHOUT_A_COMMA, 4, 9, "expecting ',' delimiter"),
        ("", 1, 1, "expecting value"),
        ("{}\n{}", 2, 1, "extra data"),
        ('{"name": 5 "backend": 6}', 1, 12, "expecting ',' delimiter"),
    ],
)
def test_place_of_invalid_json(text: str, line: int, column: int, reason: str) -> None:
    write(text)
    with pytest.raises(errors.ConfigurationSyntaxError) as caught:
        read()
    error = caught.value
    assert (error.file, error.line, error.column, error.reason) == ("config.json", line, column, reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "is not a JSON object"),
        ("null", "is not a JSON object"),
        ('{"cloudrun": {"traffic": 1, "traffic": 2}}', "has the name 'traffic' twice in one object"),
        ('{"cloudrun": {"traffic": NaN}}', "has the value NaN, which JSON does not have"),
        ('{"cloudrun": {"traffic": %s}}' % ("1" * 5000), "has a number that is too long, or is nested too deeply"),
        ('{"cloudrun": %s}' % ("[" * 200_000), "has a number that is too long, or is nested too deeply"),
    ],
)
def test_content_that_cannot_be_used(text: str, reason: str) -> None:
    write(text)
    with pytest.raises(errors.ConfigurationContentError) as caught:
        read()
    assert caught.value.reason == reason


def test_file_that_cannot_be_read() -> None:
    Path("config.json").write_bytes(b'{"name": "\xff"}')
    with pytest.raises(errors.ConfigurationFileError, match="UTF-8"):
        read()
    with pytest.raises(errors.ConfigurationFileError, match="No such file"):
        read(config="other.json")
    with pytest.raises(errors.ConfigurationFileError, match="Is a directory"):
        read(config=".")


def test_byte_order_mark_is_accepted() -> None:
    Path("config.json").write_bytes(b'\xef\xbb\xbf{"name": "x"}')
    assert read().values == {"name": "x"}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"cloudrunn": {}}, "cloudrunn is not a known field. Did you mean 'cloudrun'?"),
        ({"artifact_registry": "x"}, "artifact_registry is not a known field."),
        ({"name": 5}, "name must be text, not a number."),
        ({"environment": {"DEBUG": True}}, "environment.DEBUG must be text, not true or false."),
        ({"cloudrun": 25}, "cloudrun must be an object, not a number."),
        ({"bindings": [5]}, "bindings[0] must be an object, not a number."),
        ({"stages": {"dev": {"cloudrunn": {}}}}, "stages.dev.cloudrunn is not a known field. Did you mean 'cloudrun'?"),
        ({"stages": {"dev": {"stages": {}}}}, "stages.dev.stages is not a known field."),
        ({"stages": {"dev": 5}}, "stages.dev must be an object, not a number."),
    ],
)
def test_sections_and_common_values_are_checked(values: Mapping[str, Any], problem: str) -> None:
    write(values)
    with pytest.raises(errors.ConfigurationFieldError) as caught:
        read()
    assert caught.value.found == f"config.json: {problem}"


def test_sections_of_all_backends_are_accepted() -> None:
    values = {
        "cloudfunction": {},
        "cloudfunction_v2": {},
        "cloudrun": {},
        "cloudrun_revision": {},
        "cloudrun_container": {},
        "cloudbuild": {},
        "deploy": {},
        "kubernetes": {},
        "knative": {},
        "bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}],
        "labels": {"team": "orders"},
        "secrets": {"URL": "database/url", "TOKEN": "token"},
    }
    write(values)
    assert read().values == values


@pytest.mark.parametrize("reference", ["", "/", "a/", "/a", "a/b/c", "postgres://ada:lovelace@db/orders"])
@pytest.mark.parametrize("place", ["file", "stage", "option"])
def test_secret_that_is_not_a_reference_is_not_shown(reference: str, place: str) -> None:
    values = {"secrets": {"URL": reference}}
    write({"file": values, "stage": {"stages": {"dev": values}}, "option": {}}[place])
    assignments = [f"secrets.URL={reference}"] if place == "option" else []
    with pytest.raises(errors.SecretReferenceError) as caught:
        read(*assignments)
    assert caught.value.variable == "URL"
    assert "lovelace" not in f"{caught.value.found}{caught.value.remedy}"


STAGES = {
    "name": "orders",
    "cloudrun": {"traffic": 100, "ingress": "all"},
    "stages": {"dev": {"name": "orders-dev", "cloudrun": {"traffic": 10}, "environment": {"A": "1"}}},
}


def test_stage_is_merged_deeply() -> None:
    write(STAGES)
    expected = {"name": "orders-dev", "cloudrun": {"traffic": 10, "ingress": "all"}, "environment": {"A": "1"}}
    assert read(stage="dev") == Configuration(expected, "config.json (stage dev)")
    assert read().values == {"name": "orders", "cloudrun": {"traffic": 100, "ingress": "all"}}


TEXT, SECRET = {"environment": {"URL": "sqlite://"}}, {"secrets": {"URL": "database/url"}}


@pytest.mark.parametrize(
    ("values", "assignments", "texts", "secrets"),
    [
        (TEXT, [], TEXT["environment"], {}),
        (SECRET, [], {}, SECRET["secrets"]),
        ({**TEXT, **SECRET}, [], {}, SECRET["secrets"]),
        # What is merged in wins, whether it is a text or a secret.
        ({**TEXT, "stages": {"dev": SECRET}}, [], {}, SECRET["secrets"]),
        ({**SECRET, "stages": {"dev": TEXT}}, [], TEXT["environment"], {}),
        ({**SECRET, "stages": {"dev": {**TEXT, **SECRET}}}, [], {}, SECRET["secrets"]),
        (TEXT, ["secrets.URL=database/url"], {}, SECRET["secrets"]),
        (SECRET, ["environment.URL=sqlite://"], TEXT["environment"], {}),
        ({**TEXT, "stages": {"dev": SECRET}}, ["environment.URL=sqlite://"], TEXT["environment"], {}),
        (
            {"environment": {"URL": "a", "A": "1"}, "secrets": {"URL": "b", "B": "c"}},
            [],
            {"A": "1"},
            {"URL": "b", "B": "c"},
        ),
    ],
)
def test_a_variable_is_a_text_or_a_secret(
    values: dict[str, Any], assignments: list[str], texts: dict[str, str], secrets: dict[str, str]
) -> None:
    write(values)
    configuration = read(*assignments, stage="dev" if "stages" in values else None)
    assert (configuration.texts, configuration.section("secrets")) == (texts, secrets)


@pytest.mark.parametrize("assignments", [["environment=5", "secrets.A=b"], ["environment.A=1", "secrets=5"]])
def test_variables_of_another_type_are_an_error(assignments: list[str]) -> None:
    with pytest.raises(errors.ConfigurationFieldError, match="must be an object, not a number"):
        read(*assignments)


@pytest.mark.parametrize(("values", "stages"), [(STAGES, ["dev"]), ({}, []), (None, [])])
def test_unknown_stage_lists_the_stages(values: Mapping[str, Any] | None, stages: list[str]) -> None:
    if values is not None:
        write(values)
    with pytest.raises(errors.UnknownStageError) as caught:
        read(stage="prod")
    assert list(caught.value.stages) == stages


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("cloudrun.traffic=50", 50),
        ('cloudrun.traffic={"a": [1]}', {"a": [1]}),
        ("cloudrun.traffic=half", "half"),
        ('cloudrun.traffic="50"', "50"),
        ("cloudrun.traffic=", ""),
        ("cloudrun.traffic=a=b", "a=b"),
        ("cloudrun.traffic=NaN", "NaN"),
    ],
)
def test_assignment_is_json_or_text(assignment: str, value: Any) -> None:
    write({"cloudrun": {"ingress": "all"}})
    expected = {"cloudrun": {"ingress": "all", "traffic": value}}
    assert read(assignment) == Configuration(expected, "config.json, --set cloudrun.traffic")


def test_assignments_count_before_the_stage_and_the_file() -> None:
    write(STAGES)
    configuration = read("cloudrun.traffic=5", "name=mine", "name=yours", stage="dev")
    assert configuration.values["cloudrun"]["traffic"] == 5
    assert configuration.values["name"] == "yours"


@pytest.mark.parametrize("assignment", ["cloudrun.traffic", "=5", "cloudrun.=5", ".traffic=5", "a..b=5"])
def test_assignment_without_a_path_or_value(assignment: str) -> None:
    with pytest.raises(OptionValueError, match="is not an assignment"):
        read(assignment)


def test_assignment_is_checked_like_the_file() -> None:
    with pytest.raises(
        errors.ConfigurationFieldError, match=r"--set cloudrunn\.traffic: cloudrunn is not a known field"
    ):
        read("cloudrunn.traffic=5")
    with pytest.raises(errors.ConfigurationFieldError, match=r"environment\.PORT must be text, not a number"):
        read("environment.PORT=8080")


def test_every_error_is_wrong_usage() -> None:
    write(WITHOUT_A_COMMA)
    with pytest.raises(CommandError) as caught:
        read()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("values", [{"stages": 5}, {"stages": {"dev": 5}}, {"cloudrunn": {}}])
def test_error_of_the_file_does_not_name_the_options(values: Mapping[str, Any]) -> None:
    write(values)
    with pytest.raises(errors.ConfigurationFieldError) as caught:
        read("name=orders", stage="dev")
    assert caught.value.file == "config.json"
