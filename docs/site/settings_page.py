"""Writes docs/configuration.md: every setting, from the classes that read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.settings import Settings

_HEAD = """\
<!-- Generated from the settings classes by `make pages`. Do not edit. -->

# Configuration

Every setting has a default that suits most clusters: nothing has to be set. A setting is an
environment variable. In the cluster it is a key of the ConfigMap `podiatrist`, which operator and
executor both load; each reads what it has a use for, as told below. Times are in seconds (s).
`podiatrist ask` and `podiatrist chat` read the model's settings from your shell.
`podiatrist settings` prints this list, `deploy/02-settings.yaml` holds it as comments.

```sh
kubectl -n podiatrist edit configmap podiatrist       # add lines below data:
kubectl -n podiatrist rollout restart deployment
```

What you set so stays when `deploy/` is applied again. A value that cannot be is refused at start,
by name: `PODIATRIST_SWEEP: Input should be greater than or equal to 1`. The model's key belongs
into the Secret `podiatrist-model`, not into the ConfigMap: see [Models](agent.md).
"""

_BOUNDS = {"ge": "at least", "gt": "over", "le": "at most", "lt": "below"}

_SECONDS_IN = {"days": 86400, "hours": 3600, "minutes": 60}


@dataclass(frozen=True)
class Section:
    """Settings that belong together, and who reads them: each with its unit, "" for none."""

    title: str
    about: str
    units: Mapping[str, str] = field(default_factory=dict)


_SECTIONS = (
    Section(
        "Patience",
        "Read by the operator. How long a symptom must last before it is believed: a cluster at "
        "work is full of short ones. [The rules](rules.md) say which symptom is which.",
        dict.fromkeys((name for name in Settings.model_fields if name.startswith("grace_")), "s"),
    ),
    Section(
        "Noticing",
        "Read by the operator. More Diagnoses than these are held back and told in the log.",
        {"sweep": "s", "most_per_owner": "", "most_per_namespace": "", "feed": ""},
    ),
    Section(
        "Waiting and healing",
        "Read by the operator.",
        {"recheck": "s", "heal": "s"},
    ),
    Section(
        "Fixes",
        "`PODIATRIST_SOAK` is read by the operator, which writes it into an option's checks; the "
        "others by the executor.",
        {
            "soak": "s",
            "verify": "s",
            "give_up": "s",
            "approval_life": "s",
            "patch_managed": "",
        },
    ),
    Section(
        "Keeping",
        "Read by the operator. What is open always stays.",
        {
            "keep": "s",
            "keep_per_owner": "",
            "keep_per_namespace": "",
            "keep_transcripts": "",
        },
    ),
    Section(
        "The model",
        "Read by the operator, and by `podiatrist ask` and `podiatrist chat`. The executor knows "
        "no model. [Models](agent.md) tells how to set one up.",
        {
            "model": "",
            "model_url": "",
            "model_key": "",
            "model_tools": "",
            "model_timeout": "s",
            "price_prompt": "money",
            "price_completion": "money",
        },
    ),
    Section(
        "Consulting the model",
        "Read by the operator.",
        {
            "consult": "",
            "consult_namespaces": "",
            "consult_side_by_side": "",
            "consult_steps": "requests",
            "consult_seconds": "s",
            "consult_tokens": "tokens",
            "tokens_per_day": "tokens",
            "kubectl": "",
        },
    ),
    Section(
        "Notifications",
        "Read by the operator. URLs and the key belong into the Secret `podiatrist-notify`: see "
        "[Notifications](notifications.md).",
        {
            "notify_slack_url": "",
            "notify_webhook_url": "",
            "notify_webhook_secret": "",
            "notify_cloudevents_url": "",
            "notify_states": "",
            "notify_severity": "",
            "notify_namespaces": "",
            "notify_template": "",
            "notify_cluster": "",
            "notify_per_minute": "messages",
            "notify_timeout": "s",
        },
    ),
    Section(
        "The process",
        "Read by both. `deploy/` sets all but the level in its Deployments.",
        {"log_level": "", "log_format": "", "leader_election": "", "status_port": ""},
    ),
)


def settings_page() -> str:
    """Return the page as Markdown."""
    fields = OperatorSettings.model_fields
    sections = [*_SECTIONS, *_others(fields)]
    parts = [_HEAD, *(_section(section, fields) for section in sections)]
    return "\n".join(parts)


def listed() -> set[str]:
    """Return the settings that a section names."""
    return {name for section in _SECTIONS for name in section.units}


def _others(fields: Mapping[str, FieldInfo]) -> Iterable[Section]:
    """Yield sections of what is in none yet: better told in no order than not at all."""
    rest = [name for name in fields if name not in listed()]
    shared = {name: "" for name in rest if name in Settings.model_fields}
    own = {name: "" for name in rest if name not in shared}
    if shared:
        yield Section("Others", "Read by both.", shared)
    if own:
        yield Section("Others of the operator", "Read by the operator.", own)


def _section(section: Section, fields: Mapping[str, FieldInfo]) -> str:
    rows = [
        f"| `PODIATRIST_{name.upper()}` | {_default(fields[name], unit)} | "
        f"{_cell(_meaning(fields[name]))} |"
        for name, unit in section.units.items()
    ]
    table = ["| Setting | Default | What it is |", "|---|---|---|", *rows]
    return f"## {section.title}\n\n{section.about}\n\n" + "\n".join(table) + "\n"


def _default(info: FieldInfo, unit: str) -> str:
    value = info.default
    if value is None:
        return "not set"
    if value == "" or isinstance(value, SecretStr):
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        number = f"{value:,.10g}"
        return f"{number} {unit}{_longer(value) if unit == 's' else ''}".strip()
    return f"`{value}`"


def _longer(seconds: float) -> str:
    """Return a long time in a unit that people count in: ` (7 days)`."""
    for unit, length in _SECONDS_IN.items():
        if seconds > length and seconds % length == 0:
            return f" ({seconds / length:.0f} {unit})"
    return ""


def _meaning(info: FieldInfo) -> str:
    text = " ".join((info.description or "").split())
    return f"{text} {_allowed(info)}".strip()


def _allowed(info: FieldInfo) -> str:
    """Return what the setting may be, as a sentence; empty where anything of its type goes."""
    if get_origin(info.annotation) is Literal:
        return f"One of {_listing(get_args(info.annotation))}."
    if info.annotation is bool:
        return "One of `true`, `false`."
    if isinstance(info.annotation, type) and issubclass(info.annotation, Enum):
        return f"One of {_listing(info.annotation)}."
    patterns = [str(rule.pattern) for rule in info.metadata if getattr(rule, "pattern", None)]
    if patterns:
        return f"One of {_listing(patterns[0].strip('^()$').split('|'))}."
    bounds = [
        f"{word} {_number(getattr(rule, key))}"
        for rule in info.metadata
        for key, word in _BOUNDS.items()
        if getattr(rule, key, None) is not None
    ]
    return f"{', '.join(bounds).capitalize()}." if bounds else ""


def _listing(values: Iterable[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _cell(text: str) -> str:
    """Return text that stands in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;")
