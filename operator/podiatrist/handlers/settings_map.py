"""Every setting as a ConfigMap whose entries are comments: name, default, and what it is for.

As comments, so that `kubectl apply` again, for an upgrade, changes nothing that was set.
"""

from textwrap import wrap
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from podiatrist.api import names
from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.settings import Settings

_DEPLOYED = {"leader_election", "status_port", "log_format"}
"""What the Deployments set by themselves."""

_HEAD = f"""\
# Every setting with its default; times are in seconds. To change some:
#   kubectl -n {names.NAMESPACE} edit configmap podiatrist       (with a `data:` as below)
#   kubectl -n {names.NAMESPACE} rollout restart deployment
# All of them are comments: applying this file again, for an upgrade, keeps what you set. Keys, and
# URLs that hold tokens, do not belong here: they are in Secrets, see operator.yaml.
apiVersion: v1
kind: ConfigMap
metadata:
  name: podiatrist
  namespace: {names.NAMESPACE}
  labels:
    app.kubernetes.io/name: podiatrist
# data:
"""


def settings_map() -> str:
    """Return the ConfigMap as YAML."""
    shared = Settings.model_fields
    alone = {k: v for k, v in OperatorSettings.model_fields.items() if k not in shared}
    return "".join(
        [
            _HEAD,
            *(_entry(name, field) for name, field in shared.items() if name not in _DEPLOYED),
            "#   # --- what only the operator reads ---\n",
            *(_entry(name, field) for name, field in alone.items() if not _secret(field)),
        ]
    )


def _secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation) or isinstance(field.default, SecretStr)


def _entry(name: str, field: FieldInfo) -> str:
    what = wrap(" ".join((field.description or "").split()), 92)
    lines = [f"#   # {line}\n" for line in what]
    return "".join([*lines, f"#   PODIATRIST_{name.upper()}: {_quoted(field.default)}\n"])


def _quoted(default: Any) -> str:
    if default is None:
        return '""'
    if isinstance(default, bool):
        return f'"{str(default).lower()}"'
    if isinstance(default, float):
        return f'"{default:g}"'
    if isinstance(default, list | tuple | set | frozenset):
        return f'"{",".join(map(str, default))}"'
    return f'"{default}"'
