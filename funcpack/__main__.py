"""Runs the command line tool: `python -m funcpack`."""

import sys

from funcpack.cli.main import main

sys.exit(main())
