"""What became of a request that changes the cluster."""

from enum import Enum, auto


class Outcome(Enum):
    """What became of a patch or a deletion."""

    DONE = auto()
    REFUSED = auto()
    FOREIGN_CHANGE = auto()
