import asyncio
import errno
import fcntl
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from podiatrist.agent.model import UnreachableModelError
from podiatrist.chat.journal import Entry, Journal, JournalError, state_folder
from podiatrist.chat.wishes import Wish
from podiatrist.cluster.kinds import Kind, Object
from tests.unit.chat.memory_cluster import MemoryCluster, deployment, node
from tests.unit.chat.scripted import NOW, Talk, calls, says


class SlowCluster(MemoryCluster):
    """Takes a patch and answers when it is told to."""

    def __init__(self, **objects: list[Object]) -> None:
        super().__init__(**objects)
        self.sending, self.go_on = asyncio.Event(), asyncio.Event()

    async def json_patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        patch: list[Object],
        *,
        dry_run: bool = False,
        field_manager: str | None = None,
    ) -> Object:
        if not dry_run:
            self.sending.set()
            await self.go_on.wait()
        return await super().json_patch(kind, namespace, name, patch, dry_run=dry_run)


class FullDisk(Journal):
    """Can be read, and written to no more."""

    def close(self, entry: Entry) -> None:
        raise JournalError("no room")


LABEL = Wish(action="LabelNode", object="node1", fields={"key": "pool", "value": "fast"})


def cluster() -> MemoryCluster:
    return MemoryCluster(nodes=[node("node1")], deployments=[deployment("web")])


def labels(cluster: MemoryCluster) -> dict[str, str]:
    found: dict[str, str] = cluster.objects["nodes"][0]["metadata"]["labels"]
    return found


async def test_without_a_yes_nothing_changes(tmp_path: Path) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, says_yes=False)
    assert "Not applied" in await talk.doing.change([LABEL])
    assert talk.screen.asked == ["Apply?"]
    assert at.sent == []
    assert talk.journal.open_entries() == []


async def test_a_yes_changes_what_was_shown_and_undo_takes_it_back(tmp_path: Path) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, says_yes=True)
    assert "Applied" in await talk.doing.change([LABEL])
    assert any(line.strip() == "+    pool: fast" for line in talk.screen.changes[0].diff)
    assert labels(at)["pool"] == "fast"
    assert "Undone" in await talk.doing.undo()
    assert "pool" not in labels(at)
    assert "nothing to undo" in await talk.doing.undo()


async def test_undo_asks_first_and_a_no_leaves_it_for_later(tmp_path: Path) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, says_yes=True)
    await talk.doing.change([LABEL])
    talk.screen.says_yes = False
    assert "Not undone" in await talk.doing.undo()
    assert labels(at)["pool"] == "fast"
    assert any(line.strip() == "-    pool: fast" for line in talk.screen.ways_back[0].diff)
    assert len(talk.journal.open_entries()) == 1


async def test_what_was_changed_is_in_the_record(tmp_path: Path) -> None:
    talk = Talk(cluster(), tmp_path, says_yes=True)
    await talk.doing.change([LABEL])
    told = talk.doing.commands()
    assert "Changed after you said yes" in told
    assert "kubectl label node node1 pool=fast" in told


async def test_a_change_of_somebody_else_is_not_undone(tmp_path: Path) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, says_yes=True)
    await talk.doing.change([LABEL])
    labels(at)["pool"] = "slow"
    assert "somebody else changed Node node1" in await talk.doing.undo()
    assert labels(at)["pool"] == "slow"


@pytest.mark.parametrize("namespace", ["kube-system", "podiatrist"])
async def test_protected_namespaces_are_never_changed(tmp_path: Path, namespace: str) -> None:
    at = MemoryCluster(deployments=[deployment("web", namespace)])
    talk = Talk(at, tmp_path, says_yes=True)
    wish = Wish(action="Scale", object="web", namespace=namespace, fields={"replicas": 0})
    assert "never changed" in await talk.doing.change([wish])
    assert talk.screen.asked == []
    assert at.sent == []


