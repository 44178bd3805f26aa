"""A status stays under 64 KiB, whatever was found."""

from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef, Option, Preview, Risk, Status
from podiatrist.api.size import LIMIT, shrink, size_of


def crammed() -> Status:
    """Return a status that is full to every bound, with letters of three bytes."""
    wide = "界" * 1024
    ref = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name="web")
    evidence = [Evidence(source=wide, quote=wide)] * 8
    finding = Finding(analyzer="a", reason="R", message=wide, object=ref, evidence=evidence)
    option = Option.model_construct(
        digest="0badcafe", title="t", rationale=wide, risk=Risk.LOW, actions=[], writes=[],
        commands=[], diff=["界" * 512] * 60, checks=[], preview=None,
    )  # fmt: skip
    status = Status(findings=[finding.model_copy(deep=True) for _ in range(16)])
    status.options = [option.model_copy(deep=True) for _ in range(4)]
    return status


def test_crammed_status_is_shrunk_below_the_limit_and_keeps_the_best() -> None:
    status = crammed()
    assert size_of(status) > LIMIT
    shrink(status)
    assert size_of(status) <= LIMIT
    assert status.findings
    assert status.findings[0].evidence
    assert len(status.options) == 4


def test_an_option_that_was_tried_goes_rather_than_be_cut() -> None:
    """Admission refuses an operator that shortens what a human may have seen."""
    status = crammed()
    for option in status.options:
        option.preview = Preview(ok=True, message="accepted", id="1")
        option.diff = ["+" * 100] * 60
    shrink(status)
    assert size_of(status) <= LIMIT
    assert status.options
    assert all(len(option.diff) == 60 for option in status.options)


def test_ordinary_status_is_left_alone() -> None:
    status = crammed()
    status.findings, status.options = status.findings[:1], []
    before = status.model_copy(deep=True)
    shrink(status)
    assert status == before
