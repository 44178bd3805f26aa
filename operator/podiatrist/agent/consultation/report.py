"""What an investigation ends with: claims that quote what was seen, and typed suggestions."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema, create_model

from podiatrist.agent.tool import Arguments

MOST_CLAIMS = 4
MOST_QUOTES = 4
MOST_SUGGESTIONS = 2
MOST_ACTIONS = 4


def _first(most: int) -> BeforeValidator:
    """Take the first of too many, and one without its brackets: weak models write both."""

    def cut(value: Any) -> Any:
        if isinstance(value, str | dict):
            return [value]
        return value[:most] if isinstance(value, list) else value

    return BeforeValidator(cut)


class Claim(Arguments):
    """One thing that is wrong, and how that shows.

    The quotes come first: what a model says then follows from them.
    """

    quotes: Annotated[list[str], _first(MOST_QUOTES)] = Field(
        min_length=1,
        max_length=MOST_QUOTES,
        description="The one or two lines that show the cause, copied word for word.",
    )
    message: str = Field(
        description="The cause in a sentence, with the exact name or value that is wrong, as the "
        "quoted line has it."
    )
    reason: str = Field(description="The same in one CamelCase word.")


class Suggestion(Arguments):
    """A fix, as typed actions on the target."""

    why: str = Field(description="Why this should help, in one sentence.")
    actions: Annotated[list[dict[str, Any]], _first(MOST_ACTIONS)] = Field(
        min_length=1, max_length=MOST_ACTIONS
    )


class Report(Arguments):
    """The answer of an investigation."""

    offered: ClassVar[bool] = False
    """Whether there is anything to suggest; without it the schema does not speak of it."""

    claims: Annotated[list[Claim], _first(MOST_CLAIMS)] = Field(
        max_length=MOST_CLAIMS, description="What is wrong, the root cause first."
    )
    suggestions: Annotated[list[Suggestion], _first(MOST_SUGGESTIONS)] = Field(
        default_factory=list, max_length=MOST_SUGGESTIONS, description="Fixes, the best first."
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema without titles and references: it is sent with every request."""
        schema = super().model_json_schema(*args, **kwargs)
        lean: dict[str, Any] = _lean(schema, schema.get("$defs", {}))
        if not cls.offered:
            lean["properties"].pop("suggestions", None)
        return lean


def report_of(actions: Sequence[dict[str, Any]]) -> type[Report]:
    """Return Report with a schema that offers these actions (JSON schemas), or none.

    Only the schema narrows: what the model writes all the same is judged action by action, so
    that one wrong field does not cost the whole report.
    """
    if not actions:
        return Report
    one = Annotated[dict[str, Any], WithJsonSchema({"anyOf": list(actions)})]
    several = Annotated[list[one], _first(MOST_ACTIONS)]
    suggestion = create_model(
        "Suggestion",
        __base__=Suggestion,
        actions=(several, Field(min_length=1, max_length=MOST_ACTIONS)),
    )
    some = Annotated[list[suggestion], _first(MOST_SUGGESTIONS)]
    field: Any = Field(
        default_factory=list, max_length=MOST_SUGGESTIONS, description="Fixes, the best first."
    )
    made = create_model("Report", __base__=Report, suggestions=(some, field))
    made.offered = True
    return made


def last_report(lines: Sequence[str]) -> type[Report]:
    """Return Report with a schema for a model that has to end: one claim, lines to choose from.

    Without suggestions: it was not sure enough to report by itself.
    """
    chosen = Annotated[str, WithJsonSchema({"type": "string", "enum": list(lines)})]
    claim = create_model(
        "Claim",
        __base__=Claim,
        quotes=(list[chosen] if lines else list[str], Field(min_length=1, max_length=2)),
    )
    claims: Any = (list[claim], Field(min_length=1, max_length=1))
    return create_model("Report", __base__=Report, claims=claims)


def _lean(schema: Any, defs: dict[str, Any]) -> Any:
    """Return a schema with its references filled in and without pydantic's titles."""
    if isinstance(schema, list):
        return [_lean(item, defs) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _lean(defs[schema["$ref"].rpartition("/")[2]], defs)
    return {
        key: {name: _lean(field, defs) for name, field in value.items()}
        if key == "properties"
        else _lean(value, defs)
        for key, value in schema.items()
        if key not in ("title", "$defs")
    }


class ReportGivenError(Exception):
    """The model has reported: the run is over."""
