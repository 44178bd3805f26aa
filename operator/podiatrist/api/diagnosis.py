"""The Diagnosis: one sick workload, what is wrong with it, what would help, and what was done.

These models are the source of `crds/`; every field's description becomes the text of
`kubectl explain diagnosis`. Lists and strings are bounded so that a status stays under 64 KiB
and CEL rules over it stay inside the API server's cost limit.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from podiatrist.api import names
from podiatrist.api.text import Clip

Token = Annotated[str, Clip(64)]
Name = Annotated[str, Clip(253)]
Line = Annotated[str, Clip(256)]
Paragraph = Annotated[str, Clip(1024)]
LongParagraph = Annotated[str, Clip(2048)]
Quote = Annotated[str, Clip(512, verbatim=True)]
Command = Annotated[str, Clip(2048)]
DiffLine = Annotated[str, Clip(512)]
PatchText = Annotated[str, Clip(32768)]
ManifestPatch = Annotated[str, Clip(4096)]
Digest = Annotated[str, Clip(16)]

AGENT = "agent"
"""`analyzer` of the findings that a model made."""

Time = Annotated[
    datetime,
    PlainSerializer(lambda t: t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]


class Model(BaseModel):
    """Common settings: camelCase on the wire, unknown fields of a newer version kept out."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        validate_assignment=True,  # what is assigned later is clipped as well
    )


class Severity(StrEnum):
    """How much the workload suffers."""

    CRITICAL = "Critical"
    WARNING = "Warning"
    INFO = "Info"


class Risk(StrEnum):
    """What an option may cost if it turns out to be wrong."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


class State(StrEnum):
    """Where a Diagnosis stands; derived from its conditions, for printer columns only."""

    INVESTIGATING = "Investigating"
    AWAITING_APPROVAL = "AwaitingApproval"
    NEEDS_HUMAN = "NeedsHuman"
    EXECUTING = "Executing"
    VERIFYING = "Verifying"
    SUCCEEDED = "Succeeded"
    ROLLED_BACK = "RolledBack"
    FAILED = "Failed"
    RESOLVED = "Resolved"
    REJECTED = "Rejected"
    EXPIRED = "Expired"


class Target(Model):
    """The sick workload: the top owner (a Deployment, not its pods)."""

    api_version: Name = Field(description="apiVersion of the target, such as apps/v1.")
    kind: Name = Field(description="Kind of the target, such as Deployment.")
    name: Name = Field(
        description="Name of the target, in the Diagnosis' own namespace "
        "(cluster-scoped kinds: in none)."
    )
    uid: Token | None = Field(
        default=None,
        description="UID of the target. Left out in a Diagnosis made by hand: the object of that "
        "name is meant, whichever it is.",
    )


class Spec(Model):
    """What is to be diagnosed. Immutable."""

    target: Target = Field(description="The sick workload.")
    question: Paragraph | None = Field(
        default=None, description="What you want to know, in your own words. Optional."
    )


class ObjectRef(Model):
    """One object in the cluster."""

    api_version: Name = Field(description="apiVersion of the object.")
    kind: Name = Field(description="Kind of the object.")
    namespace: Name | None = Field(
        default=None, description="Namespace of the object; absent for cluster-scoped ones."
    )
    name: Name = Field(description="Name of the object.")

    def __str__(self) -> str:
        """Return the object as people speak of it: `Deployment shop/web`."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"

    def __hash__(self) -> int:
        """Hash by value, so that references can be keys."""
        return hash((self.api_version, self.kind, self.namespace, self.name))


class Evidence(Model):
    """One observation, word for word."""

    source: Line = Field(description="The command that shows the observation.")
    quote: Quote = Field(description="What was seen there, word for word.")


class Finding(Model):
    """One thing that is wrong, and how that is known."""

    analyzer: Line = Field(description="The rule family (or agent) that found it.")
    reason: Line = Field(description="What is wrong in one CamelCase word, such as ImageNotFound.")
    message: Paragraph = Field(description="What is wrong, for a human.")
    object: ObjectRef = Field(description="The object in which it was seen.")
    evidence: list[Evidence] = Field(
        default_factory=list, max_length=8, description="The observations it rests on."
    )


class ActionRecord(Model):
    """One typed change out of the closed set of actions."""

    type: Line = Field(description="The action, such as SetImage.")
    object: ObjectRef = Field(description="The object that the action changes.")
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        max_length=16,
        description="The action's own fields, such as container and image.",
    )


class Write(Model):
    """One request that an option sends to the API server."""

    verb: Line = Field(description="API verb, such as patch.")
    group: Name = Field(description='API group; "" is the core group.')
    resource: Name = Field(description="Resource (plural), such as deployments.")
    namespace: Name = Field(description='Namespace; "" for cluster-scoped resources.')
    name: Name = Field(description="Name of the object.")


