"""Settings of the operator alone: the model, how much it is asked, and whom to notify.

The executor does not read these: it has no model and no way out of the cluster, and shall never
hold a key.
"""

from typing import Literal

from pydantic import Field

from podiatrist.agent.limits import Limits
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.handlers.settings import Settings
from podiatrist.lifecycle.consult import Allowance
from podiatrist.notify.settings import NotifySettings


class OperatorSettings(Settings, ModelSettings, NotifySettings):
    """All that can be set for the operator, with defaults; times are in seconds."""

    consult: Literal["always", "unexplained", "asked"] = "always"
    """When a model is asked. unexplained: where no rule knows the cause, or a Diagnosis holds a
    question; asked: only where it holds a question."""
    consult_side_by_side: int = Field(default=2, ge=1, le=64)
    """How many consultations go on at once; who is worst off goes first."""
    consult_steps: int = Field(default=Limits.steps, ge=2, le=100)
    """Requests to the model in one consultation."""
    consult_seconds: float = Field(default=Allowance.seconds, ge=5, le=3600)
    """How long one consultation may take."""
    consult_tokens: int = Field(default=Allowance.tokens, ge=0)
    """Tokens for one Diagnosis, sent and received, over all of its consultations."""
    consult_namespaces: Literal["own", "all"] = "own"
    """Where a model may look. own: into the namespace of the Diagnosis and at what belongs to none,
    such as nodes; all: everywhere, and what it quotes is read by whoever reads the Diagnosis."""
    tokens_per_day: int = Field(default=2_000_000, ge=0)
    """Tokens for all Diagnoses of a day (UTC)."""
    kubectl: str = ""
    """Path of the kubectl that a model looks with. Empty: the first on PATH."""

    @property
    def allowance(self) -> Allowance:
        """What consultations may use."""
        return Allowance(self.consult_tokens, self.consult_seconds)
