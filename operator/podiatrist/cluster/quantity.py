"""Kubernetes quantities: `250m`, `1Gi`, `2e3` (apimachinery, pkg/api/resource)."""

import math
import re
from decimal import Decimal

Quantity = str | int | float

_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal("1e3"), "M": Decimal("1e6"), "G": Decimal("1e9"), "T": Decimal("1e12"),
    "P": Decimal("1e15"), "E": Decimal("1e18"),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
    "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([eE][+-]?[0-9]{1,2}|[A-Za-z]{0,2})")

_NANOS = 10**9
_DECIMAL = {
    -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E",
}  # fmt: skip

_LONGEST = 64
"""Characters; more digits than any amount needs would only cost time."""


def parse_quantity(value: Quantity) -> Decimal:
    """Return a quantity in base units: cores, bytes, pieces. Raises ValueError."""
    text = str(value)
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError(f"not a quantity: {value!r}")
    number, suffix = match.groups()
    if suffix[1:] and suffix[-1].isdigit():
        return Decimal(number + suffix)
    if suffix not in _SUFFIXES:
        raise ValueError(f"not a quantity: {value!r}")
    return Decimal(number) * _SUFFIXES[suffix]


def canonical(value: str) -> str:
    """Return a quantity as the API server stores it: `1000m` as `1`, `0.5` as `500m`.

    The largest suffix with a whole number before it, of the same family (Quantity's
    CanonicalizeBytes). What cannot be read, or is larger than it counts, is returned as it is.
    """
    try:
        amount = parse_quantity(value)
    except ValueError:
        return value
    if abs(amount) >= 2**63:
        return value
    sign = "-" if amount < 0 else ""
    nanos = math.ceil(abs(amount) * _NANOS)  # finer than that it is rounded up
    if nanos % _NANOS == 0 and nanos // _NANOS >= 1024 and value.endswith("i"):
        count, suffixes = nanos // _NANOS, iter(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
        suffix = next(suffixes)
        while count % 1024 == 0:
            count, suffix = count // 1024, next(suffixes)
        return f"{sign}{count}{suffix}"
    if not nanos:
        return "0"
    power = next(p for p in range(18, -10, -3) if nanos % 10 ** (p + 9) == 0)
    by_exponent = value[-1].isdigit() and "e" in value.lower()
    suffix = (f"e{power}" if power else "") if by_exponent else _DECIMAL[power]
    return f"{sign}{nanos // 10 ** (power + 9)}{suffix}"


def as_stored(wanted: str, present: object) -> str:
    """Return an amount to write over another one: canonical, or as it is where it is the same."""
    if isinstance(present, str) and canonical(present) == canonical(wanted):
        return present
    return canonical(wanted)


def quantity_or_zero(value: Quantity | None) -> Decimal:
    """Return a quantity, zero for one that is missing or unreadable."""
    try:
        return parse_quantity(value) if value is not None else Decimal(0)
    except ValueError:
        return Decimal(0)


def format_cpu(cores: Decimal) -> str:
    """Return cores as people write them: `2`, `250m`."""
    milli = int(cores * 1000)
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def format_bytes(size: Decimal) -> str:
    """Return bytes in the largest binary unit that keeps at least three digits: `512Mi`."""
    count = int(size)
    for suffix, power in (("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)):
        unit = 2**power
        if count >= unit and (count % unit == 0 or count // unit >= 100):
            return f"{count // unit}{suffix}"
    return str(count)


def format_resource(name: str, amount: Decimal) -> str:
    """Return an amount of `cpu`, `memory` or any other resource as people write it."""
    if name == "cpu":
        return format_cpu(amount)
    if name in ("memory", "ephemeral-storage") or name.startswith("hugepages-"):
        return format_bytes(amount)
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
