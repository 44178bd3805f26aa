"""Secrets that are known by their own shape or by the words around them, without a name."""

import re

from podiatrist.cluster.redaction_names import MASK

PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
)
"""Also one that is cut off at the end."""

_MIXED = r"(?=[^\s\"']{0,64}[0-9])(?=[^\s\"']{0,64}[A-Z])(?=[^\s\"']{0,64}[a-z])[^\s\"',;)]{8,}"
"""No word and no name of an object, which has no capital letters."""
_QUOTED = r"(?:\"[^\"\n]{1,500}\"|'[^'\n]{1,500}')"
_ARGUMENT = r"(?:\"[^\"\n]{1,500}\"|'[^'\n]{1,500}'|[^\s\"']+)"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # a manifest of a Secret on one line
    (
        re.compile(
            r"^(?=[^\n]*kind[\\\"']*\s?[:=]\s?[\\\"']*Secret\b)"
            r"(?=[^\n]*\b(?:stringD|d)ata[\\\"']*\s?[:=]).*$",
            re.I | re.M,
        ),
        f"{MASK} (a Secret)",
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
    # headers
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.I), rf"\1 {MASK}"),
    (
        re.compile(
            r"\b(Authorization[\"']?: ?[\"']?(?:Digest|NTLM|Negotiate|Token|ApiKey"
            r"|AWS4[\w-]{1,20})) [^\n]+",
            re.I,
        ),
        rf"\1 {MASK}",
    ),
    (re.compile(r"\b((?:Set-)?Cookie:[ \t]{0,8})[^\s=;,\"']{1,200}=[^\n\"']*", re.I), rf"\1{MASK}"),
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
    # password "...", the password is ..., a table's columns
    (re.compile(rf"(\bpass(?:word|wd|phrase)\s{{1,80}}){_QUOTED}", re.I), rf"\1{MASK}"),
    (re.compile(r"(\b(?i:password|passwd|passphrase|secret|token)(?:[ \t]{1,40}is)?[ \t]{1,40})"
                rf"{_MIXED}"), rf"\1{MASK}"),
    (
        re.compile(
            r"^([ \t]{0,80}[\w.]{0,64}(?:password|passwd|passphrase|pwd|api_?key)"
            r"(?: {0,40}\t| {2,40})[ \t]{0,80})(?![0-9]{1,3}\b|\*{3})\S+(?: \S+)*",
            re.I | re.M,
        ),
        rf"\1{MASK}",
    ),
    # SQL
    (re.compile(r"(\bIDENTIFIED\s{1,8}(?:WITH\s{1,8}\S{1,64}\s{1,8})?(?:BY|AS)\s{1,8}"
                rf"(?:PASSWORD\s{{1,8}})?){_QUOTED}", re.I), rf"\1{MASK}"),
    # programs that are called with a password
    (re.compile(rf"((?<!\S)(?:-u|--user|--proxy-user)[ =]?[\"']?[^\s:/=\"']{{1,128}}:)"
                rf"(?![0-9]{{1,6}}(?!\S)|\*{{3}}){_ARGUMENT}"), rf"\1{MASK}"),
    (re.compile(r"(\b(?:mysql|mariadb)[\w-]{0,20}(?:[ \t][^\n|;&]{0,200}?)?[ \t]-p)(?!\*{3})"
                rf"{_ARGUMENT}"), rf"\1{MASK}"),
    (re.compile(r"(\b(?:redis-cli(?:[ \t][^\n|;&]{0,200}?)?[ \t]-a|sshpass[ \t]{1,8}-p"
                r"|mongo[\w-]{0,20}(?:[ \t][^\n|;&]{0,200}?)?[ \t]-p)[ \t]{0,8})(?!\*{3})"
                rf"{_ARGUMENT}"), rf"\1{MASK}"),
    # .pgpass; not file:line:level:logger:word
    (re.compile(r"^([ \t]{0,80}[\w.*-]{1,253}:(?:[0-9]{2,5}|\*):(?![0-9]+:|(?i:debug|info|warn"
                r"|error|fatal))[\w*-]{1,63}:[\w*.-]{1,63}:)(?!\*{3})\S+$", re.M), rf"\1{MASK}"),
)  # fmt: skip

_KEY_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_KEY_LINE = re.compile(r"(?:^|\s)[A-Za-z0-9+/=]{16,}[ \t]*$")


def without_shapes(text: str) -> str:
    """Return the text with what has the shape of a secret replaced by `***`."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def without_private_keys(text: str) -> str:
    """Return the text without private keys, whole or cut off at either end."""
    text = PRIVATE_KEY.sub(MASK, text)
    # By hand, since a pattern for keys without a beginning takes for ever on nothing but base64.
    if not _KEY_END.search(text):
        return text
    kept: list[str] = []
    for line in text.split("\n"):
        if _KEY_END.search(line):
            while kept and _KEY_LINE.search(kept[-1]):
                kept.pop()
            kept.append(MASK)
        else:
            kept.append(line)
    return "\n".join(kept)
