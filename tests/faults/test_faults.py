"""Every folder beside this file is a case; docs/faults.md says how to write one."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from tests.e2e.kube import Kube
from tests.faults_runner.load import load
from tests.faults_runner.play import Play
from tests.faults_runner.table import Row


def test_fault(
    fault: Path,
    make_kube: Callable[[], Kube],
    record_property: Callable[[str, object], None],
    request: pytest.FixtureRequest,
) -> None:
    """What is wrong is detected, named and mended; what is well is left alone."""
    tries: int = request.config.option.faults_tries
    first_try = ""
    for left in reversed(range(tries)):
        play = prepare(fault, make_kube())
        play.row.first_try = first_try
        try:
            play.run()
        except AssertionError as error:
            if left:  # a busy machine is no defect; what fails twice is
                first_try = str(error).splitlines()[0][:200]
                continue
            record_property("fault", asdict(play.row))
            pytest.fail(f"{fault.name}: {error}\n\n{told(play)}", pytrace=False)
        record_property("fault", asdict(play.row))
        return


def prepare(fault: Path, kube: Kube) -> Play:
    """Return the case, ready to be played in a namespace."""
    node = next(iter(kube.all("nodes")), {"metadata": {"name": "no-node"}})["metadata"]["name"]
    return Play(load(fault, kube.namespace, node), kube, Row(fault.name))


def told(play: Play) -> str:
    """Return what one needs to understand a failure: the Diagnoses and the namespace's events."""
    diagnoses = [
        yaml.safe_dump(d.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=False)
        for d in play.diagnoses()
    ]
    events = play.kube("get", "events", "--sort-by=.lastTimestamp", check=False)
    pods = play.kube("get", "pods", "-o", "wide", check=False)
    texts = ["---\n".join(diagnoses) or "no Diagnosis\n", pods, events]
    return "\n".join(texts)
