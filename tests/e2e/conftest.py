"""Cluster, processes and fixtures are those of `tests/harness/plugin.py`."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.harness.plugin")
