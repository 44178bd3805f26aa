"""Why a command is not run."""


class RefusedCommandError(Exception):
    """The command is not run; `str()` is one line: why, and what to do instead."""
