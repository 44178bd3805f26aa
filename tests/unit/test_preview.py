"""The executor's look ahead: what is stored of an option is not believed, but worked out anew."""

import asyncio
import io
from types import SimpleNamespace
from typing import Any, cast

import jsonpatch
import pytest
from rich.console import Console

from podiatrist.actions.base import Action
from podiatrist.actions.catalog import to_record
from podiatrist.actions.compiler import compile_plan
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_image import SetImage
from podiatrist.api.diagnosis import (
    AGENT,
    Diagnosis,
    ObservedTarget,
    Option,
    Preview,
    Risk,
    Write,
)
from podiatrist.cli.diagnosis_view import render
from podiatrist.cluster.answers import warning
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import NAMESPACE, RESOURCE_QUOTA, Kind
from podiatrist.cluster.snapshot import Object
from podiatrist.cluster.store import spec_hash
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.options.compose import compose
from podiatrist.lifecycle.options.preview import preview
from tests.unit.builders import copy_of, deployment
from tests.unit.foreseen import Scene
from tests.unit.stories import NOW, WEB, diagnosis

IMAGE = SetImage(object=WEB, container="app", image="nginx:2")


class Cluster:
    """An API server with one Deployment and its surroundings; `refuses` is what it says to it."""

    def __init__(
        self, scene: Scene, refuses: str = "", warns: str = "", rewrites: str = ""
    ) -> None:
        self.scene, self.refuses, self.warns = scene, refuses, warns
        self.rewrites = rewrites
        """The image that a webhook puts into the first container."""
        self.labels: dict[str, str] = {}
        self.fresh: Scene | None = None
        self.written: list[Diagnosis] = []
        self.tried: list[str] = []

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        if kind is NAMESPACE:
            return {"metadata": {"name": name, "labels": self.labels}}
        if name != "web":
            raise NotFoundError(f"{kind.plural} {name!r} not found")
        return copy_of(self.scene.target)

    async def try_patch(
        self, kind: Kind, namespace: str | None, name: str, patch: list[Object]
    ) -> tuple[Object, list[str]]:
        if self.refuses:
            raise RefusedError(self.refuses)
        self.tried.append(name)
        answer = jsonpatch.apply_patch(copy_of(self.scene.target), patch)
        if self.rewrites:
            answer["spec"]["template"]["spec"]["containers"][0]["image"] = self.rewrites
        return answer, [self.warns] if self.warns else []

    async def read(self, *_: Any, whole: bool, fresh: bool) -> Any:
        assert whole, "what stands around a workload matters where all is fine as well"
        return (self.fresh if fresh and self.fresh else self.scene).snapshot()

    async def write_status(self, written: Diagnosis) -> None:
        self.written.append(written)

    def preview(self, *options: Option) -> list[Option]:
        """Let the executor try options; returns them as they are stored then."""
        found = diagnosis("Diagnosed=True:CauseFound", options=list(options))
        raw = self.scene.target
        found.status.observed_target = ObservedTarget(uid="uid-web", spec_hash=spec_hash(raw))
        context = SimpleNamespace(
            client=self, reader=self, store=self, clock=lambda: NOW, patch_managed=False
        )
        asyncio.run(preview(cast(Context, context), found))
        return self.written[-1].status.options


def offered(scene: Scene, *actions: Action, **forged: Any) -> Option:
    """Return an option as the operator compiles it, with some fields written by a thief."""
    plan = compile_plan(
        actions, {WEB: scene.target}, target_uid="uid-web",
        target_spec_hash=spec_hash(scene.target), checks=["rollout complete"],
    )  # fmt: skip
    whole = {
        "digest": plan.digest, "title": "Fix", "rationale": "It helps.", "risk": Risk.MEDIUM,
        "actions": [to_record(a) for a in actions], "writes": plan.writes,
        "commands": plan.commands, "diff": plan.diff, "checks": ["rollout complete"],
    }  # fmt: skip
    return Option.model_validate({**whole, **forged})


def healthy(count: int = 2, **around: Any) -> Scene:
    return Scene(deployment(replicas=count), ready=count, **around)


def test_what_a_human_decides_on_is_worked_out_anew() -> None:
    """Given a forged option, when it is previewed, then only its typed actions are believed."""
    scene = healthy()
    other = Write(verb="patch", group="", resource="pods", namespace="shop", name="mine")
    forged = offered(
        scene, IMAGE, writes=[other], commands=["kubectl get pods"], risk=Risk.LOW,
        diff=["+ nothing to see"], blastRadius={"restarts": 0, "warnings": ["all is fine"]},
    )  # fmt: skip
    (seen,) = Cluster(scene).preview(forged)
    assert seen.preview is not None
    accepted = "the API server accepted it as a dry run"
    assert (seen.preview.ok, seen.preview.message) == (True, accepted)
    assert seen.preview.id
    assert [w.name for w in seen.writes] == ["web"]
    assert seen.commands == ["kubectl -n shop set image deployment/web app=nginx:2"]
    assert seen.risk is max(IMAGE.risk, Risk.LOW, key=["Low", "Medium", "High"].index)
    assert "+      - image: nginx:2" in seen.diff
    assert seen.blast_radius is not None
    assert (seen.blast_radius.restarts, seen.blast_radius.warnings) == (2, [])
    assert forged.commands == ["kubectl get pods"]  # what came in is left alone


def test_a_stored_risk_may_be_higher_but_not_lower() -> None:
    scene = healthy()
    (careful,) = Cluster(scene).preview(offered(scene, IMAGE, risk=Risk.HIGH))
    assert careful.risk is Risk.HIGH
    scale = Scale(object=WEB, replicas=1)
    (lowered,) = Cluster(scene).preview(offered(scene, scale, risk=Risk.LOW))
    assert lowered.risk is scale.risk


