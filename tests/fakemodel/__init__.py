"""An OpenAI-compatible endpoint that plays a script, and fails in every way we know of.

    with FakeModel([call("kubectl", command="get pods"), say("All is well.")]) as fake:
        settings = ModelSettings(model="fake", model_url=fake.url)

A script is a list of plays, of which the last one is played for ever, or a function of the
request. It is a real HTTP server in a thread: a process of its own can ask it too.
"""

from tests.fakemodel.plays import (
    Answer,
    Asked,
    Play,
    broken_json,
    call,
    calls,
    cut_stream,
    drip,
    empty,
    hang,
    no_choices,
    nothing_listens,
    refusal,
    say,
    stall,
    status,
    too_long,
    unpriced,
    web_page,
    without,
)
from tests.fakemodel.server import FakeModel, Script

__all__ = [
    "Answer",
    "Asked",
    "FakeModel",
    "Play",
    "Script",
    "broken_json",
    "call",
    "calls",
    "cut_stream",
    "drip",
    "empty",
    "hang",
    "no_choices",
    "nothing_listens",
    "refusal",
    "say",
    "stall",
    "status",
    "too_long",
    "unpriced",
    "web_page",
    "without",
]
