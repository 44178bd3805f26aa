"""A process in kubectl's place: it writes down how it was called, and says what a test wants.

Asked for a Secret, in whatever way, it gives one away: a hole in the grammar shows.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path

PLANTED = "Sup3rPlanted-Passw0rd-7391"
PLANTED_BASE64 = "U3VwM3JQbGFudGVkLVBhc3N3MHJkLTczOTE="

_SECRET = f"""apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
data:
  note: {PLANTED_BASE64}
stringData:
  note: {PLANTED}
"""

_SCRIPT = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done >> {log}
printf '\\n\\0' >> {log}
for word in "$@"; do
  case "$word" in
    *[sS][eE][cC][rR][eE][tT]*|*--raw*|config|view) exec /bin/cat {secret} ;;
  esac
done
/bin/cat {said} >&{stream}
exit {code}
"""


@dataclass(frozen=True)
class StandIn:
    """Its program, and what it wrote down."""

    binary: Path
    kubeconfig: Path
    log: Path

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call, those that are always there left out."""
        if not self.log.exists():
            return []
        text = self.log.read_text(errors="surrogateescape")
        return [call.split("\0")[:-1] for call in text.split("\n\0") if call]


def stand_in(folder: Path, said: str, fails: bool = False) -> StandIn:
    """Put a kubectl into a folder that answers, or complains, with this text."""
    made = StandIn(folder / "kubectl", folder / "kubeconfig", folder / "calls")
    (folder / "said").write_text(said, errors="surrogateescape")
    (folder / "secret").write_text(_SECRET)
    made.kubeconfig.write_text("{}")
    script = _SCRIPT.format(
        log=shlex.quote(str(made.log)),
        secret=shlex.quote(str(folder / "secret")),
        said=shlex.quote(str(folder / "said")),
        stream=2 if fails else 1,
        code=1 if fails else 0,
    )
    made.binary.write_text(script)
    made.binary.chmod(0o755)
    return made
