"""One made-up secret in the many ways in which logs and objects hold one; and what must stay."""

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.cluster.kubectl import RefusedCommandError
from podiatrist.cluster.kubectl.grammar import parse
from podiatrist.cluster.kubectl.output import presented
from podiatrist.cluster.redaction import redact

S = "Zq7planted9Xw"
B = base64.b64encode(S.encode()).decode()
FULL_WIDTH = "".join(chr(ord(c) + 0xFEE0) for c in "password")


def said(line: str, out: str) -> str:
    return presented(parse(line), out.encode(), b"", True, False, 6000).text


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


LOGS = {
    "blank before the colon": f'"password" : "{S}"',
    "blank before the colon, bare": f"password : {S}",
    "Secret, data first": f"apiVersion: v1\ndata:\n  db: {B}\nkind: Secret\nmetadata:\n  name: x\n",
    "Secret, kind first": f"kind: Secret\nstringData:\n  db: |\n    a\n    {S}\n",
    "Secret in a list": f"items:\n- apiVersion: v1\n  data:\n    db: {B}\n  kind: Secret\n",
    "Secret as JSON": json.dumps({"kind": "Secret", "data": {"db": B}}, indent=2),
    "Secret on one line": json.dumps({"kind": "Secret", "data": {"db": B}}),
    "Secret, prefixed": f"[pod/a/b] kind: Secret\n[pod/a/b] data:\n[pod/a/b]   db: {B}\n",
    "several words": f"password: correct {S} battery",
    "several words, list item": f"- password: correct {S} battery",
    "several words, timestamped": f"2026-11-24T03:46:19.616402057Z password: correct {S}",
    "several words, properties": f"db.password = correct {S}",
    "block": f"password: |\n  {S}\n",
    "block, folded": f"password: >-\n  x\n\n  {S}\n",
    "block in which lines repeat": f"password: |\n  x\n  x\n  x\n  x\n  {S}\n",
    "block of a file": f"credentials.json: |\n  {S}\n",
    "next line": f"password:\n  {S}",
    "next line of JSON": f'"password":\n  "{S}"',
    "list": f"passwords:\n- a\n- {S}\n",
    "list of JSON": json.dumps({"passwords": ["a", S]}, indent=1),
    "list on one line": json.dumps({"passwords": ["a", S]}),
    "quote over lines": f'password: "a\n  {S}"',
    "XML": f"<password>{S}</password>",
    "XML with a prefix": f'<c:dbPassword type="x">\n  {S}\n</c:dbPassword>',
    "XML, CDATA": f"<password><![CDATA[{S}]]></password>",
    "XML attribute": f'<user password="{S}"/>',
    "XML property": f'<property name="db.password" value="{S}"/>',
    "XML entry": f'<entry key="password">{S}</entry>',
    "TOML": f"password = '{S}'",
    "table, blanks": f"password   {S}",
    "table, tab": f"password\t{S}",
    "table, words": f"db_password    correct {S}",
    "mysql": f"mysql -uroot -p{S} db",
    "mysqldump": f"mysqldump --host db -p'{S}' shop",
    "redis-cli": f"redis-cli -h cache -a {S} ping",
    "sshpass": f"sshpass -p {S} ssh x",
    "curl": f"curl -u admin:{S} http://x",
    "curl, long": f"curl --user=admin:{S} http://x",
    "SQL, identified": f"CREATE USER a IDENTIFIED BY '{S}'",
    "SQL, identified with": f"ALTER USER a IDENTIFIED WITH mysql_native_password BY '{S}'",
    "SQL, password": f"ALTER USER a WITH PASSWORD '{S}'",
    "is": f"the password is {S}",
    "a word behind": f"secret {S}",
    "Ruby": f':password=>"{S}"',
    "arrow": f"password -> {S}",
    "query": f"GET /x?access_token={S}&a=b",
    "Set-Cookie": f"Set-Cookie: session={S}; HttpOnly",
    "Cookie": f"Cookie: a=b; sid={S}",
    "Cookie of curl": f"curl -H 'cookie: sid={S}' http://x",
    "Cookie of Go": f"map[Accept:[*/*] Cookie:[a=b; sid={S}]]",
    "Digest": f'Authorization: Digest username="bob", response="{S}"',
    "X-Api-Key": f"X-Api-Key: {S}",
    "JDBC": f"jdbc:postgresql://h/db?user=a&password={S}",
    "Go": f"{{User:admin Password:{S} Host:x}}",
    "Python": f"{{'password': '{S}'}}",
    "JSON in JSON": json.dumps(json.dumps({"password": S})),
    "passphrase": f"Enter passphrase: {S}",
    "encryption key": f"encryption_key={S}",
    "signing key": f"SIGNING_KEY={S}",
    "client key": f"    client-key-data: {B}",
    "AWS": f"aws_secret_access_key = wJalrXUtnFEMI/{S}",
    "base64": encoded(f"password={S}"),
    "hexadecimal": f"password={S}".encode().hex(),
    "URL-encoded": f"password%3D{S}",
    "URL-encoded JSON": f"%7B%22password%22%3A%22{S}%22%7D",
    "export": f"export DB_PASS={S}",
    "docker": json.dumps({"auths": {"r": {"auth": encoded(f"u:{S}")}}}),
    "pgpass": f"db:5432:app:app:{S}",
    "pgpass, any": f"*:*:*:app:{S}",
    "pw": f"pw={S}",
    "psk": f"psk={S}",
    "otp": f"otp={S}",
    "kubeconfig": f"    token: {S}",
    "DSN": f"app:{S}@tcp(db:3306)/x",
    "AMQP": f"amqp://app:{S}@mq/",
    "zero width": f"pass\u200bword={S}",
    "full width": f"{FULL_WIDTH}={S}",
    "escapes": f"pass\x1b[0mword={S}",
    "German": f"passwort={S}",
    "logfmt": f"msg=ok db.password={S}",
    "camel": f"dbPassword={S}",
}


