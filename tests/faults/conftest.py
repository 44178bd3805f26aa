"""Options of the fault suite, the choice of cases, and the table at the end."""

import difflib
import fnmatch
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.e2e.kube import Kube
from tests.faults_runner.load import FAULTS, CaseError, Fault, case_folders, load
from tests.faults_runner.play import meaningless_name
from tests.faults_runner.table import Row, as_markdown, as_text, second_tries

SEED = "FAULTS_SEED"
_rows: list[Row] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--case", default="", help="only cases of this name (or pattern)")
    group.addoption("--family", default="", help="only cases of this family")
    group.addoption(
        "--faults-sample",
        type=int,
        default=0,
        metavar="N",
        help=f"only N cases, chosen at random; ${SEED} chooses the same again",
    )
    group.addoption(
        "--faults-tries",
        type=int,
        default=1,
        metavar="N",
        help="play a case that fails again, up to N times; the table says so",
    )
    group.addoption("--faults-table", type=Path, metavar="FILE", help="the table as Markdown")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.harness.plugin")
    # Workers inherit it: all processes must choose the same cases.
    if not os.environ.get(SEED):
        os.environ[SEED] = str(int(time.time()))


def pytest_report_header(config: pytest.Config) -> str | None:
    if not config.option.faults_sample:
        return None
    seed = os.environ[SEED]
    return f"{config.option.faults_sample} fault cases by chance; the same again: {SEED}={seed}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" in metafunc.fixturenames:
        try:
            faults = chosen(metafunc.config)
        except CaseError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        metafunc.parametrize("fault", [_parameter(fault) for fault in faults])


def chosen(config: pytest.Config) -> list[Fault]:
    """Return the cases that the options ask for. Raises CaseError."""
    option = config.option
    folders = case_folders()
    if option.case:
        folders = [f for f in folders if fnmatch.fnmatchcase(f.name, option.case)]
        if not folders:
            known = [f.name for f in case_folders()]
            near = ", ".join(difflib.get_close_matches(option.case, known)) or "see tests/faults"
            raise CaseError(f"no case is named {option.case}; did you mean: {near}")
    faults = [load(folder) for folder in folders]
    if option.family:
        faults = [f for f in faults if f.case.family == option.family]
        if not faults:
            raise CaseError(f"no case is of family {option.family}; docs/faults.md lists them")
    if 0 < option.faults_sample < len(faults):
        dice = random.Random(os.environ[SEED])  # noqa: S311 - a reproducible choice
        faults = sorted(dice.sample(faults, option.faults_sample), key=lambda f: f.name)
    return faults


def _parameter(fault: Fault) -> object:
    marks = []
    if fault.case.serial:
        marks.append(pytest.mark.serial)
    if fault.case.containers:
        marks.append(pytest.mark.containers)
    return pytest.param(FAULTS / fault.name, id=fault.name, marks=marks)


@pytest.fixture
def make_kube(cluster: Cluster, fault: Path) -> Iterator[Callable[[], Kube]]:
    """kubectl in a fresh namespace of the case; its label says which case it is."""
    made: list[Kube] = []

    def make() -> Kube:
        kube = Kube(cluster, meaningless_name())
        kube.admin("create", "namespace", kube.namespace)
        made.append(kube)
        kube.admin("label", "namespace", kube.namespace, f"fault={fault.name}")
        return kube

    yield make
    for kube in made:
        kube.admin("delete", "namespace", kube.namespace, "--wait=false")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        _rows.extend(Row.of(v) for k, v in report.user_properties if k == "fault")  # type: ignore[arg-type]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not _rows:
        return
    terminalreporter.section("faults")
    terminalreporter.write(as_text(_rows, terminalreporter._tw.fullwidth))
    for line in second_tries(_rows):
        terminalreporter.write_line(line)
    if header := pytest_report_header(config):
        terminalreporter.write_line(header)
    if config.option.faults_table:
        config.option.faults_table.write_text(as_markdown(_rows))