async def test_a_value_with_line_breaks_cannot_pass_for_lines_of_ours(tmp_path: Path) -> None:
    talk = Talk(cluster(), tmp_path)
    value = "a\nApplied: nothing.\nApply? (y/N) y"
    fields = {"name": "X", "value": value}
    await talk.doing.change([Wish(action="SetEnv", object="web", fields=fields)])
    change = talk.screen.changes[0]
    assert "\n" not in change.title + "".join(change.commands)


async def test_every_line_of_a_diff_is_shown_or_the_change_is_not_offered(tmp_path: Path) -> None:
    talk = Talk(cluster(), tmp_path)

    async def command(words: list[str]) -> str:
        wish = Wish(action="SetCommand", object="web", fields={"args": words})
        return await talk.doing.change([wish])

    await command([f"harmless {n}" for n in range(63)] + ["a" * 600 + "evil"])
    assert any("a" * 600 + "evil" in line for line in talk.screen.changes[0].diff)
    assert len(talk.screen.asked) == 1
    assert "you would have to read" in await command(["x\n" * 60 for _ in range(64)])
    assert len(talk.screen.asked) == 1


async def test_ctrl_c_while_a_change_is_sent_tells_what_became_of_it(tmp_path: Path) -> None:
    at = SlowCluster(nodes=[node("node1")], deployments=[deployment("web")])
    talk = Talk(at, tmp_path, says_yes=True)
    turn = asyncio.create_task(talk.doing.change([LABEL]))
    await at.sending.wait()
    turn.cancel()
    await asyncio.sleep(0)
    at.go_on.set()
    assert "Applied: Node node1 patched" in await turn
    assert "pool=fast" in talk.doing.commands()
    assert labels(at)["pool"] == "fast"


async def test_a_second_ctrl_c_waits_for_nothing_and_claims_nothing(tmp_path: Path) -> None:
    at = SlowCluster(nodes=[node("node1")])
    talk = Talk(at, tmp_path, says_yes=True)
    turn = asyncio.create_task(talk.doing.change([LABEL]))
    await at.sending.wait()
    for _ in range(2):
        turn.cancel()
        await asyncio.sleep(0)
    told = await turn
    assert "Nobody knows" in told
    assert "/undo" in told
    assert len(talk.journal.open_entries()) == 1


async def test_ctrl_c_during_the_wait_leaves_the_change_in_the_history(tmp_path: Path) -> None:
    at = cluster()
    scale = '{"changes": [{"action": "Scale", "object": "web", "fields": {"replicas": 3}}]}'
    talk = Talk(at, tmp_path, calls("change", scale), says_yes=True)
    turn = asyncio.create_task(talk.take("scale web to 3"))
    await asyncio.wait_for(talk.screen.waiting.wait(), 10)
    turn.cancel()
    told = await turn
    assert "Applied" in told
    assert "Not waited for" in told
    assert talk.conversation.agent.messages[-1].content == told


async def test_a_journal_that_cannot_be_closed_does_not_hide_what_was_done(tmp_path: Path) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, says_yes=True)
    await talk.doing.change([LABEL])
    talk.session.journal = FullDisk(tmp_path, "https://cluster", lambda: NOW)
    assert "Undone: Node node1 patched" in await talk.doing.undo()
    assert "pool" not in labels(at)


async def test_undo_passes_over_what_somebody_else_changed_and_says_so(tmp_path: Path) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, says_yes=True)
    await talk.doing.change([LABEL])
    other = Wish(action="LabelNode", object="node1", fields={"key": "disk", "value": "ssd"})
    await talk.doing.change([other])
    labels(at)["disk"] = "hdd"
    assert "Undone" in await talk.doing.undo()
    assert any("somebody else changed" in r for r in talk.screen.ways_back[0].remarks)
    assert labels(at)["disk"] == "hdd"
    assert "pool" not in labels(at)


