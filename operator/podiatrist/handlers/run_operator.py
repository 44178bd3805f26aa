"""Runs the operator: notices, investigates, consults a model where there is one, and proposes."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import kopf

from podiatrist.agent.limits import Limits
from podiatrist.agent.models.make_model import make_model
from podiatrist.cluster.client import Client
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kubectl import find_kubectl
from podiatrist.cluster.ledger import Ledger
from podiatrist.cluster.reader_access import ReaderAccess
from podiatrist.cluster.transcripts import Transcripts
from podiatrist.handlers.kopf_feed import watch_pods
from podiatrist.handlers.leading import leading
from podiatrist.handlers.metrics import Metrics
from podiatrist.handlers.notifying import notifying, outcomes
from podiatrist.handlers.open_namespaces import looking_after
from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.serve import context_of, now, serve, share
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.stream_feed import stream
from podiatrist.handlers.vitals import Vitals
from podiatrist.lifecycle.consult import Consult
from podiatrist.lifecycle.consultant import ModelConsultant
from podiatrist.lifecycle.context import Consulting, Context
from podiatrist.lifecycle.next_step import Step
from podiatrist.lifecycle.operator_steps import STEPS
from podiatrist.lifecycle.telling.states import telling_state_of_stored
from podiatrist.lifecycle.worker import UrgencyWorker, Worker
from podiatrist.notice.diagnoser import Diagnoser
from podiatrist.notice.housekeeping import Housekeeping
from podiatrist.notice.limits import Gate
from podiatrist.notice.noticer import Noticer
from podiatrist.notice.owners import Owners
from podiatrist.notice.sweep import Sweep
from podiatrist.notice.watchlist import Watchlist
from podiatrist.notify.notifier import Notifier

log = logging.getLogger(__name__)


_NAME = "podiatrist-operator"
"""Field manager of its writes, and name of its Lease."""

_WATCHES = ("diagnoses", "pods", "events")


async def run_operator(kubeconfig: Path | None, settings: OperatorSettings, vitals: Vitals) -> None:
    """Notice, investigate, consult and propose, until a signal. Raises ClusterError."""
    share(kubeconfig)
    with tempfile.TemporaryDirectory(prefix="podiatrist-operator-") as folder:
        async with (
            connect(
                kubeconfig, _NAME, traffic=vitals.traffic, confines=settings.confines
            ) as client,
            leading(client, _NAME, vitals, *_WATCHES, elect=settings.leader_election) as beside,
            notifying(client, settings) as notifiers,
        ):
            for notifier in notifiers:
                await notifier.load()
            consultant, consulting = _consultant(client, Path(folder), settings)
            context = context_of(
                client, settings.timing, consulting, patch_managed=settings.patch_managed
            )
            ledger = Ledger(client, settings.tokens_per_day, now)
            consult = Consult(consultant, ledger, Transcripts(client), settings.allowance)
            worker = Worker(context, STEPS)
            consulter = UrgencyWorker(context, {Step.CONSULT: telling_state_of_stored(consult)})
            gate = Gate(settings.limits)
            noticer, sweep = noticing(context, settings, gate)
            vitals.metrics.queue("diagnoses", worker.queue.__len__)
            vitals.metrics.queue("consultations", consulter.queue.__len__)
            vitals.metrics.queue("suspects", noticer.waiting)
            _measure(vitals.metrics, ledger, gate, notifiers)
            if consultant is not None:
                vitals.metrics.model(consultant.name, priced=consultant.priced)
            tasks = [
                worker.run(),
                consulter.run(settings.consult_side_by_side),
                noticer.run(),
                sweep.run(),
                *beside,
                *looking_after(client, settings.confines),
                *(notifier.run() for notifier in notifiers),
            ]
            registry = kopf.OperatorRegistry()
            if settings.feed == "stream":
                tasks.append(stream(client, noticer, vitals.pulse.heard))
            else:
                watch_pods(registry, noticer)
            await serve(registry, vitals, client, (worker, consulter, *notifiers), *tasks)


def _measure(metrics: Metrics, ledger: Ledger, gate: Gate, notifiers: Sequence[Notifier]) -> None:
    """Let the metrics tell what these count."""
    metrics.budget(lambda: ledger.left, lambda: ledger.refused)
    metrics.held_back(lambda: gate.held_back["*"])
    metrics.counts("notifications", "What became of notifications.", ("sink", "outcome"),
                   lambda: outcomes(notifiers))  # fmt: skip


def _consultant(
    client: Client, folder: Path, settings: OperatorSettings
) -> tuple[ModelConsultant | None, Consulting]:
    """Return who is asked, and what is said where nobody is. Says at start how it stands."""
    model = make_model(settings)
    if model is None:
        log.info("no model is configured (PODIATRIST_MODEL): the rules work alone")
        return None, Consulting(settings.consult)
    try:
        kubectl = find_kubectl(settings.kubectl or None)
    except ClusterError as error:
        log.warning("model %s is not consulted: %s", model.name, error)
        why = f"a model is configured, but nothing for it to look with: {error}"
        return None, Consulting(settings.consult, why)
    log.info("model %s is consulted (%s), with %s", model.name, settings.consult, kubectl)
    limits = Limits(settings.consult_steps, settings.consult_tokens, settings.consult_seconds)
    access = ReaderAccess(client, folder)
    consultant = ModelConsultant(
        model,
        settings,
        kubectl,
        access,
        limits,
        everywhere=settings.consult_namespaces == "all" and settings.confines.everywhere,
        namespaced_only=not settings.confines.everywhere,
    )
    return consultant, Consulting(settings.consult, None)


def noticing(context: Context, settings: Settings, gate: Gate) -> tuple[Noticer, Sweep]:
    """Put together what notices: what the feeds talk to, and the sweep."""
    client, reader = context.client, context.reader
    watchlist = Watchlist(settings.grace)
    diagnoser = Diagnoser(client, reader, context.store, watchlist, gate, context.clock)
    noticer = Noticer(Owners(client, context.clock), diagnoser, watchlist, context.clock)
    sweep = Sweep(
        client,
        reader.surroundings,
        noticer,
        Housekeeping(client, settings.keeping, context.clock),
        context.clock,
        every=settings.sweep,
        grace=settings.grace.silent,
    )
    return noticer, sweep
