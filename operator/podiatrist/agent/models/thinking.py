"""Leaves out what a model thinks aloud before its answer, between <think> and </think>."""

_BEGIN, _END = "<think>", "</think>"


class Spoken:
    """The text of an answer that comes in pieces, without the thinking at its beginning."""

    def __init__(self) -> None:
        self._waiting = ""
        """What may be the beginning of a mark, or of the answer."""
        self._thinks = self._thought = self._speaks = False

    def add(self, piece: str) -> str:
        """Take in a piece; returns what it adds to the answer."""
        if self._speaks:
            return piece
        self._waiting += piece
        while self._thinks or self._waiting.lstrip().startswith(_BEGIN):
            thought, ended, said = self._waiting.partition(_END)
            if not ended:
                self._thinks, self._waiting = True, thought[1 - len(_END) :]  # half of a mark
                return ""
            self._thinks, self._thought, self._waiting = False, True, said
        return "" if _BEGIN.startswith(self._waiting.lstrip()) else self.end()

    def end(self) -> str:
        """Return what waits, as no more may come; of a thought without an end that is nothing."""
        said = "" if self._thinks else self._waiting
        self._waiting, self._speaks = "", True
        return said.lstrip() if self._thought else said
