import pytest

from podiatrist.agent.consultation.grounding import find_quote, ground
from podiatrist.agent.consultation.report import Claim
from podiatrist.api.diagnosis import AGENT, Evidence, ObjectRef

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
DESCRIBE = "kubectl describe pod web-1 -n shop"
LOGS = "kubectl logs web-1 -n shop"
DESCRIBED = """State:          Waiting
  Reason:       ErrImagePull
Last State:     Terminated
  Reason:       OOMKilled
  Exit Code:    137
"""
SEEN = [
    (DESCRIBE, DESCRIBED),
    (LOGS, 'panic: dial tcp 10.0.0.7:5432: connect: connection refused\n  at main.go:42\n"done"'),
]


def claim(*quotes: str, reason: str = "OutOfMemory", message: str = "too little memory") -> Claim:
    return Claim(reason=reason, message=message, quotes=list(quotes))


@pytest.mark.parametrize(
    ("quote", "kept"),
    [
        ("Reason:       OOMKilled", "Reason:       OOMKilled"),
        ("Reason: OOMKilled", "Reason:       OOMKilled"),
        ("OOMKilled Exit Code: 137", "OOMKilled\n  Exit Code:    137"),
        ("| Reason: OOMKilled", "Reason:       OOMKilled"),
        ("`Reason: OOMKilled`", "Reason:       OOMKilled"),
        ('"Reason: OOMKilled"', "Reason:       OOMKilled"),
        ("panic: dial tcp ... connection refused", "connection refused"),
        ("panic: dial … main.go:42", "panic: dial"),
    ],
)
def test_a_quote_is_kept_as_it_stands_in_the_observation(quote: str, kept: str) -> None:
    found = find_quote(quote, SEEN)
    assert found is not None
    assert found.quote == kept


@pytest.mark.parametrize(
    "quote",
    [
        "Reason: Evicted",
        "reason: oomkilled",
        "137",
        "Reason:",
        "",
        "...",
        "a ... b ... c",
        "............................",
        "connection refused ... panic: dial tcp",
        "Reason: OOMKilled ... connection refused",
        "Reason: \u041e\u041eMKilled",
    ],
)
def test_what_does_not_occur_like_this_is_no_quote(quote: str) -> None:
    assert find_quote(quote, SEEN) is None


def test_who_quotes_a_rule_rests_on_what_the_rule_rests_on() -> None:
    proof = Evidence(source=DESCRIBE, quote="Reason:       OOMKilled")
    rules = [("Container app was killed for using more memory than its limit", proof)]
    findings, _ = ground([claim("> Container app was killed for using")], SEEN, WEB, rules)
    assert findings[0].evidence == [proof]
    findings, dropped = ground([claim("Container db was killed")], SEEN, WEB, rules)
    assert not findings
    assert dropped


def test_evidence_names_the_command_that_shows_it() -> None:
    found = find_quote("connection refused", SEEN)
    assert found is not None
    assert found.source == LOGS


def test_one_quote_that_holds_is_enough_and_the_others_go() -> None:
    findings, dropped = ground([claim("made up by me", "Reason: OOMKilled")], SEEN, WEB)
    assert [e.quote for e in findings[0].evidence] == ["Reason:       OOMKilled"]
    assert findings[0].analyzer == AGENT
    assert findings[0].object == WEB
    assert dropped == []


def test_a_claim_without_any_is_dropped_with_a_reason() -> None:
    findings, dropped = ground([claim("made up by me", "this as well")], SEEN, WEB)
    assert findings == []
    assert dropped == ["claim OutOfMemory: nothing that was seen says 'made up by me'"]


def test_the_same_claim_twice_is_told_once() -> None:
    findings, dropped = ground([claim("OOMKilled"), claim("Exit Code: 137")], SEEN, WEB)
    assert len(findings) == 1
    assert dropped == ["claim OutOfMemory: it is there already"]


def test_a_long_quote_is_cut_and_stays_a_quote() -> None:
    line = "x" * 2000
    found = find_quote(line, [(LOGS, line)])
    assert found is not None
    assert found.quote == "x" * 500


def test_nothing_goes_on_with_the_claims_own_secrets_and_links() -> None:
    said = claim("OOMKilled", message="![](https://evil.example/?q=1) token=abcdef")
    findings, _ = ground([said], SEEN, WEB)
    assert findings[0].message == "token=***"
