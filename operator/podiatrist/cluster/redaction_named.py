"""Masks values that stand behind a telling name on the same line, in whatever syntax.

A pattern finds a name and what leads to its value; whether the name tells, only `is_telling` says.
"""

import re

from podiatrist.cluster.redaction_names import MASK, is_harmless, is_telling_in_text

_QUOTE = r"\\{0,3}[\"']"
_ESCAPED = rf"(?:{_QUOTE}|%22|&quot;|\\u0022)"
_NAME = r"(?P<name>[\w.-]{1,200})"
_FREE = r"(?<![/\w.-])"
"""Not in the middle of a path or of a longer word."""
_GAP = r"[ \t]{0,80}"

_ASSIGNED = (
    rf"{_FREE}{_NAME}{_ESCAPED}?(?:{_GAP}(?::?=>?|[-=]>){_GAP}|(?P<colon>:(?!:)){_GAP}"
    # `volume "auth" : secret "auth" not found` is none
    rf"|(?<=[\"']){_GAP}:{_GAP}(?=[\"'\[0-9])|(?<=(?i:word)){_GAP}:[ \t]{_GAP}"
    rf"|%3[ADad](?:%20|%22)?)"
)
_WORD = (
    r"\\{1,3}\"[^\"\n]*?\\{1,3}\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    r"|\[[^\[\]{}\n]*\]|[^\s,;]*[^\s,;}\])\"'\\]"
)
_TEXT = r"(?:<!\[CDATA\[)?(?P<value>[^<\]]*[^<\]\s])"

_RULES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    # "PASSWORD=..." in quotes, as a list of environment variables has it
    (re.compile(rf"(?<=\"){_NAME}="), re.compile(r"[^\"\n]+(?=\")")),
    (re.compile(rf"(?<='){_NAME}="), re.compile(r"[^'\n]+(?=')")),
    # {"name": "DB_PASSWORD", "value": ...}, an environment variable as JSON
    (
        re.compile(
            rf"{_QUOTE}name{_QUOTE}\s{{0,80}}:\s{{0,80}}{_QUOTE}{_NAME}{_QUOTE}\s{{0,80}},\s{{0,80}}"
            rf"{_QUOTE}value{_QUOTE}\s{{0,80}}:\s{{0,80}}{_QUOTE}",
            re.I,
        ),
        re.compile(r"[^\"'\\\n]+"),
    ),
    # <password>...</password>, and <property name="password" value="...">
    (re.compile(rf"<(?:[\w-]{{1,80}}:)?{_NAME}(?:\s[^<>]{{0,300}})?>"), re.compile(_TEXT)),
    (re.compile(rf"\b(?:name|key|id)=[\"']{_NAME}[\"']\s{{1,80}}value=[\"']", re.I),
     re.compile(r"[^\"'<\n]+")),
    (re.compile(rf"\b(?:name|key|id)=[\"']{_NAME}[\"']\s{{0,80}}>", re.I), re.compile(_TEXT)),
    # --api-key ...
    (re.compile(rf"(?<!\S)--?{_NAME}\s{{1,300}}"), re.compile(r"(?!-)\S+")),
    # password = ...
    (re.compile(_ASSIGNED), re.compile(_WORD)),
)  # fmt: skip


_SUBJECTS = frozenset({"auth", "authorization", "cookie", "jwt", "secret", "token"})
_PROSE = re.compile(r" [a-z]{2,20} [a-z\"'(]")
"""`failed to fetch token: serviceaccounts "web" not found`; not for passwords, which are words."""
_PORT_OR_TAG = re.compile(r"v?[0-9]{1,5}(?:\.[0-9]{1,5}){0,3}(?![\w-])")


def without_named_values(text: str) -> str:
    """Return the text with the values of telling names replaced by `***`."""
    for head, value in _RULES:
        text = _masked(text, head, value)
    return text


def _masked(text: str, head: re.Pattern[str], value: re.Pattern[str]) -> str:
    kept: list[str] = []
    done = at = 0
    while found := head.search(text, at):
        at = found.end("name")  # the rest may belong to the next name
        if not is_telling_in_text(found["name"]) or _is_other(text, found):
            continue
        behind = value.match(text, found.end())
        if not behind:
            continue
        start, end = behind.span("value" if "value" in value.groupindex else 0)
        if is_harmless(text[start:end]):
            continue
        kept += [text[done:start], MASK]
        done = at = end
    return "".join([*kept, text[done:]])


def _is_other(text: str, found: re.Match[str]) -> bool:
    """Whether it is known to be something else than a name and its value."""
    name, before = (
        found["name"].lower(),
        text[max(0, found.start("name") - 10) : found.start("name")],
    )
    if name == "secrets" and before.endswith(("pull ", "ountable ")):
        return True  # kubectl describe serviceaccount
    if not found.groupdict().get("colon"):
        return False
    if before.endswith("::"):
        return True  # the path of a module
    if name in _SUBJECTS and _PROSE.match(text, found.end("colon")):
        return True
    return name == "auth" and _PORT_OR_TAG.match(text, found.end("colon")) is not None
