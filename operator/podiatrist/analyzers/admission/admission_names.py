"""Names in the pod template that admission looks up: accounts, priorities, runtimes."""

from collections.abc import Iterator

from podiatrist.actions.clear_priority_class import ClearPriorityClass
from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_reference import SetReference
from podiatrist.analyzers.admission.admission_errors import NameMissing
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.common.revisions import propose_rollback
from podiatrist.analyzers.common.similar_names import similar_names
from podiatrist.analyzers.common.slips import close_names
from podiatrist.cluster.kinds import PRIORITY_CLASS, SERVICE_ACCOUNT
from podiatrist.cluster.objects import PodSpec
from podiatrist.cluster.snapshot import Snapshot

_KINDS = {"ServiceAccount": SERVICE_ACCOUNT, "PriorityClass": PRIORITY_CLASS}
_DEFAULT = "default"


def is_there_now(snapshot: Snapshot, why: NameMissing) -> bool:
    """Say whether the name exists by now: the controller will find it when it tries again."""
    kind = _KINDS.get(why.kind)
    return kind is not None and why.name in snapshot.names.get(kind, ())


def explain_missing(snapshot: Snapshot, why: NameMissing) -> str:
    """Name what is missing and what is close to it."""
    meant = _meant(snapshot, why)
    where = f" in namespace {snapshot.namespace}" if why.kind == "ServiceAccount" else ""
    close = f" {and_more(meant)} is there and close to it." if meant else ""
    create = {
        "ServiceAccount": f": kubectl -n {snapshot.namespace} create serviceaccount {why.name}",
        "PriorityClass": f": kubectl create priorityclass {why.name} --value=NUMBER",
    }.get(why.kind, "")
    return (
        f"the pod template names {why.kind} {why.name}, which does not exist{where}.{close} "
        f"Correct the name, or create it{create}."
    )


def _meant(snapshot: Snapshot, why: NameMissing) -> list[str]:
    kind = _KINDS.get(why.kind)
    known = sorted(snapshot.names.get(kind, ())) if kind else []
    if why.kind == "PriorityClass":
        # These are for the cluster's own pods, and a quota keeps them for kube-system.
        known = [name for name in known if not name.startswith("system-")]
    close = [*close_names(why.name, known), *similar_names(why.name, known)]
    return list(dict.fromkeys(close))[:2]


def correct_name(snapshot: Snapshot, why: NameMissing) -> Iterator[Proposal]:
    """Propose the way back, the names that are close, and doing without."""
    older = snapshot.revisions[1:2]
    if older and _name(older[0].spec.template.spec, why.kind) not in (
        _name(snapshot.template, why.kind),
        None,
    ):
        yield from propose_rollback(snapshot)
    if why.kind not in ("ServiceAccount", "PriorityClass"):
        return
    meant = _meant(snapshot, why)
    for name in meant:
        yield _named(snapshot, why, name, f"{name} exists and is close to {why.name}.")
    if why.kind == "PriorityClass":
        yield Proposal(
            title=f"Do without PriorityClass {why.name}",
            rationale="The pods get the cluster's default priority and may have to make room for "
            "others.",
            actions=(ClearPriorityClass(object=snapshot.target, name=why.name),),
        )
    elif why.name != _DEFAULT and not meant and _has_default(snapshot):
        yield _named(
            snapshot,
            why,
            _DEFAULT,
            "The namespace's own account exists; it has none of the rights that may have been "
            f"given to {why.name}.",
        )


def _named(snapshot: Snapshot, why: NameMissing, name: str, rationale: str) -> Proposal:
    fields = {"object": snapshot.target, "to": why.kind, "name": why.name, "new": name}
    return Proposal(
        title=f"Use {why.kind} {name}",
        rationale=rationale,
        actions=(SetReference.model_validate(fields),),
    )


def _has_default(snapshot: Snapshot) -> bool:
    return _DEFAULT in snapshot.names.get(SERVICE_ACCOUNT, ())


def _name(spec: PodSpec, kind: str) -> str | None:
    """Return what a pod spec names; None for what we do not parse."""
    return {
        "ServiceAccount": spec.service_account_name,
        "PriorityClass": spec.priority_class_name,
        "RuntimeClass": spec.runtime_class_name,
    }.get(kind)
