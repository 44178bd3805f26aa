"""Ways to break an installation, as an admin could by mistake, and what the doctor says of each.

All are mended by the very command that the doctor names. Those that take more are stories of
their own in `test_doctor.py`.
"""

import json
import shlex
from typing import NamedTuple

from podiatrist.doctor.verdict import Level


class Breakage(NamedTuple):
    """What somebody types, what the doctor says, and the command that mends it."""

    name: str
    typed: str
    seen: str
    remedy: str
    level: Level = Level.BROKEN


def patch(kind: str, name: str, *operations: object) -> str:
    """Return the command that changes an object by a JSON patch."""
    return f"kubectl patch {kind} {name} --type=json -p {shlex.quote(json.dumps(operations))}"


BREAKAGES = (
    Breakage(
        "the definition is of an older version",
        patch("crd", "diagnoses.podiatrist.dev",
              {"op": "remove", "path": "/spec/versions/0/additionalPrinterColumns/3"}),
        "additionalPrinterColumns",
        "podiatrist crd | kubectl apply -f -",
    ),
    Breakage(
        "pods are not held to Pod Security",
        "kubectl label namespace podiatrist pod-security.kubernetes.io/enforce-",
        "Pod Security restricted (",
        "kubectl label --overwrite namespace podiatrist "
        "pod-security.kubernetes.io/enforce=restricted",
        level=Level.WARNING,
    ),
    Breakage(
        "an account was deleted",
        "kubectl -n podiatrist delete serviceaccount reader",
        "ServiceAccount reader is missing",
        "kubectl apply -f deploy/reader.yaml",
    ),
    Breakage(
        "a binding was deleted",
        "kubectl delete clusterrolebinding podiatrist-executor-read",
        "ClusterRoleBinding podiatrist-executor-read is missing",
        "kubectl apply -f deploy/executor.yaml",
    ),
    Breakage(
        "the executor's role was widened",
        patch("clusterrole", "podiatrist-executor",
              {"op": "add", "path": "/rules/-", "value":
               {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}}),
        "grants more than was shipped: get secrets",
        "kubectl apply -f deploy/executor.yaml",
    ),
    Breakage(
        "somebody helped the operator with a role",
        "kubectl create clusterrolebinding help --clusterrole=admin "
        "--serviceaccount=podiatrist:operator",
        "ClusterRole admin to ServiceAccount podiatrist/operator",
        "kubectl delete clusterrolebinding help",
    ),
    Breakage(
        "a policy was deleted",
        "kubectl delete validatingadmissionpolicy podiatrist-executor",
        "ValidatingAdmissionPolicy podiatrist-executor is missing",
        "kubectl apply -f deploy/30-admission.yaml",
    ),
    Breakage(
        "a policy was set to audit only",
        patch("validatingadmissionpolicybinding", "podiatrist-approval",
              {"op": "replace", "path": "/spec/validationActions", "value": ["Audit"]}),
        "validationActions is ['Audit']",
        "kubectl apply -f deploy/30-admission.yaml",
    ),
    Breakage(
        "these pods may talk to anybody",
        "kubectl -n podiatrist delete networkpolicy default-deny",
        "NetworkPolicy default-deny is missing",
        "kubectl apply -f deploy/40-network.yaml",
        level=Level.WARNING,
    ),
    Breakage(
        "a drain may take both pods",
        "kubectl -n podiatrist delete poddisruptionbudget executor",
        "PodDisruptionBudget executor is missing",
        "kubectl apply -f deploy/executor.yaml",
        level=Level.WARNING,
    ),
    Breakage(
        "execution is switched off",
        "kubectl -n podiatrist create configmap executor --from-literal=execution=off",
        "switched off everywhere",
        "kubectl -n podiatrist delete configmap executor",
        level=Level.NOTE,
    ),
    Breakage(
        "the executor is scaled to 0",
        "kubectl -n podiatrist scale deployment executor --replicas=0",
        "the executor is scaled to 0",
        "kubectl -n podiatrist scale deployment executor --replicas=2",
        level=Level.NOTE,
    ),
    Breakage(
        "an image does not exist",
        "kubectl -n podiatrist set image deployment/executor '*=example.org/nothing:1'",
        "image example.org/nothing:1 cannot be had",
        "kubectl apply -f deploy/executor.yaml",
    ),
    Breakage(
        "Pod Security refuses the pods",
        patch("-n podiatrist deployment", "operator",
              {"op": "replace", "value": True, "path":
               "/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation"}),
        "violates PodSecurity",
        "kubectl apply -f deploy/operator.yaml",
    ),
)  # fmt: skip
