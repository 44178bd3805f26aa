"""Cluster and operator are those of `tests/harness/plugin.py`; the executors are our own."""

import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.crash.performance import Performance, perform
from tests.harness.install import ROOT, kubectl
from tests.harness.processes import Podiatrist

SEED, SAMPLE, ONLY = "CRASH_SEED", "CRASH_SAMPLE", "CRASH_ONLY"
_POLICY = str(ROOT / "tests" / "crash" / "refused_deletions.yaml")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.harness.plugin")
    if not os.environ.get(SEED):
        os.environ[SEED] = str(int(time.time()))


def pytest_report_header(config: pytest.Config) -> str:
    sample = os.environ.get(SAMPLE)
    return f"crashes: {sample or 'all'}; the same again: {SEED}={os.environ[SEED]}"


@pytest.fixture(scope="module")
def performance(
    cluster: Cluster, podiatrist: Podiatrist, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Performance]:
    """All that is played, several stories at a time, while the tests' own executor is away."""
    if cluster.audit_log is None:
        pytest.skip("the API server's audit log is not ours to read")
    kubectl(cluster, "apply", "-f", _POLICY)
    podiatrist.executor.stop()
    try:
        yield perform(
            cluster,
            tmp_path_factory.mktemp("crash"),
            random.Random(os.environ[SEED]),  # noqa: S311 - a reproducible choice
            sample=int(os.environ.get(SAMPLE) or 0),
            only=os.environ.get(ONLY, ""),
        )
    finally:
        podiatrist.executor.start()
        kubectl(cluster, "delete", "-f", _POLICY, "--wait=false")
