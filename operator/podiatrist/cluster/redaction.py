"""Takes secrets out of text that we read: logs and messages end up in statuses and prompts.

Rather too much than too little: a masked word costs a little meaning, a leaked one a password.
"""

import base64
import binascii
import re
from collections.abc import Callable

MASK = "***"

_TELLING = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|"
    r"private[_-]?key|credential|auth"
)
_WORD = rf"[\w.-]{{0,64}}(?:{_TELLING})[\w-]{{0,64}}"
_NAMES = rf"(?:(?<![/\w.-]){_WORD})"
"""Names that tell of a secret; not in the middle of a path or a longer word."""

_TELLING_KEY = re.compile(
    rf"{_TELLING}|jwt|cookie|signing|(?:^|[^a-z])(?:key|creds?)$|[a-z]Key$|encryption.?key|"
    r"id_(?:rsa|dsa|ecdsa|ed25519)|dockercfg|dockerconfig|kubeconfig|netrc",
    re.I,
)
_REFERENCES = frozenset({
    "secretname", "secretnamespace", "secretkeyref", "secretref", "imagepullsecret",
    "imagepullsecrets", "nodepublishsecretref", "tokenexpirationseconds", "serviceaccounttoken",
    "automountserviceaccounttoken", "secretproviderclass", "authorizationmode",
})  # fmt: skip
"""Fields of Kubernetes that name a Secret, or say something about one, and hold none."""

_HARMLESS = re.compile(
    r"[\"']?(?:true|false|null|nil|none|<none>|<nil>|<unset>|<set)[\"']?|\[\]|\{\}|\*{3}", re.I
)
"""Values that are no secret whatever they are called; `<set to the key ...` is a reference."""

_QUOTE = r"\\{0,3}[\"']"
_VALUE = (
    r"\\{1,3}\"[^\"\n]*?\\{1,3}\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|"
    r"[^\s,;]*[^\s,;}\])\"'\\]"
)
_NAMED = re.compile(
    rf"((?:{_QUOTE})?({_NAMES})(?:{_QUOTE})?(?:[ \t]*=[ \t]*|:[ \t]*))({_VALUE})", re.I
)

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # private keys, also those cut off at the end
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
        ),
        MASK,
    ),
    # the middle of a key: lines of nothing but base64, as long as PEM makes them
    (re.compile(r"(?:^[ \t]*[A-Za-z0-9+/]{60,76}={0,2}[ \t]*(?:\n|\Z)){3,}", re.M), MASK + "\n"),
    # user:password@host in any URL, and a token in the user's place
    (
        re.compile(
            r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,256}):[^\s@]{1,256}@(?:[^\s@/]{1,256}@)*", re.I
        ),
        rf"\1:{MASK}@",
    ),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s:/@*]{16,256}@", re.I), rf"\1{MASK}@"),
    # user:password@tcp(host)
    (re.compile(r"([\w.-]{1,64}):[^\s:@/]{1,128}@((?:tcp|unix|udp)\()"), rf"\1:{MASK}@\2"),
    # Authorization headers
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.I), rf"\1 {MASK}"),
    # JSON Web Tokens
    (re.compile(r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?"), MASK),
    # keys of well-known providers
    (
        re.compile(
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bglpat-[A-Za-z0-9_-]{16,}"
            r"|\bgithub_pat_[A-Za-z0-9_]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}"
            r"|\b[sr]k[-_][A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{16,}"
            r"|\bhv[sb]\.[A-Za-z0-9_-]{20,}|\bnpm_[A-Za-z0-9]{30,}|\bdop_v1_[a-f0-9]{40,}"
            r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bAGE-SECRET-KEY-1[A-Z0-9]{40,}"
            r"|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{16,}"
        ),
        MASK,
    ),
    # signed URLs
    (re.compile(r"([?&](?:sig|signature|key|x-amz-(?:signature|credential))=)[^\s&\"']+", re.I),
     rf"\1{MASK}"),
    # PASSWORD=..., to the end of the line, as `env` prints it, also behind what --prefix and
    # --timestamps put in front
    (
        re.compile(
            r"^((?:\[[^\]\n]{1,200}\][ \t]+)?(?:[0-9]{4}-[0-9T:.+Z-]{15,35}[ \t]+)?"
            rf"[ \t]*(?:export[ \t]+)?[A-Z0-9_]{{0,64}}"
            rf"(?:{_TELLING.upper()})[A-Z0-9_]{{0,64}}=)"
            r"(?!(?:true|false|\*\*\*)$).+$",
            re.M,
        ),
        rf"\1{MASK}",
    ),
    # "PASSWORD=..." in quotes, as a list of environment variables has it
    (re.compile(rf"([\"'])({_WORD}=)(?!\*\*\*)[^\n]*?\1", re.I), rf"\1\2{MASK}\1"),
    # password "..."
    (re.compile(r"(\bpass(?:word|wd|phrase)\s+)(\"[^\"\n]+\"|'[^'\n]+')", re.I), rf"\1{MASK}"),
    # {"name": "DB_PASSWORD", "value": ...}, an environment variable as JSON
    (
        re.compile(
            rf"({_QUOTE}name{_QUOTE}\s*:\s*{_QUOTE}{_WORD}{_QUOTE}\s*,\s*"
            rf"{_QUOTE}value{_QUOTE}\s*:\s*{_QUOTE})[^\"\\\n]+",
            re.I,
        ),
        rf"\1{MASK}",
    ),
    # --api-key ...
    (re.compile(rf"((?<!\S)--?{_WORD}\s+)(?!-)(\S+)", re.I), rf"\1{MASK}"),
)  # fmt: skip

_KEY_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_KEY_LINE = re.compile(r"(?:^|\s)[A-Za-z0-9+/=]{16,}[ \t]*$")

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}(?![A-Za-z0-9+/_=-])")
_MOST_PASSES = 4
_DEPTH = 2
"""How often base64 is looked into: once for a Secret's dump, twice for a Secret in a Secret."""


