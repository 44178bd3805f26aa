"""The errors that programs name in their logs, as patterns: what is told, and about what.

In the order in which they are tried on one line: what is said more exactly comes first. Every
repetition is bounded, since logs are written by anybody.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One kind of error; the first group that matched is what it is about.

    `meaning` holds `{}` where the subject goes, `bare` is said where there is none.
    """

    reason: str
    regex: re.Pattern[str]
    meaning: str
    bare: str
    subject_elsewhere: re.Pattern[str] | None = None

    def words(self, subject: str) -> str:
        """Return what it means, about that subject."""
        return self.meaning.replace("{}", subject) if subject else self.bare


def _pattern(
    reason: str, regex: str, meaning: str, bare: str, elsewhere: str | None = None
) -> Pattern:
    other = re.compile(elsewhere) if elsewhere else None
    return Pattern(reason, re.compile(regex, re.I), meaning, bare, other)


_PATH = r"(/[\w.@%+,=:~/-]{1,200}|[\w.-]{1,60}/[\w./-]{1,150}|[\w-]{1,60}\.[a-z]{1,10})"
_VAR = (
    r"['\"`$\{]{0,2}((?-i:[A-Z][A-Z0-9]{0,60}_[A-Z0-9_]{1,60}|[A-Z][A-Z0-9]{2,60}))\b['\"`}]{0,2}"
)
_LACK = (
    r"(?:is |are |was |has |have |be |must be |to be |needs to be )*"
    r"(?:not (?:been )?(?:set|defined|provided|specified|found|present|configured)|unset|undefined|"
    r"required|missing|empty|mandatory|unbound variable|parameter not set|"
    r"parameter null or not set|must be (?:set|defined|provided|specified))"
)

PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "ForbiddenByRbac",
        r"is forbidden: User \"?(system:serviceaccount:[\w.:-]{1,200})",
        "the API server forbids it to {}: a Role and RoleBinding (or ClusterRole and "
        "ClusterRoleBinding) must grant what the line names",
        "the API server forbids it: a Role and RoleBinding are missing",
    ),
    _pattern(
        "PortNotPermitted",
        r"(?:bind|listen)[^\n]{0,80}?:(\d{1,5})\b[^\n]{0,40}(?:permission denied|EACCES)"
        r"|bind: permission denied"
        r"|(?:permission denied|EACCES)[^\n]{0,80}(?:bind|listen)[^\n]{0,80}?:(\d{1,5})\b",
        "it may not listen on port {}: ports below 1024 need root or the capability "
        "NET_BIND_SERVICE; let it listen on a higher port",
        "it may not listen on its port: ports below 1024 need root or the capability "
        "NET_BIND_SERVICE",
    ),
    _pattern(
        "PortInUse",
        r"(?:bind|listen|address|port)[^\n]{0,120}?:(\d{1,5})\b[^\n]{0,80}"
        r"(?:address (?:is )?already in use|address in use|EADDRINUSE|already in use)"
        r"|(?:address (?:is )?already in use|EADDRINUSE|address in use)"
        r"(?:[^\n]{0,60}?:(\d{1,5})\b)?"
        r"|port (\d{1,5}) (?:is |was )?already (?:in use|allocated)",
        "its port {} is already in use: the containers of a pod share one network, so another "
        "container of this pod (or, with hostNetwork, the node) listens on it",
        "its port is already in use: the containers of a pod share one network, so another "
        "container of this pod (or, with hostNetwork, the node) listens on it",
        r"\bport[ =:]{1,3}(\d{1,5})\b",
    ),
    _pattern(
        "ReadOnlyFileSystem",
        rf"{_PATH}[^\n/]{{0,60}}?(?:read-only file system|EROFS)"
        rf"|(?:read-only file system|EROFS)(?:[^\n/]{{0,60}}{_PATH})?",
        "it writes to {}, which is on a read-only file system",
        "it writes to a read-only file system",
    ),
    _pattern(
        "DiskFull",
        rf"{_PATH}[^\n/]{{0,60}}?(?:no space left on device|ENOSPC)"
        rf"|(?:no space left on device|ENOSPC)(?:[^\n/]{{0,60}}{_PATH})?|disk quota exceeded",
        "there is no space left on the volume that holds {}",
        "there is no space left on the volume that it writes to",
    ),
    _pattern(
        "EnvVarMissing",
        rf"(?:^|\s)KeyError: {_VAR}\s*$"
        rf"|(?:environment|env)[\w ]{{0,20}}(?:variables?|vars?)[:\s]{{1,3}}{_VAR}"
        rf"|{_VAR}[:\s]{{1,3}}(?:environment|env) var(?:iable)?s?\b"
        rf"|(?:missing|required|undefined|unset)[^\n]{{0,60}}(?:environment|env|key|setting|config"
        rf"|variable)[^\n]{{0,30}}?[\s:]{_VAR}"
        rf"|{_VAR}[:,]? {_LACK}"
        rf"|(?:please set|must set|must specify|need to set|must define|forgot to set|need to "
        rf"specify)[^\n]{{0,40}}?\s{_VAR}",
        "the environment variable {} is not set",
        "an environment variable is not set",
    ),
    _pattern(
        "EnvVarMissing",
        r"superuser password is not specified|need to specify one of the following as an "
        r"environment variable|environment variables? (?:is|are|was) (?:not set|missing|required)",
        "the environment variable {} is not set",
        "an environment variable that it needs is not set",
        r"\b([A-Z][A-Z0-9]{1,30}_[A-Z0-9_]{2,60})\b",
    ),
    _pattern(
        "UnknownFlag",
        r"(?:unknown|unrecognized|unrecognised|invalid|illegal|unexpected|bad) "
        r"(?:command[- ]line )?(?:shorthand )?(?:flag|option|argument|switch)s?"
        r"(?: provided)?"
        r"[:\s=]{0,3}(?:--\s+)?['\"`]{0,2}(-{0,2}\w[\w.-]{0,80})"
        r"|flag provided but not defined: (-{1,2}[\w.-]{1,80})"
        r"|no such option:? (-{1,2}[\w.-]{1,80})"
        r"|unknown (?:sub)?command:? ['\"`]?([\w.-]{1,80})",
        "it does not know the argument {}; check args and command against this version of the "
        "image",
        "it does not know one of its arguments",
    ),
    _pattern(
        "InvalidArgument",
        r"(?:invalid|bad|illegal) (?:number|argument|value|port|interval|duration|date)[: ]{1,2}"
        r"['\"`]([^'\"`\n]{1,80})['\"`]",
        "it does not accept the value {}; check args, command and the variables it reads",
        "it does not accept one of its values",
    ),
    _pattern(
        "CommandNotFound",
        r"^\S{0,100}?(?:sh|bash|env|entrypoint\S{0,20}|\.sh)['\"]?: (?:line )?(?:\d{1,6}: )?"
        r"(?:exec: )?(?:line \d{1,6}: )?['\"]?([\w./@+-]{1,120})['\"]?: (?:command )?not found\s*$"
        r"|exec: \"?([\w./@+-]{1,120})\"?: (?:not found|executable file not found in \$PATH)"
        r"|command not found: ([\w./@+-]{1,120})",
        "the command {} does not exist in the image",
        "a command does not exist in the image",
    ),
    _pattern(
        "ExecFormatError",
        r"([\w./@+-]{0,120})[:'\"]{0,2} ?(?:exec format error|cannot execute binary file|"
        r"cannot execute: required file not found)|syntax error: unexpected \"?(?:ELF|\()",
        "{} cannot be executed: it was built for another CPU architecture, or is a script without "
        "a `#!` line",
        "the program was built for another CPU architecture, or is a script without a `#!` line",
    ),
    _pattern(
        "ModuleNotFound",
        r"cannot find (?:module|package) ['\"]?([\w@./-]{1,150})"
        r"|no module named ['\"]?([\w.]{1,120})|cannot import name ['\"]?(\w{1,120})"
        r"|could not find or load main class ([\w.$]{1,150})"
        r"|(?:ClassNotFoundException|NoClassDefFoundError): ([\w.$/]{1,150})"
        r"|error while loading shared libraries: ([\w.+-]{1,120})"
        r"|error loading shared library ([\w.+-]{1,120})"
        r"|unable to access jarfile (\S{1,150})|cannot load such file -- (\S{1,120})",
        "{} is not in the image: it was built without it, or is started in another folder",
        "a module is not in the image",
    ),
    _pattern(
        "MemoryExhausted",
        r"java\.lang\.(OutOfMemoryError)|(JavaScript heap) out of memory|^(MemoryError)\b"
        r"|(cannot allocate memory)|fatal error: (?:runtime: )?(out of memory)|(std::bad_alloc)"
        r"|\b(out of memory)\b"
        r"|Allowed memory size of (\d{1,20}) bytes exhausted",
        "it ran out of memory by its own account ({}): its heap or memory limit is too small, or "
        "it leaks",
        "it ran out of memory by its own account",
    ),
    _pattern(
        "CredentialsRefused",
        r"password authentication failed for user \"?([\w.@-]{1,60})"
        r"|access denied for user '?([\w.@-]{1,60})|authentication failed|invalid (?:username or )?"
        r"password|WRONGPASS|NOAUTH|login failed for user|\b401 unauthorized",
        "its credentials (user {}) were refused; check the Secret that it uses",
        "its credentials were refused; check the Secret that it uses",
    ),
    _pattern(
        "CertificateRejected",
        r"(x509: [^\n\"]{1,120})|(certificate (?:has expired|verify failed|signed by unknown "
        r"authority))|(PKIX path building failed)|(self[- ]signed certificate[ \w]{0,40})",
        "a TLS certificate was not accepted ({})",
        "a TLS certificate was not accepted",
    ),
    _pattern(
        "PeerUnreachable",
        r"(?:dial (?:tcp|udp) |lookup |connect(?:ing|ion)? to |getaddrinfo \w{1,12} |host name |"
        r"bad address |resolve (?:host )?:?|could not resolve |ECONNREFUSED |host not found in "
        r"upstream )['\"]?(?:server at )?['\"]?([\w.-]{1,200}(?::\d{1,5})?)[^\n]{0,200}"
        r"(?:refused|no such host|not known|timed? ?out|not resolve|failure|unreachable|not "
        r"translate)"
        r"|(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|bad address|could not translate host name|host not "
        r"found in upstream|could not resolve host:?) ['\"]?([\w.-]{1,200}(?::\d{1,5})?)"
        r"|connection refused|no such host|name or service not known|temporary failure in name "
        r"resolution|connection timed out|i/o timeout|no route to host|network is unreachable|"
        r"UnknownHostException:? ([\w.-]{1,200})",
        "it cannot reach {}",
        "it cannot reach something that it needs over the network",
    ),
    _pattern(
        "PermissionDenied",
        rf"{_PATH}[^\n/]{{0,80}}?(?:permission denied|EACCES|operation not permitted|EPERM)"
        rf"|(?:permission denied|EACCES|operation not permitted|EPERM)(?:[^\n/]{{0,60}}{_PATH})?"
        r"|access(?: is)? denied",
        "it may not access {}",
        "it was denied a permission",
    ),
    _pattern(
        "CommandNotFound",
        r"^exec (/[^:\s]{1,200}): no such file or directory\s*$",
        "{} does not exist in the image, or the interpreter of its `#!` line does not: Windows "
        "line endings (CRLF) in a script have this effect",
        "the program does not exist in the image",
    ),
    _pattern(
        "FileNotFound",
        r"can't open (?:file )?['\"]?([^\s'\"]{1,200})"
        rf"|{_PATH}['\":]{{0,3}}[^\n/]{{0,60}}?(?:no such file or directory|ENOENT|"
        rf"cannot find the file)"
        rf"|(?:file|folder|directory|config|configuration|path)[: ]{{1,2}}['\"]?{_PATH}['\"]? "
        rf"(?:was |is |could )?(?:not (?:be )?found|does not exist|doesn't exist)"
        rf"|(?:no such file or directory|ENOENT|FileNotFound\w{{0,20}}|cannot find the file)"
        rf"(?:[^\n/]{{0,60}}{_PATH})?",
        "{} does not exist in the container",
        "a file that it needs does not exist in the container",
    ),
    _pattern(
        "InvalidConfiguration",
        rf"(?:yaml|toml|json|xml|ini|config|configuration|conf)\b[^\n]{{0,60}}?(?:error|invalid|"
        rf"unmarshal|pars|syntax|line \d|unexpected|unknown)[^\n]{{0,120}}?\s{_PATH}"
        rf"|\[emerg\][^\n]{{0,200}}? in {_PATH}:\d"
        rf"|(?:failed|unable|could not|cannot|error)[^\n]{{0,30}}(?:pars|load|read|decod|unmarshal)"
        rf"[^\n]{{0,40}}(?:config|settings|yaml|json|toml)(?:[^\n/]{{0,60}}{_PATH})?"
        r"|invalid config|yaml: |mapping values are not allowed|JSONDecodeError|"
        r"did not find expected|unexpected token|invalid character|SyntaxError|directive is not "
        r"allowed|ValidationError|not a valid|invalid value|could not convert|ParseError|"
        r"invalid literal for",
        "its configuration {} is not valid",
        "its configuration is not valid",
    ),
)
