"""Did a fix help? One look at a time, and what was known before it.

A story is a Trial (what was promised, how it was before), what is seen, and the verdict.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podiatrist.actions.base import Object
from podiatrist.actions.patches import Change, patch_of
from podiatrist.analyzers.common.result import Result
from podiatrist.api import names
from podiatrist.api.conditions import Reason, condition, derive_state
from podiatrist.api.diagnosis import (
    AppliedPatch,
    Condition,
    Diagnosis,
    Execution,
    Finding,
    ObservedTarget,
)
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.kinds import DEPLOYMENT
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Context, Timing
from podiatrist.lifecycle.next_step import Step, next_steps
from podiatrist.lifecycle.verification.checks import Seen, checks_for
from podiatrist.lifecycle.verification.in_place import interference
from podiatrist.lifecycle.verification.judge_fix import Verdict, judge, judge_unseen, out_of_time
from podiatrist.lifecycle.verification.trial import Trial
from podiatrist.lifecycle.verification.verify import verify
from tests.unit.builders import World, copy_of, deployment, not_found, pod_of, running, waiting
from tests.unit.stories import NOW, WEB, diagnosis, option

TIMING = Timing(soak=60, verify=300, give_up=45)
CHECKS = tuple(checks_for(DEPLOYMENT, "web", ["ImageNotFound"], 60))
IMAGE = ("spec", "template", "spec", "containers", "0", "image")
FIX = AppliedPatch(object=WEB, patch=patch_of([Change(IMAGE, "ngnix", "nginx")], "uid-web"))


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def stands(reason: Reason, seconds: float, message: str = "") -> Condition:
    """Return the condition Verified as it has been for so many seconds."""
    return Condition(
        type="Verified",
        status="Unknown",
        reason=reason.value,
        message=message,
        last_transition_time=ago(seconds),
    )


def waiting_for(seconds: float, reason: Reason = Reason.WAITING_FOR_ROLLOUT) -> Condition:
    return stands(reason, seconds)


@pytest.mark.parametrize(
    ("started", "before", "over"),
    [
        (299, None, False),
        (301, None, True),
        (301, waiting_for(300), False),  # it got on since
        (2000, waiting_for(299), False),
        (2000, waiting_for(301), True),
        (2000, waiting_for(2, Reason.GOT_WORSE), False),  # give_up is its limit
        (3001, waiting_for(1), True),  # however much it gets on: ten times is enough
        (301, waiting_for(10, Reason.SOAKING), True),  # that was no progress of the rollout
    ],
)
def test_a_rollout_that_gets_on_has_more_time(
    started: float, before: Condition | None, over: bool
) -> None:
    assert out_of_time(ago(started), before, NOW, 300) is over


def trial(
    verified: Condition | None = None,
    *,
    done: float = 30,
    before: tuple[str, ...] = ("ImageNotFound",),
    ready: int | None = 0,
    checks: tuple[str, ...] = CHECKS,
) -> Trial:
    """Return a fix that was done so many seconds ago."""
    return Trial(
        checks=checks,
        patches=(FIX,),
        begun=ago(done),
        done=ago(done),
        reasons_before=frozenset(before),
        ready_before=ready,
        verified=verified,
    )


def pod(number: int = 1, *, age: float = 20, ready: bool = True) -> Object:
    made = pod_of(deployment(), number)
    made["metadata"]["creationTimestamp"] = ago(age).isoformat()
    return running(made) if ready else waiting(made, "CrashLoopBackOff")


def failed(seconds: float, exit_code: int = 1) -> Object:
    """Return a pod that runs again after its container ended so many seconds ago."""
    made = pod(age=500)
    end = {"exitCode": exit_code, "finishedAt": ago(seconds).isoformat()}
    made["status"]["containerStatuses"][0]["lastState"] = {"terminated": end}
    return made


def seen(
    *reasons: str,
    pods: tuple[Object, ...] = (),
    replicas: int = 1,
    available: int | None = None,
    ready_before: int | None = 0,
    before: tuple[str, ...] = ("ImageNotFound",),
    about: str = "web-1",
    **spec: Any,
) -> Seen:
    """Return a look at Deployment web; by default its pods run, and no rule finds anything."""
    target = deployment(replicas=replicas)
    target["spec"] |= spec
    have = replicas if available is None else available
    target["status"] = {
        "observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas,
        "availableReplicas": have,
    }  # fmt: skip
    found = pods or tuple(pod(number + 1) for number in range(replicas))
    results = [
        Result(
            Finding(
                analyzer="test",
                reason=reason,
                message=f"{reason} in {about}",
                object=WEB.model_copy(update={"kind": "Pod", "name": about}),
            )
        )
        for reason in reasons
    ]
    snapshot = World(target, list(found)).snapshot()
    return Seen(snapshot, results, frozenset(before), ready_before)


SOAKED = stands(Reason.SOAKING, 60)
BOTH = ("ImageNotFound", "CrashLoop")

STORIES: list[tuple[str, Trial, Seen, Reason, list[str]]] = [
    ("all is well at the first look", trial(), seen(), Reason.SOAKING, ["60s"]),
    ("not for long enough", trial(stands(Reason.SOAKING, 59)), seen(), Reason.SOAKING, []),
    (
        "for long enough",
        trial(SOAKED),
        seen(),
        Reason.CHECKS_PASSED,
        ["held for 60s: rollout status deployment/web, ImageNotFound no longer fires"],
    ),
    (
        "still sick, while there is time",
        trial(),
        seen("ImageNotFound", available=0),
        Reason.WAITING_FOR_ROLLOUT,
        ["availableReplicas is 0 of 1", "ImageNotFound still fires: ImageNotFound in web-1"],
    ),
    (
        "still sick, and out of time",
        trial(done=301),
        seen("ImageNotFound", available=0),
        Reason.FIX_DID_NOT_HELP,
        ["301s after the fix: ImageNotFound still fires: ImageNotFound in web-1"],
    ),
    (
        "what the fix brought is sick, for long",
        trial(done=60),
        seen("ImageNotFound", pods=(pod(age=50, ready=False),), available=0),
        Reason.FIX_DID_NOT_HELP,
        ["ImageNotFound still fires"],
    ),
    (
        "what is sick was there before the fix",
        trial(done=60),
        seen("ImageNotFound", pods=(pod(age=90, ready=False),), available=0),
        Reason.WAITING_FOR_ROLLOUT,
        [],
    ),
    (
        "it has fallen ill again while it soaked",
        trial(stands(Reason.SOAKING, 59)),
        seen("ImageNotFound"),
        Reason.WAITING_FOR_ROLLOUT,
        [],
    ),
    (
        "a container failed between two looks of the soak",
        trial(SOAKED, done=100),
        seen(pods=(failed(30),)),
        Reason.WAITING_FOR_ROLLOUT,
        ["container app of pod web-1 ended with exit code 1"],
    ),
    (
        "a container failed before the soak",
        trial(SOAKED, done=100),
        seen(pods=(failed(61),)),
        Reason.CHECKS_PASSED,
        [],
    ),
    (
        "a container ended well in the soak",
        trial(SOAKED, done=100),
        seen(pods=(failed(30, exit_code=0),)),
        Reason.CHECKS_PASSED,
        [],
    ),
    (
        "fewer pods are ready than before",
        trial(SOAKED, done=100),
        seen(replicas=3, pods=(pod(1), pod(2)), ready_before=3),
        Reason.WAITING_FOR_ROLLOUT,
        ["2 ready pods, 3 before the fix"],
    ),
    (
        "fewer pods are ready than before, to the end",
        trial(stands(Reason.WAITING_FOR_ROLLOUT, 301), done=400),
        seen(replicas=3, pods=(pod(1), pod(2)), ready_before=3),
        Reason.FIX_DID_NOT_HELP,
        ["ImageNotFound is gone, but 2 ready pods, 3 before the fix"],
    ),
    (
        "an autoscaler took pods away in the soak",
        trial(SOAKED, done=100),
        seen(replicas=2, ready_before=3),
        Reason.CHECKS_PASSED,
        [],
    ),
    (
        "a second fault shows",
        trial(),
        seen("CrashLoop", available=0),
        Reason.GOT_WORSE,
        ["CrashLoop showed: CrashLoop in web-1"],
    ),
    (
        "a second fault shows in the soak",
        trial(SOAKED, done=100),
        seen("CrashLoop"),
        Reason.GOT_WORSE,
        [],
    ),
    (
        "a second fault stays",
        trial(stands(Reason.GOT_WORSE, 46), done=60),
        seen("CrashLoop", available=0),
        Reason.FIX_DID_NOT_HELP,
        ["ImageNotFound is gone, but CrashLoop showed, which was not there before: CrashLoop in"],
    ),
    (
        "a second fault is there, but not for long",
        trial(stands(Reason.GOT_WORSE, 44), done=60),
        seen("CrashLoop", available=0),
        Reason.GOT_WORSE,
        [],
    ),
    (
        "a second fault went again",
        trial(stands(Reason.GOT_WORSE, 46), done=60),
        seen(),
        Reason.SOAKING,
        [],
    ),
    (
        "a second fault beside the first one, and fewer pods",
        trial(stands(Reason.GOT_WORSE, 46), done=60, ready=2),
        seen("ImageNotFound", "CrashLoop", replicas=2, pods=(pod(1),), ready_before=2),
        Reason.FIX_DID_NOT_HELP,
        [
            "ImageNotFound still fires",
            "CrashLoop showed, which was not there before",
            "1 ready pod, 2 before the fix",
        ],
    ),
    (
        "what else was wrong before is no fault of the fix",
        trial(SOAKED, before=BOTH, done=100),
        seen("CrashLoop", before=BOTH),
        Reason.CHECKS_PASSED,
        ["As before: CrashLoop"],
    ),
    (
        "what else was wrong before keeps the pods from running",
        trial(before=BOTH, done=60),
        seen("CrashLoop", pods=(pod(age=50, ready=False),), available=0, before=BOTH),
        Reason.FIX_DID_NOT_HELP,
        ["ImageNotFound is gone, but CrashLoop, which was there before, is not: CrashLoop in"],
    ),
    (
        "scaled to zero by somebody: nothing can be seen",
        trial(SOAKED, done=100),
        seen(replicas=0, pods=()),
        Reason.WAITING_FOR_ROLLOUT,
        ["Deployment shop/web is scaled to zero"],
    ),
    (
        "scaled to zero to the end: left in place",
        trial(stands(Reason.WAITING_FOR_ROLLOUT, 301), done=400),
        seen(replicas=0, pods=()),
        Reason.CANNOT_VERIFY,
        ["scaled to zero", "left in place"],
    ),
    (
        "somebody paused the rollout",
        trial(stands(Reason.WAITING_FOR_ROLLOUT, 301), done=400),
        seen("RolloutPaused", available=0, paused=True),
        Reason.CANNOT_VERIFY,
        ["the rollout of Deployment shop/web is paused"],
    ),
    (
        "paused after the rollout was complete",
        trial(SOAKED, done=100),
        seen(paused=True),
        Reason.CHECKS_PASSED,
        [],
    ),
    (
        "a line of another version never holds",
        trial(SOAKED, done=100, checks=(*CHECKS, "symptom gone for 60s")),
        seen(),
        Reason.WAITING_FOR_ROLLOUT,
        ["does not know the check 'symptom gone for 60s'"],
    ),
    (
        "no checks at all",
        trial(SOAKED, done=100, checks=()),
        seen(),
        Reason.WAITING_FOR_ROLLOUT,
        ["names no check"],
    ),
    (
        "nothing but a soak time",
        trial(stands(Reason.SOAKING, 1), done=301, checks=("for 0s",)),
        seen(),
        Reason.FIX_DID_NOT_HELP,
        ["names no check"],
    ),
    (
        "a model's fix, and a rule that fired before still does",
        trial(done=301, checks=("no rule fires", "for 60s")),
        seen("ImageNotFound"),
        Reason.FIX_DID_NOT_HELP,
        ["ImageNotFound still fires"],
    ),
]


def judged(case: Trial, look: Seen) -> Verdict:
    return judge(replace(case, ready_before=look.ready_before), look, NOW, TIMING)


@pytest.mark.parametrize(
    ("case", "look", "reason", "words"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES]
)
def test_the_verdict_when(case: Trial, look: Seen, reason: Reason, words: list[str]) -> None:
    verdict = judged(case, look)
    assert verdict.reason == reason, verdict.message
    for part in words:
        assert part in verdict.message


def test_a_fault_that_only_the_old_pods_have_is_gone() -> None:
    """They stay, and stay sick, until new ones are ready; a human may have to mend two faults."""
    both = seen("ImageNotFound", "CrashLoop", available=0)
    look = replace(both, of_new_pods=both.results[1:])
    message = judged(trial(stands(Reason.GOT_WORSE, 46), done=60), look).message
    assert "ImageNotFound is gone from the new pods, but CrashLoop showed" in message


def test_only_a_rollout_that_gets_on_starts_its_time_anew() -> None:
    one, two = seen(available=0), seen(replicas=2, available=1)
    said = stands(Reason.WAITING_FOR_ROLLOUT, 100, judged(trial(), one).message)
    assert judged(trial(said), one).anew is False
    assert judged(trial(said), two).anew is True
    sick = seen("ImageNotFound", replicas=2, available=1)
    assert judged(trial(said), sick).anew is False


def test_a_target_that_is_gone_is_waited_for_and_then_left_alone() -> None:
    assert judge_unseen(trial(), "gone", NOW, TIMING).reason == Reason.WAITING_FOR_ROLLOUT
    assert judge_unseen(trial(done=301), "gone", NOW, TIMING).reason == Reason.CANNOT_VERIFY


@pytest.mark.parametrize("reason", [Reason.FIX_REVERTED, Reason.CANNOT_VERIFY])
def test_a_fix_that_others_took_over_is_over_and_nothing_is_written(reason: Reason) -> None:
    story = diagnosis("Executed=True:PatchesApplied", f"Verified=False:{reason}")
    assert derive_state(story.status) == "Failed"
    assert Step.ROLL_BACK not in next_steps(story)


def live(image: str = "nginx", **more: Any) -> Object:
    """Return Deployment web as the fix left it."""
    raw = deployment(replicas=more.pop("replicas", 1))
    raw["spec"]["template"]["spec"]["containers"][0]["image"] = image
    raw["metadata"] |= {"generation": 2, **more}
    return raw


def by(manager: str, seconds_ago: float, **more: Any) -> Object:
    entry = {"manager": manager, "operation": "Update", "time": f"{ago(seconds_ago):%FT%TZ}"}
    return {**entry, "fieldsV1": {"f:spec": {}}, **more}


MARKED = AppliedPatch(
    object=WEB,
    patch=patch_of(
        [
            Change(("metadata", "annotations", names.FIX), None, "web-7f3a9c/1a2b/x"),
            Change(IMAGE, "ngnix", "nginx"),
        ],
        "uid-web",
    ),
)


def scaled(old: int, new: int) -> AppliedPatch:
    return AppliedPatch(
        object=WEB, patch=patch_of([Change(("spec", "replicas"), old, new)], "uid-web")
    )


@pytest.mark.parametrize(
    ("raw", "patch", "says"),
    [
        (live(), FIX, None),
        (live(replicas=5, generation=9), FIX, None),  # an autoscaler is free to do that
        (live("ngnix", generation=3), FIX, "somebody took the change of Deployment shop/web back"),
        (live("ngnix", generation=2), FIX, "took the change"),
        (live("nginx:1.9", generation=3), FIX, "somebody changed what the fix had set"),
        (
            live("nginx:1.9", generation=3, managedFields=[by("kubectl-edit", 5)]),
            FIX,
            "kubectl-edit changed what the fix had set",
        ),
        # Nobody but us changed it: a webhook chose a mirror.
        (live("mirror/nginx", generation=2), FIX, None),
        (live(uid="another"), FIX, "was deleted and made anew"),
        (live(), MARKED, None),  # a manifest that lacks our annotation takes no fix back
        (live("ngnix", generation=3), MARKED, "took the change"),
        (live(replicas=3, generation=3), scaled(0, 1), None),
        (live(replicas=0, generation=3), scaled(0, 1), "took the change"),
        (live(replicas=2, generation=3), scaled(1, 3), "changed what the fix had set"),
        (live(replicas=1, generation=3), scaled(3, 2), None),
        (live(replicas=4, generation=3), scaled(3, 2), "changed what the fix had set"),
    ],
)
def test_what_others_did_to_a_fix(raw: Object, patch: AppliedPatch, says: str | None) -> None:
    found = interference(raw, patch, 1, ago(30))
    assert (found is None) is (says is None), found
    assert says is None or says in str(found)


def test_an_object_without_a_generation_must_be_as_the_patch_made_it() -> None:
    raw = live("mirror/nginx")
    assert "changed" in str(interference(raw, FIX, 0, ago(30)))


class Cluster:
    """An API server with one Deployment and its pods, and the store of its Diagnosis."""

    def __init__(self, raw: Object | None, pods: tuple[Object, ...]) -> None:
        self.raw = raw
        self.pods = list(pods)
        self.written: list[Diagnosis] = []

    async def get(self, *_: object) -> Object:
        if self.raw is None:
            raise NotFoundError("deployments web not found")
        return copy_of(self.raw)

    async def read(self, *_: object) -> Snapshot:
        raw = await self.get()
        return World(raw, self.pods).snapshot()

    async def write_status(self, story: Diagnosis) -> None:
        self.written.append(story.model_copy(deep=True))


def run(
    raw: Object | None,
    *facts: str,
    seconds: float = 30,
    pods: tuple[Object, ...] = (pod(),),
    patches: tuple[AppliedPatch, ...] = (FIX,),
) -> tuple[Diagnosis, Cluster]:
    """Verify once what was done so many seconds ago."""
    cluster = Cluster(raw, pods)
    approved = option("1a2b3c4d")
    approved.checks = list(CHECKS)
    story = diagnosis(
        "Executed=True:PatchesApplied", *facts, options=[approved], read=approved.digest
    )
    story.status.observed_target = ObservedTarget(uid="uid-web", spec_hash="h")
    story.status.execution = Execution(
        started_at=ago(seconds), finished_at=ago(seconds), patches=list(patches), inverse=[],
        generations=[1],
    )  # fmt: skip
    context = SimpleNamespace(
        client=cluster, reader=cluster, store=cluster, clock=lambda: NOW, timing=TIMING
    )
    asyncio.run(verify(cast(Context, context), story))
    return story, cluster


def well(image: str = "nginx", **more: Any) -> Object:
    status = {"observedGeneration": 9, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    return {**live(image, **more), "status": status}


def reason_and_message(story: Diagnosis) -> tuple[str, str]:
    found = condition(story.status, "Verified")
    assert found is not None
    return found.reason, found.message


def test_a_fix_that_works_is_watched_first() -> None:
    story, cluster = run(well())
    assert reason_and_message(story)[0] == "Soaking"
    assert len(cluster.written) == 1


def test_a_look_that_tells_nothing_new_writes_nothing() -> None:
    _, cluster = run(well(), "Verified=Unknown:Soaking")
    assert cluster.written == []


def test_a_human_who_takes_the_fix_back_in_the_soak_is_named_and_not_overruled() -> None:
    edited = well("ngnix", generation=3, managedFields=[by("kubectl-edit", 5)])
    story, _ = run(edited, "Verified=Unknown:Soaking")
    reason, message = reason_and_message(story)
    assert reason == "FixReverted"
    assert message.startswith("kubectl-edit took the change")
    assert Step.ROLL_BACK not in next_steps(story)


@pytest.mark.parametrize("patches", [(FIX,), ()])
def test_a_deployment_made_anew_is_none_of_the_fix(patches: tuple[AppliedPatch, ...]) -> None:
    """Also where only pods were deleted, and no patch tells the UID."""
    story, _ = run(well(uid="another"), patches=patches)
    assert reason_and_message(story) == (
        "FixReverted",
        "Deployment shop/web was deleted and made anew. Nothing was undone.",
    )


def test_a_deployment_that_is_deleted_meanwhile_takes_nothing_down() -> None:
    story, _ = run(None)
    assert reason_and_message(story) == ("WaitingForRollout", "deployments web not found")
    story, _ = run(None, seconds=301)
    assert reason_and_message(story)[0] == "CannotVerify"


def test_the_new_pods_are_asked_for_themselves() -> None:
    """The rules see a sick pod of before the fix, and one that the fix brought."""
    old = pod_of(deployment(), 1)
    old["metadata"]["creationTimestamp"] = ago(900).isoformat()
    sick = well()
    sick["status"]["availableReplicas"] = 0
    pods = (not_found(old, "docker.io/library/ngnix:latest"), waiting(pod(2), "CreateError"))
    story, _ = run(sick, seconds=301, pods=pods)
    assert "ImageNotFound is gone from the new pods, but" in reason_and_message(story)[1]
