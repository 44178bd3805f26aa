"""JSON schemas of tools: without references, and in the shortest words that a model understands."""

import json
from typing import Any

Schema = dict[str, Any]


def inlined(schema: Schema) -> Schema:
    """Return a schema without `$defs`: each reference is replaced by what it stands for.

    Titles and defaults go too: nobody needs them to write JSON. A reference to itself ends as
    any value.
    """
    flat: Schema = _inline(schema, schema.get("$defs", {}), ())
    return flat


def _inline(part: Any, defs: Schema, inside: tuple[str, ...]) -> Any:
    if isinstance(part, list):
        return [_inline(p, defs, inside) for p in part]
    if not isinstance(part, dict):
        return part
    if (reference := part.get("$ref")) is not None:
        name = str(reference).rsplit("/", 1)[-1]
        return {} if name in inside else _inline(defs.get(name, {}), defs, (*inside, name))
    kept = {k: v for k, v in part.items() if k not in ("$defs", "default", "discriminator")}
    if not isinstance(kept.get("title"), dict):  # a field may be called title
        kept.pop("title", None)
    return {k: _inline(v, defs, inside) for k, v in kept.items()}


def shape(schema: Schema) -> str:
    """Return a schema in the shortest words that a model understands: its JSON with notes."""
    return _shape(inlined(schema))


def _shape(schema: Schema) -> str:
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_shape(c) for c in choices)
    if schema.get("type") == "array":
        return f"[{_shape(schema.get('items', {}))}, ...]"
    if "properties" in schema:
        required = schema.get("required", [])
        fields = [
            f'"{name}"{"" if name in required else "?"}: {_field(field)}'
            for name, field in schema["properties"].items()
        ]
        return f"{{{', '.join(fields)}}}"
    return {"string": "text", "integer": "number", "object": "{...}"}.get(
        str(schema.get("type")), str(schema.get("type", "any"))
    )


def _field(schema: Schema) -> str:
    note = schema.get("description")
    return f"{_shape(schema)} ({note})" if note else _shape(schema)
