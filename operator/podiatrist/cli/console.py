"""The screen: colours and wrapping only where there is a terminal that has them."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.text import Text

_UNWRAPPED = 100_000
"""Columns of what is no terminal: who reads it there wants whole lines."""


def console(*, errors: bool = False) -> Console:
    """Return the screen, or the one for errors and what goes on; NO_COLOR is obeyed."""
    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _UNWRAPPED
    return Console(stderr=errors, no_color="NO_COLOR" in os.environ or None, highlight=False,
                   markup=False, emoji=False, width=width)  # fmt: skip


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """Give a function that tells how it goes: one live line, or a line for each piece of news."""
    screen = console(errors=True)
    if screen.is_terminal and not screen.is_dumb_terminal:
        with screen.status("") as status:
            yield lambda line: status.update(_one_line(line, screen.width - 4))
        return
    last: list[str] = []

    def tell(line: str) -> None:
        if last != [line]:
            last[:] = [line]
            click.echo(line, err=True)

    yield tell


def _one_line(line: str, width: int) -> Text:
    text = Text(line)
    text.truncate(max(width, 10), overflow="ellipsis")
    return text
