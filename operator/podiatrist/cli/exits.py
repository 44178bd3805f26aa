"""How a command ends: exit codes, and errors as sentences.

docs/cli.md lists the codes; scripts stand on them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from podiatrist.api.text import clean
from podiatrist.cli.spoken import spoken
from podiatrist.cluster.errors import ClusterError, RefusedError
from podiatrist.desk.errors import ChoiceError, EndedBadlyError, NotDoneError
from podiatrist.desk.refusals import sentence

USAGE = 2
NOT_DONE = 3
ENDED_BADLY = 4
INTERRUPTED = 130


class _Unclear(click.ClickException):
    exit_code = USAGE


class _NotDone(click.ClickException):
    exit_code = NOT_DONE


class _EndedBadly(click.ClickException):
    exit_code = ENDED_BADLY


@contextmanager
def exits() -> Iterator[None]:
    """End the command as docs/cli.md says, whatever goes wrong inside."""
    try:
        yield
    except ChoiceError as error:
        raise _Unclear(_told(error)) from None
    except NotDoneError as error:
        raise _NotDone(_told(error)) from None
    except EndedBadlyError as error:
        raise _EndedBadly(_told(error)) from None
    except RefusedError as error:
        raise _NotDone(_told(error)) from None
    except ClusterError as error:
        raise click.ClickException(_told(error)) from None
    except KeyboardInterrupt:
        click.echo(err=True)  # the next prompt shall not stand behind the ^C
        sys.exit(INTERRUPTED)


def _told(error: Exception) -> str:
    return spoken(clean(sentence(str(error))))
