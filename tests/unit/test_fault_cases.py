"""The fault suite without a cluster: all cases can be read, and every mistake in one is named."""

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from podiatrist.api.diagnosis import (
    Diagnosis,
    Evidence,
    Finding,
    Metadata,
    ObjectRef,
    Spec,
    State,
    Status,
    Target,
)
from podiatrist.handlers.settings import Settings
from tests.faults_runner.case import Case, Family
from tests.faults_runner.judge import undetected, unnamed, wrongs
from tests.faults_runner.load import CaseError, Fault, load, load_all
from tests.faults_runner.play import meaningless_name
from tests.faults_runner.table import Row, as_markdown, as_text, totals
from tests.harness.settings import SHORTENED

ABOUT = "about: A case that is as good as any.\nfamily: pods\n"
SICK = ABOUT + "expect:\n- target: Deployment/web\n  reasons: [ImageNotFound]\n"
WELL = ABOUT + "healthy: true\nproof: [get pods]\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a}]}\n"

Write = Callable[..., Path]


def test_all_cases_can_be_played() -> None:
    """Malformed ones raise here, with their file's name."""
    faults = load_all()
    assert len({fault.name for fault in faults}) == len(faults)
    assert len({fault.case.about for fault in faults}) == len(faults), "two cases say they are one"


def test_every_family_has_faults_and_there_are_healthy_look_alikes() -> None:
    cases = [fault.case for fault in load_all()]
    assert sum(not case.healthy for case in cases) >= 60
    assert sum(case.healthy for case in cases) >= 15
    assert {case.family for case in cases if not case.healthy} == set(get_args(Family))


def test_healthy_cases_are_watched_for_longer_than_everything_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else silence would prove nothing: a grace that nobody shortened outlasts every case."""
    for name, value in SHORTENED.items():
        monkeypatch.setenv(name, value)
    settings = Settings().model_dump()
    graces = {name: float(v) for name, v in settings.items() if name.startswith("grace")}
    sweep = float(settings.get("sweep", 0))
    assert graces, "the settings that are waited for have other names now"
    # What no rule explains is told late, so that rules can wait until they are sure. What a healthy
    # case is held against is what rules say.
    graces.pop("grace_unexplained")
    too_long = {name: grace for name, grace in graces.items() if grace + sweep + 5 > _quiet()}
    assert not too_long, f"shorten in tests/harness/settings.py: {too_long}, sweep {sweep}"


def _quiet() -> float:
    return float(Case.model_fields["quiet"].default)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a case with one manifest, and return its folder."""

    def write(case: str, manifest: str = SERVICE, name: str = "01-web.yaml") -> Path:
        folder = tmp_path / "some-case"
        folder.mkdir(exist_ok=True)
        (folder / "case.yaml").write_text(case)
        (folder / name).write_text(manifest)
        return folder

    return write


def test_good_cases_are_read(write: Write) -> None:
    assert not load(write(SICK)).case.healthy
    fault = load(write(WELL.replace("get pods", "get pod -l n=__NODE__")), "shop", "node7")
    assert fault.case.proof == ["get pod -l n=node7"]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (ABOUT, "either `healthy: true` or what to `expect`"),
        (SICK + "healthy: true\n", "either `healthy: true` or what to `expect`"),
        (ABOUT + "healthy: true\n", "add a `proof`"),
        (SICK + "retries: 3\n", "retries: Extra inputs are not permitted"),
        (SICK + "  says: [Web]\n  says: [other]\n", "says is there twice"),
        (SICK.replace("Deployment/web", "web"), "expect.0.target: is 'web'; write Kind/name"),
        (SICK.replace("ImageNotFound", "not found"), "a reason is one CamelCase word"),
        (SICK.replace("family: pods", "family: cats"), "family: Input should be 'pods'"),
        (SICK + "proof: [get pods]\n", "without `fix`"),
        (SICK + "fix: {target: Deployment/web, option: first}\n", "add a `proof`"),
        (SICK + "fix: {target: Deployment/web}\nproof: [get pods]\n", "`option` or `by_hand`"),
        (SICK + "fix: {target: Job/x, option: first}\nproof: [get pods]\n", "not under `expect`"),
        (SICK + "cleanup: [kubectl get pods]\n", "leave that word out"),
        (SICK + "cleanup: [get pods -n x]\n", "the case's own is already set"),
        (SICK + "cleanup: [sleep 5m]\n", "write `sleep 5`"),
        (SICK + "cleanup: [uncordon node1]\n", "set `serial: true`"),
        (SICK + "after: {02-x.yaml: [get pods]}\n", "after.02-x.yaml: there is no such manifest"),
        (SICK + "quiet: 3\n", "quiet: Input should be greater"),
    ],
)
def test_mistakes_in_a_case_are_named_with_its_file(write: Write, case: str, said: str) -> None:
    with pytest.raises(CaseError) as caught:
        load(write(case))
    assert "some-case/case.yaml" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("", "is empty"),
        ("a: [", "is no list of objects"),
        ("just a text", "is no list of objects"),
        ("kind: Service\nmetadata: {name: web}\n", "needs apiVersion, kind and metadata.name"),
        (SERVICE.replace("Service", "StorageClass"), "StorageClass/web: is in no namespace"),
        (SERVICE.replace("{name: web}", "{name: web, namespace: x}"), "leave metadata.namespace"),
        (POD, "Pod/web: set terminationGracePeriodSeconds"),
        (SERVICE.replace("Service", "Secret") + "stringData: {k: short}\n", "at least 8 letters"),
        (SERVICE.replace("Service", "Secret") + "data: {k: '%%%'}\n", "`data` must be base64"),
        (SERVICE.replace("Service", "Secret") + "stringData: {k: 1}\n", "`data` must be base64"),
    ],
)
def test_mistakes_in_a_manifest_are_named_with_its_file(
    write: Write, manifest: str, said: str
) -> None:
    with pytest.raises(CaseError) as caught:
        load(write(SICK, manifest))
    assert "some-case/01-web.yaml: " in str(caught.value)
    assert said in str(caught.value)


