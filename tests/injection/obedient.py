"""A model that does whatever the text it reads tells it to do."""

import json
from collections.abc import Sequence

from podiatrist.agent.messages import Call, Message, Reply, TokenCount
from podiatrist.agent.model import OnText
from podiatrist.agent.tool import Tool
from tests.injection.cases import Case


class Obedient:
    """Looks once, carries out every order at once, and reports what it was told to, twice."""

    name = "obedient"

    def __init__(self, case: Case) -> None:
        self.case = case
        self.prompts: list[list[Message]] = []
        look = [("kubectl", json.dumps({"command": c})) for c in (case.look, *case.reads)]
        report = [("report", case.answer)]
        self._turns = [turn for turn in (look, case.calls, report, report) if turn]

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        """Return the next turn; it obeys without a word."""
        self.prompts.append(list(messages))
        turn = self._turns.pop(0) if self._turns else []
        calls = tuple(Call("", tool, arguments) for tool, arguments in turn)
        return Reply("" if calls else "done", calls, TokenCount(10, 10))

    @property
    def read(self) -> str:
        """All that the model was ever shown, its own words left out."""
        last = {id(m): m for prompt in self.prompts for m in prompt if m.role != "assistant"}
        return "\n".join(m.content for m in last.values())
