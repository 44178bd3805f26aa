"""Makes a model's words fit to be shown: in a terminal, in a status, in a page that renders them.

A model that was led astray may put an address into its answer, for a page or a reader to open it
with something in its query. So nothing that a model writes holds a link: Markdown images and
links lose their target and HTML its tags; of addresses only those stay that were seen and that
lead to a place inside, without query and fragment: what a stranger wrote into a log is no
recommendation of ours. Evidence is not touched by this: it is not the model's.
"""

import re
import unicodedata

from podiatrist.api.text import clip
from podiatrist.cluster.redaction import redact

_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\](?:\([^()\n]{0,2000}\)?|\[[^\]\n]{0,200}\])")
_ADDRESS = re.compile(
    r"(?:(?:[a-z][a-z0-9+.-]{0,30})?://|(?<![a-z0-9])www\.)[^\s<>\"'`|\\\])]{0,2000}", re.I
)
_TAG = re.compile(
    r"<(?![a-z][a-z0-9+.-]*://)/?[a-z!][^<>]{0,500}[\s=/\"'][^<>]{0,500}>|</[a-z]+>|<script>", re.I
)
_INSIDE = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?"
    r"(?:[a-z0-9-]+|[a-z0-9.-]+\.(?:svc|local|internal)|[0-9]+(?:\.[0-9]+){3}|\[[0-9a-f:]+\])"
    r"(?::[0-9]+)?(?:/|$)",
    re.I,
)
"""An address whose host is a name of the cluster or a number."""
_DEEPEST = 3
"""Links inside the text of links, and tags inside of tags, that are undone."""


def plain(text: str, limit: int, seen: str = "") -> str:
    """Return one line of a model's words: redacted, without links, at most `limit` characters.

    `seen` is the text of all observations: inner addresses that occur there may be named.
    """
    text = visible(text[: limit * 20])
    for _ in range(_DEEPEST):
        text = _LINK.sub(r"\1", _TAG.sub("", text))
    # Last: what went before may have put the two halves of an address together.
    text = _ADDRESS.sub(lambda match: _named(match[0], seen), text)
    return clip(redact(" ".join(text.split())), limit)


def visible(text: str) -> str:
    """Return text without characters that only change how others look: they part words unseen."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def _named(address: str, seen: str) -> str:
    bare = re.split(r"[?#]", address, maxsplit=1)[0].rstrip(".,;:!")
    return bare if bare in seen and _INSIDE.match(bare) else "(address left out)"


def camel(text: str) -> str:
    """Return a reason as one CamelCase word of at most 48 characters; `Suspected` for none."""
    words = re.findall(r"[A-Za-z][A-Za-z0-9]*|[0-9]+", text[:200])
    word = "".join(w[0].upper() + w[1:] for w in words)[:48]
    return word if word[:1].isalpha() else "Suspected"