def test_stray_files_are_named(write: Write) -> None:
    with pytest.raises(CaseError, match=r"notes\.txt: only case\.yaml and manifests"):
        load(write(SICK, name="notes.txt"))


def fault(case: str, write: Write, manifest: str = SERVICE) -> Fault:
    return load(write(case, manifest))


def diagnosis(target: str = "web", name: str = "web-1", **status: Any) -> Diagnosis:
    finding = Finding(
        analyzer="images",
        reason="ImageNotFound",
        message="image ngnix is not there",
        object=ObjectRef(api_version="v1", kind="Pod", name="web-x"),
        evidence=[Evidence(source="kubectl get pod", quote="ngnix: not found")],
    )
    return Diagnosis(
        metadata=Metadata(
            name=name,
            namespace="shop",
            uid=name,
            creation_timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        spec=Spec(target=Target(api_version="apps/v1", kind="Deployment", name=target)),
        status=Status(**{"state": State.NEEDS_HUMAN, "findings": [finding], **status}),
    )


def test_what_is_expected_satisfies(write: Write) -> None:
    case = fault(SICK + "  says: [NGNIX]\n  options: none\n", write).case
    assert list(wrongs(case, [diagnosis()], set())) == []
    assert undetected(case, [diagnosis()]) == []
    assert unnamed(case, [diagnosis()]) == []


def test_missing_and_ended_diagnoses_do_not_count_as_detected(write: Write) -> None:
    case = fault(SICK, write).case
    assert undetected(case, []) != []
    assert undetected(case, [diagnosis(state=State.RESOLVED)]) != []
    assert undetected(case, [diagnosis(findings=[])]) != []


@pytest.mark.parametrize(
    ("more", "lack"),
    [
        ("  says: [apache]\n", "does not say 'apache'"),
        ("  options: some\n", "no option whose dry run passed"),
        ("  related_to: [Deployment/db]\n- {target: Deployment/db, reasons: [X1]}\n", "related"),
    ],
)
def test_what_a_diagnosis_lacks_is_said(write: Write, more: str, lack: str) -> None:
    assert lack in unnamed(fault(SICK + more, write).case, [diagnosis()])[0]


def test_the_namespace_is_not_taken_for_the_cause() -> None:
    """Messages name it: were it made of the case's name, it would say the cause by itself."""
    for name in {meaningless_name() for _ in range(50)}:
        assert re.fullmatch(r"t-([a-z][0-9]){4}", name)


def test_the_first_reason_must_be_the_first_findings(write: Write) -> None:
    other = diagnosis().status.findings[0].model_copy(update={"reason": "Other"})
    both = diagnosis(findings=[other, *diagnosis().status.findings])
    assert "the first finding is Other" in unnamed(fault(SICK, write).case, [both])[0]
    case = fault(SICK.replace("[Image", "[Other, Missing, Image"), write).case
    assert unnamed(case, [both]) == [
        "Deployment/web: no finding Missing among Other, ImageNotFound"
    ]


def test_what_must_never_be_is_seen(write: Write) -> None:
    case = fault(SICK + "  never_says: [ngnix]\n", write).case
    one, two, stranger = diagnosis(), diagnosis(name="web-1-2"), diagnosis("db", "db-1")
    assert "says 'ngnix'" in next(wrongs(case, [one], set()))
    case = fault(SICK, write).case
    assert "more than one" in next(wrongs(case, [one, two], set()))
    assert "nothing is wrong with it" in next(wrongs(case, [one, stranger], set()))
    assert "nothing is wrong with it" in next(wrongs(fault(WELL, write).case, [one], set()))


@pytest.mark.parametrize(
    ("evidence", "wrong"),
    [
        ([], "no evidence"),
        ([Evidence(source="kubectl", quote=" ")], "empty quote"),
        ([Evidence(source="", quote="x")], "where its quote is from"),
    ],
)
def test_unfounded_findings_are_seen(write: Write, evidence: list[Evidence], wrong: str) -> None:
    finding = diagnosis().status.findings[0].model_copy(update={"evidence": evidence})
    found = diagnosis(findings=[finding])
    assert wrong in next(wrongs(fault(SICK, write).case, [found], set()))


@pytest.mark.parametrize("text", ["is hunter2hunter2 right?", "is aHVudGVyMmh1bnRlcjI= right?"])
def test_leaked_secrets_are_seen(write: Write, text: str) -> None:
    secret = SERVICE.replace("Service", "Secret") + "stringData: {password: hunter2hunter2}\n"
    sick = fault(SICK, write, secret)
    assert "Secret value" in next(wrongs(sick.case, [diagnosis(root_cause=text)], sick.secrets()))


def test_table_tells_good_from_bad() -> None:
    rows = [
        Row("sick", "pods", detected=True, named=True, fixed=False, seconds=6.4),
        Row("well", "pods", healthy=True, quiet=True, seconds=25),
        Row("loud", "pods", healthy=True),
    ]
    again = [Row.of(dataclasses.asdict(row)) for row in rows]
    assert as_markdown(again).splitlines()[2:5] == [
        "| sick | pods | yes | yes | NO | 6 |",
        "| loud | pods | NOT QUIET |  |  |  |",
        "| well | pods | quiet |  |  | 25 |",
    ]
    assert totals(rows) == "detected 1/1, cause named 1/1, fixed 0/1, healthy and quiet 1/2"
    assert "NOT QUIET" in as_text(rows, 80)
