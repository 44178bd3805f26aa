"""A diff shows what changes, and no secret that happens to stand beside it."""

from podiatrist.actions.diff import diff_lines
from podiatrist.api.diagnosis import ObjectRef

REF = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")


def with_image(image: str) -> dict[str, object]:
    env = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "COLOR", "value": "blue"}]
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"DB_PASSWORD":"hunter2"}'}
    container = {"env": env, "image": image, "name": "app"}
    return {
        "metadata": {"name": "web", "annotations": applied},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def test_the_lines_around_a_change_keep_a_password_to_themselves() -> None:
    text = "\n".join(diff_lines(REF, with_image("ngnix"), with_image("nginx")))
    assert "image: nginx" in text
    assert "COLOR" in text
    assert "hunter2" not in text


def test_the_object_itself_is_left_as_it_is() -> None:
    raw = with_image("ngnix")
    diff_lines(REF, raw, with_image("nginx"))
    assert "hunter2" in str(raw)


def test_a_password_among_the_words_of_a_command_is_kept_too() -> None:
    def running(image: str, *args: str) -> dict[str, object]:
        container = {"args": list(args), "command": ["mysql"], "image": image, "name": "app"}
        return {"metadata": {"name": "web"}, "spec": {"containers": [container]}}

    old = running("nginx", "--pw", "hunter2", "-phunter2")
    text = "\n".join(diff_lines(REF, old, running("nginx", "-q", "--pw", "other2", "-pother2")))
    assert "+    - -q" in text
    assert "--pw" in text
    assert "hunter2" not in text
    assert "other2" not in text
