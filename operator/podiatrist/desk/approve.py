"""Approves one option: an annotation with its digest, for the very option that was shown."""

import asyncio
from collections.abc import Awaitable, Callable

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis, Option
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ConflictError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.cluster.store import Store
from podiatrist.desk.choose import Standing, check_approvable, is_as_shown, standing
from podiatrist.desk.errors import NotDoneError

_TRIES = 5
_PATIENCE = 20.0
"""Seconds that the executor has to take note that a used approval was taken away."""

Sleep = Callable[[float], Awaitable[None]]


async def approve(
    client: Client,
    shown: Diagnosis,
    option: Option,
    by: str | None,
    sleep: Sleep = asyncio.sleep,
) -> Diagnosis:
    """Approve an option as it was shown; returns the Diagnosis as it is then.

    `by` is the requester's own name, for clusters that do not stamp it (Kubernetes before 1.36);
    admission holds it to the truth. Raises NotDoneError where the option is another one by now,
    ClusterError.
    """
    now = shown
    for _ in range(_TRIES):
        _check_same(now, option)
        try:
            # The resourceVersion holds it to what was seen: an option that is swapped for another
            # of the same digest in this moment is not approved, and what somebody else approves
            # in this moment is not taken away.
            found = standing(now, option)
            if found is Standing.UNREAD and await _stands(client, now, option, by):
                return now
            if found is not Standing.FRESH:
                now = await _clean_slate(client, now, option, sleep)
                continue
            await _annotate(client, now, {names.APPROVE: option.digest, names.APPROVED_BY: by})
        except ConflictError:
            now = await _again(client, now)
            continue
        return await _again(client, now)
    raise NotDoneError(f"{now.metadata.name} changes all the time; nothing was approved, try again")


def _check_same(now: Diagnosis, option: Option) -> None:
    if now.option(option.digest) != option:
        raise NotDoneError(
            f"{now.metadata.name} changed while you looked at it; nothing was approved. "
            f"Look again: show {now.metadata.name}"
        )
    check_approvable(now, option)


async def _stands(client: Client, diagnosis: Diagnosis, option: Option, by: str | None) -> bool:
    """Say whether an approval that nobody read yet is one's own, and as good as a new one.

    Its age is by the API server's clock. Raises NotDoneError where it is as good, and another's.
    """
    if not is_as_shown(diagnosis, option, (await client.server()).time):
        return False
    whose = diagnosis.annotation(names.APPROVED_BY)
    if by is not None and whose == by:
        return True
    raise NotDoneError(
        f"option {option.digest} was approved a moment ago by {whose or 'somebody'}, and waits for "
        "the executor; nothing was approved under your name"
    )


async def _clean_slate(
    client: Client, diagnosis: Diagnosis, option: Option, sleep: Sleep
) -> Diagnosis:
    """Take an approval away, and wait until the executor, if it read it, has seen that it is gone.

    An annotation is handled once: set again at once, it would look as if nothing had happened.
    Raises ConflictError where the Diagnosis is another one by now.
    """
    gone = [names.APPROVE, names.APPROVED_BY, names.APPROVED_AT, names.APPROVED_PREVIEW]
    await _annotate(client, diagnosis, dict.fromkeys(gone))
    waited = 0.0
    while waited < _PATIENCE:
        now = await _again(client, diagnosis)
        read = now.status.approval
        if read is None or read.digest != option.digest:
            return now
        await sleep(0.5)
        waited += 0.5
    raise NotDoneError(
        "the earlier approval of this option was taken away, but the executor did not take note "
        f"within {_PATIENCE:.0f} s; see whether it runs, then approve again"
    )


async def _annotate(
    client: Client, diagnosis: Diagnosis, annotations: dict[str, str | None]
) -> None:
    metadata = diagnosis.metadata
    held = {"uid": metadata.uid, "resourceVersion": metadata.resource_version}
    body = {"metadata": {**held, "annotations": annotations}}
    await client.merge_patch(DIAGNOSIS, metadata.namespace, metadata.name, body)


async def _again(client: Client, diagnosis: Diagnosis) -> Diagnosis:
    now = await Store(client).get(*diagnosis.key)
    if now is None or now.metadata.uid != diagnosis.metadata.uid:
        raise NotDoneError(f"{diagnosis.metadata.name} is gone, and its target with it")
    return now
