from podiatrist.agent.consultation.quotable import quotable
from podiatrist.agent.consultation.report import last_report
from podiatrist.agent.messages import Call, Message, user

SEEN = [
    ("kubectl get pods", "NAME READY STATUS\nweb-1 0/1 Pending\ndb-1 1/1 Running\n12345678901"),
    ("kubectl events", "FailedMount: configmap web-confg not found\nshort\n" + "x" * 400),
]


def test_lines_that_the_model_spoke_of_go_first() -> None:
    thought = Message("assistant", "the configmap web-confg is missing")
    assert quotable(SEEN, [thought])[0] == "FailedMount: configmap web-confg not found"
    asked = Message("assistant", "", (Call("1", "kubectl", '{"command": "describe pod db-1"}'),))
    assert quotable(SEEN, [asked])[0] == "db-1 1/1 Running"


def test_lines_that_speak_of_the_same_are_enough() -> None:
    log = "\n".join([*(f"probe on port 808{n} failed" for n in range(3)), "worker one started"])
    assert len(quotable([("log", log)], [Message("assistant", "the probe failed")])) == 3


def test_what_others_said_does_not_count() -> None:
    assert quotable(SEEN, [user("db-1 Running")])[0] == "FailedMount: configmap web-confg not found"


def test_only_what_could_be_quoted_is_listed_and_not_too_much_of_it() -> None:
    lines = quotable(SEEN, [])
    assert not {"short", "12345678901", "x" * 400} & set(lines)
    assert len(quotable([("log", "\n".join(f"line number {n}" for n in range(50)))], [])) == 12


def test_a_last_report_is_held_to_one_claim_with_lines_from_the_list() -> None:
    claims = last_report(["web-1 0/1 Pending"]).model_json_schema()["properties"]["claims"]
    assert (claims["minItems"], claims["maxItems"]) == (1, 1)
    quotes = claims["items"]["properties"]["quotes"]
    assert quotes["items"]["enum"] == ["web-1 0/1 Pending"]


def test_where_nothing_was_seen_the_schema_lists_nothing() -> None:
    claims = last_report([]).model_json_schema()["properties"]["claims"]
    assert "enum" not in claims["items"]["properties"]["quotes"]["items"]
