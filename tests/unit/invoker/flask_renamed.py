"""Makes the installed Flask look like one that has renamed its context variables. A plugin for pytest (`-p`)."""

from __future__ import annotations

import flask.globals  # the rest of Flask has imported the variables by now
import flask.testing

for name in ("_cv_app", "_cv_request"):
    vars(flask.globals).pop(name, None)
