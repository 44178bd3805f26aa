"""What Podiatrist said itself is no evidence for a model, in no table that kubectl prints."""

import json

from podiatrist.cluster.events import EXECUTOR, OPERATOR
from podiatrist.cluster.kubectl.objects import objects_as_yaml
from podiatrist.cluster.kubectl.own_events import without_own_events
from podiatrist.lifecycle.telling.announce import Announcement
from podiatrist.lifecycle.telling.states import _ACTIONS

DESCRIBED = """\
Events:
  Type     Reason             Age   From                     Message
  ----     ------             ----  ----                     -------
  Warning  AwaitingApproval   100s  podiatrist.dev/operator  Diagnosis web: image not found
  Normal   ScalingReplicaSet  115s  deployment-controller    Scaled up replica set web-1 to 1
"""
PLAIN = """\
LAST SEEN   TYPE      REASON             OBJECT           MESSAGE
5s          Warning   AwaitingApproval   deployment/web   Diagnosis web: image not found
6s          Warning   Failed             pod/web-1        Failed to pull image: not found
7s          Normal    FixApplied         deployment/web   option 1234abcd
"""


def test_a_description_keeps_what_others_said() -> None:
    kept = without_own_events(DESCRIBED)
    assert "not found" not in kept
    assert "Scaled up replica set" in kept
    assert kept.startswith("Events:\n  Type ")


def test_a_table_without_reporters_is_told_by_type_and_reason() -> None:
    kept = without_own_events(PLAIN)
    assert [line.split()[2] for line in kept.splitlines()[1:]] == ["Failed"]


def test_every_reason_of_ours_is_known() -> None:
    for reason in (*(a.value for a in Announcement), *(s.value for s in _ACTIONS)):
        row = f"5s   Normal   {reason}   deployment/web   words\n"
        assert without_own_events(row) == "", reason


def test_other_text_stays_as_it_is() -> None:
    text = "NAME   READY\nweb    1/1\n"
    assert without_own_events(text) is text


def test_our_events_are_left_out_of_objects_too() -> None:
    def told(message: str, by: str) -> dict[str, object]:
        return {"kind": "Event", "message": message, "reportingComponent": by}

    items = [told("a model's words", OPERATOR), told("a fix", EXECUTOR), told("Killing", "kubelet")]
    shown = objects_as_yaml(json.dumps({"kind": "EventList", "items": items}), 1000)
    assert "Killing" in shown
    assert "podiatrist" not in shown
    assert objects_as_yaml(json.dumps(items[0]), 1000) == "(no objects)"
