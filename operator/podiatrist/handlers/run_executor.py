"""Runs the executor: previews, executes, verifies and rolls back. No model, no key, no prompts.

Nothing that is imported from here may lead to `podiatrist.agent` or to a model's client.
"""

from pathlib import Path

import kopf

from podiatrist.cluster.connect import connect
from podiatrist.handlers.leading import leading
from podiatrist.handlers.open_namespaces import looking_after
from podiatrist.handlers.serve import context_of, serve, share
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.vitals import Vitals
from podiatrist.lifecycle.executor_steps import STEPS
from podiatrist.lifecycle.worker import Worker

_NAME = "podiatrist-executor"
"""Field manager of its writes, and name of its Lease."""


async def run_executor(kubeconfig: Path | None, settings: Settings, vitals: Vitals) -> None:
    """Preview, execute, verify and roll back, until a signal. Raises ClusterError."""
    share(kubeconfig)
    async with (
        connect(kubeconfig, _NAME, traffic=vitals.traffic, confines=settings.confines) as client,
        leading(client, _NAME, vitals, "diagnoses", elect=settings.leader_election) as beside,
    ):
        context = context_of(client, settings.timing, patch_managed=settings.patch_managed)
        worker = Worker(context, STEPS)
        vitals.metrics.queue("diagnoses", worker.queue.__len__)
        await serve(
            kopf.OperatorRegistry(),
            vitals,
            client,
            (worker,),
            worker.run(),
            *beside,
            *looking_after(client, settings.confines),
        )
