"""The audit trail: what became of each approval, in rows, in detail, and for programs."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from podiatrist.api.diagnosis import (
    AppliedPatch,
    Approval,
    Diagnosis,
    Execution,
    ObjectRef,
    Status,
)
from podiatrist.cli.audit import audit
from podiatrist.lifecycle.telling.audit_trail import audit_trail, entry_of
from tests.fakeapi.server import FakeApi
from tests.unit.stories import NOW, WEB, diagnosis, option

DB_0 = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name="db-0")
FORWARD = '[{"op":"test","path":"/spec/replicas","value":0},{"op":"replace","path":"/spec/replicas","value":1}]'  # noqa: E501 - one line, as it is stored
BACK = '[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":0}]'  # noqa: E501 - as above
DELETION = '{"preconditions":{"uid":"uid-0"}}'


def executed(
    *facts: str, name: str = "web-7f3a9c", namespace: str = "shop", minutes: int = 0, **more: int
) -> Diagnosis:
    """Return a Diagnosis whose option alice approved and that was carried out, as facts tell."""
    made = approved("Approved=True:DigestMatched", *facts, name=name, namespace=namespace)
    made.status.execution = Execution(
        run="r1",
        started_at=NOW + timedelta(minutes=minutes),
        patches=[
            AppliedPatch(object=WEB, patch=FORWARD),
            AppliedPatch(object=DB_0, patch=DELETION, verb="delete"),
        ],
        inverse=[AppliedPatch(object=WEB, patch=BACK)],
        **{"applied": 2, **more},
    )
    return made


def approved(
    *facts: str, name: str = "web-7f3a9c", namespace: str = "shop", by: str | None = "alice"
) -> Diagnosis:
    made = diagnosis(*facts, options=[option("9f3c2a7b", previewed=True)])
    made.metadata.name, made.metadata.namespace, made.metadata.uid = name, namespace, name
    made.status.approval = Approval(by=by, digest="9f3c2a7b", at=NOW)
    return made


# what became of it


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (["Executed=Unknown:Started"], "Executing"),
        (["Executed=True:PatchesApplied"], "Verifying"),
        (["Executed=True:PatchesApplied", "Verified=Unknown:Soaking"], "Verifying"),
        (["Executed=True:PatchesApplied", "Verified=True:ChecksPassed"], "Succeeded"),
        (["Executed=True:PatchesApplied", "Verified=False:FixDidNotHelp"],
         "Verifying (FixDidNotHelp)"),
        (["Executed=True:PatchesApplied", "Verified=False:RolledBack"], "RolledBack"),
        (["Executed=True:PatchesApplied", "Verified=False:RollbackRefused"],
         "Failed (RollbackRefused)"),
        (["Executed=False:PatchRefused"], "Failed (PatchRefused)"),
    ],
)  # fmt: skip
def test_an_execution_ends_as_the_conditions_say(facts: list[str], outcome: str) -> None:
    entry = entry_of(executed(*facts))
    assert entry is not None
    assert entry.executed
    assert entry.told == outcome


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (["Approved=False:UnknownDigest"], "Refused (UnknownDigest)"),
        (["Approved=False:StaleDigest"], "Refused (StaleDigest)"),
        (["Approved=False:Expired"], "Refused (Expired)"),
        (["Approved=True:DigestMatched"], "Approved"),
        (["Approved=False:AlreadyHandled"], "Forgotten"),
        ([], "Forgotten"),
    ],
)
def test_an_approval_that_led_to_no_write_is_listed_where_all_are(
    facts: list[str], outcome: str
) -> None:
    story = approved(*facts)
    assert audit_trail([story]) == []
    [entry] = audit_trail([story], everything=True)
    assert (entry.told, entry.executed, entry.at) == (outcome, False, NOW)


def test_who_approved_nothing_is_in_no_trail() -> None:
    assert audit_trail([diagnosis(), diagnosis("Approved=False:Rejected")], everything=True) == []


def test_each_write_goes_with_what_takes_it_back() -> None:
    entry = entry_of(executed("Executed=Unknown:Started"))
    assert entry is not None
    patch, deletion = entry.writes
    assert patch.patch == json.loads(FORWARD)
    assert patch.inverse == json.loads(BACK)
    assert deletion.patch == json.loads(DELETION)
    assert deletion.inverse is None
    assert entry.field_manager == "podiatrist/web-7f3a9c/9f3c2a7b"
    assert entry.approved_by == "alice"


def test_the_newest_comes_first_and_the_old_may_be_left_out() -> None:
    stories = [executed(name=f"web-{n}", minutes=n) for n in (1, 3, 2)]
    assert [e.diagnosis for e in audit_trail(stories)] == ["web-3", "web-2", "web-1"]
    since = NOW + timedelta(minutes=2)
    assert [e.diagnosis for e in audit_trail(stories, since=since)] == ["web-3", "web-2"]


@pytest.mark.parametrize("text", ["not json", "", '{"op":'])
def test_a_patch_that_somebody_spoiled_is_shown_as_it_is(text: str) -> None:
    story = executed()
    assert story.status.execution is not None
    story.status.execution.patches[0].patch = text
    entry = entry_of(story)
    assert entry is not None
    assert entry.writes[0].patch == text


def test_an_execution_without_its_approval_is_listed_all_the_same() -> None:
    story = executed("Executed=Unknown:Started")
    story.status.approval = None
    [entry] = audit_trail([story])
    assert (entry.digest, entry.approved_by) == ("", None)


# the command


def run(folder: Path, *arguments: str, stories: list[Diagnosis], **environment: str) -> Result:
    """Run the command on a cluster that holds these stories."""

    async def story() -> Result:
        async with FakeApi().serve() as api:
            for told in stories:
                raw = told.model_dump(mode="json", by_alias=True, exclude_none=True)
                api.store.put("diagnoses", {"kind": "Diagnosis", **raw})
            config = json.loads(api.kubeconfig(folder).read_text())
            config["contexts"][0]["context"]["namespace"] = "shop"
            (folder / "kubeconfig").write_text(json.dumps(config))
            given = {"KUBECONFIG": str(folder / "kubeconfig"), "PATH": "", **environment}
            return await asyncio.to_thread(CliRunner().invoke, audit, arguments, env=given)

    return asyncio.run(story())


DONE = ("Executed=True:PatchesApplied", "Verified=True:ChecksPassed")


def test_a_row_tells_who_approved_what_and_how_it_ended(tmp_path: Path) -> None:
    back = ("Executed=True:PatchesApplied", "Verified=False:RolledBack")
    stories = [executed(*DONE), executed(*back, name="db-1", minutes=1, undone=1)]
    result = run(tmp_path, stories=stories)
    assert result.exit_code == 0, result.output
    assert [re.split("  +", line) for line in result.stdout.splitlines()] == [
        ["TIME", "DIAGNOSIS", "TARGET", "OPTION", "APPROVED-BY", "WRITES", "OUTCOME"],
        ["2026-11-03T12:01:00Z", "shop/db-1", "deployment/web", "9f3c2a7b", "alice",
         "patch deployment/web, delete pod/db-0 (1 undone)", "RolledBack"],
        ["2026-11-03T12:00:00Z", "shop/web-7f3a9c", "deployment/web", "9f3c2a7b", "alice",
         "patch deployment/web, delete pod/db-0", "Succeeded"],
    ]  # fmt: skip
    starts = {line.index(word) for line, word in zip(result.stdout.splitlines(),
              ("OUTCOME", "RolledBack", "Succeeded"), strict=True)}  # fmt: skip
    assert len(starts) == 1, "columns stand below each other"
    assert "\x1b" not in result.stdout


def test_the_contexts_namespace_is_meant_unless_another_is_named(tmp_path: Path) -> None:
    stories = [executed(*DONE), executed(*DONE, name="pay-1", namespace="pay")]
    for arguments, seen in (
        ((), ["shop/web-7f3a9c"]),
        (("-n", "pay"), ["pay/pay-1"]),
        (("-A",), ["pay/pay-1", "shop/web-7f3a9c"]),
    ):
        result = run(tmp_path, *arguments, stories=stories)
        assert sorted(row.split()[1] for row in result.stdout.splitlines()[1:]) == seen


def test_refused_approvals_are_shown_on_demand(tmp_path: Path) -> None:
    stories = [approved("Approved=False:UnknownDigest", by=None)]
    result = run(tmp_path, stories=stories)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing was executed in namespace shop; --all" in result.stderr
    result = run(tmp_path, "--all", stories=stories)
    assert "<unknown>     <none>   Refused (UnknownDigest)" in result.stdout


def test_what_is_older_is_left_out(tmp_path: Path) -> None:
    fresh = executed(*DONE, name="fresh-1")
    assert fresh.status.execution is not None
    fresh.status.execution.started_at = datetime.now(UTC) - timedelta(minutes=50)
    stories = [executed(*DONE), fresh]
    ask = ("-o", "name")
    told = run(tmp_path, *ask, "--since", "1h", stories=stories).stdout
    assert told == "diagnosis.podiatrist.dev/fresh-1\n"
    assert run(tmp_path, *ask, "--since", "0h49m30s", stories=stories).stdout == ""


@pytest.mark.parametrize("age", ["yesterday", "24", "-1h", "1.5h", "1h 2m", "", "999999999d"])
def test_a_time_span_that_is_none_is_a_usage_error(tmp_path: Path, age: str) -> None:
    result = run(tmp_path, "--since", age, stories=[])
    assert result.exit_code == 2
    assert "write it like 30m, 24h or 7d" in result.output


def test_programs_get_everything(tmp_path: Path) -> None:
    parse: dict[str, Callable[[str], Any]] = {"json": json.loads, "yaml": yaml.safe_load}
    for output, read in parse.items():
        result = run(tmp_path, "-o", output, stories=[executed(*DONE)])
        [entry] = read(result.stdout)
        assert entry["approvedBy"] == "alice"
        assert entry["at"] == "2026-11-03T12:00:00Z"
        assert entry["writes"][0]["patch"] == json.loads(FORWARD)
        assert entry["outcome"] == "Succeeded"
        assert read(run(tmp_path, "-o", output, stories=[]).stdout) == []


def test_one_diagnosis_in_detail(tmp_path: Path) -> None:
    result = run(tmp_path, "--diagnosis", "web-7f3a9c", stories=[executed(*DONE)])
    seen = result.stdout
    for part in (
        "Diagnosis      shop/web-7f3a9c",
        "Option         9f3c2a7b  Scale to 1",
        "Approved by    alice at 2026-11-03T12:00:00Z",
        "Field manager  podiatrist/web-7f3a9c/9f3c2a7b",
        'patch Deployment shop/web\n  {"op": "test", "path": "/spec/replicas", "value": 0}',
        'undone by\n  {"op": "test", "path": "/spec/replicas", "value": 1}',
        "delete Pod shop/db-0",
        "cannot be undone",
    ):
        assert part in seen
    refused = [approved("Approved=False:StaleDigest")]
    seen = run(tmp_path, "--diagnosis", "web-7f3a9c", stories=refused).stdout
    assert "Refused (StaleDigest)" in seen
    assert "Executed" not in seen


def test_a_patch_cannot_draw_on_the_terminal(tmp_path: Path) -> None:
    story = executed(*DONE)
    assert story.status.execution is not None
    story.status.execution.patches[0].patch = r'[{"op":"add","value":"\u001b[2J\u202e[red]x"}]'
    for arguments in (("--diagnosis", "web-7f3a9c"), ("-o", "json"), ("-o", "yaml")):
        seen = run(tmp_path, *arguments, stories=[story]).stdout
        assert "[red]x" in seen
        assert not {"\x1b", "\u202e"} & set(seen)


def test_a_name_that_is_nearly_right_is_put_right(tmp_path: Path) -> None:
    stories = [executed(*DONE)]
    result = run(tmp_path, "--diagnosis", "web-777777", stories=stories)
    assert result.exit_code == 1
    assert "no Diagnosis named web-777777 in namespace shop; did you mean web-7f3a9c?" in (
        result.stderr
    )
    result = run(tmp_path, "--diagnosis", "pay-1", stories=stories)
    assert "see: kubectl get diagnoses -n shop" in result.stderr
    untouched = diagnosis()
    untouched.status = Status()
    result = run(tmp_path, "--diagnosis", "web-7f3a9c", stories=[untouched])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no approval of web-7f3a9c was acted upon" in result.stderr


def test_a_diagnosis_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = executed(*DONE, name="odd-1").model_copy(update={"spec": Status()})
    result = run(tmp_path, "-o", "name", stories=[broken, executed(*DONE)])
    assert result.stdout == "diagnosis.podiatrist.dev/web-7f3a9c\n"
    assert "cannot be read: shop/odd-1" in result.stderr


def test_without_a_kubeconfig_it_says_what_to_do(tmp_path: Path) -> None:
    given = {"KUBECONFIG": str(tmp_path / "none")}
    result = CliRunner().invoke(audit, [], env=given)
    assert result.exit_code == 1
    assert "set KUBECONFIG, or name one with --kubeconfig" in result.stderr
