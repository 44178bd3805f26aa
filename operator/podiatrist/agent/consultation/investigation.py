"""One consultation: the model looks further than the rules did, and what it says is checked."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from podiatrist.actions.compiler import Proposal
from podiatrist.agent.consultation.briefing import brief, one_line
from podiatrist.agent.consultation.grounding import ground
from podiatrist.agent.consultation.observation import observed
from podiatrist.agent.consultation.offers import Offer, offers_for
from podiatrist.agent.consultation.quotable import quotable
from podiatrist.agent.consultation.report import Report, ReportGivenError, last_report, report_of
from podiatrist.agent.consultation.suggestions import propose
from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.agent.kubectl_tool import kubectl_tool
from podiatrist.agent.limits import LimitReachedError, Limits
from podiatrist.agent.loop import Agent
from podiatrist.agent.messages import Call, TokenCount
from podiatrist.agent.model import Model, ModelError
from podiatrist.agent.prompting import prompt
from podiatrist.agent.tool import Tool, ToolError
from podiatrist.api.conditions import Reason
from podiatrist.api.diagnosis import Finding
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kubectl import Kubectl, Output
from podiatrist.cluster.snapshot import Snapshot

log = logging.getLogger(__name__)

REPORT = "report"

_EXCUSES = {
    "refusal": "the model refused to answer",
    "length": "the model's report was cut off; let it say more, or take another model",
}


@dataclass(frozen=True)
class Opinion:
    """What a consultation ended with: only claims that quote what was seen, only fixes in scope.

    `reason` is MODEL_ANSWERED, NOTHING_USABLE, MODEL_FAILED or BUDGET_SPENT, `message` says the
    same to a human; `dropped` says line by line what was left out of the answer, and why.
    """

    findings: list[Finding]
    proposals: list[Proposal]
    tokens: TokenCount
    calls: int
    """Requests to the model."""
    seconds: float
    reason: Reason
    message: str
    dropped: list[str] = field(default_factory=list)


class Investigator:
    """Asks a model about one target at a time, with kubectl as its eyes.

    It looks into the target's own namespace and at what belongs to none; `everywhere`, into all;
    `namespaced_only`, at nothing that belongs to no namespace.
    """

    def __init__(
        self,
        model: Model,
        kubectl: Kubectl,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        everywhere: bool = False,
        namespaced_only: bool = False,
    ) -> None:
        self.model = model
        self.kubectl = kubectl
        self.limits = limits or Limits()
        self.clock = clock
        self.everywhere = everywhere
        self.namespaced_only = namespaced_only

    async def investigate(
        self,
        snapshot: Snapshot,
        findings: list[Finding],
        question: str | None,
        transcript: Transcript,
        tokens: int,
    ) -> Opinion:
        """Return what the model makes of it, for at most that many tokens.

        Whatever the model or kubectl fail at is an Opinion too.
        """
        limits = replace(self.limits, tokens=min(self.limits.tokens, tokens))
        case = _Case(self, snapshot, findings, question, transcript, limits)
        return await case.opinion()


class UnprovenError(Exception):
    """No claim of a report quotes what was seen: it has to choose from lines that were."""


class _Case:
    """One run: what was seen, and the best answer so far."""

    def __init__(
        self,
        by: Investigator,
        snapshot: Snapshot,
        findings: Sequence[Finding],
        question: str | None,
        transcript: Transcript,
        limits: Limits,
    ) -> None:
        self.snapshot = snapshot
        self.transcript = transcript
        self.offers: list[Offer] = offers_for(snapshot)
        self.briefing = brief(snapshot, findings, question)
        self.seen: list[tuple[str, str]] = []
        for source, text in self.briefing.seen:
            self.see(source, text)
        self.best: _Judged | None = None
        self.excuse = "the model gave no report"
        schemas = [offer.schema(snapshot) for offer in self.offers]
        self.report = Tool(
            REPORT,
            "Your answer: what is wrong and how that shows. It ends your work.",
            report_of(schemas),
            self.take,
            repeatable=True,
        )
        self.look = kubectl_tool(
            # Whoever reads this Diagnosis may not read other namespaces, whoever asks for it.
            by.kubectl.within(
                snapshot.namespace or None,
                confined=bool(snapshot.namespace) and not by.everywhere,
                namespaced_only=by.namespaced_only,
            ),
            on_output=self.look_at,
        )
        self.agent = Agent(
            by.model,
            [self.report, self.look],
            prompt("investigator"),
            # Who asks the same again has no other question: it is time to report.
            replace(limits, repeats=0),
            watcher=transcript,
            clock=by.clock,
        )

    async def opinion(self) -> Opinion:
        """Run, and say how it went."""
        reason, message = Reason.MODEL_ANSWERED, ""
        try:
            await self.run()
        except ReportGivenError:
            pass
        except LimitReachedError as error:
            reason, message = Reason.BUDGET_SPENT, f"it had to stop: {error}"
        except ModelError as error:
            reason, message = Reason.MODEL_FAILED, str(error)
        except ClusterError as error:
            reason, message = Reason.MODEL_FAILED, f"it could not look at the cluster: {error}"
        return self.told(reason, message)

    async def run(self) -> None:
        """Let the model look until it reports; where it does not, make it.

        Raises ReportGivenError, LimitReachedError, ModelError, ClusterError.
        """
        try:
            await self.agent.run(self.briefing.text)
        except LimitReachedError as error:
            self.transcript.note(f"a limit was reached: {error}")
        except UnprovenError:
            pass
        await self.force()

    async def force(self) -> None:
        """Ask for the report and nothing else, once."""
        lines = quotable(self.seen, self.agent.messages)
        listed = "\n".join(f"| {one_line(line)}" for line in lines)
        self.agent.tools = [replace(self.report, arguments=last_report(lines)), self.look]
        task = prompt("must_report").replace("{lines}", listed)
        reply = await self.agent.conclude(task, must_call=REPORT)
        calls = [call for call in reply.calls if call.tool == REPORT]
        if not calls and reply.text.strip().startswith("{"):
            calls = [Call("", REPORT, reply.text)]  # weak models write the call as text
        for report in filter(None, map(self.parsed, calls)):
            self.keep(report)
        if reply.finish != "stop" and self.best is None:
            self.excuse = _EXCUSES[reply.finish]

    def parsed(self, call: Call) -> Report | None:
        """Return a report, None where it is none."""
        try:
            report = self.report.parse(call)
        except ToolError as error:
            self.transcript.note(f"the report was not usable: {error}")
            return None
        return report if isinstance(report, Report) else None

    async def take(self, report: Report) -> str:
        """Take the model's report; it ends the looking either way.

        Raises UnprovenError where no claim quotes what was seen, else ReportGivenError.
        """
        judged = self.keep(report)
        if report.claims and not judged.findings:
            for line in judged.dropped:
                self.transcript.note(f"not taken: {line}")
            raise UnprovenError
        raise ReportGivenError

    def keep(self, report: Report) -> "_Judged":
        """Judge a report, and remember it unless an earlier one held more."""
        judged = _Judged(report, self)
        if self.best is None or judged.weight >= self.best.weight:
            self.best = judged
        return judged

    def look_at(self, output: Output) -> None:
        """Remember what kubectl showed, as far as it can be quoted."""
        told = "\n".join([self.briefing.text, *(text for _, text in self.seen)])
        self.seen.append((output.command, observed(output, told)))

    def see(self, source: str, text: str) -> None:
        """Remember a part of the briefing."""
        self.seen.append((source, text))

    def told(self, reason: Reason, message: str) -> Opinion:
        """Return the opinion that the run ended with."""
        meter = self.agent.meter
        best = self.best
        findings = best.findings if best else []
        proposals = best.proposals if best else []
        dropped = best.dropped if best else []
        for line in dropped:
            self.transcript.note(f"dropped {line}")
        if findings:
            words = f"{len(findings)} claim(s), {len(proposals)} suggestion(s)"
            reason, message = Reason.MODEL_ANSWERED, f"{words}; {message}" if message else words
        elif reason is Reason.MODEL_ANSWERED:
            reason = Reason.NOTHING_USABLE
            message = "; ".join(dropped) if dropped else "the model knows nothing more"
            if best is None:
                message = self.excuse
        self.transcript.note(f"{reason}: {message}")
        return Opinion(
            findings=findings,
            proposals=proposals,
            tokens=meter.tokens,
            calls=meter.steps,
            seconds=meter.seconds,
            reason=reason,
            message=message,
            dropped=dropped,
        )


class _Judged:
    """A report held against what was seen so far."""

    def __init__(self, report: Report, case: _Case) -> None:
        everything = "\n".join(text for _, text in case.seen)
        self.findings, fell = ground(
            report.claims, case.seen, case.snapshot.target, case.briefing.rules
        )
        self.proposals, missed = propose(report.suggestions, case.snapshot, case.offers, everything)
        if self.proposals and not self.findings:
            missed += [
                f"suggestion {p.title}: it rests on no claim that holds" for p in self.proposals
            ]
            self.proposals = []
        self.dropped = [*fell, *missed]

    @property
    def weight(self) -> int:
        """How much of it holds."""
        return 2 * len(self.findings) + len(self.proposals)
