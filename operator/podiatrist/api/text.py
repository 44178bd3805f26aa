"""Strings that cross our border: cleaned of what JSON and terminals choke on, cut to a bound.

Messages of kubelets, registries and programs end up in a Diagnosis. They may hold lone
surrogates (not encodable), control characters (terminal escapes) and any amount of text; a
status must hold none of these, and no finding may be lost over them.
"""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

# Control characters except tab and newline, lone surrogates, the bidirectional overrides that make
# text read differently (CVE-2021-42574), line breaks that are none, and what is invisible.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def clean(text: str) -> str:
    """Return `text` with unsafe characters replaced by U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def clip(text: str, limit: int) -> str:
    """Return `text` cleaned and cut to `limit` characters, the cut marked by an ellipsis."""
    text = clean(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clip_quote(text: str, limit: int) -> str:
    """Return `text` cleaned and cut to `limit` characters without a mark: it stays a quote."""
    return clean(text)[:limit]


@dataclass(frozen=True)
class Clip:
    """Marks a string type that is cut to `limit` characters instead of refused.

    `Annotated[str, Clip(64)]`; with `verbatim` the cut is not marked, since an ellipsis that the
    source does not hold would make a quote false.
    """

    limit: int
    verbatim: bool = False

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Clip after pydantic has made sure that it is a string."""
        cut = clip_quote if self.verbatim else clip
        return core_schema.no_info_after_validator_function(
            lambda value: cut(value, self.limit), handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell the API server the bound."""
        return {**handler(schema), "maxLength": self.limit}
