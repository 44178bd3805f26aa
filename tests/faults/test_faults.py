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


def test_fault(fault: Path, kube: Kube, record_property: Callable[[str, object], None]) -> None:
    """What is wrong is detected, named and mended; what is well is left alone."""
    node = next(iter(kube.all("nodes")), {"metadata": {"name": "no-node"}})["metadata"]["name"]
    play = Play(load(fault, kube.namespace, node), kube, Row(fault.name))
    failure = ""
    try:
        play.run()
    except AssertionError as error:
        failure = str(error)
    finally:
        record_property("fault", asdict(play.row))
    if failure:
        pytest.fail(f"{fault.name}: {failure}\n\n{told(play)}", pytrace=False)


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
