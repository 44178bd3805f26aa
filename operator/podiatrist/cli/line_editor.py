"""The prompt of `chat` on a real terminal: history, completion, pastes of many lines."""

import os
import sys
import termios
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.input.typeahead import clear_typeahead

from podiatrist.cli.terminal import forget_input


class Names(Completer):
    """Completes slash commands, and names of the cluster wherever a word begins like one."""

    def __init__(self, slashes: dict[str, str], names: Callable[[], Iterable[str]]) -> None:
        self._slashes = slashes
        self._names = names

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what the word before the cursor may become."""
        text = document.text_before_cursor
        if text.startswith("/") and " " not in text:
            for name, what in self._slashes.items():
                if name.startswith(text):
                    yield Completion(name, -len(text), display_meta=what)
            return
        word = document.get_word_before_cursor(WORD=True)
        if word:
            for name in sorted(set(self._names())):
                if name.startswith(word) and name != word:
                    yield Completion(name, -len(word))


class LineEditor:
    """Reads lines with prompt_toolkit."""

    can_confirm = True

    def __init__(self, history: Path | None, completer: Completer, colours: bool) -> None:
        kept = FileHistory(str(history)) if history and _own(history) else InMemoryHistory()
        self._session: PromptSession[str] = PromptSession(
            history=kept,
            completer=completer,
            complete_while_typing=False,
            enable_open_in_editor=False,
        )
        self._question: PromptSession[str] = PromptSession(history=InMemoryHistory())
        self._colours = colours

    async def read(self, prompt: str, *, remember: bool = True) -> str:
        """Return a line (or several that were pasted at once).

        Raises EOFError for Ctrl-D, KeyboardInterrupt for Ctrl-C.
        """
        session = self._session if remember else self._question
        style = "bold ansicyan" if self._colours else ""
        # The signal stays ours: at the prompt Ctrl-C is a key.
        return await session.prompt_async([(style, prompt)], handle_sigint=False)

    def forget_typed_ahead(self) -> None:
        """Drop what was typed before a question was seen; prompt_toolkit keeps some of it too."""
        forget_input()
        clear_typeahead(self._session.app.input)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Turn the terminal's echo off; Ctrl-C stays a signal."""
        keyboard = sys.stdin.fileno()
        before = termios.tcgetattr(keyboard)
        without = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        termios.tcsetattr(keyboard, termios.TCSANOW, without)
        try:
            yield
        finally:
            termios.tcsetattr(keyboard, termios.TCSANOW, before)

    def interrupt(self) -> None:
        """Let who waits for a line have a KeyboardInterrupt, where the signal came from outside."""
        app = self._session.app
        if app.is_running:
            app.exit(exception=KeyboardInterrupt)


def _own(history: Path) -> bool:
    """Make the file, readable by nobody else: people paste secrets. False where that fails."""
    try:
        history.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(history, os.O_CREAT | os.O_APPEND, 0o600))
        history.chmod(0o600)
    except OSError:
        return False
    return True
