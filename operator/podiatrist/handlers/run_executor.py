"""Runs the executor: previews, executes, verifies and rolls back. No model, no key, no prompts.

Nothing that is imported from here may lead to `podiatrist.agent` or to a model's client.
"""

from pathlib import Path

import kopf

from podiatrist.cluster.client import connect
from podiatrist.handlers.serve import context_of, serve, share, wait_for
from podiatrist.handlers.settings import Settings
from podiatrist.lifecycle.executor_steps import STEPS
from podiatrist.lifecycle.worker import Worker


async def run_executor(kubeconfig: Path | None, settings: Settings) -> None:
    """Preview, execute, verify and roll back, until a signal. Raises ClusterError."""
    share(kubeconfig)
    async with connect(kubeconfig, "podiatrist-executor") as client:
        await wait_for(client)
        context = context_of(client, settings.timing, patch_managed=settings.patch_managed)
        worker = Worker(context, STEPS)
        await serve(kopf.OperatorRegistry(), (worker,), worker.run())
