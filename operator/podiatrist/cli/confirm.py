"""Asks for a yes before something is changed."""

import sys
import termios

import click

from podiatrist.desk.errors import NotDoneError


def at_terminal() -> bool:
    """Whether a human is there who sees what is asked and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm(question: str, *, yes: bool, otherwise: str, add: str = "--yes") -> None:
    """Return where the user says yes, or said so before. Raises NotDoneError.

    `otherwise` says what is left undone, `add` what says yes on the command line. What was typed
    before the question was seen is no answer.
    """
    if yes:
        return
    if not at_terminal():
        raise NotDoneError(f"{otherwise}: there is no terminal to ask on; add {add}")
    _forget_typed_ahead()
    click.echo(f"{question} [y/N]: ", nl=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotDoneError(otherwise)


def _forget_typed_ahead() -> None:
    try:
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (OSError, termios.error):
        return  # no such terminal: nothing was typed into it
