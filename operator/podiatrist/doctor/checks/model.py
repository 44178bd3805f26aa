"""The model: configured, and answering. Told from Diagnoses: no key is read, no model asked."""

from datetime import timedelta

from podiatrist.api import names
from podiatrist.api.conditions import Reason, condition
from podiatrist.api.diagnosis import Condition, Diagnosis
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.verdict import Chart, Hidden, Verdict, word

_MODEL = Chart("model")
_ASKED = (Reason.MODEL_ANSWERED, Reason.NOTHING_USABLE, Reason.MODEL_FAILED)
_LATELY = timedelta(days=1)
_IN_A_ROW = 3
"""Failures after which an endpoint counts as broken, not as busy."""

_OURS = f"kubectl -n {names.NAMESPACE}"
SET_KEY = (
    f"{_OURS} create secret generic podiatrist-model --from-file=api-key=/dev/stdin "
    f"--dry-run=client -o yaml | kubectl apply -f - && {_OURS} rollout restart deployment/operator"
)
"""Sets the key, which is typed in: on the command line it would stay in the shell's history."""

_SET_ENDPOINT = f"{_OURS} edit configmap podiatrist && {_OURS} rollout restart deployment/operator"


def check_model(installation: Installation) -> list[Verdict]:
    """Say whether a model is asked beside the rules, and how that went lately."""
    asked = _asked(installation)
    if asked and asked[0][1].reason == Reason.MODEL_FAILED:
        return [_failing(asked)]
    model = installation.model
    if isinstance(model.name, Hidden):
        return _MODEL.unknown([model.name])
    if not model.name:
        return [_MODEL.note("none is configured: the rules alone look (PODIATRIST_MODEL)")]
    if asked:
        diagnosis, last = asked[0]
        at = f"{last.last_transition_time:%Y-%m-%d %H:%M}Z"
        return [_MODEL.ok(f"{model.name} answered at {at}, for {_name(diagnosis)}")]
    if isinstance(model.secret, Hidden):
        return _MODEL.unknown([model.secret])
    if not model.secret:
        said = (
            f"{model.name} is configured without a key: there is no Secret podiatrist-model with "
            "the key api-key; an endpoint that wants one refuses, and the rules alone look"
        )
        return [_MODEL.warning(said, SET_KEY)]
    return [_MODEL.ok(f"{model.name} is configured; it was not asked lately")]


def _asked(installation: Installation) -> list[tuple[Diagnosis, Condition]]:
    """Return what came of the requests of the last day, the latest first."""
    if isinstance(installation.diagnoses, Hidden):
        return []
    found = [
        (diagnosis, fact)
        for diagnosis in installation.diagnoses
        if (fact := condition(diagnosis.status, "Consulted")) is not None
        and fact.status != "Unknown"
        and fact.reason in _ASKED
        and installation.age(fact.last_transition_time) < _LATELY
    ]
    return sorted(found, key=lambda one: one[1].last_transition_time, reverse=True)


def _failing(asked: list[tuple[Diagnosis, Condition]]) -> Verdict:
    diagnosis, last = asked[0]
    said = f"the endpoint failed for {_name(diagnosis)}: {last.message}"
    if "PODIATRIST_MODEL_KEY" in last.message:
        return _MODEL.broken(said, SET_KEY)
    if "look at PODIATRIST_" in last.message:
        return _MODEL.broken(said, _SET_ENDPOINT)
    lately = asked[:_IN_A_ROW]
    if len(lately) == _IN_A_ROW and all(f.reason == Reason.MODEL_FAILED for _, f in lately):
        return _MODEL.broken(f"{said} (and {_IN_A_ROW - 1} times before)", _SET_ENDPOINT)
    again = f"kubectl -n {word(diagnosis.metadata.namespace)} annotate --overwrite diagnosis"
    return _MODEL.warning(said, f"{again} {word(diagnosis.metadata.name)} {names.RETRY}=doctor")


def _name(diagnosis: Diagnosis) -> str:
    return f"{diagnosis.metadata.namespace}/{diagnosis.metadata.name}"
