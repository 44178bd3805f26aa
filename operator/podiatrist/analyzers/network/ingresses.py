"""Ingresses that nobody serves, or that lead nowhere: class, backends, TLS."""

from collections.abc import Iterator
from dataclasses import replace

from podiatrist.actions.compiler import Proposal
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.common.slips import close_names
from podiatrist.analyzers.network.ingress_backends import backend_trouble
from podiatrist.analyzers.network.ingress_classes import class_trouble
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import INGRESS
from podiatrist.cluster.objects import Ingress, parse
from podiatrist.cluster.snapshot import Snapshot, compact


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong with an Ingress."""
    if snapshot.kind is not INGRESS or snapshot.metadata.deletion_timestamp is not None:
        return []
    ingress = parse(Ingress, snapshot.target_raw)
    if ingress is None:
        return []
    return _mended_together(
        [
            *class_trouble(snapshot, ingress),
            *backend_trouble(snapshot, ingress),
            *_tls_trouble(snapshot, ingress),
        ]
    )


def _mended_together(results: list[Result]) -> list[Result]:
    """Return the findings with fixes that mend all of them.

    A fix that leaves one of them would be undone as not helping, so where one has none, there
    is none.
    """
    fixable = [r for r in results if r.proposals]
    mended = {_group(r) for r in fixable}
    if not fixable or any(_group(r) not in mended for r in results):
        return [replace(r, proposals=()) for r in results]
    if len(fixable) == 1:
        return results
    best = [r.proposals[0] for r in fixable]
    both = Proposal(
        title=" and ".join([best[0].title, *(_lower(p.title) for p in best[1:])]),
        rationale=" ".join(p.rationale for p in best),
        actions=tuple(action for p in best for action in p.actions),
    )
    first = fixable[0]
    return [replace(r, proposals=(both,) if r is first else ()) for r in results]


def _group(result: Result) -> str:
    """Return what findings have in common whose first one mends all: those about backends."""
    reason = result.finding.reason
    return "backends" if reason in ("BackendNotFound", "BackendPortNotFound") else reason


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _tls_trouble(snapshot: Snapshot, ingress: Ingress) -> Iterator[Result]:
    """Yield what is wrong with certificates, as far as it can be seen without any Secret."""
    raws = (snapshot.target_raw.get("spec") or {}).get("tls") or []
    hosts = [r.host for r in ingress.spec.rules if r.host]
    for raw, tls in zip(raws, ingress.spec.tls, strict=False):
        if tls.hosts and not tls.secret_name:
            yield Result(
                _finding(
                    snapshot,
                    "TlsSecretNotNamed",
                    f"wants TLS for {and_more(tls.hosts)} and names no Secret with the "
                    "certificate: set spec.tls[].secretName. Until then clients get the "
                    "controller's own certificate, or none.",
                    compact(raw),
                )
            )
        for host in tls.hosts:
            close = close_names(host, hosts)
            if close and not any(_covers(host, h) for h in hosts):
                yield Result(
                    _finding(
                        snapshot,
                        "TlsHostNotServed",
                        f"has a certificate for {host}, which no rule serves; its rules serve "
                        f"{close[0]}, which has none. Write the same host in both.",
                        host,
                    )
                )


def _covers(certified: str, host: str) -> bool:
    """Whether a certificate for one name holds for another: `*.` stands for one label."""
    if certified.startswith("*."):
        return host.partition(".")[2] == certified[2:]
    return certified == host


def _finding(snapshot: Snapshot, reason: str, what: str, quote: str) -> Finding:
    name = snapshot.target.name
    return Finding(
        analyzer="ingresses",
        reason=reason,
        message=f"Ingress {name} {what}",
        object=snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get ingress {name} -o jsonpath={{.spec}}",
                quote=quote,
            )
        ],
    )
