"""The Slack sink: an incoming webhook of Slack, or of what takes the same (Mattermost, ...).

`blocks` are what Slack shows; `text` says the same, for its notifications and for those who know
no blocks. Texts from the cluster are escaped as Slack has it (https://docs.slack.dev/messaging/
formatting-message-text), mention nobody, and cannot pass for a command or a link of ours.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from podiatrist.notify.notification import Digest, Message, Notification, Offer
from podiatrist.notify.payload import encode
from podiatrist.notify.sink import Request
from podiatrist.notify.template import Template, line

_SECTION = 2900
"""Characters of a section; Slack takes 3000."""

_TEXT = 3900
"""Characters of `text`; Slack asks for 4000 at most."""

_HEAD = 2000
"""Characters of the template's part, so that there is room for a whole command after it."""

_LINES = 5
"""Notifications of a digest that are told in full."""

_MENTION = re.compile(r"@(?=\w)")
_SILENT = "@\u200b"
"""An @ with a blank of no width: Slack mentions by `<!...>`, Mattermost by a bare @here."""

Block = dict[str, Any]


@dataclass(frozen=True)
class Slack:
    """POSTs messages with the command that approves, for people to copy."""

    url: SecretStr
    template: Template
    cluster: str
    name: str = "slack"

    def request(self, message: Message, now: datetime) -> Request:
        """Return the request."""
        if isinstance(message, Digest):
            text = self._digest(message)
            blocks = [_section(text)]
        else:
            head = _cut(self.template.render(message, self.cluster, escape), _HEAD)
            blocks = [_section(head), *_details(message), self._context(message)]
            text = "\n".join([head, *map(_offered, message.offers[:1])])
        body = {
            "text": _cut(text, _TEXT),
            "blocks": blocks,
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        return Request(encode(body), {"Content-Type": "application/json; charset=utf-8"})

    def _digest(self, digest: Digest) -> str:
        told, more = digest.notifications[:_LINES], digest.notifications[_LINES:]
        lines = [
            f"• {self.template.render(n, self.cluster, escape)[: _SECTION // 8]}" for n in told
        ]
        if more:
            lines.append(f"and {len(more)} more")
        return "\n".join([*lines, _code("kubectl get diagnoses -A")])

    def _context(self, notification: Notification) -> Block:
        where = f"Diagnosis {notification.namespace}/{notification.diagnosis}"
        if self.cluster:
            where += f" in cluster {self.cluster}"
        return {"type": "context", "elements": [_plain(where)]}


def _details(notification: Notification) -> list[Block]:
    """Return what stands below the first line."""
    told = notification.cause if notification.offers else notification.outcome
    blocks: list[Block] = []
    if told:
        blocks.append({"type": "section", "text": _plain(told)})
    blocks += [_section(_offered(offer)) for offer in notification.offers]
    look = f"Look first:\n{_code(notification.look)}" if notification.offers else None
    blocks.append(_section(look or _code(notification.look)))
    return blocks


def _offered(offer: Offer) -> str:
    return f"{escape(line(offer.title))} (risk: {escape(offer.risk)})\n{_code(offer.approve)}"


def _section(text: str) -> Block:
    """Return a section of mrkdwn; `verbatim` keeps Slack from making links of bare names."""
    cut = _cut(text, _SECTION)
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut, "verbatim": True}}


def _plain(text: str) -> Block:
    """Return text in which nothing has a meaning: neither mrkdwn nor `:smile:`."""
    return {"type": "plain_text", "text": line(text, _SECTION), "emoji": False}


def _code(command: str) -> str:
    """Return a command in a code block, which no backtick of its own ends."""
    return f"```{_entities(line(command, 1024)).replace('`', chr(39))}```"


def escape(text: str) -> str:
    """Return text that formats nothing, links to nothing and mentions nobody."""
    silent = _MENTION.sub(_SILENT, _entities(text))
    return silent.replace("`", "'").replace("](", "] (")


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    """Return the text, cut without leaving a code block open."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 4]
    return cut + ("```" if cut.count("```") % 2 else "…")
