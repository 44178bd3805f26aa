"""How something that a person asked for can end without being done."""


class ChoiceError(Exception):
    """It is not clear what is meant; `str()` names what there is to choose from."""


class NotDoneError(Exception):
    """It was refused, or is not possible now: nothing was changed. `str()` says what to do."""


class EndedBadlyError(Exception):
    """What was waited for ended otherwise than hoped, or not in time."""
