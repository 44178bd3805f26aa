"""What an investigation ends with: claims that quote what was seen, and typed suggestions."""

from typing import Any

from pydantic import Field

from podiatrist.agent.tool import Arguments


class Claim(Arguments):
    """One thing that is wrong, and how that shows."""

    reason: str = Field(description="What is wrong in one CamelCase word, such as ImageNotFound.")
    message: str = Field(description="What is wrong and why, in one or two sentences.")
    quotes: list[str] = Field(
        min_length=1, max_length=4,
        description="Lines of tool output that show it, copied word for word.",
    )  # fmt: skip


class Suggestion(Arguments):
    """A fix, as typed actions on the target."""

    why: str = Field(description="Why this should help, in one sentence.")
    actions: list[dict[str, Any]] = Field(min_length=1, max_length=4)


class Report(Arguments):
    """The answer of an investigation."""

    claims: list[Claim] = Field(max_length=4, description="The root cause first.")
    suggestions: list[Suggestion] = Field(default_factory=list, max_length=2)
