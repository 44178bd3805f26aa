"""The agent, whole. An agent is a system prompt, some tools, and a loop:

    messages = [prompt, task]
    while True:
        reply = model(messages, tools)          # query
        messages.append(reply)
        if not reply.calls:                     # run
            return reply.text
        for call in reply.calls:
            result = tools[call.tool](call)     # use
            messages.append(result)             # execute

That is `Agent.run`, with each line a method. What the lines above leave out is handed in: limits
that end a run by an exception (`limits.py`), a model that may be slow or broken (`asking.py`), and
an answer for every call that makes no sense, so that the model can do better next time.
"""

import time
from collections.abc import Callable, Sequence

from podiatrist.agent.asking import ask
from podiatrist.agent.limits import LimitReachedError, Limits, Meter
from podiatrist.agent.messages import Call, Reply, observation, system, unanswered, user
from podiatrist.agent.model import Model
from podiatrist.agent.repetition import Repetition
from podiatrist.agent.tool import REFUSED, RepeatedCallError, Tool, ToolError
from podiatrist.agent.watcher import Watcher


class Agent:
    """A conversation with a model that may use tools."""

    def __init__(
        self,
        model: Model,
        tools: Sequence[Tool],
        prompt: str,
        limits: Limits | None = None,
        *,
        watcher: Watcher | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.tools = tools
        self.messages = [system(prompt)]
        self.watcher = watcher
        self.clock = clock
        self.limits = limits or Limits()
        self.meter = Meter(self.limits, clock)
        self.repetition = Repetition()
        self.mistakes = self.repeats = 0

    async def run(self, task: str) -> str:
        """Let the model work on a task until it stops asking for tools; returns its last words.

        Another task goes on with the same conversation, with limits that begin anew. Raises
        LimitReachedError (`conclude` then gets an answer all the same), ModelError, and whatever
        a tool raises to end the run.
        """
        self.say(task)
        self.meter = self.meter.next()
        self.repetition = Repetition()
        self.mistakes = self.repeats = 0
        while True:
            reply = await self.step()
            if not reply.calls:
                return reply.text

    async def step(self) -> Reply:
        """One round: ask, then do what was asked for."""
        reply = await self.query()
        await self.execute(reply.calls)
        return reply

    async def conclude(self, task: str, must_call: str | None = None) -> Reply:
        """Ask for one last answer, with no tools or with the one that it has to call.

        For whoever caught a LimitReachedError: the limits leave room for just this.
        """
        self.say(task)
        return await self.query([t for t in self.tools if t.name == must_call], final=True)

    def say(self, task: str) -> None:
        """Add a task; calls that an end of the run has cut off get an answer first."""
        self.messages += [observation(call, "not run") for call in unanswered(self.messages)]
        self.messages.append(user(task))

    async def query(self, tools: Sequence[Tool] | None = None, *, final: bool = False) -> Reply:
        """Ask the model to go on; its answer joins the conversation."""
        tools = self.tools if tools is None else tools
        reply = await ask(self.model, self.messages, tools, self.meter, self.watcher, final=final)
        self.messages.append(reply.message)
        if self.watcher:
            self.watcher.replied(reply)
        return reply

    async def execute(self, calls: Sequence[Call]) -> None:
        """Run the tools that were asked for; what they say joins the conversation."""
        for call in calls:
            self.meter.check_time()
            if self.watcher:
                self.watcher.calling(call)
            text = await self.use(call)
            if self.watcher:
                self.watcher.observed(call, text)
            self.messages.append(observation(call, text))
        if self.mistakes > self.limits.mistakes:
            raise LimitReachedError(f"{self.mistakes} refused calls in a row")
        if self.repeats > self.limits.repeats:
            raise LimitReachedError("it asks what it asked before")

    async def use(self, call: Call) -> str:
        """Run one tool; what is wrong with the call is an answer too, and counts as a mistake."""
        try:
            tool = next((t for t in self.tools if t.name == call.tool), None)
            if tool is None:
                known = ", ".join(t.name for t in self.tools)
                raise ToolError(f"there is no tool {call.tool!r}; the tools are: {known}")
            arguments = tool.parse(call)
            if not tool.repeatable:
                self.repetition.check(call.tool, arguments)
            text = await tool.run(arguments)
        except ToolError as error:
            self.mistakes += 1
            self.repeats += isinstance(error, RepeatedCallError)
            return f"{REFUSED}{error}"
        self.mistakes = self.repeats = 0
        return text
