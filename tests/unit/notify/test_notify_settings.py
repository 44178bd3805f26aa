"""Settings of notifications: whatever is wrong is said at start, and no URL is."""

import pytest
from pydantic import SecretStr, ValidationError

from podiatrist.api.diagnosis import Severity, State
from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.settings import Settings
from podiatrist.notify.settings import NotifySettings
from podiatrist.notify.sinks import sinks


def test_without_a_url_nobody_is_notified() -> None:
    assert sinks(NotifySettings()) == ()


def test_the_settings_are_the_operators_alone() -> None:
    assert "notify_slack_url" in OperatorSettings.model_fields
    assert not [name for name in Settings.model_fields if name.startswith("notify")]


def test_they_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIATRIST_NOTIFY_SLACK_URL", " https://hooks.slack.com/services/T/B/x\n")
    monkeypatch.setenv("PODIATRIST_NOTIFY_CLOUDEVENTS_URL", "http://broker.knative/default")
    monkeypatch.setenv("PODIATRIST_NOTIFY_STATES", "NeedsHuman, Resolved")
    monkeypatch.setenv("PODIATRIST_NOTIFY_SEVERITY", "Warning")
    monkeypatch.setenv("PODIATRIST_NOTIFY_NAMESPACES", "team-*, shop,")
    settings = NotifySettings()
    assert [sink.name for sink in sinks(settings)] == ["slack", "cloudevents"]
    assert sinks(settings)[0].url.get_secret_value() == "https://hooks.slack.com/services/T/B/x"
    wanted = settings.wanted
    assert wanted.states == {State.NEEDS_HUMAN, State.RESOLVED}
    assert (wanted.least, wanted.namespaces) == (Severity.WARNING, ("team-*", "shop"))


@pytest.mark.parametrize(
    "url",
    ["ftp://x/tok3n", "hooks.slack.com/tok3n", "https:///tok3n", "https://x:y/tok3n",
     "https://x/tok3n tok3n", "https://x/tok3n\r\nHost: y", "file:///tok3n", "http://[tok3n"],
)  # fmt: skip
def test_a_url_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        NotifySettings(notify_webhook_url=SecretStr(url))
    assert "needs a URL" in str(error.value)
    assert "tok3n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("STATES", "AwaitingApproval,Sick", "there is no state Sick; there are: Investigating"),
        ("SEVERITY", "Bad", "'Critical', 'Warning' or 'Info'"),
        ("TEMPLATE", "$wrong", "has no field $wrong"),
        ("PER_MINUTE", "0", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"PODIATRIST_NOTIFY_{name}", value)
    with pytest.raises(ValidationError, match=why.replace("$", r"\$")):
        OperatorSettings()
