"""The operator's steps: it looks and proposes. Consulting a model is in `consult.py`."""

from collections.abc import Mapping

from podiatrist.lifecycle.investigate import investigate, recheck
from podiatrist.lifecycle.next_step import Step
from podiatrist.lifecycle.reject import reject
from podiatrist.lifecycle.telling.states import telling_state
from podiatrist.lifecycle.worker import StepFunction

STEPS: Mapping[Step, StepFunction] = {
    Step.INVESTIGATE: telling_state(investigate),
    Step.RECHECK: telling_state(recheck),
    Step.REJECT: reject,
}
