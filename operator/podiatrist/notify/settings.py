"""Whom to notify, and of what: `PODIATRIST_NOTIFY_...`."""

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podiatrist.api.diagnosis import Severity, State
from podiatrist.notify.sender import Limits
from podiatrist.notify.sink import check_url
from podiatrist.notify.template import DEFAULT, Template
from podiatrist.notify.what_to_tell import Wanted

_STATES = (
    State.AWAITING_APPROVAL,
    State.NEEDS_HUMAN,
    State.SUCCEEDED,
    State.ROLLED_BACK,
    State.FAILED,
)


class NotifySettings(BaseSettings):
    """The settings of notifications. Without a URL nobody is notified."""

    model_config = SettingsConfigDict(
        env_prefix="PODIATRIST_",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # a URL may hold a token
    )

    notify_slack_url: SecretStr = SecretStr("")
    """Incoming webhook of Slack, or of what takes the same. Whoever knows it can post there."""
    notify_webhook_url: SecretStr = SecretStr("")
    """URL that each notification is posted to as JSON."""
    notify_webhook_secret: SecretStr = SecretStr("")
    """Key that these are signed with (HMAC-SHA256). Empty: they are not signed."""
    notify_cloudevents_url: SecretStr = SecretStr("")
    """URL that each notification is posted to as a CloudEvent 1.0, in structured mode."""
    notify_states: str = ",".join(_STATES)
    """States that are told, separated by commas."""
    notify_severity: Severity = Severity.INFO
    """What is less severe is not told: Info, Warning or Critical."""
    notify_namespaces: str = ""
    """Namespaces that are told of, or patterns such as team-*, separated by commas. Empty: all."""
    notify_template: str = Field(default=DEFAULT, max_length=1000)
    """First line of a message. Fields: $cluster $namespace $kind $name $diagnosis $state $severity
    $reason $summary $outcome."""
    notify_cluster: str = Field(default="", max_length=100)
    """Name of this cluster in messages, for receivers that hear of several."""
    notify_per_minute: int = Field(default=Limits.per_minute, ge=1, le=600)
    """Messages to one sink in a minute. What is more comes together in one message."""
    notify_timeout: float = Field(default=10.0, gt=0, le=60)
    """How long a sink may take to answer once. It is tried for 5 minutes."""

    @field_validator("notify_slack_url", "notify_webhook_url", "notify_cloudevents_url")
    @classmethod
    def _url(cls, url: SecretStr) -> SecretStr:
        return check_url(url)

    @field_validator("notify_webhook_secret")
    @classmethod
    def _secret(cls, secret: SecretStr) -> SecretStr:
        return SecretStr(secret.get_secret_value().strip())  # one from a file ends in a newline

    @field_validator("notify_states")
    @classmethod
    def _known(cls, states: str) -> str:
        for state in _words(states):
            if state not in set(State):
                raise ValueError(f"there is no state {state}; there are: {', '.join(State)}")
        return states

    @field_validator("notify_template")
    @classmethod
    def _renders(cls, template: str) -> str:
        Template(template)
        return template

    @property
    def wanted(self) -> Wanted:
        """What is told at all."""
        states = frozenset(State(s) for s in _words(self.notify_states))
        return Wanted(states, self.notify_severity, _words(self.notify_namespaces))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := part.strip()))
