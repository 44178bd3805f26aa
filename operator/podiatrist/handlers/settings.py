"""Settings from the environment, each `PODIATRIST_<NAME>`."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from podiatrist.lifecycle.context import Timing
from podiatrist.notice.symptoms import Grace


class Settings(BaseSettings):
    """What can be set, with defaults; times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="PODIATRIST_")

    grace_unschedulable: float = Field(default=Grace.unschedulable, ge=0)
    """How long a pod may be without a node before it is a symptom."""
    grace_image: float = Field(default=Grace.image, ge=0)
    """How long an image pull may fail before it is a symptom."""
    recheck: float = Field(default=Timing.recheck, ge=1)
    """Between two looks at a workload that waits for a human."""
    heal: float = Field(default=Timing.heal, ge=0)
    """How long a symptom must be gone by itself before its Diagnosis is Resolved."""
    soak: int = Field(default=Timing.soak, ge=0, le=3600)
    """How long a symptom must be gone after a fix before the fix counts."""
    verify: float = Field(default=Timing.verify, ge=1)
    """How long a fix may take to show effect before it is rolled back."""
    give_up: float = Field(default=Timing.give_up, ge=1)
    """How long pods that a fix brought may be sick before it is rolled back, sooner than that."""
    feed: Literal["kopf", "stream"] = "kopf"
    """Who tells of pods and events; docs/feeds.md says which one when."""
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """How much is logged."""

    @property
    def grace(self) -> Grace:
        """The grace of each symptom."""
        return Grace(unschedulable=self.grace_unschedulable, image=self.grace_image)

    @property
    def timing(self) -> Timing:
        """The times of the path."""
        return Timing(
            recheck=self.recheck,
            heal=self.heal,
            soak=self.soak,
            verify=self.verify,
            give_up=self.give_up,
        )
