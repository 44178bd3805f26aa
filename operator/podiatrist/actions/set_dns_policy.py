"""Choose whom a workload's pods ask for names."""

from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class SetDnsPolicy(Action):
    """Let pods ask the cluster's DNS; name servers of their own (`dnsConfig`) stay as they are."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetDnsPolicy"] = "SetDnsPolicy"
    policy: Literal["ClusterFirst", "ClusterFirstWithHostNet"]

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        pod_spec(self.kind, raw)["dnsPolicy"] = self.policy
        return raw

    def command(self) -> str:
        """Return the `kubectl edit` line."""
        return self.edit(f"dnsPolicy: {self.policy}")
