"""Consulting: what it may cost is written down first, and its answer joins what is there by then.

The API server is the fake one, with real compare-and-swap; the model is a stand-in.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_image import SetImage
from podiatrist.agent.consultation.investigation import Opinion
from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.agent.messages import Reply, TokenCount
from podiatrist.api.conditions import Reason, condition, reason_of, set_condition
from podiatrist.api.diagnosis import (
    AGENT,
    Diagnosis,
    Evidence,
    Finding,
    ObjectRef,
    Option,
    Severity,
    Usage,
)
from podiatrist.cluster.client import Client
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import ClusterError, ConflictError, RefusedError, UnreachableError
from podiatrist.cluster.ledger import Reservation
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import Store
from podiatrist.lifecycle.consult import Allowance, Consult
from podiatrist.lifecycle.context import Consulting, Context, Timing
from podiatrist.lifecycle.investigate import investigate, recheck
from podiatrist.lifecycle.next_step import Step, next_steps
from podiatrist.lifecycle.options.agent_part import joined
from podiatrist.lifecycle.worker import UrgencyWorker, urgency
from tests.fakeapi.server import FakeApi
from tests.unit.builders import NOW, World, deployment, not_found, pod_of, running
from tests.unit.stories import diagnosis as story_of

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
ASKED = Allowance(tokens=10_000, seconds=20)


def sick(image: str = "ngnix") -> World:
    """A Deployment whose image does not exist; the rules know why."""
    web = deployment(containers=[{"name": "app", "image": image}])
    return World(web, pods=[not_found(pod_of(web), f"docker.io/library/{image}:latest")])


def well() -> World:
    web = deployment()
    web["status"] = {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1,
                     "updatedReplicas": 1, "availableReplicas": 1}  # fmt: skip
    return World(web, pods=[running(pod_of(web))])


def opinion(*proposals: Proposal, claims: int = 1, **more: Any) -> Opinion:
    findings = [
        Finding(
            analyzer=AGENT,
            reason="TagMistyped",
            message=f"Claim {number}: the tag is mistyped",
            object=WEB,
            evidence=[Evidence(source="kubectl get events -n shop", quote="not found")],
        )
        for number in range(1, claims + 1)
    ]
    answer = Opinion(
        findings, list(proposals), TokenCount(900, 100), 3, 4.2, Reason.MODEL_ANSWERED, "one claim"
    )
    return replace(answer, **more)


def suggestion(image: str = "nginx:1.27", name: str = "web") -> Proposal:
    about = WEB.model_copy(update={"name": name})
    action = SetImage(object=about, container="app", image=image)
    return Proposal(f"Set image ({image})", "The model suggests it: it exists", (action,))


Answering = Callable[[], Awaitable[Opinion]]


@dataclass
class Model:
    """A consultant that says what the test wants, after what the test does."""

    says: Opinion = field(default_factory=opinion)
    meanwhile: Answering | None = None
    unprepared: ClusterError | None = None
    first_reply: Reply | None = None
    asked: list[int] = field(default_factory=list)
    name: str = "wise-1"

    async def prepare(self) -> None:
        if self.unprepared is not None:
            raise self.unprepared

    async def ask(
        self,
        snapshot: Snapshot,
        findings: list[Finding],
        question: str | None,
        transcript: Transcript,
        tokens: int,
    ) -> Opinion:
        assert all(f.analyzer != AGENT for f in findings)
        self.asked.append(tokens)
        if self.first_reply is not None:
            transcript.replied(self.first_reply)
        if self.meanwhile is not None:
            return await self.meanwhile()
        return self.says

    def cost(self, usage: Usage) -> str | None:
        return f"{(usage.prompt_tokens + usage.completion_tokens) / 1000:.2f}"


@dataclass
class Book:
    """A ledger: what it says, and what was written into it."""

    open: bool = True
    defect: Exception | None = None
    meanwhile: Callable[[], Awaitable[None]] | None = None
    reserved: list[int] = field(default_factory=list)
    settled: list[tuple[int, int]] = field(default_factory=list)

    async def reserve(self, tokens: int) -> Reservation | str:
        if self.defect is not None:
            raise self.defect
        if not self.open:
            return "the day's tokens are spent"
        self.reserved.append(tokens)
        return Reservation("2026-11-24", tokens)

    async def settle(self, reservation: Reservation, used: int) -> None:
        if self.meanwhile is not None:
            await self.meanwhile()
        self.settled.append((reservation.tokens, used))


@dataclass
class Shelf:
    """Where transcripts go."""

    saved: list[Transcript] = field(default_factory=list)
    error: Exception | None = None

    async def save(self, diagnosis: Diagnosis, transcript: Transcript) -> None:
        if self.error is not None:
            raise self.error
        self.saved.append(transcript)


@dataclass
class Scene:
    """One Diagnosis in a cluster, and everybody who works on it."""

    api: FakeApi
    client: Client
    world: World
    store: Store
    now: datetime = NOW
    model: Model = field(default_factory=Model)
    book: Book = field(default_factory=Book)
    shelf: Shelf = field(default_factory=Shelf)
    consulting: Consulting = field(default_factory=lambda: Consulting(unavailable=None))

    @property
    def context(self) -> Context:
        async def read(*_: Any) -> Snapshot:
            return self.world.snapshot()

        reader: Any = type("Reader", (), {"read": staticmethod(read)})
        timing = Timing(heal=0)
        client: Any = None
        return Context(client, reader, self.store, lambda: self.now, timing, self.consulting)

    async def read(self) -> Diagnosis:
        found = await self.store.get("shop", "web-1")
        assert found is not None
        return found

    async def write(self, change: Callable[[Diagnosis], object]) -> None:
        found = await self.read()
        change(found)
        await self.store.write_status(found)

    async def investigate(self) -> Diagnosis:
        await investigate(self.context, await self.read())
        return await self.read()

    async def recheck(self) -> Diagnosis:
        await recheck(self.context, await self.read())
        return await self.read()

    def operator(self) -> Consult:
        """A process: a restart is another one of these."""
        return Consult(self.model, self.book, self.shelf, ASKED)

    async def consult(self) -> Diagnosis:
        found = await self.read()
        assert Step.CONSULT in next_steps(found)
        await self.operator()(self.context, found)
        return await self.read()

    def annotate(self, **annotations: str) -> None:
        raw = self.api.store.get("diagnoses", "shop", "web-1")
        assert raw is not None
        made = json.loads(raw)
        marks = {f"podiatrist.dev/{k}": v for k, v in annotations.items()}
        made["metadata"]["annotations"] = marks
        self.api.store.put("diagnoses", made)


@asynccontextmanager
async def scene(folder: Path, world: World, question: str | None = None) -> AsyncIterator[Scene]:
    async with (
        FakeApi().serve() as api,
        connect(api.kubeconfig(folder), "test") as client,
    ):
        made = {
            "apiVersion": "podiatrist.dev/v1alpha1",
            "kind": "Diagnosis",
            "metadata": {
                "name": "web-1",
                "namespace": "shop",
                "uid": "u-1",
                "ownerReferences": [{"name": "web"}],
            },
            "spec": {
                "target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                **({"question": question} if question else {}),
            },
        }
        api.store.put("diagnoses", made)
        yield Scene(api, client, world, Store(client))


def play(story: Callable[[Scene], Awaitable[None]], folder: Path, **given: Any) -> None:
    async def run() -> None:
        async with scene(folder, given.pop("world", None) or sick(), **given) as s:
            await story(s)

    asyncio.run(run())


def said(diagnosis: Diagnosis) -> tuple[str, str | None]:
    found = condition(diagnosis.status, "Consulted")
    assert found is not None
    return found.status, found.reason


def reserved(diagnosis: Diagnosis) -> int:
    return diagnosis.status.usage.reserved_tokens if diagnosis.status.usage else 0


def by(options: list[Option]) -> list[str]:
    return [option.suggested_by for option in options]


def test_what_the_model_says_joins_what_the_rules_say(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        before = await s.investigate()
        assert before.status.state == "AwaitingApproval"
        s.model.says = opinion(suggestion())

        after = (await s.consult()).status

        assert said(await s.read()) == ("True", "ModelAnswered")
        assert [f.analyzer for f in after.findings] == ["images", AGENT]
        assert by(after.options) == ["rules", "agent"]
        assert after.options[0].digest == before.status.options[0].digest
        assert after.options[1].risk == "Medium"
        assert after.options[1].title == "Set image (nginx:1.27)"
        assert after.summary == before.status.summary
        assert after.root_cause is not None
        assert "The model adds: Claim 1" in after.root_cause
        assert after.usage == Usage(
            model="wise-1",
            calls=3,
            prompt_tokens=900,
            completion_tokens=100,
            cost="1.00",
            seconds=5,
        )
        assert s.book.settled == [(10_000, 1000)]
        assert len(s.shelf.saved) == 1
        assert Step.CONSULT not in next_steps(await s.read())

    play(story, tmp_path)


def test_where_the_rules_are_silent_the_models_words_are_the_summary(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        before = await s.investigate()
        assert before.status.findings == []
        after = (await s.consult()).status
        assert after.summary == "Claim 1: the tag is mistyped"
        assert after.root_cause == "The model says: Claim 1: the tag is mistyped."

    play(story, tmp_path, world=well(), question="why is it slow?")


@pytest.mark.parametrize("error", [UnreachableError("no"), ZeroDivisionError()])
def test_a_transcript_that_cannot_be_kept_costs_no_answer(tmp_path: Path, error: Exception) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.shelf.error = error
        assert said(await s.consult()) == ("True", "ModelAnswered")

    play(story, tmp_path)


def test_an_option_that_reaches_elsewhere_or_changes_nothing_is_not_offered(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        node = ObjectRef(api_version="v1", kind="Node", name="n1")
        label = Proposal("Label", "", (LabelNode(object=node, key="a", value="b"),))
        same = Proposal("Same", "", (Scale(object=WEB, replicas=1),))
        s.model.says = opinion(suggestion(name="other"), label, same)
        after = await s.consult()
        assert said(after) == ("True", "ModelAnswered")
        assert by(after.status.options) == ["rules"]

    play(story, tmp_path)


def test_an_option_that_both_thought_of_is_the_rules(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(suggestion("nginx"))
        assert by((await s.consult()).status.options) == ["rules"]

    play(story, tmp_path)


@pytest.mark.parametrize(
    ("rules", "agent", "expected"),
    [
        ("ABCD", "EA", "ABCD"),
        ("AB", "A", "AB"),
        ("AB", "BCA", "ABC"),
        ("", "AB", "AB"),
        ("A", "BCDE", "ABCD"),
    ],
)
def test_a_model_that_agrees_with_a_rule_changes_nothing(
    rules: str, agent: str, expected: str
) -> None:
    def option(letter: str, by: str) -> Option:
        # The same change, of which the rule and the model promise something else.
        told: dict[str, Any] = {"digest": letter + by, "suggested_by": by, "actions": [letter]}
        return Option.model_construct(**told, diff=[])

    both = joined([option(n, "rules") for n in rules], [option(n, "agent") for n in agent])
    assert "".join(o.digest[0] for o in both) == expected
    assert "".join(o.digest[0] for o in both if o.suggested_by == "rules") == rules


def test_there_are_never_more_than_four_options_and_the_rules_come_first(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(*(suggestion(f"nginx:1.{n}") for n in range(6)), claims=9)
        after = (await s.consult()).status
        assert by(after.options) == ["rules", "agent", "agent", "agent"]
        assert len(after.findings) == 5

    play(story, tmp_path)


@pytest.mark.parametrize(
    "reason", [Reason.NOTHING_USABLE, Reason.MODEL_FAILED, Reason.BUDGET_SPENT]
)
def test_a_model_that_fails_leaves_the_rules_findings_and_says_so(
    tmp_path: Path, reason: Reason
) -> None:
    async def story(s: Scene) -> None:
        before = await s.investigate()
        s.model.says = opinion(claims=0, reason=reason, message="it said: token=hunter2hunter2")
        after = await s.consult()
        assert said(after) == ("False", reason)
        assert "hunter2" not in after.status.model_dump_json()
        assert after.status.findings == before.status.findings
        assert after.status.state == "AwaitingApproval"
        assert Step.CONSULT not in next_steps(after)
        assert (await s.recheck()).status == after.status

    play(story, tmp_path)


def test_a_defect_of_ours_is_a_failed_consultation_and_costs_all_that_it_might_have(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()

        async def breaks() -> Opinion:
            raise ZeroDivisionError

        s.model.meanwhile = breaks
        after = await s.consult()
        assert said(after) == ("False", "ModelFailed")
        assert reserved(after) == 10_000
        assert s.book.settled == [(10_000, 10_000)]

    play(story, tmp_path)
    assert "consultation of shop/web-1 failed" in caplog.text


def test_a_model_that_never_comes_back_is_given_up(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()

        async def hangs() -> Opinion:
            await asyncio.sleep(3600)
            raise AssertionError

        s.model.meanwhile = hangs
        found = await s.read()
        brief = Allowance(tokens=10_000, seconds=-8)  # a deadline of no time at all
        await Consult(s.model, s.book, s.shelf, brief)(s.context, found)
        assert said(await s.read()) == ("False", "ModelFailed")
        assert reserved(await s.read()) == 10_000

    play(story, tmp_path)


def test_while_it_goes_on_the_diagnosis_says_so(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        seen: list[Diagnosis] = []

        async def looks() -> Opinion:
            seen.append(await s.read())
            return opinion()

        s.model.meanwhile = looks
        await s.consult()
        assert said(seen[0]) == ("Unknown", "Consulting")
        assert reserved(seen[0]) == 10_000
        assert seen[0].status.state == "AwaitingApproval"

    play(story, tmp_path)


async def cut_off(s: Scene) -> Diagnosis:
    """Investigate, begin a consultation, and be killed in the middle of it."""
    await s.investigate()

    async def killed() -> Opinion:
        raise KeyboardInterrupt

    s.model.meanwhile = killed
    with pytest.raises(KeyboardInterrupt):
        await s.consult()
    s.model.meanwhile = None
    return await s.read()


def test_a_consultation_that_was_cut_off_counts_as_spent_and_is_not_begun_again(
    tmp_path: Path,
) -> None:
    async def story(s: Scene) -> None:
        left = await cut_off(s)
        assert said(left) == ("Unknown", "Consulting")
        assert Step.CONSULT in next_steps(left)

        wait = await s.operator()(s.context, left)
        assert wait is not None
        assert 0 < wait <= ASKED.lease.total_seconds()
        assert said(await s.read()) == ("Unknown", "Consulting")  # another one may be at it

        s.now += ASKED.lease
        after = await s.consult()
        assert said(after) == ("False", "BudgetSpent")
        assert "a consultation that was cut off" in after.status.model_dump_json()
        assert reserved(after) == 10_000
        assert s.model.asked == [10_000]
        assert s.book.reserved == [10_000]
        assert s.book.settled == []

    play(story, tmp_path)


def test_a_consultation_that_was_cut_off_settles_where_no_model_is_any_more(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await cut_off(s)
        s.consulting = Consulting()
        s.now += ASKED.lease
        await Consult(None, s.book, s.shelf, ASKED)(s.context, await s.read())
        assert said(await s.read()) == ("False", "NoModel")
        assert reserved(await s.read()) == 10_000

    play(story, tmp_path)


async def stopped_while_asking(s: Scene, operator: Consult) -> None:
    """Begin a consultation, and end the process well in the middle of it."""
    await s.investigate()
    begun = asyncio.Event()

    async def endless() -> Opinion:
        begun.set()
        await asyncio.sleep(3600)
        raise AssertionError

    s.model.meanwhile = endless
    asking = asyncio.create_task(operator(s.context, await s.read()))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_an_operator_that_is_stopped_settles_what_it_was_at(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        s.model.first_reply = Reply("I will look", tokens=TokenCount(700, 50))
        await stopped_while_asking(s, s.operator())
        after = await s.read()
        assert said(after) == ("False", "ModelFailed")
        assert "was stopped" in after.status.model_dump_json()
        usage = after.status.usage
        assert usage is not None
        assert (usage.prompt_tokens, usage.completion_tokens) == (700, 50)
        assert usage.spent_tokens == 10_000  # what the request under way used nobody knows
        assert s.book.settled == [(10_000, 10_000)]
        assert [e.text for e in s.shelf.saved[0].entries] == ["I will look"]

    play(story, tmp_path)


@pytest.mark.parametrize("error", [UnreachableError("no"), TimeoutError(), ZeroDivisionError()])
def test_an_operator_that_is_stopped_ends_although_nothing_can_be_written(
    tmp_path: Path, error: Exception
) -> None:
    async def story(s: Scene) -> None:
        class Away(Store):
            async def get(self, namespace: str, name: str) -> Diagnosis | None:
                if s.model.asked:
                    raise error
                return await super().get(namespace, name)

        s.store = Away(s.client)
        await stopped_while_asking(s, s.operator())

    play(story, tmp_path)


@pytest.mark.parametrize("where", ["settling", "joining"])
def test_an_answer_that_was_paid_for_is_written_down_although_the_operator_is_stopped(
    tmp_path: Path, where: str
) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(suggestion())
        reached = asyncio.Event()

        async def slow() -> None:
            reached.set()
            await asyncio.sleep(0.2)

        class Slow(Store):
            async def write_status(self, diagnosis: Diagnosis) -> Diagnosis:
                if s.model.asked:
                    await slow()
                return await super().write_status(diagnosis)

        if where == "settling":
            s.book.meanwhile = slow
        else:
            s.store = Slow(s.client)
        asking = asyncio.create_task(s.consult())
        await reached.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        after = await s.read()
        assert said(after) == ("True", "ModelAnswered")
        assert by(after.status.options) == ["rules", "agent"]
        assert s.book.settled == [(10_000, 1000)]
        assert len(s.shelf.saved) == 1

    play(story, tmp_path)


def test_a_defect_of_the_budgets_settles_the_diagnosis_and_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.book.defect = ZeroDivisionError()
        after = await s.consult()
        assert said(after) == ("False", "BudgetSpent")
        assert (s.model.asked, reserved(after)) == ([], 0)

    play(story, tmp_path)
    assert "the day's budget failed" in caplog.text


@pytest.mark.parametrize("error", [UnreachableError("reset"), ConflictError("the retry of it")])
@pytest.mark.parametrize("deployed", [False, True])
@pytest.mark.parametrize("others", [False, True])
def test_a_write_whose_answer_got_lost_counts_once(
    tmp_path: Path, error: ClusterError, deployed: bool, others: bool
) -> None:
    """Whether the target changed meanwhile or not, and whether others write before the retry."""
    lost: list[Diagnosis] = []
    answered = asyncio.Event()

    async def story(s: Scene) -> None:
        await s.investigate()

        class Losing(Store):
            async def write_status(self, diagnosis: Diagnosis) -> Diagnosis:
                done = await super().write_status(diagnosis)
                if answered.is_set() and not lost:
                    lost.append(done)
                    if others:
                        usage = done.status.usage
                        assert usage is not None
                        usage.reserved_tokens += 5000
                        await super().write_status(done)
                    raise error
                return done

        async def others_deploy() -> Opinion:
            if deployed:
                s.world = sick("ngnixx")
                await s.recheck()
            answered.set()
            return opinion(suggestion())

        s.store = Losing(s.client)
        s.model.meanwhile = others_deploy
        after = await s.consult()
        assert lost
        usage = after.status.usage
        assert usage is not None
        assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == (3, 900, 100)
        assert usage.reserved_tokens == (5000 if others else 0)

    play(story, tmp_path)


def test_a_lost_answer_counts_once_beside_what_was_cut_off_before(tmp_path: Path) -> None:
    """Then more stays set aside than this consultation had."""

    async def story(s: Scene) -> None:
        await cut_off(s)
        s.annotate(retry="1")
        await s.investigate()
        written: list[Diagnosis] = []

        class Losing(Store):
            async def write_status(self, diagnosis: Diagnosis) -> Diagnosis:
                done = await super().write_status(diagnosis)
                written.append(done)
                if len(written) == 2:
                    raise UnreachableError("reset")
                return done

        s.store = Losing(s.client)
        more = Consult(s.model, s.book, s.shelf, replace(ASKED, tokens=15_000))
        await more(s.context, await s.read())
        usage = (await s.read()).status.usage
        assert usage is not None
        assert (usage.calls, usage.prompt_tokens, usage.reserved_tokens) == (3, 900, 10_000)

    play(story, tmp_path)


@pytest.mark.parametrize("killed_at", [0, 1, 2, None])
def test_however_often_it_is_asked_and_killed_the_tokens_of_a_diagnosis_are_never_passed(
    tmp_path: Path, killed_at: int | None
) -> None:
    """Whoever was killed may have used all that it was given; all others used 3000."""

    async def story(s: Scene) -> None:
        s.model.says = opinion(tokens=TokenCount(2500, 500))

        async def killed() -> Opinion:
            raise KeyboardInterrupt

        worst = 0
        for episode in range(8):
            s.annotate(retry=str(episode))
            s.now += ASKED.lease
            await s.investigate()
            s.model.meanwhile = killed if episode == killed_at else None
            before = len(s.model.asked)
            try:
                await s.consult()
                worst += 3000 * (len(s.model.asked) - before)
            except KeyboardInterrupt:
                worst += s.model.asked[-1]
            usage = (await s.read()).status.usage
            assert usage is not None
            assert worst <= usage.spent_tokens <= ASKED.tokens
        expected = [10_000, 7000, 4000][: 3 if killed_at is None else killed_at + 1]
        assert s.model.asked == expected
        assert said(await s.read()) == ("False", "BudgetSpent")

    play(story, tmp_path)


def test_without_tokens_of_the_day_nobody_is_asked(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.book.open = False
        after = await s.consult()
        assert said(after) == ("False", "BudgetSpent")
        assert reserved(after) == 0
        assert s.model.asked == []
        assert s.book.settled == []

    play(story, tmp_path)


def test_without_credentials_for_kubectl_nobody_is_asked(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.unprepared = RefusedError("serviceaccounts reader not found")
        after = await s.consult()
        assert said(after) == ("False", "ModelFailed")
        assert (s.model.asked, reserved(after)) == ([], 0)

    play(story, tmp_path)


def test_an_api_server_that_is_away_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.unprepared = UnreachableError("connection refused")
        with pytest.raises(UnreachableError):
            await s.consult()
        assert reserved(await s.read()) == 0

    play(story, tmp_path)


def test_somebody_who_writes_meanwhile_costs_no_second_question(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()

        async def others_write() -> Opinion:
            await s.write(lambda d: setattr(d.status, "handled_retry", "x"))
            s.api.refuse(409, times=3, path="/status")
            return opinion(suggestion())

        s.model.meanwhile = others_write
        after = await s.consult()
        assert said(after) == ("True", "ModelAnswered")
        assert after.status.handled_retry == "x"
        assert len(s.model.asked) == 1

    play(story, tmp_path)


def test_an_answer_about_a_workload_that_changed_since_is_not_told(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()

        async def others_deploy() -> Opinion:
            s.world = sick("ngnixx")
            await s.recheck()
            return opinion(suggestion())

        s.model.meanwhile = others_deploy
        after = await s.consult()
        assert [f.analyzer for f in after.status.findings] == ["images"]
        assert condition(after.status, "Consulted") is None  # it is asked anew, about what is now
        assert Step.CONSULT in next_steps(after)
        assert after.status.usage is not None
        assert after.status.usage.spent_tokens == 1000

    play(story, tmp_path)


def test_a_change_that_nobody_noticed_yet_is_noticed_before_the_answer_is_told(
    tmp_path: Path,
) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()

        async def others_deploy() -> Opinion:
            s.world = sick("ngnixx")
            return opinion(suggestion())

        s.model.meanwhile = others_deploy
        after = await s.consult()
        assert [f.analyzer for f in after.status.findings] == ["images"]
        assert Step.CONSULT in next_steps(after)

    play(story, tmp_path)


def test_an_answer_after_an_approval_changes_no_option(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        before = await s.investigate()

        async def approved() -> Opinion:
            await s.write(
                lambda d: set_condition(
                    d, "Approved", "True", Reason.DIGEST_MATCHED, "approved", s.now
                )
            )
            return opinion(suggestion())

        s.model.meanwhile = approved
        after = await s.consult()
        assert after.status.options == before.status.options
        assert said(after) == ("False", "NotNeeded")
        assert after.status.usage is not None
        assert after.status.usage.calls == 3

    play(story, tmp_path)


def test_looking_again_keeps_what_the_model_said(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(suggestion())
        before = await s.consult()
        again = await s.recheck()
        assert again.status == before.status
        assert again.metadata.resource_version == before.metadata.resource_version  # no write
        anew = await s.investigate()
        assert by(anew.status.options) == ["rules", "agent"]
        assert said(anew) == ("True", "ModelAnswered")
        assert s.model.asked == [10_000]

    play(story, tmp_path)


def test_when_the_rules_find_more_the_models_part_stays(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(suggestion())
        await s.consult()
        web = s.world.target
        web["status"] = {"unavailableReplicas": 1}
        pods = [not_found(pod_of(web, n), "docker.io/library/ngnix:latest") for n in (1, 2)]
        s.world = World(web, pods=pods)
        after = await s.investigate()
        assert [f.analyzer for f in after.status.findings][-1] == AGENT
        assert by(after.status.options) == ["rules", "agent"]

    play(story, tmp_path)


def test_a_changed_workload_is_asked_about_anew(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(suggestion())
        offered = (await s.consult()).status.options
        s.world = sick("ngnixx")
        after = await s.recheck()
        assert [f.analyzer for f in after.status.findings] == ["images"]
        assert by(after.status.options) == ["rules"]
        assert {o.digest for o in offered} <= set(after.status.superseded)
        await s.consult()
        assert s.model.asked == [10_000, 9000]

    play(story, tmp_path)


def test_a_retry_asks_anew(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        await s.consult()
        s.annotate(retry="1")
        after = await s.investigate()
        assert [f.analyzer for f in after.status.findings] == ["images"]
        assert Step.CONSULT in next_steps(after)

    play(story, tmp_path)


def test_an_option_of_the_models_that_no_longer_fits_goes(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(suggestion())
        await s.consult()

        def forge(found: Diagnosis) -> None:
            record = found.status.options[1].actions[0]
            record.parameters["container"] = "nobody"

        await s.write(forge)
        assert by((await s.recheck()).status.options) == ["rules"]

    play(story, tmp_path)


def test_a_question_is_answered_before_the_story_ends(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        for _ in range(3):
            s.now += timedelta(minutes=1)
            assert (await s.recheck()).status.state != "Resolved"
        await s.consult()
        for _ in range(2):
            s.now += timedelta(minutes=1)
            after = await s.recheck()
        assert after.status.state == "Resolved"
        assert after.status.summary == "Claim 1: the tag is mistyped"

    play(story, tmp_path, world=well(), question="is it well?")


def test_an_answer_with_a_fix_waits_for_its_human(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()
        s.model.says = opinion(suggestion("nginx:1.29"))
        await s.consult()
        s.now += timedelta(hours=1)
        assert (await s.recheck()).status.state == "AwaitingApproval"

    play(story, tmp_path, world=well(), question="is there a newer image?")


@pytest.mark.parametrize(
    ("world", "policy", "question", "reason"),
    [
        (sick, "always", None, None),
        (sick, "unexplained", None, Reason.NOT_NEEDED),
        (sick, "unexplained", "why?", None),
        (sick, "asked", None, Reason.NOT_NEEDED),
        (sick, "asked", "why?", None),
        (well, "always", None, Reason.NOT_NEEDED),
        (well, "always", "why?", None),
    ],
)
def test_when_a_model_is_asked(
    tmp_path: Path, world: Any, policy: Any, question: str | None, reason: Reason | None
) -> None:
    async def story(s: Scene) -> None:
        s.consulting = Consulting(policy, None)
        found = await s.investigate()
        assert reason_of(found, "Consulted") == reason
        assert (Step.CONSULT in next_steps(found)) is (reason is None)

    play(story, tmp_path, world=world(), question=question)


def test_without_a_model_a_diagnosis_settles_and_says_so(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        s.consulting = Consulting()
        found = await s.investigate()
        assert said(found) == ("False", "NoModel")
        assert found.status.usage is None

    play(story, tmp_path)


def test_a_diagnosis_from_before_settles_too(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.investigate()  # by an operator that had a model, and went before it asked
        s.consulting = Consulting()
        found = await s.read()
        await Consult(None, s.book, s.shelf, ASKED)(s.context, found)
        assert said(await s.read()) == ("False", "NoModel")

    play(story, tmp_path)


def test_the_worst_off_come_first_and_of_those_the_oldest() -> None:
    def waiting(severity: Severity | None, minutes: int) -> Diagnosis:
        made = story_of("Diagnosed=True:CauseFound")
        made.status.severity = severity
        made.metadata.creation_timestamp = NOW + timedelta(minutes=minutes)
        return made

    old, young = waiting(Severity.WARNING, 1), waiting(Severity.WARNING, 2)
    worst, mild, new = waiting(Severity.CRITICAL, 3), waiting(Severity.INFO, 0), waiting(None, 0)
    assert sorted([new, mild, young, old, worst], key=urgency) == [worst, old, young, mild, new]


def test_only_so_many_are_asked_about_at_once_and_the_worst_off_first() -> None:
    waiting = {}
    for number, severity in enumerate([Severity.INFO, Severity.WARNING, Severity.CRITICAL] * 4):
        made = story_of("Diagnosed=True:CauseFound")
        made.metadata.name = f"d{number:02}"
        made.metadata.creation_timestamp = NOW
        made.status.severity = severity
        waiting[made.key] = made
    begun: list[Severity | None] = []
    at_once: list[int] = []

    async def ask(_: Context, diagnosis: Diagnosis) -> float | None:
        begun.append(diagnosis.status.severity)
        at_once.append(len(begun) - len(ended))
        await asyncio.sleep(0.001)
        ended.append(diagnosis)
        del waiting[diagnosis.key]
        return None

    class Known:
        async def get(self, namespace: str, name: str) -> Diagnosis | None:
            return waiting.get((namespace, name))

    ended: list[Diagnosis] = []

    async def story() -> None:
        known: Any = Known()
        nothing: Any = None
        context = Context(nothing, nothing, known, lambda: NOW, Timing())
        worker = UrgencyWorker(context, {Step.CONSULT: ask})
        for key, diagnosis in waiting.items():
            worker.changed(key, diagnosis)
        running = asyncio.create_task(worker.run(side_by_side=3))
        async with asyncio.timeout(10):
            while len(ended) < 12:  # noqa: ASYNC110 - the worker tells nobody when it is idle
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())
    assert begun == [Severity.CRITICAL] * 4 + [Severity.WARNING] * 4 + [Severity.INFO] * 4
    assert max(at_once) == 3


def test_only_those_with_work_wait_for_a_consultant() -> None:
    async def story() -> None:
        nothing: Any = None
        worker = UrgencyWorker(nothing, {Step.CONSULT: nothing})
        worker.changed(("shop", "a"), story_of("Diagnosed=True:CauseFound"))
        worker.changed(("shop", "b"), story_of())
        worker.changed(("shop", "c"), None)
        assert len(worker.queue) == 1
        assert await worker.queue.take() == ("shop", "a")

    asyncio.run(story())
