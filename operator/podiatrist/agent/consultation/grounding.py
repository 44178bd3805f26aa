"""Holds claims against what was seen: a claim stays only with a quote that really occurs there."""

import re
from collections.abc import Sequence

from podiatrist.agent.consultation.report import Claim
from podiatrist.agent.consultation.wording import camel, plain
from podiatrist.api.diagnosis import AGENT, Evidence, Finding, ObjectRef
from podiatrist.cluster.redaction import redact

Seen = Sequence[tuple[str, str]]
"""What was observed: source (a command) and text."""

Rules = Sequence[tuple[str, Evidence]]
"""What rules say in their own words, and an observation that they rest on."""

SHORTEST = 9
"""Characters of a quote, blanks not counted. `OOMKilled` is nine; less is found anywhere."""

_LONGEST = 500
"""Characters of a quote as it is kept, within what a Diagnosis holds."""

_MESSAGE = 600
_ELLIPSIS = re.compile(r"\.{3,}|…|\[\.\.\.\]")
_BAR = re.compile(r"^[ \t]*[|>] ?", re.M)
"""What the briefing puts before each line of data; models copy it along."""


def ground(
    claims: Sequence[Claim], seen: Seen, target: ObjectRef, rules: Rules = ()
) -> tuple[list[Finding], list[str]]:
    """Return the claims that hold, as findings about the target, and why others were dropped.

    A claim may quote a rule's own words; it then rests on what the rule rests on.
    """
    findings: list[Finding] = []
    dropped: list[str] = []
    everything = "\n".join(text for _, text in seen)
    for claim in claims:
        reason = camel(claim.reason)
        evidence = [found for quote in claim.quotes if (found := find_quote(quote, seen))]
        for words, proof in rules:
            if any(find_quote(quote, [("", words)]) for quote in claim.quotes):
                evidence.append(proof.model_copy(update={"quote": redact(proof.quote)}))
        message = plain(claim.message, _MESSAGE, everything)
        if not evidence:
            quote = plain(claim.quotes[0], 120, everything)
            dropped.append(f"claim {reason}: nothing that was seen says {quote!r}")
        elif not message:
            dropped.append(f"claim {reason}: it says nothing")
        elif reason in (f.reason for f in findings):
            dropped.append(f"claim {reason}: it is there already")
        else:
            findings.append(
                Finding(
                    analyzer=AGENT,
                    reason=reason,
                    message=message,
                    object=target,
                    evidence=list({e.quote: e for e in evidence}.values()),
                )
            )
    return findings, dropped


def find_quote(quote: str, seen: Seen) -> Evidence | None:
    """Return a quote as it stands in an observation, None where no observation holds it.

    Blanks and line breaks are as good as each other. An ellipsis stands for what was left out:
    the parts must follow each other in one observation, and the longest one is what is kept.
    """
    parts = [words for part in _ELLIPSIS.split(_bare(quote)) if (words := part.split())]
    if max((len("".join(words)) for words in parts), default=0) < SHORTEST:
        return None
    if not any(character.isalpha() for words in parts for word in words for character in word):
        return None
    patterns = [re.compile(r"\s+".join(map(re.escape, words))) for words in parts]
    for source, text in seen:
        found = _in_order(patterns, _BAR.sub("", text))
        if found:
            return Evidence(source=redact(source), quote=redact(max(found, key=len))[:_LONGEST])
    return None


def _in_order(patterns: Sequence[re.Pattern[str]], text: str) -> list[str]:
    """Return what each pattern matches, one behind the other; nothing where one does not."""
    found: list[str] = []
    position = 0
    for pattern in patterns:
        match = pattern.search(text, position)
        if match is None:
            return []
        found.append(match[0])
        position = match.end()
    return found


def _bare(quote: str) -> str:
    """Return a quote without what models wrap around it."""
    text = _BAR.sub("", quote.strip()).strip().strip("`").strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
