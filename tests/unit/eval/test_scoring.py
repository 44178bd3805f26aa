"""An answer counts where it names the cause of its case, and nowhere else."""

import pytest

from tests.eval.cases import load_cases

CASES = {case.fault: case for case in load_cases()}

RIGHT = {
    "image-name-mistyped": "The image nnnnnnnnginx does not exist; perhaps a typo of nginx.",
    "image-tag-first": "Tag stabel of nginx was not found in the registry.",
    "crash-command-mistyped": 'exec: "nginz": executable file not found in $PATH',
    "crash-env-mistyped": "The script stops because DATABASE_URL is not set.",
    "crash-file-mistyped": "cat: can't open '/etc/app/settings.conf': No such file or directory",
    "crash-oom": "The container was OOMKilled: it needs more memory than its limit of 16Mi.",
    "start-config-name-mistyped": "ConfigMap web-confg is missing.",
    "start-secret-key-mistyped": "couldn't find key pasword in Secret db-creds",
    "probe-liveness-port": "The liveness probe asks port 8080, and the connection is refused.",
    "probe-readiness-path": "Readiness probe: GET /ready gives statuscode 404.",
    "unschedulable-cpu": "Insufficient CPU: the pod asks for 500 cores.",
    "unschedulable-selector": "The node selector wants kubernetes.io/os=linus, and no node has it.",
    "service-selector-mistyped": "The selector app=wbe matches no pod.",
    "claim-name-mistyped": 'persistentvolumeclaim "web-date" not found',
}

VAGUE = [
    "",
    "The Deployment web is not healthy because no replica is available.",
    "The pod crashes. Something is missing, invalid or wrong: the image, a ConfigMap, a key,",
    "The selector, a label, the liveness or readiness probe, cpu or memory may be wrong or missing",
    "The namespace shop does not exist.",
]


def test_each_case_has_a_right_answer_here() -> None:
    assert RIGHT.keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_right_answer_names_the_cause(name: str) -> None:
    assert CASES[name].names_cause(RIGHT[name])


@pytest.mark.parametrize("name", CASES)
def test_an_answer_that_names_another_cause_does_not_count(name: str) -> None:
    others = [answer for other, answer in RIGHT.items() if other != name]
    assert not any(CASES[name].names_cause(answer) for answer in others + VAGUE)


def test_a_word_is_not_found_within_another() -> None:
    case = CASES["unschedulable-cpu"]
    assert not case.names_cause("Insufficient CPU: the pod asks for 500m.")
    assert not CASES["probe-liveness-port"].names_cause("liveness: port 80800 is refused")


def test_upper_case_and_line_breaks_do_not_matter() -> None:
    assert CASES["claim-name-mistyped"].names_cause("Claim WEB-DATE does\nNOT exist")


def test_a_case_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"no case 'oops'; the cases are: image-name-mistyped"):
        load_cases(["oops"])
