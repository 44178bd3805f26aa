"""The few phrases that are understood without a model, so that a weak one cannot get them wrong.

Narrow on purpose: the whole line has to be the phrase. Everything else goes to the model.
"""

import re

_YOU = r"(?:you|we|u)"
_COMMANDS = re.compile(
    rf"(?:please\s+)?(?:what|which)\s+(?:kubectl\s+)?commands\s+(?:did|have|were)\s+"
    rf"(?:{_YOU}\s+)?(?:used?|run|ran|executed?)(?:\s+(?:so far|until now|for that))?[\s?.!]*",
    re.IGNORECASE,
)
_ASSENT = (
    r"(?:sounds?\s+(?:good|great|fine|right)|looks?\s+(?:good|great|fine|right)|is\s+"
    r"(?:good|great|fine|ok)|go\s+for\s+it|go\s+ahead|do\s+it|apply\s+it|please|thanks|then|it\s+is)"
)
_OPTION = re.compile(
    rf"(?:(?:ok|okay|yes|right|good)[\s,.!]+)?(?:(?:let'?s\s+)?"
    rf"(?:take|do|apply|use|try|choose|go\s+(?:for|with))\s+)?"
    rf"(?:option|nr\.?|number)\s*\#?(\d{{1,2}})(?:[\s,.!;]+(?:and\s+)?{_ASSENT})*[\s,.!]*",
    re.IGNORECASE,
)
_OPTIONS = re.compile(
    r"(?:please\s+)?(?:suggest|show|list|what\s+are)\s+(?:me\s+)?(?:the\s+|some\s+|my\s+|our\s+)?"
    r"options(?:\s+(?:how\s+)?to\s+(?:fix|solve|repair)\s+(?:it|this|that))?[\s?.!]*",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"(?:please\s+)?(?:tell\s+me\s+|find\s+out\s+)?why\s+(?:is|are|does|do|isn't|aren't)\s+"
    r"(?P<what>[\w./ -]{1,200}?)"
    r"\s+(?:not\s+)?(?:down|pending|crash\w*|broken|fail\w*|restart\w*|unhealthy|sick|stuck|"
    r"not\s+ready|ready|running|slow|start\w*|up|unavailable|unreachable|work\w*)"
    r"(?:\s+(?:in|on)\s+(?:namespace\s+)?(?P<namespace>[a-z0-9-]{1,63}))?[\s?.!]*",
    re.IGNORECASE,
)


def asks_for_commands(line: str) -> bool:
    """Say whether a line asks which commands were used."""
    return _COMMANDS.fullmatch(line.strip()) is not None


def asks_for_options(line: str) -> bool:
    """Say whether a line asks for the options that there are."""
    return _OPTIONS.fullmatch(line.strip()) is not None


def chosen_option(line: str) -> int | None:
    """Return the number of the option that a line chooses, None where it chooses none."""
    found = _OPTION.fullmatch(line.strip())
    return int(found[1]) if found else None


_ORDINALS = {
    1: ("first", "one"),
    2: ("second", "two"),
    3: ("third", "three"),
    4: ("fourth", "four"),
}


def names_option(line: str, number: int) -> bool:
    """Say whether a line speaks of that number: a model may choose only what the user chose."""
    words = re.findall(r"[a-z]+|\d+", line.lower())
    return bool({str(number), *_ORDINALS.get(number, ())} & set(words)) or (
        number == 1 and {"it", "that", "this", "option"} & set(words) != set()
    )


_VERDICT = re.compile(
    r"\(y/n\)|^\W*(?:apply|undo)\?|^\W*(?:i(?:'ve|\s+have)?\s+|successfully\s+)?"
    r"(?:applied|undone|labell?ed|scaled|patched)\b",
    re.IGNORECASE | re.MULTILINE,
)


def pretends(answer: str) -> bool:
    """Say whether a model's answer reads like our question, or like word of a change.

    A turn that changes something ends with our own words: whatever a model says of it is not so.
    """
    return _VERDICT.search(answer) is not None


def asked_why(line: str) -> tuple[str, str] | None:
    """Return what a line asks the cause of, and the namespace; None where it asks otherwise."""
    found = _WHY.fullmatch(line.strip())
    return (found["what"].strip(), found["namespace"] or "") if found else None
