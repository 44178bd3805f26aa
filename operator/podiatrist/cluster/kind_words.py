"""The words by which people name kinds: kubectl's short names, singular and plural."""

from collections.abc import Mapping
from types import MappingProxyType

from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    HPA,
    INGRESS,
    JOB,
    NETWORK_POLICY,
    NODE,
    PDB,
    POD,
    PVC,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
    Kind,
)

KIND_WORDS: Mapping[str, Kind] = MappingProxyType({
    "deploy": DEPLOYMENT,
    "sts": STATEFUL_SET,
    "ds": DAEMON_SET,
    "cj": CRON_JOB,
    "po": POD,
    "no": NODE,
    "svc": SERVICE,
    "ing": INGRESS,
    "pvc": PVC,
    "hpa": HPA,
    "pdb": PDB,
    "rs": REPLICA_SET,
    "netpol": NETWORK_POLICY,
    "claim": PVC,
    **{
        word: kind
        for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB, POD, NODE, SERVICE,
                     INGRESS, PVC, HPA, PDB, REPLICA_SET, NETWORK_POLICY)
        for word in (kind.kind.lower(), kind.plural)
    },
})  # fmt: skip
"""Every word that names a kind that can be diagnosed."""


def kind_named(word: str) -> Kind | None:
    """Return the kind that a word means, with or without its API group; None for any other."""
    return KIND_WORDS.get(word.strip().lower().split(".")[0])
