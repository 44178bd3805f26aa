"""Pods that are never made, and what the API server said about it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.admission import admission
from podiatrist.analyzers.admission.admission_errors import (
    NameMissing,
    Other,
    OutOfBounds,
    PolicyDenied,
    QuotaExceeded,
    QuotaUnspecified,
    WebhookFailed,
    parse_refusal,
)
from podiatrist.api.text import clean
from podiatrist.cluster.kinds import (
    JOB,
    LIMIT_RANGE,
    PRIORITY_CLASS,
    RESOURCE_QUOTA,
    SERVICE_ACCOUNT,
    Kind,
)
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.propose import offer_options
from tests.harness.recording import load, texts
from tests.unit.builders import (
    Said,
    World,
    container,
    copy_of,
    deployment,
    event,
    pod_of,
    revision,
    running,
    workload,
)

RECORDINGS = Path(__file__).parent / "recordings"


def refused(
    web: Object, message: str, *, at: str = "2026-11-03T11:58:00Z", **fields: Any
) -> Object:
    """Return the newest ReplicaSet, which lacks a pod for the reason given."""
    made = revision(web, 2, **fields)
    made["spec"]["replicas"] = web["spec"]["replicas"]
    made["status"] = {
        "replicas": 0,
        "conditions": [
            {
                "type": "ReplicaFailure",
                "status": "True",
                "reason": "FailedCreate",
                "message": message,
                "lastTransitionTime": at,
            }
        ],
    }
    return made


def observed(web: Object) -> Object:
    web["status"] = {"observedGeneration": 1}
    return web


def said(
    message: str,
    web: Object | None = None,
    *,
    names: dict[Kind, frozenset[str]] | None = None,
    around: dict[Kind, list[Object]] | None = None,
    older: list[Object] | None = None,
    pods: list[Object] | None = None,
) -> Said:
    target = observed(web or deployment())
    return World(
        target,
        pods=pods or [],
        revisions=[*(older or []), refused(target, message)],
        names=names or {},
        around=around or {},
    ).diagnose()


def forbidden(why: str) -> str:
    return f'pods "web-h2-x" is forbidden: {why}'


def no_account(name: str) -> str:
    return forbidden(
        f'error looking up service account shop/{name}: serviceaccount "{name}" not found'
    )


def limit_range(**amounts: Any) -> Object:
    return {
        "metadata": {"name": "bounds", "namespace": "shop"},
        "spec": {"limits": [{"type": "Container", **amounts}]},
    }


def quota(hard: dict[str, str], used: dict[str, str]) -> Object:
    return {
        "metadata": {"name": "team", "namespace": "shop"},
        "status": {"hard": hard, "used": used},
    }


@pytest.mark.parametrize(
    ("file", "reason", "words", "options"),
    [
        ("quota", "QuotaExceeded", ["mem is exhausted", "500m", "700m"], ["Scale to 2"]),
        (
            "quota-unspecified",
            "QuotaNeedsResources",
            ["limits.memory", "requests.cpu", "app", "used up as well", "1Gi of 1Gi"],
            [],
        ),
        ("claim-quota", "QuotaExceeded", ["claim", "persistentvolumeclaims"], []),
        ("limits", "LimitRangeViolated", ["bounds", "10m", "minimum of 50m"], ["Set limits.cpu"]),
        ("pod-security", "PodSecurityViolated", ["baseline", "hostPath", "privileged"], []),
        (
            "webhook",
            "WebhookUnavailable",
            ["gate.x-admission.example", "Service gate", "does not exist"],
            [],
        ),
        ("policy", "PolicyDenied", ["x-admission-team-label", "needs a label team"], []),
        ("account", "ServiceAccountNotFound", ["shop-ap", "delete it and make it again"], []),
    ],
)
def test_recorded_refusals(file: str, reason: str, words: list[str], options: list[str]) -> None:
    snapshot = load(RECORDINGS / f"admission-{file}.json")
    results = admission.analyze(snapshot)
    assert [r.finding.reason for r in results] == [reason]
    assert all(word in results[0].finding.message for word in words), results[0].finding.message
    seen = [clean(text) for text in texts(snapshot)]
    for evidence in results[0].finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote
    titles = [o.title for o in offer_options(snapshot, results, 60)]
    assert len(titles) == len(options)
    assert all(title.startswith(start) for title, start in zip(titles, options, strict=True))


def test_an_account_with_a_slip_in_its_name() -> None:
    found = said(
        no_account("shop-apii"),
        deployment(serviceAccountName="shop-apii"),
        names={SERVICE_ACCOUNT: frozenset({"default", "shop-api"})},
    )
    assert found.reasons == ["ServiceAccountNotFound"]
    assert "shop-api is there and close" in found.messages[0]
    assert [title for title, _ in found.offers] == ["Use ServiceAccount shop-api"]


@pytest.mark.parametrize(
    ("named", "meant"), [("pai", "api"), ("shop-Api", "shop-api"), ("worker", "shop-worker")]
)
def test_accounts_that_were_probably_meant(named: str, meant: str) -> None:
    found = said(
        no_account(named),
        deployment(serviceAccountName=named),
        names={SERVICE_ACCOUNT: frozenset({"default", meant})},
    )
    assert [title for title, _ in found.offers] == [f"Use ServiceAccount {meant}"]


def test_an_account_that_nothing_is_close_to() -> None:
    found = said(
        no_account("billing"),
        deployment(serviceAccountName="billing"),
        names={SERVICE_ACCOUNT: frozenset({"default"})},
    )
    assert "create serviceaccount billing" in found.messages[0]
    assert [title for title, _ in found.offers] == ["Use ServiceAccount default"]


def test_an_account_that_was_made_meanwhile_is_no_trouble() -> None:
    found = said(no_account("api"), names={SERVICE_ACCOUNT: frozenset({"api"})})
    assert found.reasons == []


def test_a_priority_that_does_not_exist() -> None:
    found = said(
        forbidden("no PriorityClass with name hihg was found"),
        deployment(priorityClassName="hihg"),
        names={PRIORITY_CLASS: frozenset({"high", "system-node-critical"})},
    )
    assert found.reasons == ["PriorityClassNotFound"]
    assert [title for title, _ in found.offers] == [
        "Use PriorityClass high",
        "Do without PriorityClass hihg",
    ]


def test_the_clusters_own_priorities_are_nobody_elses() -> None:
    found = said(
        forbidden("no PriorityClass with name system-node-critcal was found"),
        deployment(priorityClassName="system-node-critcal"),
        names={PRIORITY_CLASS: frozenset({"system-node-critical"})},
    )
    assert [t for t, _ in found.offers] == ["Do without PriorityClass system-node-critcal"]


def test_the_revision_that_brought_the_wrong_name_is_taken_back() -> None:
    web = deployment(serviceAccountName="nobody", replicas=2)
    older = revision(web, 1, ready=2)
    older["spec"]["template"]["spec"]["serviceAccountName"] = "api"
    found = said(
        no_account("nobody"), web, older=[older], names={SERVICE_ACCOUNT: frozenset({"api"})}
    )
    assert found.offers[0][0] == "Roll back to revision 1"
    assert "serviceAccountName: api -> nobody" in found.options[0].rationale


def test_a_quota_smaller_than_one_pod() -> None:
    web = deployment(containers=[container() | {"resources": {"limits": {"memory": "2Gi"}}}])
    found = said(
        forbidden(
            "exceeded quota: team, requested: limits.memory=2Gi, used: limits.memory=256Mi, "
            "limited: limits.memory=1Gi"
        ),
        web,
        around={RESOURCE_QUOTA: [quota({"limits.memory": "1Gi"}, {"limits.memory": "256Mi"})]},
    )
    assert found.reasons == ["QuotaExceeded"]
    assert "allows less than one alone asks for" in found.messages[0]
    assert [t for t, _ in found.offers] == ["Lower limits.memory of app from 2Gi to 768Mi"]


def test_what_a_quota_counts_and_nobody_said() -> None:
    found = said(
        forbidden("failed quota: team: must specify limits.memory for: app; requests.cpu for: app"),
        deployment(replicas=2),
        around={
            RESOURCE_QUOTA: [
                quota(
                    {"limits.memory": "1Gi", "requests.cpu": "100m"},
                    {"limits.memory": "256Mi", "requests.cpu": "0"},
                )
            ]
        },
    )
    assert found.reasons == ["QuotaNeedsResources"]
    assert "used up" not in found.messages[0]
    assert [t for t, _ in found.offers] == [
        "Set limits.memory of app to 128Mi, requests.cpu of app to 50m"
    ]


def test_a_tenth_of_what_was_asked_for_is_not_offered() -> None:
    web = deployment(containers=[container() | {"resources": {"limits": {"memory": "20Gi"}}}])
    found = said(
        forbidden(
            "exceeded quota: team, requested: limits.memory=20Gi, used: limits.memory=0, "
            "limited: limits.memory=1Gi"
        ),
        web,
    )
    assert found.offers == []
    assert "with 20Gi all would fit" in found.messages[0]


def test_an_update_that_the_quota_leaves_no_room_for_replaces_in_place() -> None:
    web = deployment(replicas=2, containers=[container(cpu="1")])
    found = said(
        forbidden(
            "exceeded quota: team, requested: requests.cpu=1, used: requests.cpu=2, "
            "limited: requests.cpu=2"
        ),
        web,
        older=[revision(web, 1, ready=2)],
        pods=[running(pod_of(web, 1)), running(pod_of(web, 2))],
    )
    assert [t for t, _ in found.offers] == [
        "Replace pods one by one instead of starting new ones beside them"
    ]


def test_a_revision_that_asks_for_more_than_the_quota_has_is_taken_back() -> None:
    web = deployment(replicas=2, containers=[container(cpu="2")])
    older = revision(web, 1, ready=2, resources={"requests": {"cpu": "1"}})
    found = said(
        forbidden(
            "exceeded quota: team, requested: requests.cpu=2, used: requests.cpu=2, "
            "limited: requests.cpu=2"
        ),
        web,
        older=[older],
        pods=[running(pod_of(web, 1)), running(pod_of(web, 2))],
    )
    assert [t for t, _ in found.offers] == ["Roll back to revision 1"]


def test_bounds_of_all_kinds_are_met_at_once() -> None:
    app = container() | {
        "resources": {"requests": {"cpu": "10m"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    }
    found = said(
        forbidden(
            "[minimum cpu usage per Container is 50m, but request is 10m, maximum memory usage "
            "per Container is 256Mi, but limit is 1Gi]"
        ),
        deployment(containers=[app]),
        around={
            LIMIT_RANGE: [
                limit_range(
                    max={"memory": "256Mi", "cpu": "500m"},
                    min={"cpu": "50m"},
                    maxLimitRequestRatio={"cpu": "4"},
                )
            ]
        },
    )
    assert [t for t, _ in found.offers] == [
        "Set limits.cpu of app to 500m, requests.cpu of app to 125m, limits.memory of app to 256Mi"
    ]


def test_a_default_limit_below_the_request() -> None:
    found = said(
        'Pod "web-h2-x" is invalid: spec.containers[0].resources.requests: Invalid value: "400m": '
        "must be less than or equal to cpu limit of 200m",
        deployment(containers=[container(cpu="400m")]),
        around={LIMIT_RANGE: [limit_range(default={"cpu": "200m"}, max={"cpu": "1"})]},
    )
    assert found.reasons == ["RequestAboveDefaultLimit"]
    assert "container app requests cpu 400m and sets no limit" in found.messages[0]
    assert [t for t, _ in found.offers] == ["Set limits.cpu of app to 400m"]


def test_restricted_is_met_with_a_user_first() -> None:
    found = said(
        forbidden(
            'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false '
            '(container "app" must set securityContext.allowPrivilegeEscalation=false), '
            'runAsNonRoot != true (pod or container "app" must set '
            "securityContext.runAsNonRoot=true)"
        )
    )
    assert found.reasons == ["PodSecurityViolated"]
    assert [t for t, _ in found.offers] == [
        "Meet Pod Security level restricted as user 1000",
        "Meet Pod Security level restricted",
    ]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ('service "gate" not found', "its Service does not exist"),
        ('no endpoints available for service "gate"', "no pod is ready"),
        ("dial tcp 10.96.3.4:443: connect: connection refused", "nobody listens"),
        ("context deadline exceeded", "did not answer in time"),
        (
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "certificate is not trusted",
        ),
    ],
)
def test_webhooks_that_do_not_answer(error: str, cause: str) -> None:
    found = said(
        'Internal error occurred: failed calling webhook "gate.example.com": failed to call '
        f'webhook: Post "https://gate.infra.svc:443/validate?timeout=2s": {error}'
    )
    assert found.reasons == ["WebhookUnavailable"]
    assert cause in found.messages[0]
    assert "Service gate in namespace infra" in found.messages[0]
    assert found.offers == []


def test_a_webhook_that_says_no() -> None:
    found = said('admission webhook "policy.example.com" denied the request: image must be signed')
    assert found.reasons == ["PolicyDenied"]
    assert "image must be signed" in found.messages[0]


def test_words_that_we_do_not_know_are_repeated() -> None:
    found = said(forbidden("the moon is not full"))
    assert found.reasons == ["CreationRefused"]
    assert "the moon is not full" in found.messages[0]


class TestSilence:
    """What looks like a refusal and is none any more, or none yet."""

    def test_a_refusal_of_a_moment_ago(self) -> None:
        web = observed(deployment())
        made = refused(web, no_account("api"), at="2026-11-03T11:59:55Z")
        assert World(web, revisions=[made]).diagnose().reasons == []

    def test_all_pods_are_there_by_now(self) -> None:
        web = observed(deployment())
        made = refused(web, no_account("api"))
        made["status"]["replicas"] = 1
        events = [event("web-h2", "FailedCreate", "Error creating: " + no_account("api"))]
        world = World(web, pods=[running(pod_of(web))], revisions=[made], events=events)
        assert world.diagnose().reasons == []

    def test_a_namespace_that_goes_away(self) -> None:
        text = forbidden(
            "unable to create new content in namespace shop because it is being terminated"
        )
        assert said(text).reasons == []

    def test_pods_that_leave_make_room_in_a_moment(self) -> None:
        web = observed(deployment())
        leaving = running(pod_of(web))
        leaving["metadata"]["deletionTimestamp"] = "2026-11-03T11:59:59Z"
        made = refused(web, forbidden("exceeded quota: team, requested: pods=1, used: pods=1, "
                                      "limited: pods=1"))  # fmt: skip
        assert World(web, pods=[leaving], revisions=[made]).diagnose().reasons == []

    def test_a_change_that_the_controller_has_not_seen(self) -> None:
        web = deployment()
        web["status"] = {"observedGeneration": 0}
        assert World(web, revisions=[refused(web, no_account("api"))]).diagnose().reasons == []

    def test_an_event_that_is_older_than_the_pods(self) -> None:
        db = observed(workload("DaemonSet", "agent"))
        db["status"]["desiredNumberScheduled"] = 2
        old = event("agent", "FailedCreate", "Error creating: " + no_account("api"))
        old["lastTimestamp"] = "2026-11-03T10:00:00Z"
        world = World(db, pods=[running(pod_of(db))], events=[old])
        assert world.diagnose().reasons == []

    def test_a_finished_job(self) -> None:
        job = workload("Job", "migrate")
        job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
        told = event("migrate", "FailedCreate", "Error creating: " + no_account("api"))
        assert admission.analyze(World(job, events=[told]).snapshot()) == []


def test_a_stateful_set_waits_for_its_next_pod() -> None:
    db = observed(workload("StatefulSet", "db", replicas=2, serviceAccountName="dbb"))
    told = event("db", "FailedCreate", f"Create Pod db-1 in StatefulSet db failed error: "
                 f"{no_account('dbb')}")  # fmt: skip
    first = running(pod_of(db, 0))
    first["metadata"]["name"] = "db-0"
    names = {SERVICE_ACCOUNT: frozenset({"db", "default"})}
    found = World(db, pods=[first], events=[told], names=names).diagnose()
    assert found.reasons == ["ServiceAccountNotFound"]
    second = copy_of(first)
    second["metadata"]["name"] = "db-1"
    found = World(db, pods=[first, second], events=[told], names=names).diagnose()
    assert found.reasons == []


@pytest.mark.parametrize(
    ("schedule", "policy", "titles"),
    [
        ("* * * * *", "Allow", ["Use ServiceAccount reporter"]),
        ("* * * * *", "Replace", ["Use ServiceAccount reporter"]),
        ("* * * * *", "Forbid", []),
        ("0 3 * * *", "Allow", []),
    ],
)
def test_a_cron_job_is_changed_where_its_next_run_proves_it(
    schedule: str, policy: str, titles: list[str]
) -> None:
    run = workload("Job", "report-1", serviceAccountName="reportr")
    run["metadata"]["creationTimestamp"] = "2026-11-03T11:58:00Z"
    report = workload("CronJob", "report")
    report["spec"] = {
        "schedule": schedule,
        "concurrencyPolicy": policy,
        "jobTemplate": {"spec": {"template": run["spec"]["template"]}},
    }
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "report", "uid": "uid-report"}
    run["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    told = event("report-1", "FailedCreate", "Error creating: " + no_account("reportr"))
    told |= {"firstTimestamp": "2026-11-03T11:58:00Z"}
    found = World(
        report,
        events=[told],
        around={JOB: [run]},
        names={SERVICE_ACCOUNT: frozenset({"default", "reporter"})},
    ).diagnose()
    assert found.reasons == ["ServiceAccountNotFound"]
    assert [title for title, _ in found.offers] == titles


def test_the_texts_of_the_plugins() -> None:
    assert parse_refusal("everything is fine") is None
    read = parse_refusal(
        'persistentvolumeclaims "data-db-0" is forbidden: exceeded quota: objs, requested: '
        "persistentvolumeclaims=1,requests.storage=1Gi, used: persistentvolumeclaims=0,"
        "requests.storage=0, limited: persistentvolumeclaims=0,requests.storage=0"
    )
    assert read is not None
    assert read.what == "persistentvolumeclaims"
    assert isinstance(read.why, QuotaExceeded)
    assert read.why.requested == {"persistentvolumeclaims": "1", "requests.storage": "1Gi"}
    for text, kind in (
        ("failed quota: team: must specify limits.cpu for: app,side; limits.memory for: app",
         QuotaUnspecified),
        ("cpu max limit to request ratio per Container is 4, but provided ratio is 8.000000",
         OutOfBounds),
        ("maximum cpu usage per Pod is 500m.  No limit is specified", OutOfBounds),
        ('pod rejected: RuntimeClass "gvisor" not found', NameMissing),
        ("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", PolicyDenied),
        ('failed calling webhook "w": boom', WebhookFailed),
        ("because", Other),
    ):  # fmt: skip
        read = parse_refusal(forbidden(text))
        assert read is not None, text
        assert isinstance(read.why, kind), text


@given(st.text(max_size=300), st.sampled_from(["exceeded quota: ", 'violates PodSecurity "x": ',
       "must specify ", 'admission webhook "', "maximum cpu usage per Container is "]))  # fmt: skip
def test_no_words_break_the_parser(text: str, start: str) -> None:
    parse_refusal(forbidden(start + text))
    parse_refusal(text + start)


def test_hostile_words_are_survived() -> None:
    for text in ("\x00" * 100, "\ud800 is forbidden", "(" * 5_000_000, "a=1," * 1_000_000):
        parse_refusal(forbidden("exceeded quota: q, requested: " + text))
        parse_refusal(forbidden('violates PodSecurity "restricted:latest": ' + text))
    said(forbidden('violates PodSecurity "restricted:latest": ' + "\x00(" * 1_000_000))