@pytest.mark.parametrize("text", LOGS.values(), ids=LOGS)
def test_a_planted_secret_does_not_leave_a_log(text: str) -> None:
    alone, among = said("logs web-1", text), said("logs web-1", f"starting\n{text}\nstopping\n")
    for shown in (alone, among):
        assert S not in shown
        assert B not in shown
        assert f"password={S}".encode().hex() not in shown
    assert among.startswith("starting\n")
    assert among.endswith("\nstopping")


def config_map(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "x", **metadata}, "data": data}


def pod(**container: Any) -> dict[str, Any]:
    return {"kind": "Pod", "spec": {"containers": [{"name": "app", **container}]}}


def probe(header: str) -> dict[str, Any]:
    return {"httpGet": {"httpHeaders": [{"name": header, "value": S}]}}


OBJECTS = {
    "XML": config_map({"a.xml": f"<c><password>{S}</password></c>"}),
    "several words": config_map({"a.yaml": f"db:\n  password: correct {S} horse\n"}),
    "block": config_map({"a.yaml": f"password: |\n  {S}\n"}),
    "Secret": config_map({"a.yaml": f"data:\n  db: {B}\nkind: Secret\n"}),
    "label": config_map({}, labels={"password": S}),
    "annotation": config_map({}, annotations={"db-password": S}),
    "pgpass": config_map({".pgpass": f"db:5432:app:app:{S}"}),
    "properties": config_map({"app.properties": f"spring.datasource.password={S}"}),
    "argument": pod(args=["--password", S]),
    "shell": pod(command=["sh", "-c", f"mysql -p{S}"]),
    "mysql": pod(command=["/usr/bin/mysqladmin", "ping", f"-p{S}"]),
    "curl": pod(command=["curl", "-u", f"admin:{S}"]),
    "URL": pod(env=[{"name": "DB_URL", "value": f"postgres://u:{S}@h/d"}]),
    "value first": pod(env=[{"value": S, "name": "DB_PASSWORD"}]),
    "header": pod(livenessProbe=probe("Authorization")),
    "other header": pod(livenessProbe=probe("X-Api-Key")),
    "volume": {"kind": "PersistentVolume", "spec": {"csi": {"volumeAttributes": {"password": S}}}},
    "class": {"kind": "StorageClass", "parameters": {"restuserkey": S, "adminSecret": S}},
}


@pytest.mark.parametrize("value", OBJECTS.values(), ids=OBJECTS)
def test_a_planted_secret_does_not_leave_an_object(value: dict[str, Any]) -> None:
    shown = said("get cm x -o yaml", json.dumps(value))
    assert S not in shown
    assert B not in shown
    assert f"kind: {value['kind']}" in shown


def test_labels_are_masked_alike_wherever_they_are_shown() -> None:
    labels = {"app": "web", "auth": "enabled", "example.com/token": S}
    as_yaml = said(
        "get pod web -o yaml", json.dumps({"kind": "Pod", "metadata": {"labels": labels}})
    )
    lines = "\n              ".join(f"{k}={v}" for k, v in labels.items())
    described = said("describe pod web", f"Name:         web\nLabels:       {lines}\n")
    for shown in (as_yaml, described):
        assert S not in shown
        assert "web" in shown
        assert "enabled" in shown
    with pytest.raises(RefusedCommandError, match="leave -L away"):
        parse("get pods -L app,example.com/token")


