"""Runs the test cluster's commands: `python3 -m tests.cluster --help`."""

import sys

from tests.cluster import cli

sys.exit(cli.main())
