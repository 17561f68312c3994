"""The error texts of configuration that does not fit a resource."""

from __future__ import annotations

from funcpack import deployment_errors as errors

CASES = [
    (
        errors.ConfigurationFieldError("config.json", [errors.UnknownField("cloudrun.trafic", "traffic")]),
        2,
        """\
Invalid configuration
config.json: cloudrun.trafic is not a known field. Did you mean 'traffic'?

Correct or remove this field. Nothing was built or sent.""",
    ),
    (
        errors.ConfigurationFieldError(
            "config.json",
            [
                errors.DuplicateName("cloudrun_container.env", "MODE"),
                errors.MissingEntry("knative.service.spec.template.spec.containers", "a container", "function"),
            ],
        ),
        2,
        """\
Invalid configuration
config.json: cloudrun_container.env has several entries with the name 'MODE'. Keep one of them.
config.json: knative.service.spec.template.spec.containers needs a container with the name 'function'.

Correct or remove these fields. Nothing was built or sent.""",
    ),
    (
        errors.ConfigurationFieldError(
            None,
            [
                errors.WrongType("cloudrun.traffic", ("integer", "string"), 2.5),
                errors.UnknownValue("cloudrun.ingress", ("ALL", "NONE"), "x" * 90),
            ],
        ),
        2,
        f"""\
Invalid configuration
--set: cloudrun.traffic must be an integer or text, not a number.
--set: cloudrun.ingress is '{"x" * 80}...'. It must be one of: ALL, NONE.

Correct or remove these fields. Nothing was built or sent.""",
    ),
]
