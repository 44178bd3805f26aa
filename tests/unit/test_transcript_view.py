"""What a human sees of a transcript, and why there may be none."""

import json
from io import StringIO

import pytest
from rich.console import Console

from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.agent.messages import Call, Reply, TokenCount, system, user
from podiatrist.api.diagnosis import Diagnosis, Usage
from podiatrist.cli.transcript import why_none
from podiatrist.cli.transcript_view import (
    Consultation,
    NotReadableError,
    print_transcript,
    render,
    to_json,
)
from tests.unit.stories import diagnosis

REPORT = {"claims": [{"reason": "WrongImage", "message": "There is no such image.", "quotes": []}]}


def consultation(*facts: str) -> Consultation:
    transcript = Transcript("small-model", clock=iter(range(100)).__next__)
    transcript.asking([system("You look at pods."), user("Why is web down?")])
    look = Call("1", "kubectl", '{"command": "get pods -n shop"}')
    transcript.replied(Reply("Pods first.", (look,), TokenCount(1200, 7)))
    transcript.observed(look, "NAME   READY\nweb-1  0/1 [red]not markup[/red]")
    transcript.note("dropped a claim: nobody saw 'mice'")
    report = Call("2", "report", json.dumps(REPORT))
    transcript.replied(Reply("", (report,), TokenCount(1300, 90)))
    transcript.replied(Reply("I would rather not", finish="refusal"))
    found = diagnosis(*facts)
    found.status.usage = Usage(
        model="small-model", calls=3, prompt_tokens=2500, completion_tokens=97, cost="0.0031"
    )
    return Consultation("shop", "web-7f3a9c", found, transcript)


def screen(found: Consultation, width: int = 200) -> str:
    console = Console(file=StringIO(), width=width, highlight=False)
    for part in render(found):
        console.print(part, soft_wrap=True)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_every_step_can_be_read() -> None:
    seen = screen(consultation("Consulted=True:ModelAnswered"))
    order = [
        "web-7f3a9c in shop  small-model, answers: 3, tokens: 2,500 sent, 97 received",
        "told by user",
        "        Why is web down?",
        "2.0s the model (1,200 + 7 tokens)",
        "        Pods first.",
        "3.0s $ kubectl get pods -n shop",
        "        web-1  0/1 [red]not markup[/red]",
        "4.0s dropped a claim: nobody saw 'mice'",
        "report:",
        "reason: WrongImage",
        "message: There is no such image.",
        "the model would not answer",
        "I would rather not",
        "Consulted=True (ModelAnswered)",
        "3 requests, 2,500 + 97 tokens, cost: 0.0031",
    ]
    places = [seen.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)
    assert seen.count("get pods -n shop") == 1


def test_what_was_refused_does_not_look_as_if_it_had_run() -> None:
    found = consultation()
    evil = Call("3", "kubectl", '{"command": "delete pod web-1"}')
    found.transcript.replied(Reply("", (evil,)))
    found.transcript.observed(evil, "refused: kubectl changes nothing here")
    seen = screen(found)
    assert "not run: kubectl delete pod web-1" in seen
    assert "$ kubectl delete" not in seen


def test_a_report_that_is_no_json_is_shown_as_it_is() -> None:
    found = consultation()
    found.transcript.replied(Reply("", (Call("3", "report", '{"claims": [tru'),)))
    assert '{"claims": [tru' in screen(found)


def test_a_transcript_outlives_its_diagnosis_for_a_while() -> None:
    found = consultation()
    gone = Consultation(found.namespace, found.name, None, found.transcript)
    assert "The Diagnosis itself is gone." in screen(gone)
    assert to_json(gone)["usage"] is None


def test_in_a_pipe_there_are_no_colours_and_no_broken_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = consultation()
    found.transcript.note("a long line " * 50)
    data = found.transcript.to_bytes()
    print_transcript("shop", "web-7f3a9c", found.diagnosis, data, as_json=False)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "a long line " * 49 in out


def test_other_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = consultation("Consulted=False:ModelFailed")
    data = found.transcript.to_bytes()
    print_transcript("shop", "web-7f3a9c", found.diagnosis, data, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["diagnosis"] == "web-7f3a9c"
    assert told["usage"]["promptTokens"] == 2500
    assert told["consulted"]["reason"] == "ModelFailed"
    assert [e["source"] for e in told["entries"] if e["kind"] == "observation"] == [
        "kubectl get pods -n shop"
    ]


def test_rubbish_in_place_of_a_transcript_is_an_error_that_says_so() -> None:
    with pytest.raises(NotReadableError, match="transcript of web-7f3a9c cannot be read: it is"):
        print_transcript("shop", "web-7f3a9c", None, b"rubbish", as_json=True)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (diagnosis(), "was not consulted yet"),
        (diagnosis("Consulted=Unknown:Consulting"), "under way; try again"),
        (diagnosis("Consulted=False:NoModel"), "Consulted=False, NoModel"),
    ],
)
def test_no_transcript_has_a_reason(given: Diagnosis, why: str) -> None:
    assert why in why_none(given)
