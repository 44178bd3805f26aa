"""Settings from the environment, each `PODIATRIST_<NAME>`."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from podiatrist.cluster.confines import Confines
from podiatrist.lifecycle.context import Timing
from podiatrist.notice.housekeeping import Keeping
from podiatrist.notice.limits import Limits
from podiatrist.notice.symptoms import Grace


class Settings(BaseSettings):
    """What can be set, with defaults; times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="PODIATRIST_", use_attribute_docstrings=True)

    grace_unschedulable: float = Field(default=Grace.unschedulable, ge=0)
    """How long a pod may be without a node before it is a symptom."""
    grace_image: float = Field(default=Grace.image, ge=0)
    """How long an image pull may fail before it is a symptom."""
    grace_crash: float = Field(default=Grace.crash, ge=0)
    """How long a container that ended at least twice may be down before it is a symptom."""
    grace_start: float = Field(default=Grace.start, ge=0)
    """How long a container may be impossible to make before it is a symptom."""
    grace_stuck: float = Field(default=Grace.stuck, ge=0)
    """How long a pod with a node may not be started, or be half ended."""
    grace_not_ready: float = Field(default=Grace.not_ready, ge=0)
    """How long a pod may run without getting ready."""
    grace_terminating: float = Field(default=Grace.terminating, ge=0)
    """How long a pod may outlive its own grace period."""
    grace_unexplained: float = Field(default=Grace.unexplained, ge=0)
    """How long a symptom that no rule explains must last before it is told all the same."""
    grace_silent: float = Field(default=Grace.silent, ge=0)
    """How long a fault that no pod shows must last."""
    sweep: float = Field(default=60.0, ge=1)
    """Between two sweeps for faults that no pod shows, and for Diagnoses that are history."""
    most_per_owner: int = Field(default=Limits.per_owner, ge=1)
    """New Diagnoses of one workload within an hour."""
    most_per_namespace: int = Field(default=Limits.per_namespace, ge=1)
    """New Diagnoses in one namespace within an hour."""
    keep: float = Field(default=Keeping.seconds, ge=0)
    """How long a Diagnosis stays after its end."""
    keep_per_owner: int = Field(default=Keeping.per_owner, ge=1)
    """How many Diagnoses that are over stay for one workload."""
    keep_per_namespace: int = Field(default=Keeping.per_namespace, ge=1)
    """How many Diagnoses that are over stay in one namespace."""
    keep_transcripts: int = Field(default=Keeping.transcripts, ge=0)
    """How many transcripts of consultations stay; each goes with its Diagnosis as well."""
    recheck: float = Field(default=Timing.recheck, ge=1)
    """Between two looks at a workload that waits for a human; longer when it waits for long."""
    heal: float = Field(default=Timing.heal, ge=0)
    """How long a symptom must be gone by itself before its Diagnosis is Resolved."""
    soak: int = Field(default=Timing.soak, ge=0, le=3600)
    """How long a symptom must be gone after a fix before the fix counts."""
    verify: float = Field(default=Timing.verify, ge=1)
    """How long a fix may take to show effect before it is rolled back."""
    give_up: float = Field(default=Timing.give_up, ge=1)
    """How long pods that a fix brought may be sick before it is rolled back, sooner than that."""
    patch_managed: bool = False
    """Whether what Argo CD, Flux, Helm or Kustomize keep in place may be patched live as well. The
    change for the repository stays as advice; without it the live patch is taken back."""
    approval_life: float = Field(default=Timing.approval_life, ge=1)
    """How long an approval may wait to be carried out, such as for an executor that is down."""
    feed: Literal["kopf", "stream"] = "kopf"
    """Who tells of pods and events; docs/feeds.md says which one when."""
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """How much is logged."""
    log_format: Literal["text", "json"] = "text"
    """text: lines for humans; json: an object a line, for a collector."""
    namespaces: str = Field(default="", pattern=r"^[a-z0-9,\s-]*$")
    """Namespaces to look into, separated by commas or blanks. Empty: all, and what belongs to none.
    With names, nothing else is asked for: docs/namespaced.md."""
    leader_election: bool = False
    """Whether several processes of a role may run, of which one works and the others stand by."""
    status_port: int = Field(default=0, ge=0, le=65535)
    """Port of /healthz, /readyz and /metrics; 0: none."""

    @property
    def confines(self) -> Confines:
        """What is looked at."""
        return Confines.of(self.namespaces)

    @property
    def grace(self) -> Grace:
        """The grace of each symptom."""
        return Grace(
            unschedulable=self.grace_unschedulable,
            image=self.grace_image,
            crash=self.grace_crash,
            start=self.grace_start,
            stuck=self.grace_stuck,
            not_ready=self.grace_not_ready,
            terminating=self.grace_terminating,
            unexplained=self.grace_unexplained,
            silent=self.grace_silent,
        )

    @property
    def limits(self) -> Limits:
        """How many new Diagnoses are too many."""
        return Limits(per_owner=self.most_per_owner, per_namespace=self.most_per_namespace)

    @property
    def keeping(self) -> Keeping:
        """How long Diagnoses that are over stay."""
        return Keeping(
            seconds=self.keep,
            per_owner=self.keep_per_owner,
            per_namespace=self.keep_per_namespace,
            transcripts=self.keep_transcripts,
        )

    @property
    def timing(self) -> Timing:
        """The times of the path."""
        return Timing(
            recheck=self.recheck,
            heal=self.heal,
            soak=self.soak,
            verify=self.verify,
            give_up=self.give_up,
            approval_life=self.approval_life,
        )
