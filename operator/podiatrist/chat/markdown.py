"""Markdown of a model on a terminal, as it comes, without what could deceive.

No links and no images: a model may have read a hostile log, and a link is where data leaves. Their
source text is shown instead. Control characters are gone before anything gets here.
"""

import re

from markdown_it import MarkdownIt
from rich.markdown import Markdown

from podiatrist.api.text import clean

_OFF = ("link", "image", "autolink", "html_inline", "html_block", "reference", "entity")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)", re.MULTILINE)


class PlainMarkdown(Markdown):
    """Markdown without links, images and HTML."""

    def __init__(self, text: str) -> None:
        super().__init__("", code_theme="ansi_dark", hyperlinks=False)
        self.markup = clean(text)
        parser = MarkdownIt().enable("strikethrough").enable("table").disable(list(_OFF))
        self.parsed = parser.parse(self.markup)


class MarkdownStream:
    """Cuts a stream of Markdown into blocks that are complete, and the one that still grows."""

    def __init__(self) -> None:
        self.tail = ""

    def feed(self, piece: str) -> list[str]:
        """Take the next piece; returns the blocks that are complete by it."""
        self.tail += piece
        blocks = []
        while (end := _block_end(self.tail)) is not None:
            block, self.tail = self.tail[:end], self.tail[end:].lstrip("\n")
            if block.strip():
                blocks.append(block)
        return blocks

    def close(self) -> str:
        """Return what is left, and begin anew."""
        left, self.tail = self.tail.strip("\n"), ""
        return left if left.strip() else ""


def _block_end(text: str) -> int | None:
    """Return where the first block ends: at an empty line outside of a fence."""
    for found in re.finditer(r"\n[ \t]*\n", text):
        before = text[: found.start()]
        if len(_FENCE.findall(before)) % 2 == 0 and before.strip():
            return found.start()
    return None
