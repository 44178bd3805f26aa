"""Who serves an Ingress: nobody, where its class is missing or not there."""

from collections.abc import Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_ingress_class import SetIngressClass
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.common.slips import close_names
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import INGRESS_CLASS
from podiatrist.cluster.objects import Ingress
from podiatrist.cluster.snapshot import Snapshot, compact

_OLD_WAY = "kubernetes.io/ingress.class"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


def class_trouble(snapshot: Snapshot, ingress: Ingress) -> Iterator[Result]:
    """Yield a finding where no controller feels responsible for an Ingress."""
    if not snapshot.was_read(INGRESS_CLASS):
        return
    known = [c.metadata.name for c in snapshot.ingress_classes]
    old = ingress.metadata.annotations.get(_OLD_WAY, "")
    asked = ingress.spec.ingress_class_name or old
    if asked in known:
        return
    close = close_names(asked, known) if asked else []
    if _served(snapshot) and not close:
        return  # some controllers go by the annotation, or need no IngressClass at all
    if asked:
        yield _unknown(snapshot, asked, known, close, by_annotation=not _field(ingress))
    elif not any(_is_default(c.metadata.annotations) for c in snapshot.ingress_classes):
        yield _none(snapshot, known)


def _field(ingress: Ingress) -> str:
    return ingress.spec.ingress_class_name


def _is_default(annotations: dict[str, str]) -> bool:
    return annotations.get(_DEFAULT, "").lower() == "true"


def _served(snapshot: Snapshot) -> bool:
    """Whether a controller has given the Ingress an address."""
    status = snapshot.target_raw.get("status")
    balancer = status.get("loadBalancer") if isinstance(status, dict) else None
    return isinstance(balancer, dict) and bool(balancer.get("ingress"))


def _unknown(
    snapshot: Snapshot, asked: str, known: list[str], close: list[str], *, by_annotation: bool
) -> Result:
    where = f"the annotation {_OLD_WAY}" if by_annotation else "ingressClassName"
    path = ".metadata.annotations" if by_annotation else ".spec.ingressClassName"
    meant = close or known[:2]
    finding = Finding(
        analyzer="ingresses",
        reason="IngressClassNotFound",
        message=f"Ingress {snapshot.target.name} is served by nobody: {where} names the class "
        f"{asked}, and there is no such IngressClass. " + _there_is(known, close),
        object=snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get ingress {snapshot.target.name} "
                f"-o jsonpath={{{path}}}",
                quote=asked,
            ),
            *_classes(known),
        ],
    )
    why = "is close to it" if close else "is there"
    return Result(
        finding,
        tuple(
            _set(snapshot, name, f"There is no IngressClass {asked}; {name} {why}.")
            for name in meant
        ),
    )


def _none(snapshot: Snapshot, known: list[str]) -> Result:
    spec = {k: v for k, v in (snapshot.target_raw.get("spec") or {}).items() if k == "rules"}
    finding = Finding(
        analyzer="ingresses",
        reason="IngressWithoutClass",
        message=f"Ingress {snapshot.target.name} is served by nobody: it names no class, and no "
        "IngressClass is the default. " + _there_is(known, []),
        object=snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get ingress {snapshot.target.name} "
                "-o jsonpath={.spec}  # no ingressClassName",
                quote=_first_text(spec) or snapshot.target.name,
            ),
            *_classes(known),
        ],
    )
    which = "the only" if len(known) == 1 else "an"
    return Result(
        finding,
        tuple(
            _set(snapshot, name, f"{name} is {which} IngressClass of the cluster.")
            for name in known[:2]
        ),
    )


def _first_text(spec: dict[str, object]) -> str:
    rules = spec.get("rules")
    if isinstance(rules, list) and rules and isinstance(rules[0], dict):
        return compact(rules[0])
    return ""


def _there_is(known: list[str], close: list[str]) -> str:
    if close:
        return f"Did you mean {' or '.join(close)}?"
    if known:
        return f"There is: {and_more(known)}."
    return "The cluster has no IngressClass at all: install an ingress controller first."


def _classes(known: list[str]) -> list[Evidence]:
    return [Evidence(source="kubectl get ingressclass", quote=name) for name in known[:2]]


def _set(snapshot: Snapshot, name: str, why: str) -> Proposal:
    return Proposal(
        title=f"Set the class to {name}",
        rationale=why,
        actions=(SetIngressClass(object=snapshot.target, ingress_class=name),),
    )
