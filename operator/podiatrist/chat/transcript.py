"""A conversation as Markdown, for a colleague or a ticket: redacted, what tools said in fences."""

from podiatrist.api.text import clean
from podiatrist.chat.conversation import Conversation
from podiatrist.cluster.redaction import redact


def transcript(conversation: Conversation) -> str:
    """Return the conversation and the record of commands as Markdown."""
    session = conversation.session
    parts = [f"# A conversation about namespace {session.namespace}"]
    for message in conversation.agent.messages:
        content = redact(clean(message.content)).strip()
        if message.role == "user":
            parts.append(f"## {content}")
        elif message.role == "tool":
            parts.append(_fenced(content))
        elif message.role == "assistant":
            calls = [f"`{c.tool} {redact(clean(c.arguments))}`" for c in message.calls]
            parts += [part for part in (content, *calls) if part]
    parts += ["## Commands", _fenced(redact(session.record.told()))]
    return "\n\n".join(parts) + "\n"


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"
