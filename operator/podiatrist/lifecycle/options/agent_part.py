"""The agent's part of a Diagnosis beside the rules': how it joins, and how it is kept.

The rules look again every few seconds; a model was asked once, and that costs. So its findings
stay for as long as the target is the one that it was asked about. Its options are kept nowhere but
in the status: one that a single look leaves out is gone until the model is asked again.
"""

from dataclasses import replace

from podiatrist.actions.base import ActionError
from podiatrist.actions.catalog import parse_action
from podiatrist.actions.compiler import Proposal
from podiatrist.api.diagnosis import AGENT, Finding, Option, Risk, Status
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.options.propose import MOST_OPTIONS, compile_option


def by_rules(findings: list[Finding]) -> list[Finding]:
    """Return the findings that rules made."""
    return [f for f in findings if f.analyzer != AGENT]


def by_agent(findings: list[Finding]) -> list[Finding]:
    """Return the findings that a model made."""
    return [f for f in findings if f.analyzer == AGENT]


def suggested_options(snapshot: Snapshot, proposals: list[Proposal], soak: int) -> list[Option]:
    """Compile what a model suggests, as strictly as what rules propose.

    A model's fix is never of low risk: no rule stands behind it.
    """
    careful = [
        replace(
            p,
            title=redact(p.title),
            rationale=redact(p.rationale),
            risk=Risk.HIGH if p.risk is Risk.HIGH else Risk.MEDIUM,
        )
        for p in proposals
    ]
    return _compiled(snapshot, careful, soak)


def kept_options(snapshot: Snapshot, status: Status, soak: int) -> list[Option]:
    """Compile the model's options anew from their stored actions.

    What does not fit now goes for good, also where the cluster is back to what it was later on.
    """
    proposals = []
    for option in status.options:
        if option.suggested_by != "agent":
            continue
        try:
            actions = tuple(parse_action(record) for record in option.actions)
        except ActionError:
            continue
        proposals.append(Proposal(option.title, option.rationale, actions, option.risk))
    return _compiled(snapshot, proposals, soak)


def joined(rules: list[Option], agent: list[Option]) -> list[Option]:
    """Return the options of both, at most four: the rules' first, and their word for a tie.

    What is promised of the same change differs (see `checks_for`), so digests do not show a tie.
    """
    options = list(rules)
    options += [o for o in agent if not any(_same_change(o, other) for other in options)]
    return options[:MOST_OPTIONS]


def _same_change(one: Option, other: Option) -> bool:
    same_diff = bool(one.diff) and one.diff == other.diff
    return one.digest == other.digest or one.actions == other.actions or same_diff


def _compiled(snapshot: Snapshot, proposals: list[Proposal], soak: int) -> list[Option]:
    compiled = [compile_option(snapshot, proposal, soak) for proposal in proposals]
    return [o.model_copy(update={"suggested_by": "agent"}) for o in compiled if o is not None]
