"""Runs kubectl: no shell, an environment of its own, bounded time and output."""

import copy
from collections.abc import Mapping
from pathlib import Path

from podiatrist.cluster.kubectl.output import Output


class Kubectl:
    """kubectl with one identity, for reading only.

    `kubeconfig` is the identity; `seconds` bounds one command, `most` the characters of its
    output. `namespace` is where commands look that name none. `environment` is added to the
    otherwise empty one: credential helpers of a person's own kubeconfig need PATH and HOME.
    """

    def __init__(
        self,
        binary: Path,
        kubeconfig: Path,
        *,
        seconds: float = 20.0,
        most: int = 6000,
        namespace: str | None = None,
        context: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.binary = binary
        self.kubeconfig = kubeconfig
        self.seconds = seconds
        self.most = most
        self.namespace = namespace
        self.context = context
        self.environment = dict(environment or {})

    def within(self, namespace: str | None) -> "Kubectl":
        """Return the same kubectl, looking into this namespace where a command names none."""
        other = copy.copy(self)
        other.namespace = namespace
        return other

    async def run(self, line: str) -> Output:
        """Run one line and return what it said.

        Raises RefusedCommandError for what may not be run, ClusterError where kubectl does not
        start.
        """
        raise NotImplementedError
