"""Transcripts: what is kept of a consultation, what is not, and how much."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.agent.consultation.transcript import Transcript, TranscriptError, source_of
from podiatrist.agent.consultation.transcript_file import (
    LIMIT,
    Entry,
    StoredCall,
    TranscriptFile,
    pack,
)
from podiatrist.agent.messages import Call, Message, Reply, TokenCount, observation, system, user

LOOK = Call("1", "kubectl", '{"command": "get pods -n shop"}')
TABLE = "NAME   READY\nweb-1  0/1"


def told(transcript: Transcript) -> list[tuple[str, str]]:
    return [(e.kind, e.text) for e in transcript.entries]


def consultation() -> Transcript:
    """Return a short one: a question, a look, an answer."""
    transcript = Transcript("small-model", clock=iter(range(100)).__next__)
    messages = [system("You look at pods."), user("Why is web down?")]
    transcript.asking(messages)
    transcript.replied(Reply("I look.", (LOOK,), TokenCount(50, 7)))
    transcript.calling(LOOK)
    transcript.observed(LOOK, TABLE)
    messages += [Message("assistant", "I look.", (LOOK,)), observation(LOOK, TABLE)]
    transcript.asking(messages)
    transcript.replied(Reply("The image is wrong.", tokens=TokenCount(80, 9)))
    return transcript


def size(transcript: Transcript) -> int:
    return len(gzip.decompress(transcript.to_bytes()))


def test_everything_that_was_said_is_kept_once_and_in_order() -> None:
    transcript = consultation()
    assert told(transcript) == [
        ("prompt", "You look at pods."),
        ("prompt", "Why is web down?"),
        ("reply", "I look."),
        ("observation", TABLE),
        ("reply", "The image is wrong."),
    ]
    assert transcript.entries[3].source == "kubectl get pods -n shop"
    assert [e.seconds for e in transcript.entries] == [0, 1, 2, 3, 4]
    assert transcript.tokens == TokenCount(130, 16)


def test_what_was_packed_comes_back() -> None:
    transcript = consultation()
    again = Transcript.from_bytes(transcript.to_bytes())
    assert (again.model, again.entries) == ("small-model", transcript.entries)
    assert again.to_bytes() == transcript.to_bytes() == consultation().to_bytes()


def test_a_request_that_is_made_again_is_kept_once() -> None:
    transcript = Transcript()
    messages = [system("You look at pods."), user("Why?")]
    transcript.asking(messages)
    transcript.asking(messages)
    transcript.asking([*messages, user("Answer now.")])
    assert [text for _, text in told(transcript)] == ["You look at pods.", "Why?", "Answer now."]


def test_the_same_question_after_an_answer_is_kept_again() -> None:
    transcript = Transcript()
    transcript.asking([user("Why?")])
    transcript.replied(Reply("No idea."))
    transcript.asking([user("Why?"), Message("assistant", "No idea."), user("Why?")])
    assert [text for _, text in told(transcript)] == ["Why?", "No idea.", "Why?"]


def test_secrets_and_escapes_are_in_no_entry() -> None:
    secret = "hunter2hunter2"  # noqa: S105 - planted
    transcript = Transcript(f"m token={secret}")
    call = Call("1", f"x --password {secret}", json.dumps({"command": f"logs a --token={secret}"}))
    transcript.asking([user(f"password={secret}\x1b[2J")])
    transcript.replied(Reply(f"api_key: {secret}\u202e", (call,)))
    transcript.observed(call, f"DB_PASSWORD={secret}\x07")
    transcript.note(f"dropped: token={secret}")
    kept = gzip.decompress(transcript.to_bytes()).decode()
    assert secret not in kept
    assert not {"\x1b", "\x07", "\u202e", "\\u001b"} & set(kept)
    assert "\\u001b" not in kept


def test_a_long_text_keeps_its_head_and_tail() -> None:
    transcript = Transcript()
    transcript.observed(LOOK, "head" + "x" * 100_000 + "tail")
    (entry,) = transcript.entries
    assert entry.text.startswith("headxxx")
    assert entry.text.endswith("xxxtail")
    assert "characters left out]" in entry.text


def test_the_oldest_observations_are_shortened_first() -> None:
    transcript = Transcript()
    transcript.asking([system("p" * 15_000), user("task")])
    for number in range(30):
        transcript.replied(Reply(f"thought {number}", (LOOK,)))
        transcript.observed(LOOK, f"{number} " + "ä" * 6000)
    transcript.replied(Reply("report " + "r" * 10_000))
    assert size(transcript) <= LIMIT
    again = Transcript.from_bytes(transcript.to_bytes()).entries
    lengths = [len(e.text) for e in again if e.kind == "observation"]
    assert lengths[0] < 500 < 6000 <= lengths[-1]
    assert lengths == sorted(lengths)
    assert (len(again[0].text), len(again[-1].text)) == (15_000, 10_007)
    assert len(transcript.entries[3].text) > 6000


def test_even_a_thousand_long_entries_fit() -> None:
    calls = [StoredCall(tool="kubectl", arguments="ö" * 2000)] * 500
    long = [
        Entry(kind="reply", text="ä" * 9000, calls=calls[:8]),
        Entry(kind="note", text="n" * 9000),
    ]
    begin = [Entry(kind="prompt", text="s"), Entry(kind="prompt", text="task")]
    end = Entry(kind="reply", text="the end", calls=calls)
    data = pack(TranscriptFile(entries=[*begin, *long * 600, end]))
    assert len(gzip.decompress(data)) <= LIMIT
    again = Transcript.from_bytes(data).entries
    assert (again[0].text, again[-1].text) == ("s", "the end")
    assert any("entries left out" in e.text for e in again)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut off"),
        (b"hello", "not gzipped"),
        (consultation().to_bytes()[:-9], "cut off"),
        (gzip.compress(b"0" * 10_000_000), "larger than any"),
        (gzip.compress(b"[]"), "JSON"),
        (gzip.compress(b"\xff\xfe"), "JSON"),
        (gzip.compress(b'{"version": 2}'), "version"),
        (gzip.compress(b'{"version": 1, "entries": [{"kind": "virus"}]}'), "entries.0.kind"),
    ],
    # gzip notes the time: made of the bytes, a test's name would differ between two workers
    ids=["empty", "text", "cut", "bomb", "list", "bytes", "newer", "virus"],
)
def test_what_is_no_transcript_is_told_apart(data: bytes, why: str) -> None:
    with pytest.raises(TranscriptError, match=why):
        Transcript.from_bytes(data)


def test_what_somebody_else_wrote_is_cleaned_when_it_is_read() -> None:
    entry = {"kind": "note", "text": "\x1b[31mred", "later": "field"}
    made = json.dumps({"version": 1, "entries": [entry], "added": 1}).encode()
    (read,) = Transcript.from_bytes(gzip.compress(made)).entries
    assert read.text == "\ufffd[31mred"


@pytest.mark.parametrize(
    ("tool", "arguments", "source"),
    [
        ("kubectl", '{"command": "get pods"}', "kubectl get pods"),
        ("kubectl", '{"command": " kubectl  get\\npods "}', "kubectl get pods"),
        ("kubectl", '{"command": ["get"]}', 'kubectl {"command": ["get"]}'),
        ("kubectl", "not json", "kubectl not json"),
        ("kubectl", "[" * 100_000, "kubectl " + "[" * 492),
        ("report", '{"claims": []}', 'report {"claims": []}'),
    ],
)
def test_a_call_has_a_line_that_names_it(tool: str, arguments: str, source: str) -> None:
    assert source_of(Call("1", tool, arguments)) == source


@given(st.text(), st.text(), st.lists(st.text()))
def test_whatever_comes_in_can_be_kept_and_read(content: str, text: str, seen: list[str]) -> None:
    transcript = Transcript(text)
    transcript.asking([user(content)])
    transcript.replied(Reply(text, (Call("", content, text),)))
    for one in seen:
        transcript.observed(Call("", text, content), one)
    assert Transcript.from_bytes(transcript.to_bytes()).entries == transcript.entries
