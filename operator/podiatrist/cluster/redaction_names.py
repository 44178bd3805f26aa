"""Names that tell of a secret, and values that are none whatever they are called.

The one source for texts and objects alike: a name that is masked in `-o yaml` is masked in a log.
"""

import re

MASK = "***"

_TELLING = re.compile(
    r"(?<!by)(?<!com)pass(?!ed|ing|ive|enger|age|thr|es$)|pwd|secret|token|credential"
    r"|auth(?!or(?:s|ed|ity|ities)?(?![a-z])|enticat(?:ed|or)|ori[sz](?:ed|er))"
    r"|(?:api|access|account|private|client|encryption|signing|master|shared)[_.-]?key"
    r"|jwt|cookie|signing|(?:^|[^a-z])(?:creds?|pw|psk|otp)[0-9]*$"
    r"|key[_-](?:data|material|value|pem|base64|b64)$",
    re.I,
)
_WHOLE_FILE = re.compile(
    r"id_(?:rsa|dsa|ecdsa|ed25519)|dockercfg|dockerconfig|kubeconfig|netrc", re.I
)
"""Files that are secret as a whole; on one line of text stands where they are."""
_KEY = re.compile(r"key[_-]?[0-9]*$", re.I)
_OTHER_KEY = re.compile(
    r"(?:cache|routing|partition|primary|foreign|sort|row|group|public|object|unique|index|topology"
    r"|label|lookup|idempotency|shard|registry|search|metric|tag|translation|mon|tur|don|hot)"
    r"[_.-]?key$",
    re.I,
)
"""Keys that open nothing."""

_BORDER = r"(?:[_.-]|(?<=[a-z0-9])(?=[A-Z]))"
_ABOUT = re.compile(
    rf"{_BORDER}(?i:exceptions?|errors?|failure|failed|denied|enabled|disabled|required|mode|type"
    r"|method|seconds|timeout|ttl|expiry|expiration|length|file|path|dir|names?|class|algorithm"
    r"|version|policy|issuer|count)$"
)
"""Endings of names that say something about a secret, such as where it is."""

_COMPONENT = re.compile(
    r"(?:-|(?<=[a-z0-9])(?=[A-Z]))(?i:service|svc|server|controller|operator|manager|provider"
    r"|handler|filter|proxy|gateway)$"
)
"""Endings of names of programs: `auth-service: connection refused` is no secret."""

_PASSWORD = re.compile(r"pass|pwd", re.I)

_REFERENCES = frozenset({
    "secretname", "secretnamespace", "secretkeyref", "secretref", "imagepullsecret",
    "imagepullsecrets", "nodepublishsecretref", "tokenexpirationseconds", "serviceaccounttoken",
    "automountserviceaccounttoken", "secretproviderclass", "authorizationmode",
})  # fmt: skip
"""Fields of Kubernetes that name a Secret, or say something about one, and hold none."""

_FILE = re.compile(
    r"\.(?:txt|ya?ml|json|toml|ini|conf|cfg|properties|log|pem|crt|key|sh|go|py|js|ts|rb|rs|php|java"
    r"|html|so)$",
    re.I,
)
_HOLDS = re.compile(
    r"(?:pass(?:word|wort|wd|phrase|code)?|pwd|pw|psk|secret|token|key|creds?|credentials?)s?"
    r"[_-]?[0-9]*$",
    re.I,
)
_HARMLESS = re.compile(
    r"[\"']?(?:true|false|yes|no|enabled|disabled|null|nil|none|<none>|<nil>|<unset>|<set)[\"']?"
    r"|\[\]|\{\}|\*{3}",
    re.I,
)
"""`<set to the key ...` is a reference."""


def is_telling(name: str) -> bool:
    """Whether a value of this name is a secret: an environment variable, a key of a ConfigMap."""
    if _WHOLE_FILE.search(name):
        return True
    if not (_TELLING.search(name) or (_KEY.search(name) and not _OTHER_KEY.search(name))):
        return False
    if _ABOUT.search(name) or _plain(name) in _REFERENCES:
        return False
    return not _COMPONENT.search(name) or bool(_PASSWORD.search(name))


def is_telling_in_text(name: str) -> bool:
    """Whether what follows this name in running text is a secret.

    There `key: app` belongs to a selector or a toleration, and `token.go:42` is a place.
    """
    if name.lower() == "key" or _FILE.search(name) or _WHOLE_FILE.search(name):
        return False
    return is_telling(name)


def holds_a_secret(name: str) -> bool:
    """Whether a name in text is that of a secret to its end, so that all of its line is one."""
    return bool(_HOLDS.search(name)) and is_telling_in_text(name)


def is_harmless(value: str) -> bool:
    """Whether a value is no secret, whatever its name tells."""
    return not value or bool(_HARMLESS.fullmatch(value))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