class Preview(Model):
    """What the API server said of an option before anybody approved it."""

    ok: bool = Field(description="Whether the option could be carried out now.")
    message: Paragraph = Field(description="Why it could not, or what was tried.")
    id: Token = Field(
        default="",
        description="Random name of this preview. Admission writes it down with an approval, which "
        "holds for the option as it was previewed and for no other of the same digest.",
    )


class BlastRadius(Model):
    """What else happens when an option runs, computed before anybody approves."""

    restarts: int = Field(default=0, ge=0, description="Pods that are replaced or deleted.")
    unavailable: int = Field(
        default=0, ge=0, description="Pods, ready now, that may be down at the same time."
    )
    warnings: list[Line] = Field(
        default_factory=list,
        max_length=8,
        description="What a human should know first: budgets that may be undercut, quotas without "
        "room for new pods, other workloads that it touches.",
    )


class RepositoryChange(Model):
    """An option as a change for the repository from which others keep the object in place."""

    manager: Line = Field(description="Who manages the object: Argo CD, Flux, Helm or Kustomize.")
    source: Line = Field(description="Application, Kustomization or release that it belongs to.")
    hint: Line = Field(description="Where in the repository to look.")
    patch: ManifestPatch = Field(description="The change, as a patch that kustomize takes.")


class Option(Model):
    """One fix that a human may approve by its digest."""

    digest: Digest = Field(
        description="Approve this option with: kubectl annotate diagnosis NAME "
        "podiatrist.dev/approve=DIGEST. Covers the target's UID, its spec and the exact patches."
    )
    title: Line = Field(description="The fix in one line.")
    rationale: Paragraph = Field(description="Why this should help.")
    risk: Risk = Field(description="What it may cost if it is wrong.")
    suggested_by: Literal["rules", "agent"] = Field(
        default="rules",
        description="Who thought of it. Patches, diff, risk and commands are computed by the same "
        "code for both.",
    )
    actions: list[ActionRecord] = Field(
        min_length=1, max_length=8, description="The typed changes, in order."
    )
    writes: list[Write] = Field(
        min_length=1, max_length=8, description="The API requests that carry the changes out."
    )
    commands: list[Command] = Field(
        default_factory=list,
        max_length=8,
        description="What a human would type for the same change. Never executed.",
    )
    diff: list[DiffLine] = Field(
        default_factory=list,
        max_length=60,
        description="What changes, line by line, as the API server's dry run answered.",
    )
    checks: list[Line] = Field(
        default_factory=list, max_length=8, description="What must hold afterwards."
    )
    preview: Preview | None = Field(
        default=None, description="Outcome of the dry run; absent until the executor made it."
    )
    blast_radius: BlastRadius | None = Field(
        default=None, description="What else it touches; absent until the executor looked."
    )
    repository: RepositoryChange | None = Field(
        default=None,
        description="Set where the object is kept in place from a repository: change it there, a "
        "live patch would be taken back.",
    )


class Approval(Model):
    """The approve annotation that was last acted upon, whether it was accepted or refused."""

    by: Paragraph | None = Field(
        default=None, description="Who approved, as stamped by admission; absent without it."
    )
    digest: Token = Field(description="The annotation's value.")
    at: Time = Field(description="When the executor read it.")


class AppliedPatch(Model):
    """One JSON patch as it is sent to the API server, or one deletion."""

    object: ObjectRef = Field(description="The object that is patched.")
    patch: PatchText = Field(
        description="The RFC 6902 JSON patch, with its preconditions; for a deletion the "
        "DeleteOptions with theirs."
    )
    verb: Literal["patch", "delete"] = Field(
        default="patch", description="Whether the object is patched or deleted."
    )


class Execution(Model):
    """What was done to the cluster, written before it is done."""

    run: Token = Field(
        default="",
        description="Random name of this run. The annotation podiatrist.dev/fix, set by the same "
        "patch as the fix, holds it: so a patch that went through is known by it.",
    )
    started_at: Time = Field(description="When the intent to execute was recorded.")
    finished_at: Time | None = Field(default=None, description="When the last patch was through.")
    patches: list[AppliedPatch] = Field(max_length=8, description="The patches, in order.")
    inverse: list[AppliedPatch] = Field(
        max_length=8,
        description="The patches that undo them, in the order of `patches`. Deletions come last "
        "there and cannot be undone.",
    )
    applied: int = Field(default=0, ge=0, le=8, description="How many patches are through.")
    undone: int = Field(default=0, ge=0, le=8, description="How many of them were undone.")
    generations: list[int] = Field(
        default_factory=list,
        max_length=8,
        description="metadata.generation of the objects in `patches` when the intent was recorded; "
        "0 where they have none.",
    )
    ready_before: int | None = Field(
        default=None, ge=0, description="Ready pods of the target when the intent was recorded."
    )
    message: Paragraph = Field(default="", description="What the API server last answered.")