def redact(text: str) -> str:
    """Return the text with what looks like a secret replaced by `***`."""
    return _redacted(text, _DEPTH)


def is_telling(name: str) -> bool:
    """Whether a value of this name is a secret: an environment variable, a key of a ConfigMap."""
    return bool(_TELLING_KEY.search(name)) and _plain(name) not in _REFERENCES


def is_harmless(value: str) -> bool:
    """Whether a value is no secret, whatever its name tells."""
    return not value or bool(_HARMLESS.fullmatch(value))


def _redacted(text: str, depth: int) -> str:
    text = _without_ends_of_keys(_RULES[0][0].sub(MASK, text))
    for _ in range(_MOST_PASSES):  # what one rule leaves may be a match for another
        before = text
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
        text = _NAMED.sub(_named, text)
        if depth:
            text = _BASE64.sub(_decoding(depth), text)
        if text == before:
            break
    return text


def _without_ends_of_keys(text: str) -> str:
    """Mask private keys whose beginning was cut off: what stands before their last line.

    By hand, since a pattern for it takes for ever on a text of nothing but base64.
    """
    if not _KEY_END.search(text):
        return text
    kept: list[str] = []
    for line in text.split("\n"):
        if _KEY_END.search(line):
            while kept and _KEY_LINE.search(kept[-1]):
                kept.pop()
            line = MASK  # noqa: PLW2901 - the rest of the loop is the same for it
        kept.append(line)
    return "\n".join(kept)


def _named(match: re.Match[str]) -> str:
    start, name, value = match.groups()
    if _plain(name) in _REFERENCES or _HARMLESS.fullmatch(value):
        return match[0]
    if name.lower() == "secrets" and match.string[: match.start()].endswith(("pull ", "ountable ")):
        return match[0]  # kubectl describe serviceaccount
    return f"{start}{MASK}"


def _decoding(depth: int) -> Callable[[re.Match[str]], str]:
    def mask(match: re.Match[str]) -> str:
        try:
            raw = match[0].rstrip("=").translate(_URL_SAFE)
            text = base64.b64decode(raw + "=" * (-len(raw) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return match[0]
        if not text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable():
            return match[0]
        return MASK if _redacted(text, depth - 1) != text else match[0]

    return mask


_URL_SAFE = str.maketrans("-_", "+/")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
