"""What a process keeps out of the garbage collector's sight, and what it lets go."""

import gc
import weakref

from podiatrist.handlers.serve import settle


class Knot:
    """Refers to itself, as much of what libraries make does: only a collection lets it go."""

    def __init__(self) -> None:
        self.itself = self


def test_what_an_earlier_run_settled_with_is_let_go() -> None:
    knot = Knot()
    seen = weakref.ref(knot)
    try:
        settle()
        del knot
        settle()
        assert seen() is None
        assert gc.get_freeze_count(), "nothing is kept out of sight"
    finally:
        gc.unfreeze()
