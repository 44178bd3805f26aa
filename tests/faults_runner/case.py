"""What a `case.yaml` may say. docs/faults.md explains it to authors; keep both together."""

import re
import shlex
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Family = Literal[
    "pods", "images", "scheduling", "admission", "workloads", "network", "storage", "nodes"
]

CLUSTER_SCOPED = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "CSIDriver",
        "CustomResourceDefinition",
        "APIService",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    }
)
"""Kinds that are in no namespace: a case with one of them runs alone and cleans up."""

_WIDE = frozenset({"cluster", "cordon", "drain", "taint", "uncordon"})


def _command(text: str) -> str:
    words = shlex.split(text)
    if not words:
        raise ValueError("is empty; write what follows `kubectl`, such as: get pods")
    if words[0] == "kubectl":
        raise ValueError("begins with kubectl; leave that word out")
    if words[0] == "sleep" and not (len(words) == 2 and words[1].isdigit()):
        raise ValueError("is no sleep; write `sleep 5`, whole seconds")
    own = words[: words.index("--")] if "--" in words else words
    if {"-n", "--namespace"} & set(own):
        raise ValueError("names a namespace; the case's own is already set")
    return text


def _target(text: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9._-]+", text):
        raise ValueError(f"is {text!r}; write Kind/name, such as Deployment/web")
    return text


def _reason(text: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", text):
        raise ValueError(f"is {text!r}; a reason is one CamelCase word, such as ImageNotFound")
    return text


Command = Annotated[str, AfterValidator(_command)]
"""What follows `kubectl` on a command line; or `sleep SECONDS`; or `cluster stop|start WHAT`."""

Target = Annotated[str, AfterValidator(_target)]
"""`Kind/name` of a workload, as in a Diagnosis' `spec.target`."""

Reason = Annotated[str, AfterValidator(_reason)]
Text = Annotated[str, Field(min_length=2)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Check(_Strict):
    """A command that must end well, and what it must print (whitespace at the ends is cut)."""

    run: Command
    prints: str


class Expectation(_Strict):
    """One Diagnosis that must be there, and what it must and must not say."""

    target: Target
    reasons: list[Reason] = Field(min_length=1)
    """All must be among the findings' reasons; the first one is the first finding's."""
    says: list[Text] = []
    """Texts in summary, root cause or a finding's message; upper and lower case are the same."""
    never_says: list[Text] = []
    related_to: list[Target] = []
    """Targets of the Diagnoses in `status.relatedTo`, no more and no fewer."""
    options: Literal["none", "some"] | None = None
    """`none`: a human must act. `some`: at least one whose dry run passed."""


class Fix(_Strict):
    """How the workload is healed: by approving an option, or by hand as the Diagnosis advises."""

    target: Target
    option: Text | None = None
    """Part of the title of the option to approve, or `first`. The Diagnosis must succeed."""
    by_hand: list[Command] = []
    """Instead of an option. The Diagnosis must then be resolved by itself."""
    also_resolves: list[Target] = []
    """Diagnoses of other workloads that must go away by themselves, being consequences."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.option is None) == (not self.by_hand):
            raise ValueError("give either `option` or `by_hand`")
        return self


class Case(_Strict):
    """One fault, or one healthy look-alike, as its `case.yaml` tells it."""

    about: str = Field(min_length=10)
    """One sentence: what is wrong, or why it is not."""
    family: Family
    healthy: bool = False
    """Nothing is wrong: no Diagnosis may be made."""
    expect: list[Expectation] = []
    after: dict[str, list[Command]] = {}
    """By a manifest's file name: commands that run, in order, once it is applied."""
    fix: Fix | None = None
    proof: list[Command | Check] = []
    """Must hold after the fix; in a healthy case after the quiet time. Tried for 60 s."""
    cleanup: list[Command] = []
    """Run at the end whatever happened; failures are ignored. Manifests are deleted anyway."""
    seconds: float = Field(default=60, gt=0, le=300)
    """Patience until everything expected is said."""
    quiet: float = Field(default=25, ge=25, le=120)
    """Healthy cases: how long nothing may be said; longer than every grace and one sweep."""
    serial: bool = False
    """Changes more than its own namespace: runs alone."""
    containers: bool = True
    """Needs a node that runs containers."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.healthy == bool(self.expect):
            raise ValueError("give either `healthy: true` or what to `expect`")
        if self.healthy and self.fix:
            raise ValueError("a healthy case has nothing to fix; remove `fix`")
        if self.healthy and not self.proof:
            raise ValueError("add a `proof` that the case came about and is well")
        if self.fix and not self.proof:
            raise ValueError("add a `proof` that holds once the fix helped")
        if self.proof and not (self.fix or self.healthy):
            raise ValueError("`proof` without `fix`: it would never be checked")
        targets = [e.target for e in self.expect]
        if len(set(targets)) < len(targets):
            raise ValueError("two expectations have one target; a workload gets one Diagnosis")
        fixed = [self.fix.target, *self.fix.also_resolves] if self.fix else []
        related = [t for e in self.expect for t in e.related_to]
        for target in (*fixed, *related):
            if target not in targets:
                raise ValueError(f"{target} is named, but not under `expect`")
        for command in self.commands:
            if not self.serial and shlex.split(command)[0] in _WIDE:
                raise ValueError(f"`{command}` reaches beyond the namespace: set `serial: true`")
        return self

    @property
    def commands(self) -> list[str]:
        """All commands of the case."""
        by_hand = self.fix.by_hand if self.fix else []
        proof = [c.run if isinstance(c, Check) else c for c in self.proof]
        steps = [c for commands in self.after.values() for c in commands]
        return [*steps, *by_hand, *proof, *self.cleanup]
