"""Runs the model's commands: `python -m tests.model --help`."""

import sys

from tests.model import cli

sys.exit(cli.main())
