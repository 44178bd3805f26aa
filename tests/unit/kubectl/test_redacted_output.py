"""No secret gets out through any kind of output, and what explains a fault stays."""

import base64
import hashlib
import json
import time
from typing import Any

import pytest

from podiatrist.cluster.kubectl.grammar import parse
from podiatrist.cluster.kubectl.output import presented
from podiatrist.cluster.redaction import redact

SECRET = "s3cr3tValue12345"  # noqa: S105 - made up
KEY_LINES = "\n".join(
    base64.b64encode(hashlib.sha384(b"made up %d" % n).digest()).decode() for n in range(9)
)
"""Lines such as a private key has, none like the other."""


def said(line: str, out: str, *, most: int = 6000) -> str:
    return presented(parse(line), out.encode(), b"", True, False, most).text


def log(text: str) -> str:
    return said("logs web-1", text)


def objects(*items: dict[str, Any]) -> str:
    return said("get pods -o yaml", json.dumps({"kind": "List", "items": items}))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f'{{\\"user\\":\\"bob\\",\\"password\\":\\"{SECRET}\\"}}',
        f"{{'password': '{SECRET}'}}",
        f"map[password:{SECRET} user:bob]",
        f"password=hu}}n{SECRET}",
        f'password "{SECRET}"',
        f"DB_PASSWORD=two words, then {SECRET}",
        f"env: ['A=1', 'DB_PASSWORD=two words, then {SECRET}']",
        f"2026-11-24T03:46:19.616402057Z DB_PASSWORD=two words, then {SECRET}",
        f"[pod/web-1/app] 2026-11-24T03:46:19Z DB_PASSWORD=two words, then {SECRET}",
        f"export API_TOKEN={SECRET}; true",
        f"root:{SECRET}@tcp(db:3306)/shop",
        f"postgres://app:p@{SECRET}@db/shop",
        f"https://{SECRET}@git.example.com/shop.git",
        f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={SECRET}==;",
        f"Endpoint=sb://x/;SharedAccessKeyName=y;SharedAccessKey={SECRET}",
        f"Server=db;User Id=sa;Password={SECRET};",
        f"host=db user=app password={SECRET} dbname=shop",
        f"GET /hook?sig={SECRET}&x=1",
        f"https://x/y?X-Amz-Signature={SECRET}",
        f"config: {encoded(f'password={SECRET}')}",
        f"config: {encoded(f'postgres://app:{SECRET}@db/shop')}",
        f"config: {encoded(encoded(f'password={SECRET}'))}",
        f"{encoded(f'-----BEGIN PRIVATE KEY-----{SECRET}')}",
        f'{{"kind":"Secret","data":{{"plain":"{SECRET}"}}}}',
        f"Secret dumped: kind: Secret, data: {{plain: {SECRET}}}",
        f"\x1b[31mpassword\x1b[0m=\x1b[1m{SECRET}\x1b[0m",
        f"pass\u200bword={SECRET}",
        f"pass\u202eword={SECRET}",
        f"pass\x00word={SECRET}",
    ],
)
def test_a_secret_in_a_log_is_masked(text: str) -> None:
    assert SECRET not in log(f"starting\n{text}\nstopping")
    assert encoded(f"password={SECRET}")[:20] not in log(text)


@pytest.mark.parametrize(
    "text",
    [
        f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINES}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINES}",
        f"{KEY_LINES}\n-----END RSA PRIVATE KEY-----",
        KEY_LINES,
    ],
    ids=["whole", "without its end", "without its beginning", "the middle"],
)
def test_a_private_key_is_masked_wherever_the_log_cuts_it(text: str) -> None:
    shown = log(text)
    assert not any(line in shown for line in KEY_LINES.splitlines())


def test_a_key_is_masked_also_where_the_output_is_too_long_to_be_read_in_full() -> None:
    noise = "".join(f"line {n} {chr(97 + n % 26) * 5}\n" for n in range(60_000))
    shown = log(
        f"{noise}-----BEGIN PRIVATE KEY-----\n{KEY_LINES}\n-----END PRIVATE KEY-----\n{noise}"
    )
    assert not any(line in shown for line in KEY_LINES.splitlines())
    assert "left out" in shown


