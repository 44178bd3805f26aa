"""The error that a program named in its last words: which line tells it, and what it means.

Programs end with stack traces, usage texts and farewells; the line that tells the cause stands a
little above. Patterns are bounded and tried line by line on a bounded end of the log.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.analyzers.containers.log_patterns import PATTERNS, Pattern

_MOST_TEXT = 16_384
_MOST_LINES = 60
_LONGEST_LINE = 1_000
_NEAR = 12
"""Lines above the last one among which a known error counts, stack frames left out."""

_ESCAPES = re.compile(r"\x1b\[[0-9;]{0,16}[A-Za-z]")
_FRAME = re.compile(
    r"\s+at\s|\s+File \"|\s{4,}\S|\t|goroutine \d+ \[|main\.main\(\)|created by |"
    r"\s*\^+\s*$|\s+\.\.\. \d+ more|Node\.js v\d|note: run with `RUST_BACKTRACE|"
    r"Traceback \(most recent call last\)|exit status \d+|\s*[{}\]\[()]+,?\s*$"
)
_MILD = re.compile(r"\b(?:debug|info|notice|warn(?:ing)?|trace)\b", re.I)
_STRONG = re.compile(
    r"\bpanic: |\bfatal\b|\bemerg\b|\bcritical\b|panicked at|Exception in thread|"
    r"^(?:[a-z_]{1,40}\.){0,6}[A-Z]\w{0,60}(?:Error|Exception)\b|Uncaught |Unhandled |"
    r"Segmentation fault|\b(?:Error|ERROR|error): ",
    re.I,
)
_WEAK = re.compile(
    r"error|fail|exception|cannot|can't|could not|couldn't|unable|invalid|missing|required|"
    r"denied|refused|not found|not allowed|must |aborting",
    re.I,
)


@dataclass(frozen=True)
class LogError:
    """What a log's end says went wrong.

    `reason` is one CamelCase word, "" where the line is of no known kind. `line` is literally in
    the log. `meaning` says it for a human; `subject` is what it is about: the variable, path,
    port, flag, command, module or peer, "" where the line names none.
    """

    reason: str
    line: str
    meaning: str
    subject: str = ""

    @property
    def known(self) -> bool:
        """Whether the line is of a kind that we know."""
        return bool(self.reason)

    @property
    def told(self) -> str:
        """The line for a sentence: without colours and outer blanks, short."""
        text = " ".join(_ESCAPES.sub("", self.line).split())
        return text if len(text) <= 240 else text[:239] + "…"


def last_error(text: str) -> LogError | None:
    """Return the error in the last lines of a log; None for a log that says nothing.

    A known kind of error near the end wins over a line that only looks like one; a warning only
    counts where nothing louder was said. Failing all, it is the last line.
    """
    lines = list(_last_lines(text))
    if not lines:
        return None
    telling = [line for line in lines if not _FRAME.match(line)] or lines
    near = telling[:_NEAR]
    loud = [line for line in near if not _MILD.search(line[:80])]
    for line in loud:
        if error := _known(line, lines):
            return error
    strong = next((line for line in near if _STRONG.search(line)), None)
    if strong is None:
        for line in near:
            if error := _known(line, lines):
                return error
    chosen = strong or next((line for line in near if _WEAK.search(line)), near[0])
    return LogError("", chosen, "")


def _last_lines(text: str) -> Iterator[str]:
    """Yield the last lines that hold something, the last one first."""
    for line in reversed(text[-_MOST_TEXT:].splitlines()[-_MOST_LINES:]):
        if line.strip():
            yield line.rstrip()[:_LONGEST_LINE]


def _known(line: str, lines: list[str]) -> LogError | None:
    plain = _ESCAPES.sub("", line)
    for pattern in PATTERNS:
        found = pattern.regex.search(plain)
        if found:
            subject = _subject(found)
            if pattern.subject_elsewhere and not subject:
                subject = _elsewhere(pattern, lines)
            return LogError(pattern.reason, line, pattern.words(subject), subject)
    return None


def _subject(found: re.Match[str]) -> str:
    return next((group for group in found.groups() if group), "").strip("'\"`,;:. ")


def _elsewhere(pattern: Pattern, lines: list[str]) -> str:
    """Return the subject from a neighbouring line, for errors told over two lines."""
    for line in lines:
        if pattern.subject_elsewhere and (found := pattern.subject_elsewhere.search(line)):
            return _subject(found)
    return ""
