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
"""Characters of plain text in a section; Slack takes 3000."""

_HEAD, _TITLE, _COMMAND = 1500, 400, 900
"""Characters of the template's part, an option's title and a command. Together they stay below
what Slack takes in a section, and the 4000 it asks for in `text`: no command is ever cut."""

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
            command = _offered(message.offers[0]) if message.offers else _code(message.look)
            text = f"{head}\n{command}"
        body = {
            "text": text,
            "blocks": blocks,
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        return Request(encode(body), {"Content-Type": "application/json; charset=utf-8"})

    def _digest(self, digest: Digest) -> str:
        told, more = digest.notifications[:_LINES], digest.notifications[_LINES:]
        heads = (self.template.render(n, self.cluster, escape) for n in told)
        lines = [f"• {_cut(head, _TITLE)}" for head in heads]
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
    title = _cut(escape(line(offer.title)), _TITLE)
    return f"{title} (risk: {escape(offer.risk)})\n{_code(offer.approve)}"


def _section(text: str) -> Block:
    """Return a section of mrkdwn; `verbatim` keeps Slack from making links of bare names."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _plain(text: str) -> Block:
    """Return text in which nothing has a meaning: neither mrkdwn nor `:smile:`."""
    return {"type": "plain_text", "text": line(text, _SECTION), "emoji": False}


def _code(command: str) -> str:
    """Return a command in a code block, which no backtick of its own ends."""
    return f"```{_entities(line(command, _COMMAND)).replace('`', chr(39))}```"


def escape(text: str) -> str:
    """Return text that formats nothing, links to nothing and mentions nobody."""
    silent = _MENTION.sub(_SILENT, _entities(text))
    return silent.replace("`", "'").replace("](", "] (")


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    """Return escaped text cut to a length; what is cut holds no code block."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