@pytest.mark.parametrize(
    "line",
    [
        "panic: runtime error: index out of range [3] with length 3",
        "dial tcp 10.96.0.12:5432: connect: connection refused",
        'pq: password authentication failed for user "app"',
        "ERROR 1045 (28000): Access denied for user 'root'@'10.0.0.1' (using password: YES)"[:60],
        'Error: secret "db" not found',
        "couldn't find key password in Secret shop/db",
        "2026-11-24T03:04:05Z INFO listening on :8080",
        "GET /api/v1/items?page=2 200 12ms",
        "sha256:05b4d42c26ae9b171c3b791017529c87aa17ffbeccd91474e7901e3c53e23ba8",
        "exec /app/server: no such file or directory",
        "at com.example.shop.AuthorizationFilter.doFilter(AuthorizationFilter.java:42)",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        "failed to open /var/run/secrets/kubernetes.io/serviceaccount/token",
    ],
)
def test_what_explains_a_fault_stays(line: str) -> None:
    assert log(line) == line


def test_a_description_keeps_references_and_loses_values() -> None:
    shown = said(
        "describe pod web-1",
        f"""Name:             web-1
Annotations:      example.com/api-token: {SECRET} and more {SECRET}
Containers:
  app:
    Command:
      server
      --password
      {SECRET}
      --token={SECRET}
    Environment:
      DB_PASSWORD:   {SECRET} with blanks {SECRET}
      MULTI_TOKEN:   {SECRET}
                     PLAIN: {SECRET}
      URL:           postgres://app:{SECRET}@db/shop
      STRIPE_KEY:    {SECRET}
      FROM_SECRET:   <set to the key 'password' in secret 'db'>  Optional: false
      LEVEL:         debug
    Mounts:
      /etc/app from config (rw)
Volumes:
  creds:
    Type:        Secret (a volume populated by a Secret)
    SecretName:  db-creds
    Optional:    false
  kube-api-access-x:
    TokenExpirationSeconds:  3607
""",
    )
    assert SECRET not in shown
    for kept in (
        "FROM_SECRET:   <set to the key 'password' in secret 'db'>",
        "SecretName:  db-creds",
        "TokenExpirationSeconds:  3607",
        "LEVEL:         debug",
        "@db/shop",
        "/etc/app from config",
    ):
        assert kept in shown


def test_an_object_keeps_references_and_loses_values() -> None:
    shown = objects(
        {
            "kind": "Pod",
            "metadata": {
                "name": "web-1",
                "uid": "7f3a9c",
                "managedFields": [{"manager": "kubectl"}],
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": f'{{"x":"{SECRET}"}}',
                    "example.com/token": SECRET,
                    "note": f"password={SECRET}",
                },
                "labels": {"auth": "enabled"},
            },
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "args": ["--password", SECRET, f"--token={SECRET}", "--level", "debug"],
                        "env": [
                            {"name": "DB_PASSWORD", "value": f"{SECRET}\n{SECRET}"},
                            {"name": "SIGNING_KEY", "value": SECRET},
                            {"name": "AUTH_ENABLED", "value": "true"},
                            {"name": "LEVEL", "value": "debug"},
                            {
                                "name": "TOKEN",
                                "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}},
                            },
                        ],
                    }
                ],
                "imagePullSecrets": [{"name": "regcred"}],
                "volumes": [{"name": "v", "secret": {"secretName": "db-creds"}}],
            },
        }
    )
    assert SECRET not in shown
    assert "managedFields" not in shown
    assert "7f3a9c" not in shown
    for kept in (
        "auth: enabled",
        "value: debug",
        "value: 'true'",
        "key: token",
        "name: regcred",
        "secretName: db-creds",
        "- --level\n    - debug",
    ):
        assert kept in shown
    assert "secretName: db-creds" in redact(shown), "whoever redacts it again loses nothing"


