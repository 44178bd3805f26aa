"""Numbers that may be percentages, as strategies and budgets write them."""

from typing import Any

_MOST_DIGITS = 9


def scaled(value: Any, whole: int, *, up: bool) -> int:
    """Return an IntOrString of `whole`; 0 for what is neither a number nor a percentage."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return max(0, value)
    digits = value.removesuffix("%") if isinstance(value, str) and value.endswith("%") else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        return 0
    parts = int(digits) * max(0, whole)
    return -(-parts // 100) if up else parts // 100
