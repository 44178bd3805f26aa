"""What looks like a secret does not leave the log it stands in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.cluster.redaction import redact

SECRET = "s3cr3tValue12345"  # noqa: S105 - made up


@pytest.mark.parametrize(
    "text",
    [
        f"postgres://app:{SECRET}@db:5432/shop",
        f"amqp://guest:{SECRET}@mq",
        f"redis://:{SECRET}@cache:6379/0",
        f"DB_PASSWORD={SECRET}",
        f"password: {SECRET}",
        f'{{"apiKey": "{SECRET}", "user": "bob"}}',
        f"client_secret='{SECRET}'",
        f"Authorization: Bearer {SECRET}",
        f"--api-token {SECRET} --verbose",
        f"--password={SECRET}",
        f"AWS_SECRET_ACCESS_KEY = {SECRET}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    assert SECRET not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJl",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "glpat-abcdefghij0123456789",
        "xoxb-1234567890-abcdefgh",
        "sk-abcdefghijklmnopqrstuv",
    ],
)
def test_tokens_of_known_shape_are_masked_wherever_they_stand(token: str) -> None:
    assert token not in redact(f"sending {token} to the server")


@pytest.mark.parametrize(
    "text",
    [
        "panic: runtime error: index out of range [3] with length 3",
        "dial tcp 10.96.0.12:5432: connect: connection refused",
        "KeyError: 'DATABASE_URL'",
        'exec: "nginz": executable file not found in $PATH',
        "http://db:5432/health returned 503",
        'MountVolume.SetUp failed for volume "auth" : secret "auth" not found',
        "couldn't find key token in Secret shop/db",
        "open /etc/app/tokens.yaml: no such file or directory",
    ],
)
def test_what_explains_a_crash_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=500))
def test_any_text_is_redacted_once_and_for_all(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