def test_a_config_map_loses_the_values_of_telling_keys() -> None:
    shown = objects(
        {
            "kind": "ConfigMap",
            "data": {
                "password": SECRET,
                "tls.key": SECRET,
                "id_rsa": SECRET,
                ".dockerconfigjson": SECRET,
                "app.properties": f"level=debug\nspring.datasource.password={SECRET}\n",
                "manifest.yaml": f"kind: Secret\ndata:\n  plain: {SECRET}\n",
                "encoded": encoded(f"password: {SECRET}"),
            },
            "binaryData": {"x": encoded(SECRET)},
        }
    )
    assert SECRET not in shown
    assert encoded(SECRET) not in shown
    assert "level=debug" in shown


def test_a_secret_in_a_list_is_dropped_whole() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"plain": encoded(SECRET)}}
    wrapped = {"kind": "ConfigMap", "metadata": {"name": "outer"}, "spec": {"copy": secret}}
    shown = objects(secret, wrapped, {**secret, "kind": "SECRET"})
    assert encoded(SECRET) not in shown
    assert "name: outer" in shown


def test_an_event_about_a_secret_stays() -> None:
    event = {"kind": "Event", "involvedObject": {"kind": "Secret", "name": "db"}, "reason": "Gone"}
    assert "name: db" in objects(event)


@pytest.mark.parametrize("out", ["{", f'{{"data": "{SECRET}"', f"password {SECRET}", "[1]"])
def test_objects_that_do_not_parse_are_not_shown(out: str) -> None:
    output = presented(parse("get pods -o yaml"), out.encode(), b"", True, False, 6000)
    assert SECRET not in output.text
    assert not output.ok


POD = {
    "kind": "Pod",
    "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": SECRET}]}]},
}


def test_objects_are_cleaned_also_where_kubectl_did_not_find_all() -> None:
    out, err = json.dumps(POD, indent=2).encode(), b'pods "web-2" not found'
    output = presented(parse("get pod web-1 web-2 -o yaml"), out, err, False, False, 6000)
    assert SECRET not in output.text
    assert "DB_PASSWORD" in output.text
    assert 'pods "web-2" not found' in output.text


def test_objects_that_were_cut_off_are_not_shown() -> None:
    out = json.dumps({"kind": "List", "items": [POD] * 3}, indent=2).encode()[:-20]
    output = presented(parse("get pods -o yaml"), out, b"", False, True, 6000)
    assert SECRET not in output.text
    assert "ask for one object by name" in output.text
    assert not output.ok


def test_objects_hide_nothing_behind_what_cannot_be_seen() -> None:
    for invisible in ("\u202e", "\u200b", "\u0000", "\u001b[31m"):
        shown = objects({"kind": "ConfigMap", "data": {"a": f"pass{invisible}word={SECRET}",
                                                       f"tok{invisible}en": SECRET}})  # fmt: skip
        assert SECRET not in shown


def test_objects_that_are_too_many_are_told_to_be_so() -> None:
    output = presented(parse("get pods -o yaml"), b'{"items": [', b"", True, True, 6000)
    assert "ask for one object by name" in output.text


def test_objects_nested_without_end_do_no_harm() -> None:
    deep = "[" * 500 + "]" * 500
    shown = said("get pods -o yaml", f'{{"kind": "Pod", "spec": {deep}}}')
    assert "nested too deeply" in shown


def test_what_kubectl_complains_about_is_redacted_too() -> None:
    err = f"error: token={SECRET} was refused".encode()
    output = presented(parse("get pods"), b"", err, False, False, 6000)
    assert output.text == "error: token=*** was refused"
    assert not output.ok


@pytest.mark.parametrize(
    "text",
    [
        "a://",
        "PASSWORD",
        "A" * 76 + "\n",
        "\n",
        "token=",
        '\\"',
        "-----END PRIVATE KEY-----\n",
        ".-_a",
        "a:b@tcp",
        "--pass ",
        "kind: Secret ",
    ],
)
def test_a_log_made_to_keep_us_busy_does_not(text: str) -> None:
    started = time.process_time()
    log(text * (250_000 // len(text)))
    assert time.process_time() - started < 5
