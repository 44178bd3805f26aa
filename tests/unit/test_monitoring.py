"""What `deploy/monitoring` and docs/operations.md say of the metrics, against what there is."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from prometheus_client.core import Metric

from podiatrist.handlers.vitals import Vitals
from podiatrist.handlers.ward import Ward
from tests.unit.test_status_server import diagnosis

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy/monitoring"

OF_THE_POD = {"app_kubernetes_io_component", "pod"}
"""Labels that the ServiceMonitor adds to every series."""

CALL = re.compile(r"(\w+)\(\s*(podiatrist_\w+)")
SELECTOR = re.compile(r"(podiatrist_\w+)(?:\{([^}]*)\})?")


def there() -> dict[str, Metric]:
    """Return all metrics, by the names of their series, of an operator that has worked."""
    vitals = Vitals()
    metrics = vitals.metrics
    vitals.pulse.heard("pods")
    vitals.traffic.requests["GET", "200"] += 1
    metrics.queue("diagnoses", lambda: 1)
    metrics.model("m", priced=True)
    metrics.budget(lambda: 1, lambda: 1)
    metrics.held_back(lambda: 1)
    metrics.counts("notifications", "", ("sink", "outcome"), lambda: [(("s", "sent"), 1)])
    Ward(metrics, lambda: datetime.now(UTC)).changed(("shop", "web-1"), diagnosis("Succeeded"))
    found = [m for m in metrics.registry.collect() if m.name.startswith("podiatrist")]
    return {f"{m.name}_total" if m.type == "counter" else m.name: m for m in found}


def labels(metric: Metric) -> set[str]:
    return {label for sample in metric.samples for label in sample.labels} - {"le"}


def expressions() -> list[str]:
    (rules,) = yaml.safe_load_all((MONITORING / "prometheusrule.yaml").read_text())
    (board,) = yaml.safe_load_all((MONITORING / "dashboard.yaml").read_text())
    panels = json.loads(board["data"]["podiatrist.json"])["panels"]
    return [
        *(rule["expr"] for group in rules["spec"]["groups"] for rule in group["rules"]),
        *(target["expr"] for panel in panels for target in panel["targets"]),
    ]


def test_the_docs_tell_of_every_metric_and_its_labels() -> None:
    docs = (ROOT / "docs/operations.md").read_text()
    rows = re.findall(r"^\| `(podiatrist_\w+)` \|([^|]*)\|", docs, re.M)
    told = {name: set(re.findall(r"`(\w+)`", column)) for name, column in rows}
    assert told == {name: labels(metric) for name, metric in there().items()}


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_speaks_of_metrics_types_and_labels_that_exist(expression: str) -> None:
    known, used = there(), set[str]()
    for name, selected in SELECTOR.findall(expression):
        metric = known[name.removesuffix("_bucket")]
        used |= labels(metric)
        asked = set(re.findall(r"(\w+)\s*[=!]", selected))
        assert asked <= labels(metric) | OF_THE_POD, name
    for function, name in CALL.findall(expression):
        grows = known[name.removesuffix("_bucket")].type in {"counter", "histogram"}
        assert (function in {"increase", "rate"}) == grows, f"{function} of {name}"
    for kept in re.findall(r"(?:by|on)\s*\(([^)]*)\)", expression):
        assert set(re.split(r",\s*", kept)) <= used | OF_THE_POD | {"le"}, kept


def test_what_a_model_uses_is_there_at_nought_before() -> None:
    """Prometheus sees no increase in what is born at the use of the first consultation."""
    metrics = Vitals().metrics
    metrics.model("free", priced=False)
    metrics.model("paid", priced=True)
    samples = [s for m in metrics.registry.collect() for s in m.samples if "model" in s.labels]
    totals = [s for s in samples if s.name.endswith("_total")]
    assert {s.value for s in totals} == {0}
    assert {(s.name, s.labels["model"]) for s in totals} == {
        ("podiatrist_model_calls_total", "free"),
        ("podiatrist_model_calls_total", "paid"),
        ("podiatrist_model_tokens_total", "free"),
        ("podiatrist_model_tokens_total", "paid"),
        ("podiatrist_model_cost_total", "paid"),
    }