class Usage(Model):
    """What the model cost, over all consultations of this Diagnosis."""

    model: Line = Field(description="Model name.")
    calls: int = Field(default=0, ge=0, description="Requests to the model.")
    prompt_tokens: int = Field(default=0, ge=0, description="Tokens sent.")
    completion_tokens: int = Field(default=0, ge=0, description="Tokens received.")
    cost: Token | None = Field(default=None, description="Money, when prices are configured.")
    seconds: int = Field(default=0, ge=0, description="Time spent with the model, in seconds.")
    reserved_tokens: int = Field(
        default=0,
        ge=0,
        description="Tokens set aside for a consultation that is under way, or was cut off. They "
        "count as spent.",
    )

    @property
    def spent_tokens(self) -> int:
        """What counts against the limit of this Diagnosis."""
        return self.prompt_tokens + self.completion_tokens + self.reserved_tokens


class Condition(Model):
    """A fact about the Diagnosis, in the form of metav1.Condition."""

    type: Literal["Diagnosed", "Consulted", "Previewed", "Approved", "Executed", "Verified"] = (
        Field(description="The fact.")
    )
    status: Literal["True", "False", "Unknown"] = Field(
        description="True: it happened. False: it was tried, or is over, without. "
        "Unknown: under way."
    )
    reason: Line = Field(description="Why, in one CamelCase word.")
    message: Paragraph = Field(default="", description="Why, for a human; what to do next.")
    last_transition_time: Time = Field(description="When status or reason last changed.")
    observed_generation: int | None = Field(
        default=None, description="metadata.generation the condition speaks of."
    )


class ObservedTarget(Model):
    """The target as it was when it was diagnosed; approvals hold for this one only."""

    uid: Token = Field(description="UID of the target.")
    spec_hash: Token = Field(description="Hash of the target's spec.")
    generation: int | None = Field(default=None, description="metadata.generation of the target.")


class Status(Model):
    """What Podiatrist found out and did. Written by Podiatrist only."""

    observed_generation: int | None = Field(
        default=None, description="metadata.generation that this status speaks of."
    )
    state: State | None = Field(
        default=None, description="Where the Diagnosis stands; derived from the conditions."
    )
    severity: Severity | None = Field(default=None, description="How much the workload suffers.")
    summary: Line | None = Field(default=None, description="What is wrong, in one line.")
    root_cause: LongParagraph | None = Field(
        default=None, description="What is wrong and why, in a short paragraph."
    )
    observed_target: ObservedTarget | None = Field(
        default=None, description="The target as it was when it was diagnosed."
    )
    findings: list[Finding] = Field(
        default_factory=list, max_length=16, description="What is wrong, the worst first."
    )
    options: list[Option] = Field(
        default_factory=list,
        max_length=4,
        description="Fixes to choose from, the best first. Empty: a human has to think.",
    )
    superseded: list[Digest] = Field(
        default_factory=list,
        max_length=16,
        description="Digests of options that were offered before the target changed.",
    )
    approval: Approval | None = Field(
        default=None, description="The approve annotation that was last acted upon."
    )
    execution: Execution | None = Field(default=None, description="What was done to the cluster.")
    related_to: list[ObjectRef] = Field(
        default_factory=list,
        max_length=8,
        description="Other Diagnoses in the same chain of causes.",
    )
    usage: Usage | None = Field(default=None, description="What the model cost.")
    handled_retry: Token | None = Field(
        default=None, description="Value of the retry annotation that was last acted upon."
    )
    conditions: list[Condition] = Field(
        default_factory=list, max_length=8, description="Facts: what happened so far, and why."
    )


class Metadata(Model):
    """The parts of metav1.ObjectMeta that we use."""

    name: str
    namespace: str
    uid: str = ""
    resource_version: str = ""
    generation: int | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    annotations: dict[str, str] = Field(default_factory=dict)
    managed_fields: list[dict[str, Any]] = Field(default_factory=list)
    owner_references: list[dict[str, Any]] = Field(default_factory=list)


class Diagnosis(Model):
    """A sick workload: what is wrong, what would help, and what was done about it."""

    metadata: Metadata
    spec: Spec = Field(description="What is to be diagnosed. Immutable.")
    status: Status = Field(
        default_factory=Status,
        description="What Podiatrist found out and did. Written by Podiatrist only.",
    )

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.metadata.namespace, self.metadata.name

    @property
    def ref(self) -> ObjectRef:
        """The Diagnosis itself as a reference."""
        return ObjectRef(
            api_version=names.API_VERSION,
            kind=names.KIND,
            namespace=self.metadata.namespace,
            name=self.metadata.name,
        )

    def annotation(self, name: str) -> str | None:
        """Return an annotation's value, None where it is absent."""
        return self.metadata.annotations.get(name)

    def option(self, digest: str) -> Option | None:
        """Return the option of that digest, None where there is none."""
        return next((o for o in self.status.options if o.digest == digest), None)
