"""One example of each action on workloads and what stands around them, with its command."""

from podiatrist.actions.base import Action
from podiatrist.actions.clear_priority_class import ClearPriorityClass
from podiatrist.actions.make_native_sidecar import MakeNativeSidecar
from podiatrist.actions.meet_pod_security import MeetPodSecurity
from podiatrist.actions.resume_rollout import ResumeRollout
from podiatrist.actions.set_autoscaler import SetAutoscaler
from podiatrist.actions.set_budget import SetBudget
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_concurrency_policy import SetConcurrencyPolicy
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_mount import SetMount
from podiatrist.actions.set_probe import SetProbe
from podiatrist.actions.set_reference import SetReference
from podiatrist.actions.set_security_context import SetSecurityContext
from podiatrist.actions.set_starting_deadline import SetStartingDeadline
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.actions.set_volume_limit import SetVolumeLimit
from podiatrist.actions.suspend_cron_job import SuspendCronJob
from podiatrist.api.diagnosis import ObjectRef, Risk

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
BACKUP = ObjectRef(api_version="batch/v1", kind="CronJob", namespace="shop", name="backup")
SCALER = ObjectRef(
    api_version="autoscaling/v2", kind="HorizontalPodAutoscaler", namespace="shop", name="web"
)
BUDGET = ObjectRef(
    api_version="policy/v1", kind="PodDisruptionBudget", namespace="shop", name="web"
)

EXAMPLES: list[tuple[Action, Risk, str]] = [
    (
        SetCommand(object=WEB, container="app", run=["server", "--port", "80"]),
        Risk.MEDIUM,
        (
            "kubectl -n shop edit deployment/web  # container app: command "
            '["server","--port","80"], args []'
        ),
    ),
    (
        SetEnv(object=WEB, container="app", name="DB", value="db:5432"),
        Risk.MEDIUM,
        "kubectl -n shop set env deployment/web -c app DB=db:5432",
    ),
    (
        SetProbe(object=WEB, container="app", probe="livenessProbe", port=8080),
        Risk.MEDIUM,
        "kubectl -n shop edit deployment/web  # container app: livenessProbe: port 8080",
    ),
    (
        SetMount(object=WEB, container="app", mount_path="/etc/app", new_path="/etc/app/conf"),
        Risk.MEDIUM,
        (
            "kubectl -n shop edit deployment/web  # container app, mount /etc/app: mountPath: "
            "/etc/app/conf"
        ),
    ),
    (
        SetReference(object=WEB, to="ConfigMap", name="conifg", new="config"),
        Risk.MEDIUM,
        "kubectl -n shop edit deployment/web  # ConfigMap conifg -> config",
    ),
    (
        SetSecurityContext(object=WEB, container="app", run_as_user=1000),
        Risk.MEDIUM,
        "kubectl -n shop edit deployment/web  # securityContext of container app: runAsUser: 1000",
    ),
    (
        SetVolumeLimit(object=WEB, volume="cache", size_limit="2Gi"),
        Risk.MEDIUM,
        "kubectl -n shop edit deployment/web  # emptyDir volume cache: sizeLimit 2Gi",
    ),
    (
        MakeNativeSidecar(object=BACKUP, container="proxy"),
        Risk.MEDIUM,
        (
            "kubectl -n shop edit cronjob/backup  # move proxy to initContainers, with "
            "restartPolicy: Always"
        ),
    ),
    (
        SetAutoscaler(object=SCALER, max_replicas=8),
        Risk.MEDIUM,
        'kubectl -n shop patch horizontalpodautoscaler/web -p \'{"spec": {"maxReplicas": 8}}\'',
    ),
    (
        SetBudget(object=BUDGET, max_unavailable=1),
        Risk.MEDIUM,
        (
            'kubectl -n shop patch poddisruptionbudget/web --type=merge -p \'{"spec": '
            '{"maxUnavailable": 1, "minAvailable": null}}\''
        ),
    ),
    (
        SetConcurrencyPolicy(object=BACKUP, policy="Forbid"),
        Risk.MEDIUM,
        'kubectl -n shop patch cronjob/backup -p \'{"spec": {"concurrencyPolicy": "Forbid"}}\'',
    ),
    (
        SetStartingDeadline(object=BACKUP, seconds=60),
        Risk.LOW,
        'kubectl -n shop patch cronjob/backup -p \'{"spec": {"startingDeadlineSeconds": 60}}\'',
    ),
    (
        SuspendCronJob(object=BACKUP, suspend=False),
        Risk.MEDIUM,
        'kubectl -n shop patch cronjob/backup -p \'{"spec": {"suspend": false}}\'',
    ),
    (
        MeetPodSecurity(object=WEB, level="restricted"),
        Risk.MEDIUM,
        (
            "kubectl -n shop edit deployment/web  # securityContext as Pod Security level "
            "restricted asks for"
        ),
    ),
    (
        ClearPriorityClass(object=WEB, name="high"),
        Risk.MEDIUM,
        "kubectl -n shop edit deployment/web  # remove priorityClassName: high",
    ),
    (ResumeRollout(object=WEB), Risk.MEDIUM, "kubectl -n shop rollout resume deployment/web"),
    (
        SetStrategy(object=WEB, max_surge=0, max_unavailable=1),
        Risk.MEDIUM,
        (
            "kubectl -n shop patch deployment/web -p "
            '\'{"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":1}}}}\''
        ),
    ),
]
