"""The error texts of the settings of deployments, word by word."""

from __future__ import annotations

from funcpack import deployment_errors as errors

RULE = "A name contains only lowercase letters."

CASES = [
    (
        errors.UnknownBackendError("cloud-run", "--backend", ("cloudfunction", "cloudrun")),
        2,
        """\
Unknown backend
--backend names the backend 'cloud-run'.

Use one of these backends: cloudfunction, cloudrun.""",
    ),
    (
        errors.BackendLiteralError("handler.py", 3, "BACKEND"),
        2,
        """\
The backend is not a literal
handler.py, line 3: the backend of Goblet() is the expression 'BACKEND', whose value is known only when the code runs.

Write a literal, for example Goblet(backend="cloudrun"), or choose the backend with --backend.""",
    ),
    (
        errors.BackendLiteralsError("handler.py", (3, 5)),
        2,
        """\
Several backends in the code
handler.py creates Goblet with different backends, in the lines 3 and 5.

Keep one of the calls, or choose the backend with --backend.""",
    ),
    (
        errors.ConfigurationFilesError(("config.json", ".goblet/config.json")),
        2,
        """\
Two configuration files
Both config.json and .goblet/config.json exist.

Delete one of them, or name the one to use: --config config.json""",
    ),
    (
        errors.ConfigurationFileError("prod.json", "No such file or directory"),
        2,
        """\
The configuration cannot be read
prod.json: No such file or directory.

Name a JSON file in UTF-8 that exists and that you have access to, for example: --config config.json""",
    ),
    (
        errors.ConfigurationSyntaxError("config.json", 4, 9, "expecting ',' delimiter"),
        2,
        """\
Invalid JSON
config.json, line 4, column 9: expecting ',' delimiter.

Correct the line or the end of the line before. To check the file: python -m json.tool config.json""",
    ),
    (
        errors.ConfigurationContentError("config.json", "is not a JSON object"),
        2,
        """\
Invalid configuration
config.json is not a JSON object.

Write one JSON object with each name once, for example: {"backend": "cloudrun", "cloudrun": {"traffic": 25}}""",
    ),
    (
        errors.SecretReferenceError("config.json", "URL"),
        2,
        """\
Invalid configuration
config.json: the value of 'URL' in 'secrets' does not name a secret and a key.

Write the name of the secret, a slash and the key, for example: "secrets": {"URL": "database/password"}
On Google, the part after the slash is the version. Without it, the version is the latest.""",
    ),
    (
        errors.UnknownStageError("prod", "config.json", ("dev", "test")),
        2,
        """\
Unknown stage
config.json has no stage 'prod'. It has the stages: dev, test.

Use one of these stages, or add the stage to 'stages'.""",
    ),
    (
        errors.UnknownStageError("prod", "config.json", ()),
        2,
        """\
Unknown stage
config.json has no stage 'prod'. It has no stages.

Add the stage to config.json, for example: {"stages": {"prod": {"name": "orders-prod"}}}""",
    ),
    (
        errors.UnknownStageError("prod", None, ()),
        2,
        """\
Unknown stage
There is no stage 'prod', because there is no configuration.

Add the stage to config.json, for example: {"stages": {"prod": {"name": "orders-prod"}}}""",
    ),
    (
        errors.DeploymentNameError("Orders", "--name", "cloudrun", RULE, "orders"),
        2,
        """\
Invalid name
The backend 'cloudrun' does not accept the name 'Orders' (--name).
A name contains only lowercase letters.

Choose another name, for example: --name orders""",
    ),
    (
        errors.NotDeployedError("orders", "cloudrun"),
        1,
        """\
Not deployed
The backend 'cloudrun' has nothing with the name 'orders'.

Name what you deployed with the same options: --backend, --name, --project, --location, --namespace, --context.
To deploy it: funcpack deploy""",
    ),
]
