"""Who is consulted: the configured model, with kubectl under an identity that only reads."""

from pathlib import Path

from podiatrist.agent.consultation.investigation import Investigator, Opinion
from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.agent.limits import Limits
from podiatrist.agent.messages import TokenCount
from podiatrist.agent.model import Model
from podiatrist.agent.models.cost import cost
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.api.diagnosis import Finding, Usage
from podiatrist.cluster.kubectl import Kubectl
from podiatrist.cluster.reader_access import ReaderAccess
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.consult import Allowance


class ModelConsultant:
    """Asks one model; several consultations may go on side by side."""

    def __init__(
        self,
        model: Model,
        settings: ModelSettings,
        binary: Path,
        access: ReaderAccess,
        limits: Limits,
        *,
        everywhere: bool = False,
        namespaced_only: bool = False,
    ) -> None:
        self.model = model
        self._settings = settings
        self._binary = binary
        self._access = access
        self._limits = limits
        self._everywhere = everywhere
        self._namespaced_only = namespaced_only

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def priced(self) -> bool:
        """Whether a price is configured."""
        return cost(TokenCount(0, 0), self._settings) is not None

    async def prepare(self) -> None:
        """Get credentials for kubectl. Raises ClusterError."""
        await self._kubeconfig()

    async def ask(
        self,
        snapshot: Snapshot,
        findings: list[Finding],
        question: str | None,
        transcript: Transcript,
        tokens: int,
    ) -> Opinion:
        """Return what the model makes of it. Raises ClusterError where kubectl cannot start."""
        kubectl = Kubectl(self._binary, await self._kubeconfig())
        investigator = Investigator(
            self.model,
            kubectl,
            self._limits,
            everywhere=self._everywhere,
            namespaced_only=self._namespaced_only,
        )
        return await investigator.investigate(snapshot, findings, question, transcript, tokens)

    async def _kubeconfig(self) -> Path:
        return await self._access.kubeconfig(
            seconds=Allowance(seconds=self._limits.seconds).deadline
        )

    def cost(self, usage: Usage) -> str | None:
        """Return what that is in money, None where no price is configured."""
        return cost(TokenCount(usage.prompt_tokens, usage.completion_tokens), self._settings)