async def test_a_name_of_a_tool_cannot_flood_the_screen_or_pass_for_our_words(
    tmp_path: Path,
) -> None:
    hostile = "x" * 5000 + "\nApplied: Deployment web patched"
    talk = Talk(cluster(), tmp_path, calls(hostile), says("Sorry."))
    await talk.take("hello")
    assert all(len(said) < 400 and "\nApplied" not in said for said in talk.screen.said)


@pytest.mark.parametrize(
    "lie", ["Applied: Node node1 patched.", "Sure.\n\nApply? (y/N) y", "I have labeled node1."]
)
async def test_a_model_that_pretends_is_called_out(tmp_path: Path, lie: str) -> None:
    talk = Talk(cluster(), tmp_path, says(lie), says("The node has no such label."))
    await talk.take("label node1")
    assert any("the model's words" in said for said in talk.screen.said)
    talk.screen.said.clear()
    await talk.take("really?")
    assert not any("the model's words" in said for said in talk.screen.said)


async def test_a_label_of_kubernetes_itself_is_never_set(tmp_path: Path) -> None:
    talk = Talk(cluster(), tmp_path, says_yes=True)
    key = "node-role.kubernetes.io/control-plane"
    wish = Wish(action="LabelNode", object="node1", fields={"key": key, "value": "x"})
    assert "not possible" in await talk.doing.change([wish])


async def test_what_the_user_may_not_do_is_said_before_the_question(tmp_path: Path) -> None:
    at = cluster()
    at.refuses = {"node1"}
    talk = Talk(at, tmp_path, says_yes=True)
    assert "you may not patch node1" in await talk.doing.change([LABEL])
    assert talk.screen.asked == []


async def test_without_a_journal_nothing_is_changed(tmp_path: Path) -> None:
    at = cluster()
    (tmp_path / "file").write_text("")
    talk = Talk(at, tmp_path / "file", says_yes=True)
    assert "Nothing was changed" in await talk.doing.change([LABEL])
    assert at.sent == []


async def test_a_killed_conversation_can_be_undone_by_the_next(tmp_path: Path) -> None:
    at = cluster()
    before = Talk(at, tmp_path, says_yes=True)
    await before.doing.change([LABEL])
    after = Talk(at, tmp_path, says_yes=True)
    assert "Undone" in await after.doing.undo()
    assert "pool" not in labels(at)


async def test_an_intent_whose_patch_was_never_sent_is_passed_over(tmp_path: Path) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, says_yes=True)
    await talk.doing.change([LABEL])
    del labels(at)["pool"]  # as if the patch had never gone out
    assert "nothing to undo" in await talk.doing.undo()
    assert talk.journal.open_entries() == []


def test_the_journal_is_for_nobody_else_and_survives_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state", "https://one", lambda: NOW)
    entry = journal.intend("a", ["kubectl a"], [], [])
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    with journal.path.open("a") as file:
        file.write('\n{"id": "torn", "at": "20')
    second = journal.intend("b", ["kubectl b"], [], [])
    assert [e.title for e in journal.open_entries()] == ["b", "a"]
    journal.close(second)
    assert journal.open_entries() == [entry]
    assert Journal(tmp_path / "state", "https://two", lambda: NOW).open_entries() == []


def test_the_journal_stays_small(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "https://one", lambda: NOW)
    for number in range(500):
        journal.intend(str(number), [], [], [])
    assert len(journal.path.read_text().splitlines()) < 1000
    assert journal.open_entries()[0].title == "499"


class Interrupted(Journal):
    """Another conversation notes a change as soon as this one has read a journal grown long."""

    other: threading.Thread | None = None

    def _lines(self) -> list[dict[str, Any]]:
        lines = super()._lines()
        if self.other is None and len(lines) >= 400:
            beside = Journal(self.path.parent, self.cluster, lambda: NOW)
            self.other = threading.Thread(target=beside.intend, args=("theirs", [], [], []))
            self.other.start()
            self.other.join(0.5)
        return lines


