"""The kill switch: may anything be written to the cluster now?

Asked before every write, and never remembered: switched off, nothing more is written, whatever
was begun. There are two switches, for one namespace and for the whole cluster; a third is to
scale the executor to 0.
"""

from typing import Any

from podiatrist.api import names
from podiatrist.api.text import clip
from podiatrist.cluster.errors import ClusterError, NotFoundError
from podiatrist.cluster.kinds import CONFIG_MAP, NAMESPACE, Kind
from podiatrist.lifecycle.context import Context

_ON = "on"


async def held(context: Context, namespace: str | None) -> str | None:
    """Return why nothing may be written now and how to change that, None where it may.

    `namespace` is that of the Diagnosis; None: only the switch of the whole cluster is asked.
    What cannot be read counts as switched off. Never raises ClusterError.
    """
    try:
        return await _in_cluster(context) or await _in_namespace(context, namespace)
    except ClusterError as error:
        return f"nothing is written while the kill switch cannot be read: {error}"


async def _in_cluster(context: Context) -> str | None:
    stored = await _read(context, CONFIG_MAP, names.NAMESPACE, names.SWITCH)
    # What is no text (a file of other bytes) is stored as binaryData: it is no "on" either.
    found = (stored.get("data") or {}) | (stored.get("binaryData") or {})
    value = found.get(names.SWITCH_KEY)
    if value is None or _is_on(value):
        return None
    return (
        f"execution is switched off in the whole cluster: ConfigMap {names.NAMESPACE}/"
        f"{names.SWITCH} says {names.SWITCH_KEY}: {clip(value, 40)}; to switch it on: "
        f"kubectl -n {names.NAMESPACE} delete configmap {names.SWITCH}"
    )


async def _in_namespace(context: Context, namespace: str | None) -> str | None:
    if namespace is None:
        return None
    stored = await _read(context, NAMESPACE, None, namespace)
    value = (stored.get("metadata", {}).get("labels") or {}).get(names.EXECUTION)
    if value is None or _is_on(value):
        return None
    return (
        f"execution is switched off in namespace {namespace}: it is labelled "
        f"{names.EXECUTION}={clip(value, 63)}; to switch it on: "
        f"kubectl label namespace {namespace} {names.EXECUTION}-"
    )


def _is_on(value: str) -> bool:
    return value.strip().lower() == _ON


async def _read(context: Context, kind: Kind, namespace: str | None, name: str) -> dict[str, Any]:
    """Return the object as it is now (no cache answers: a read without resourceVersion).

    Empty where it does not exist: what is not there switches nothing off.
    """
    try:
        return await context.client.get(kind, namespace, name)
    except NotFoundError:
        return {}
