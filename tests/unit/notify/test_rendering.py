"""What receivers are sent: whole for machines, harmless for people."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from podiatrist.notify.cloud_events import CloudEvents
from podiatrist.notify.notification import Digest, Message, Offer
from podiatrist.notify.slack import Slack, escape
from podiatrist.notify.template import DEFAULT, Template, TemplateError
from podiatrist.notify.webhook import Webhook
from tests.unit.notify.told import APPROVE, notification
from tests.unit.stories import NOW

URL = SecretStr("https://hooks.example.com/T0/B0/token")
PLAIN = Template(DEFAULT)
MANY = Digest(tuple(notification(n) for n in range(17)))


def slack(message: Message, template: Template = PLAIN) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(Slack(URL, template, "prod").request(message, NOW).body)
    return body


def texts(body: dict[str, Any]) -> list[str]:
    """Return all mrkdwn that Slack is sent."""
    sections = [block["text"] for block in body["blocks"] if "text" in block]
    return [body["text"], *(s["text"] for s in sections if s["type"] == "mrkdwn")]


def test_slack_is_told_what_is_wrong_and_what_approves() -> None:
    body = slack(notification())
    head = "[Critical] Deployment shop/web: AwaitingApproval. image ngnix does not exist"
    assert body["text"] == f"{head}\nSet image to nginx (risk: Low)\n```{APPROVE}```"
    sections = texts(body)[1:]
    assert sections[0] == head
    assert sections[1].endswith(f"```{APPROVE}```")
    assert "describe diagnosis web-7f3a9c" in sections[2]
    assert body["blocks"][-1]["elements"][0]["text"] == "Diagnosis shop/web-7f3a9c in cluster prod"


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel> wake up",
        "<!subteam^S012|all>",
        "@here @channel @all @everyone",
        "<https://evil.example|approve here>",
        "[approve here](https://evil.example)",
        "\n```kubectl delete namespace shop```\n",
        "&lt;!channel&gt;",
    ],
)
def test_what_the_cluster_says_mentions_nobody_and_links_to_nothing(hostile: str) -> None:
    told = notification(summary=hostile, title=hostile)
    for text in texts(slack(told)) + texts(slack(Digest((told, told)))):
        bare = text.replace(f"```{APPROVE}```", "").replace(f"```{told.look}```", "")
        bare = bare.replace("```kubectl get diagnoses -A```", "")
        assert "<" not in bare
        assert "`" not in bare
        assert "](" not in bare
        assert not any(f"@{whom}" in bare for whom in ("here", "channel", "all", "everyone"))
    if hostile.startswith("&"):
        assert "&amp;lt;!channel" in slack(told)["text"]


@given(st.text(max_size=4000), st.text(max_size=300))
def test_slack_takes_every_message(summary: str, title: str) -> None:
    told = notification(summary=summary, title=title, offers=4)
    for message in (told, Digest((told,) * 100)):
        body = slack(message, Template("$summary " * 20))
        assert len(body["text"]) <= 4000
        assert len(body["blocks"]) <= 50
        assert all(len(t) <= 3000 for t in texts(body)[1:])
        assert all(t.count("```") % 2 == 0 for t in texts(body))
    assert APPROVE in slack(told, Template("$summary " * 20))["text"]


def test_no_command_is_ever_cut() -> None:
    longest = "n" * 253
    approve = f"kubectl -n {'s' * 63} annotate diagnosis {longest} podiatrist.dev/approve=1a2b3c4d"
    offer = Offer("1a2b3c4d", "&" * 512, "Low", approve)
    told = replace(notification(summary="&" * 512), offers=(offer,), diagnosis=longest)
    body = slack(told, Template("$summary $summary"))
    assert f"```{approve}```" in body["text"]
    assert len(body["text"]) <= 4000
    assert f"```{approve}```" in texts(body)[2]
    assert all(len(text) <= 3000 for text in texts(body)[1:])


def test_where_nothing_can_be_approved_slack_is_told_where_to_look() -> None:
    body = slack(notification(offers=0))
    assert body["text"].endswith("\n```kubectl -n shop describe diagnosis web-7f3a9c```")
    assert "annotate" not in str(body)
    assert body["blocks"][1]["text"]["text"] == "1 finding(s), 1 option(s)"


def test_what_was_held_back_is_told_in_a_few_lines() -> None:
    text = slack(MANY)["text"]
    assert text.count("AwaitingApproval") == 5
    assert "and 12 more\n```kubectl get diagnoses -A```" in text


def test_escaping_leaves_ordinary_text_alone() -> None:
    text = "pods of Deployment shop/web: image nginx@sha256:0 (2 of 3) *not* found; see a_b"
    assert escape(text).replace("\u200b", "") == text


def test_the_webhook_is_told_everything() -> None:
    request = Webhook(URL, SecretStr(""), PLAIN, "prod").request(notification(), NOW)
    body = json.loads(request.body)
    assert request.headers == {"Content-Type": "application/json", "Podiatrist-Id": "id-1"}
    assert body["text"].startswith("[Critical] Deployment shop/web: AwaitingApproval.")
    assert body["options"] == [
        {"digest": "1a2b3c4d", "title": "Set image to nginx", "risk": "Low", "approve": APPROVE}
    ]
    assert body["at"] == "2026-11-03T12:00:00Z"
    assert body["target"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    assert (body["state"], body["cluster"], body["id"]) == ("AwaitingApproval", "prod", "id-1")


def test_a_signature_covers_time_and_body() -> None:
    request = Webhook(URL, SecretStr("s3cret"), PLAIN, "").request(notification(), NOW)
    stamp = request.headers["Podiatrist-Timestamp"]
    assert stamp == str(int(NOW.timestamp()))
    mac = hmac.new(b"s3cret", f"{stamp}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert request.headers["Podiatrist-Signature"] == f"sha256={mac}"
    assert b"s3cret" not in request.body


def test_a_cloud_event_has_what_the_specification_asks_for() -> None:
    request = CloudEvents(URL, PLAIN, "eu west/1").request(notification(), NOW)
    event = json.loads(request.body)
    data = event.pop("data")
    assert request.headers == {"Content-Type": "application/cloudevents+json"}
    assert event == {
        "specversion": "1.0",
        "id": "id-1",
        "source": "/podiatrist/eu%20west%2F1",
        "type": "dev.podiatrist.diagnosis.AwaitingApproval",
        "subject": "shop/web-7f3a9c",
        "time": "2026-11-03T12:00:00Z",
        "datacontenttype": "application/json",
    }
    assert data["summary"] == "image ngnix does not exist"


def test_machines_get_all_that_was_held_back() -> None:
    event = json.loads(CloudEvents(URL, PLAIN, "").request(MANY, NOW).body)
    assert (event["type"], event["source"]) == ("dev.podiatrist.diagnosis.digest", "/podiatrist")
    assert [n["id"] for n in event["data"]["heldBack"]] == [f"id-{n}" for n in range(17)]
    body = json.loads(Webhook(URL, SecretStr(""), PLAIN, "").request(MANY, NOW).body)
    assert len(body["heldBack"]) == 17


def test_no_sink_shows_its_url() -> None:
    for sink in (Slack(URL, PLAIN, ""), Webhook(URL, SecretStr("s3cret"), PLAIN, "")):
        assert "token" not in repr(sink)
        assert "s3cret" not in repr(sink)


def test_a_template_replaces_fields_and_nothing_else() -> None:
    told = replace(notification(summary="costs $kind {0.__class__} %s\n$$"), severity=None)
    text = Template("$$5 $cluster/${namespace}: $summary {name} $severity").render(told, "prod")
    assert text == "$5 prod/shop: costs $kind {0.__class__} %s $$ {name} Info"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$summry", "has no field $summry; there are: $cluster, $namespace"),
        ("${name.upper}", "has a $ that names no field"),
        ("costs $ 5", "has a $ that names no field"),
    ],
)
def test_a_template_that_cannot_work_says_so(text: str, why: str) -> None:
    with pytest.raises(TemplateError) as error:
        Template(text)
    assert str(error.value).startswith(why)
