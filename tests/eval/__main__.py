"""Runs `make eval`: `python -m tests.eval --help`."""

import sys

from tests.eval import cli

sys.exit(cli.main())