def test_of_an_option_that_is_not_what_its_digest_says_nothing_is_shown() -> None:
    scene = healthy()
    (seen,) = Cluster(scene).preview(offered(scene, IMAGE, digest="deadbeef"))
    assert seen.preview is not None
    assert not seen.preview.ok
    assert (seen.commands, seen.diff, seen.blast_radius) == ([], [], None)


def test_a_policy_that_refuses_the_change_makes_it_no_option() -> None:
    denied = "ValidatingAdmissionPolicy 'images' denied request: only from our registry"
    (seen,) = Cluster(healthy(), refuses=denied).preview(offered(healthy(), IMAGE))
    assert seen.preview == Preview(ok=False, message=f"the API server would refuse it: {denied}")


def test_what_could_not_be_undone_is_no_option() -> None:
    """Given a webhook that rewrites images, when a fix sets one, then its inverse fits nothing."""
    (seen,) = Cluster(healthy(), rewrites="mirror/nginx:2").preview(offered(healthy(), IMAGE))
    assert seen.preview is not None
    assert not seen.preview.ok
    assert seen.preview.message.startswith("it could not be undone: the API server would store")
    assert seen.preview.message.endswith("/containers/0/image")


def test_new_pods_that_a_quota_refuses_make_it_no_option_and_say_what_to_do() -> None:
    full = {"metadata": {"name": "few"}, "status": {"hard": {"pods": "2"}, "used": {"pods": "2"}}}
    scene = healthy(around={RESOURCE_QUOTA: [full]})
    (seen,) = Cluster(scene).preview(offered(scene, IMAGE))
    assert seen.preview is not None
    assert not seen.preview.ok
    assert "ResourceQuota few has 0 of 2 pods left" in seen.preview.message
    assert "annotate diagnosis web-7f3a9c podiatrist.dev/retry=1" in seen.preview.message
    assert seen.blast_radius is not None


def test_nobody_is_refused_for_what_was_read_seconds_ago() -> None:
    full = {"metadata": {"name": "few"}, "status": {"hard": {"pods": "2"}, "used": {"pods": "2"}}}
    cluster = Cluster(healthy(around={RESOURCE_QUOTA: [full]}))
    cluster.fresh = healthy()
    (seen,) = cluster.preview(offered(cluster.scene, IMAGE))
    assert seen.preview is not None
    assert seen.preview.ok


def test_pod_security_speaks_in_warnings() -> None:
    cluster = Cluster(healthy(), warns='would violate PodSecurity "baseline:v1.37": hostPort')
    cluster.labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    (seen,) = cluster.preview(offered(cluster.scene, IMAGE))
    assert seen.preview is not None
    assert not seen.preview.ok
    cluster.labels = {}
    (seen,) = cluster.preview(offered(cluster.scene, IMAGE))
    assert seen.preview is not None
    assert seen.preview.ok
    assert seen.blast_radius is not None
    assert seen.blast_radius.warnings == [
        "the new pods would violate Pod Security level baseline: hostPort"
    ]


def test_what_was_tried_once_is_not_tried_again() -> None:
    scene = healthy()
    cluster = Cluster(scene)
    kept = offered(scene, IMAGE).model_copy(update={"preview": Preview(ok=True, message="then")})
    assert cluster.preview(kept) == [kept]
    assert cluster.tried == []


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ('299 - "be careful"', "be careful"),
        ('299 - "policy \\"x\\\\y\\" says"', 'policy "x\\y" says'),
        ("odd", "odd"),
        ("", ""),
    ],
)
def test_warnings_are_read_from_their_header(header: str, text: str) -> None:
    assert warning(header) == text


# --- what the operator may do to it afterwards


def composed(before: Option, again: Option) -> Option:
    found = diagnosis("Diagnosed=True:CauseFound", options=[before])
    compose(found, healthy().snapshot(), [], [], [again], NOW)
    (kept,) = found.status.options
    return kept


def test_an_option_that_passed_is_kept_to_the_letter() -> None:
    """Given a tried option, when the same digest is offered in other words, then they are lost."""
    scene = healthy()
    (tried,) = Cluster(scene).preview(offered(scene, IMAGE))
    again = offered(scene, IMAGE, title="Harmless", rationale="?", risk=Risk.LOW, commands=[],
                    suggestedBy=AGENT)  # fmt: skip
    assert composed(tried, again) == tried


def test_an_option_that_was_refused_is_offered_afresh() -> None:
    scene = healthy()
    (refused,) = Cluster(scene, refuses="no").preview(offered(scene, IMAGE))
    again = offered(scene, IMAGE)
    assert composed(refused, again) == again


# --- how a human sees it


def shown(option: Option) -> str:
    console = Console(width=200, record=True, color_system=None, file=io.StringIO())
    console.print(render(diagnosis("Diagnosed=True:CauseFound", options=[option])))
    return console.export_text()


def test_show_tells_the_blast_radius_in_one_line() -> None:
    web = deployment(replicas=4)
    web["spec"]["strategy"] = {"rollingUpdate": {"maxUnavailable": 1}}
    scene = Scene(web, ready=4)
    (seen,) = Cluster(scene, warns="duplicate name").preview(offered(scene, IMAGE))
    text = shown(seen)
    assert "blast radius: restarts 4 pods, at most 1 ready pod down at a time" in text
    assert "careful: the API server warns: duplicate name" in text
    assert "approve: podiatrist approve" in text


def test_show_says_of_what_cannot_run_that_it_cannot_be_approved() -> None:
    scene = healthy()
    (seen,) = Cluster(scene, refuses="no").preview(offered(scene, IMAGE))
    text = shown(seen)
    assert "cannot be approved: the API server would refuse it: no" in text
    assert "approve: podiatrist approve" not in text
