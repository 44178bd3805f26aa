"""What every step is given: the cluster, the time and the settings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from podiatrist.cluster.client import Client
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.store import Store


@dataclass(frozen=True)
class Timing:
    """How long things are given, in seconds."""

    recheck: float = 15.0
    """Between two looks at a sick workload that waits for a human; up to 20 times as long when it
    has waited for long."""
    heal: float = 15.0
    """How long a symptom must be gone, by itself, before a Diagnosis is Resolved."""
    soak: int = 60
    """How long a symptom must be gone after a fix before it counts as one."""
    verify: float = 300.0
    """How long a fix may take to show effect before it is rolled back."""
    give_up: float = 45.0
    """How long pods that a fix brought may be sick before it is rolled back, sooner than that."""
    approval_life: float = 600.0
    """How long an approval may wait to be carried out: it is for now, not for some day."""
    poll: float = 2.0
    """Between two looks at a workload while a fix is verified."""


@dataclass(frozen=True)
class Consulting:
    """Whether a model is asked beside the rules, and about what."""

    policy: Literal["always", "unexplained", "asked"] = "always"
    """`unexplained`: where no rule knows the cause, or a human asks; `asked`: only then."""
    unavailable: str | None = "no model is configured; the rules alone looked at it"
    """Why nobody can be asked; None where a model can."""


@dataclass(frozen=True)
class Context:
    """The world of a step."""

    client: Client
    reader: Reader
    store: Store
    clock: Callable[[], datetime]
    timing: Timing
    consulting: Consulting = Consulting()
    patch_managed: bool = False
    """Whether objects that Argo CD, Flux, Helm or Kustomize keep are patched live all the same."""
