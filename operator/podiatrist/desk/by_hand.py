"""Makes a Diagnosis by hand, for an object that somebody asks about."""

from datetime import datetime, timedelta

from podiatrist.api import names
from podiatrist.api.conditions import OVER, condition, has
from podiatrist.api.diagnosis import Diagnosis, Spec, State, Target
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, ConflictError, NotFoundError
from podiatrist.cluster.kind_words import kind_named
from podiatrist.cluster.kinds import DIAGNOSIS, TARGETS, Kind
from podiatrist.cluster.store import is_about, parse_diagnosis
from podiatrist.desk.errors import ChoiceError
from podiatrist.desk.find import read_all
from podiatrist.lifecycle.next_step import consulted

_TRIES = 3
_UNTRIED = timedelta(seconds=30)
"""How long options may stay untried before an answer counts as one without them."""


def target_named(word: str) -> tuple[Kind, str]:
    """Return kind and name of KIND/NAME. Raises ChoiceError, which says what can be asked about."""
    before, _, name = word.strip().partition("/")
    kind = kind_named(before)
    if kind is None or not name:
        known = ", ".join(sorted(k.kind.lower() for k in TARGETS))
        raise ChoiceError(f"{word!r} is no KIND/NAME like deployment/web; kinds are: {known}")
    return kind, name


async def ask_for(
    client: Client, namespace: str, kind: Kind, name: str, question: str | None
) -> tuple[Diagnosis, bool]:
    """Return a Diagnosis of an object, and whether it was made now.

    Without a question, one that is still open tells the story already. Raises NotFoundError where
    there is no such object, ClusterError.
    """
    home = namespace if kind.namespaced else names.NAMESPACE
    try:
        raw = await client.get(kind, namespace if kind.namespaced else None, name)
    except NotFoundError:
        where = f" in namespace {namespace}" if kind.namespaced else ""
        raise NotFoundError(f"there is no {kind.kind.lower()} {name}{where}") from None
    uid = str(raw["metadata"]["uid"])
    for _ in range(_TRIES):
        known = [d for d in (await read_all(client, home)).diagnoses if is_about(d, uid)]
        still_open = [d for d in known if d.status.state not in OVER]
        if still_open and question is None:
            return still_open[-1], False
        episode = max((names.episode_of(d.metadata.name) for d in known), default=0) + 1
        target = Target(api_version=kind.api_version, kind=kind.kind, name=name, uid=uid)
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": names.diagnosis_name(name, uid, episode), "namespace": home},
            "spec": Spec(target=target, question=question).model_dump(
                by_alias=True, exclude_none=True
            ),
        }
        try:
            made = parse_diagnosis(await client.create(DIAGNOSIS, home, body))
        except ConflictError:
            continue  # the operator noticed it in this moment
        if made is not None:
            return made, True
    raise ClusterError(f"the Diagnosis of {kind.kind.lower()} {name} could not be made; try again")


def answered(diagnosis: Diagnosis, now: datetime) -> bool:
    """Say whether a Diagnosis tells all that it will tell before a human decides.

    Options count as untried for half a minute: where no executor runs, nobody tries them.
    """
    if diagnosis.status.state in OVER or has(diagnosis, "Diagnosed", "False"):
        return True
    diagnosed = condition(diagnosis.status, "Diagnosed")
    if diagnosed is None or diagnosed.status != "True" or not consulted(diagnosis):
        return False
    tried = all(option.preview is not None for option in diagnosis.status.options)
    return tried or now - diagnosed.last_transition_time > _UNTRIED


def failed(diagnosis: Diagnosis) -> bool:
    """Say whether the question found no answer."""
    return diagnosis.status.state is State.FAILED
