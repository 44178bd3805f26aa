"""The sinks that the settings name."""

from podiatrist.notify.cloud_events import CloudEvents
from podiatrist.notify.settings import NotifySettings
from podiatrist.notify.sink import Sink
from podiatrist.notify.slack import Slack
from podiatrist.notify.template import Template
from podiatrist.notify.webhook import Webhook


def sinks(settings: NotifySettings) -> tuple[Sink, ...]:
    """Return those that have a URL."""
    template, cluster = Template(settings.notify_template), settings.notify_cluster
    known: tuple[Sink, ...] = (
        Slack(settings.notify_slack_url, template, cluster),
        Webhook(settings.notify_webhook_url, settings.notify_webhook_secret, template, cluster),
        CloudEvents(settings.notify_cloudevents_url, template, cluster),
    )
    return tuple(sink for sink in known if sink.url.get_secret_value())
