"""The executor's steps. No module that is imported from here may know of models or prompts."""

from collections.abc import Mapping

from podiatrist.cluster.events import EXECUTOR
from podiatrist.lifecycle.approval.judge_approval import judge_approval
from podiatrist.lifecycle.execution.execute import execute
from podiatrist.lifecycle.execution.roll_back import roll_back
from podiatrist.lifecycle.next_step import Step
from podiatrist.lifecycle.options.preview import preview
from podiatrist.lifecycle.telling.news import telling
from podiatrist.lifecycle.telling.states import telling_state
from podiatrist.lifecycle.verification.verify import verify
from podiatrist.lifecycle.worker import StepFunction

STEPS: Mapping[Step, StepFunction] = {
    Step.PREVIEW: telling_state(preview, EXECUTOR),
    Step.JUDGE_APPROVAL: telling(judge_approval),
    Step.EXECUTE: telling(execute),
    Step.VERIFY: telling(verify),
    Step.ROLL_BACK: telling(roll_back),
}