@pytest.mark.parametrize(
    "text",
    [
        "unauthorized: authentication required",
        "it may require authorization: server message: insufficient_scope: authorization failed",
        'SetUp failed for volume "x" : failed to fetch token: serviceaccounts "web" not found',
        "0/3 nodes are available: 1 node(s) had untolerated taint {key: value}",
        "auth-service: connection refused to db:5432",
        "dial tcp: lookup auth-service:8080 on 10.96.0.10:53: no such host",
        'dial tcp: lookup auth:8080, image "auth:1.2"',
        "javax.naming.AuthenticationException: [LDAP: error code 49 - invalid credentials]",
        "InvalidTokenException: expired\n\tat com.example.TokenFilter.run(TokenFilter.java:42)",
        "Access denied for user 'root'@'10.0.0.1' (using password: YES)",
        "tests passed: 12",
        "cache_key=user:42 routing_key=orders",
        "topologyKey: kubernetes.io/hostname",
        "- key: node.kubernetes.io/not-ready\n  operator: Exists",
        "secret:\n  defaultMode: 420\n  secretName: db-creds",
        "imagePullSecrets:\n- name: regcred",
        "secrets:\n- name: web-token",
        "valueFrom:\n  secretKeyRef:\n    name: db\n    key: password",
        "projected:\n  sources:\n  - serviceAccountToken:\n      path: token",
        "involvedObject:\n  kind: Secret\n  name: db\nreason: Gone",
        "kind: ConfigMap\ndata:\n  level: debug",
        "token.go:42: token expired",
        "my_app::auth: starting",
        "app.py:42:INFO:root:started",
        "secrets                v1                         true    Secret",
        "tokenreviews           authentication.k8s.io/v1   false   TokenReview",
        "reset-password   1/1     1            1           5d",
        "docker run -u 1000:1000 web",
        "SyntaxError: Unexpected token } in JSON at position 4",
        "the password is too short",
        "password is REQUIRED",
        "secret db-1 not found",
        "PASSWORD_FILE=/run/secrets/db",
        "KUBECONFIG=/etc/app/config",
        "Caused by: FATAL: password authentication failed for user app",
        "x\u00b2 \u2167 \uff11 is not ASCII, and stays",
    ],
)
def test_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert redact(text) == text


PIECES = st.sampled_from(
    [
        *("password", "token", "key", "kind: Secret", "data:", "secretName", "auth", "mysql -p"),
        *(
            ": ",
            ":",
            "=",
            " ",
            "  ",
            "\t",
            "\n",
            "\n  ",
            "\n- ",
            "|",
            "'",
            '"',
            "\\",
            "<",
            ">",
            "/",
        ),
        *(
            "[",
            "]",
            "{",
            "}",
            "@",
            "://",
            "%3D",
            "***",
            "Bearer ",
            "Cookie: ",
            "-u ",
            "is ",
            "\uff50",
        ),
        *(
            "abc",
            "Aa1bcdefgh",
            "cGFzc3dvcmQ9aHVudGVyMg==",
            "5432:a:b:c",
            "-----END PRIVATE KEY-----",
        ),
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_text_made_of_traps_is_redacted_once_and_for_all(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "text",
    [
        *("<password ", "<password>", "<password>x", "<a " + "b" * 290, 'name="password" value="'),
        *(
            "password  ",
            "password\t",
            "password is ",
            "pass" + " " * 90,
            "password : ",
            "a" * 199 + "=",
        ),
        *(
            "mysql ",
            "mysql a -p",
            "redis-cli ",
            "mongo ",
            "-u a:",
            "IDENTIFIED BY '",
            "IDENTIFIED ",
        ),
        *(
            "Cookie: ",
            "Cookie: a=",
            "Authorization: Digest ",
            "password%3D",
            "token: [",
            "'PASSWORD=",
        ),
        *("password: |\n  x\n", "password:\n", "password:\n  - x\n", 'password: "a\n b\n'),
        *("kind: Secret\ndata:\n  x: y\n", "a:1:b:c:", "a:5432:a:a:x y\n", "70617373776f72643d"),
        *(
            "\uff50\uff41\uff53\uff53",
            "a.b/",
            " ",
            "[pod/a] 2026-01-01T00:00:00.000Z ",
            '"name" : ',
        ),
    ],
)
def test_text_made_to_keep_us_busy_does_not(text: str) -> None:
    started = time.process_time()
    redact(text * (200_000 // len(text)))
    assert time.process_time() - started < 4
