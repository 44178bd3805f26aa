"""Setting requests and limits of a container."""

import pytest
from pydantic import ValidationError

from podiatrist.actions.set_resources import SetResources
from podiatrist.cluster.kinds import DEPLOYMENT
from podiatrist.cluster.snapshot import Object, ref_of
from tests.unit.builders import container, deployment


def test_limits_and_requests_are_set_and_other_amounts_stay() -> None:
    web = deployment(containers=[container(cpu="1", memory="1Gi")])
    action = SetResources(
        object=ref_of(DEPLOYMENT, web),
        container="app",
        requests={"cpu": "500m"},
        limits={"memory": "2Gi"},
    )
    found: Object = action.apply(web, {})["spec"]["template"]["spec"]["containers"][0]
    assert found["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"memory": "2Gi"},
    }
    assert action.command() == (
        "kubectl -n shop set resources deployment/web -c app --requests=cpu=500m "
        "--limits=memory=2Gi"
    )


def test_one_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one"):
        SetResources(object=ref_of(DEPLOYMENT, deployment()), container="app")
