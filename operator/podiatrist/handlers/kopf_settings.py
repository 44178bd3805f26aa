"""Kopf's settings: watch only what can matter, write nothing, keep nothing of an object.

Kopf is made for handlers that need the difference to what they handled last, a memo and a task
for each object. Ours only listen, so all of that is turned off here (docs/feeds.md has numbers).
"""

from collections.abc import Iterable
from typing import Any, cast

import kopf
from kopf._core.reactor.inventory import ResourceMemories, ResourceMemory

from podiatrist.cluster.confines import EVERYWHERE, Confines
from podiatrist.handlers.feed import EVENT_FIELDS, POD_FIELDS

_RENEWED = 120
"""Seconds after which the API server ends a watch, and Kopf opens the next from where it was. Kopf
does not tell of bookmarks: in a quiet cluster a new connection is the sign of life instead."""

_IDLE = 0.05
"""Seconds that Kopf's task for one object waits for its next event, holding the last one."""


class NoDiffs(kopf.DiffBaseStorage):
    """No last-handled state: it would be deep-copied out of each body, for handlers we lack."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> Any:
        """Return the essence of an object: nothing."""
        return {}

    def fetch(self, *, body: kopf.Body) -> None:
        """Return what was handled last: not known."""

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: Any) -> None:
        """Keep nothing."""


class NoMemories(ResourceMemories):
    """No memory of objects: Kopf would keep 2 KB for each pod for as long as the pod lives.

    The class is not exported, but `kopf.operator(memories=...)` takes it. Its errors' back-off
    is lost with it; handlers that only listen do not raise.
    """

    async def recall(self, raw_body: Any, **options: Any) -> ResourceMemory:
        """Return a memory that ends with the event."""
        return await super().recall(raw_body, **{**options, "ephemeral": True})


def kopf_settings() -> kopf.OperatorSettings:
    """Return the settings."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = _RENEWED
    settings.watching.field_selectors["pods"] = POD_FIELDS
    settings.watching.field_selectors["events"] = EVENT_FIELDS
    settings.queueing.idle_timeout = _IDLE
    settings.persistence.diffbase_storage = NoDiffs()
    return settings


def operator_options(confines: Confines = EVERYWHERE) -> dict[str, Any]:
    """Return the arguments of `kopf.operator` that all our roles share.

    With names alone, and scanning disabled, Kopf does not ask for the list of namespaces.
    """
    places = {"clusterwide": True} if confines.everywhere else {"namespaces": confines.namespaces}
    return {
        "settings": kopf_settings(),
        "memories": NoMemories(),
        "memo": cast(Any, ()),  # copied for each event: the smallest there is
        **places,
        "standalone": True,
    }