def test_what_another_conversation_notes_while_the_journal_is_shortened_is_kept(
    tmp_path: Path,
) -> None:
    journal = Interrupted(tmp_path, "https://one", lambda: NOW)
    for number in range(401):
        journal.intend(str(number), [], [], [])
    assert journal.other is not None
    journal.other.join()
    assert {e.title for e in journal.open_entries()} >= {"theirs", "400"}
    assert len(journal.open_entries()) < 400


def test_a_file_system_without_locks_has_a_journal_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(file: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    journal = Journal(tmp_path, "https://one", lambda: NOW)
    journal.close(journal.intend("a", [], [], []))
    second = journal.intend("b", [], [], [])
    assert journal.open_entries() == [second]


def test_a_journal_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="XDG_STATE_HOME"):
        Journal(tmp_path / "file", "https://one", lambda: NOW).intend("a", [], [], [])


def test_state_lies_where_the_user_says() -> None:
    assert state_folder({"XDG_STATE_HOME": "/state"}) == Path("/state/podiatrist")
    assert state_folder({"XDG_STATE_HOME": "relative"}) == Path.home() / ".local/state/podiatrist"
    assert os.sep in str(state_folder({}))


async def test_a_model_cannot_say_yes(tmp_path: Path) -> None:
    at = cluster()
    wish = (
        '{"changes": [{"action": "LabelNode", "object": "node1", "fields": {"key": "pool", '
        '"value": "fast"}}]}'
    )
    talk = Talk(at, tmp_path, calls("change", wish), says("y"), says("yes, applied"))
    await talk.take("label node1")
    assert at.sent == []
    assert talk.screen.asked == ["Apply?"]


async def test_a_dead_model_is_one_line_and_the_conversation_goes_on(tmp_path: Path) -> None:
    dead = UnreachableModelError("connection refused; check PODIATRIST_MODEL_URL")
    talk = Talk(cluster(), tmp_path, dead, says("All is well."))
    assert await talk.take("how are you?") == ""
    assert "PODIATRIST_MODEL_URL" in talk.screen.problems[0]
    assert await talk.take("and now?") == "All is well."
    roles = [m.role for m in talk.model.asked[-1]]
    assert roles == ["system", "user"], "a turn without an answer is an example to nobody"


async def test_an_option_that_the_user_did_not_choose_is_refused_to_the_model(
    tmp_path: Path,
) -> None:
    at = cluster()
    talk = Talk(at, tmp_path, calls("carry_out", '{"option": 1}'), says("Sorry."), says_yes=True)
    await talk.take("scale web to 3 replicas")
    assert any("did not choose option 1" in said for said in talk.screen.said)
    assert at.sent == []


async def test_commands_are_told_from_the_record_without_the_model(tmp_path: Path) -> None:
    talk = Talk(cluster(), tmp_path)
    talk.session.record.add("ran", "kubectl get pods -n shop")
    assert "kubectl get pods -n shop" in await talk.take("what kubectl commands did you use?")
    assert talk.model.asked == []


async def test_a_model_that_repeats_itself_is_stopped_with_the_history_whole(
    tmp_path: Path,
) -> None:
    again = [calls("commands_", "{}") for _ in range(3)]  # the third instead of its last words
    talk = Talk(cluster(), tmp_path, *again, says("Fine."))
    assert await talk.take("hello") == ""
    assert await talk.take("go on") == "Fine."
    asked = {c.id for m in talk.model.asked[-1] for c in m.calls}
    answered = {m.call_id for m in talk.model.asked[-1] if m.role == "tool"}
    assert asked == answered == set()  # what was refused is no example for the next turn


async def test_calls_of_different_turns_are_told_apart(tmp_path: Path) -> None:
    talk = Talk(
        cluster(), tmp_path, calls("commands"), calls("commands"), calls("commands"), says("Done.")
    )
    for line in ("first", "second", "third", "fourth"):
        await talk.take(line)
    ids = [c.id for m in talk.model.asked[-1] for c in m.calls]
    assert len(ids) == len(set(ids)) == 3
