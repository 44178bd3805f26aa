"""What leads to a change, from the wish to what became of it. Only the user's yes applies one."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.catalog import parse_action
from podiatrist.agent.tool import ToolError
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.chat.carry_out import Result, carry_out, undo, way_back
from podiatrist.chat.changes import Change, ChangeError, prepare
from podiatrist.chat.effects import wait_for, worth_waiting
from podiatrist.chat.journal import JournalError
from podiatrist.chat.look import Look
from podiatrist.chat.session import Session
from podiatrist.chat.wishes import Wish, typed

NOT_APPLIED = "Not applied; nothing was changed."


class Doing:
    """Changes, options and undo in one conversation.

    Every method shows the user what there is to see and returns the same in short, for the model.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def commands(self) -> str:
        """Tell which commands were used, from the record."""
        told = self.session.record.told()
        self.session.screen.say(told)
        return told

    async def options(self) -> str:
        """Show the options for what was diagnosed last, looked up afresh.

        Raises ToolError where nothing was diagnosed, ClusterError.
        """
        last = self.session.last
        if last is None:
            raise ToolError("nothing was diagnosed so far: diagnose the workload first")
        look = await self.session.look(last.target)
        self.session.screen.options(look)
        if not look.best_options:
            return look.told()
        titles = [f"Option {n}: {o.title}" for n, o in enumerate(look.best_options, 1)]
        return "\n".join(titles)

    async def choose(self, number: int) -> str:
        """Offer the user the option of that number, as it was last shown.

        Raises ToolError where there is none, ClusterError.
        """
        last = self.session.last
        if last is None:
            raise ToolError("there are no options yet: diagnose the workload first")
        if not 1 <= number <= len(last.best_options):
            return self._say(await self._no_such_option(last, number))
        option = last.best_options[number - 1]
        try:
            actions = [parse_action(record) for record in option.actions]
        except ActionError as error:
            return self._say(f"Option {number} cannot be carried out: {error}")
        watch = last.target if worth_waiting(last.target) else None
        return await self._offer(option.title, actions, watch, "")

    async def _no_such_option(self, last: Look, number: int) -> str:
        look = await self.session.look(last.target)
        if not look.findings:
            return f"There is no option {number}: {look.target} is well, {look.health}."
        if not look.best_options:
            return f"There is no option {number}: no rule knows a fix for {look.target}."
        self.session.screen.options(look)
        return f"There is no option {number}; there are {len(look.best_options)}."

    async def change(self, wishes: Sequence[Wish]) -> str:
        """Offer the user the change that was asked for.

        Raises ToolError for a wish that is not clear, ClusterError.
        """
        session = self.session
        actions: list[Action] = []
        remarks: list[str] = []
        with session.screen.working("preparing the change"):
            for wish in wishes:
                action, remark = await typed(
                    wish, session.finder, session.context.reader, session.last
                )
                actions.append(action)
                remarks += [remark] if remark else []
        title = "; ".join(action.command() for action in actions)
        return await self._offer(title, actions, self._watched(actions), "; ".join(remarks))

    def _watched(self, actions: Sequence[Action]) -> ObjectRef | None:
        """Return whose pods to wait for: the workload that changes, else what was diagnosed."""
        own = [a.object for a in actions if worth_waiting(a.object)]
        last = self.session.last
        if own:
            return own[0]
        sick = last is not None and last.findings and worth_waiting(last.target)
        return last.target if last is not None and sick else None

    async def _offer(
        self, title: str, actions: Sequence[Action], watch: ObjectRef | None, remark: str
    ) -> str:
        session = self.session
        try:
            with session.screen.working("trying the change as a dry run"):
                change = await prepare(session.context, title, actions, watch=watch, remark=remark)
        except ChangeError as error:
            return self._say(f"This is not possible: {error}.".replace("..", "."))
        session.screen.change(change)
        if not await session.screen.confirm("Apply?"):
            return self._say(NOT_APPLIED)
        return await self._apply(change)

    async def _apply(self, change: Change) -> str:
        session = self.session
        started = time.monotonic()
        try:
            with session.screen.working("applying"):
                result, stopped = await _finish(carry_out(session.context, session.journal, change))
        except JournalError as error:
            return self._say(f"Nothing was changed: {error}")
        seconds = time.monotonic() - started
        for command, _ in zip(change.commands, result.done, strict=False):
            session.record.add("changed", command, seconds=seconds)
        if not result.ok:
            return self._say(_failed(result))
        last = "" if change.deletions and not change.plan.inverse else " /undo takes it back."
        text = self._say(f"Applied: {'; '.join(result.done)}.{last}")
        return text if stopped else f"{text}\n{await self._wait(change.watch)}".strip()

    async def _wait(self, target: ObjectRef | None) -> str:
        if target is None:
            return ""
        screen = self.session.screen
        try:
            with screen.working(f"waiting for {target}"):
                effect = await wait_for(self.session.context, target)
        except asyncio.CancelledError:
            return self._say(f"Not waited for any longer; {target} goes on by itself.")
        return self._say(effect.text)

    async def undo(self) -> str:
        """Offer the user the way back from the last change. Raises ClusterError."""
        session = self.session
        try:
            with session.screen.working("looking what can be undone"):
                back = await way_back(session.context, session.journal)
        except (ChangeError, JournalError) as error:
            return self._say(str(error))
        if back is None:
            return self._say("There is nothing to undo.")
        session.screen.way_back(back)
        if not await session.screen.confirm("Undo?"):
            return self._say("Not undone; nothing was changed.")
        started = time.monotonic()
        try:
            with session.screen.working("undoing"):
                result, _ = await _finish(undo(session.context, session.journal, back))
        except JournalError as error:
            return self._say(str(error))
        seconds = time.monotonic() - started
        for ref in back.objects[: len(result.done)]:
            session.record.add("changed", f"undone on {ref}: {back.entry.title}", seconds=seconds)
        if not result.ok:
            return self._say(_failed(result))
        return self._say(f"Undone: {'; '.join(result.done)}.")

    def _say(self, text: str) -> str:
        self.session.screen.say(text)
        return text


def _failed(result: Result) -> str:
    if not result.done and not result.unsure:
        return f"Nothing was changed: {result.problem}."
    done = f"What went through: {'; '.join(result.done)}. " if result.done else ""
    unsure = "Nobody knows whether the last part went through. " if result.unsure else ""
    return f"Stopped half-way: {result.problem}. {done}{unsure}/undo shows what can be taken back."


async def _finish(work: Coroutine[Any, Any, Result]) -> tuple[Result, bool]:
    """Return what came of work, and whether the user interrupted it.

    The first Ctrl-C waits for what was sent, so that its end can be told; the second does not.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task), False
    except asyncio.CancelledError:
        pass
    try:
        return await task, True
    except asyncio.CancelledError:
        return Result([], "you stopped it while it was sent", unsure=True), True
