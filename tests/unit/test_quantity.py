"""Kubernetes quantities: read as the API server reads them, written as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.cluster.quantity import (
    as_stored,
    canonical,
    format_bytes,
    format_cpu,
    format_resource,
    parse_quantity,
    quantity_or_zero,
)


# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("250m", "0.25"),
        ("2", "2"),
        (2, "2"),
        (0.5, "0.5"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+3", "3"),
        ("-1", "-1"),
        ("100n", "0.0000001"),
        ("7u", "0.000007"),
        ("1k", "1000"),
        ("1E", "1000000000000000000"),
        ("1Ei", "1152921504606846976"),
        ("0.5Gi", "536870912"),
        ("12e6", "12000000"),
        ("12E6", "12000000"),
        ("1e-3", "0.001"),
    ],
)
def test_a_quantity_is_read(text: str | float, amount: str) -> None:
    assert parse_quantity(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", " ", "m", "1 Gi", "1gi", "1K", "1e", "1.2.3", "0x10", "1_000", "٣", "nan", "inf", "--1",
     "1Mi\n2", "1e9999", True, float("nan"), float("inf"), "9" * 5000],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(text: str | float) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)
    assert quantity_or_zero(text) == 0


def test_nothing_asked_for_is_zero() -> None:
    assert quantity_or_zero(None) == 0


@given(st.text() | st.floats() | st.integers() | st.from_regex(r"[+-]?\d*\.?\d*[eEkKmMi]*\d*"))
def test_any_input_is_read_or_refused_with_a_value_error(value: str | float) -> None:
    try:
        amount = parse_quantity(value)
    except ValueError:
        return
    for resource in ("cpu", "memory", "nvidia.com/gpu"):
        assert format_resource(resource, amount)


AMOUNTS = st.decimals(min_value=0, max_value=2**60, places=3, allow_nan=False)


@given(AMOUNTS)
def test_cores_are_written_to_the_millicore_and_never_rounded_up(cores: Decimal) -> None:
    written = parse_quantity(format_cpu(cores))
    assert cores - Decimal("0.001") < written <= cores


@given(AMOUNTS)
def test_bytes_are_written_to_one_percent_and_never_rounded_up(size: Decimal) -> None:
    written = parse_quantity(format_bytes(size))
    assert size * Decimal("0.99") - 1 < written <= size


@given(AMOUNTS)
def test_other_resources_are_written_as_they_are(amount: Decimal) -> None:
    assert parse_quantity(format_resource("nvidia.com/gpu", amount)) == amount


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("cpu", "2", "2"),
        ("cpu", "0.25", "250m"),
        ("cpu", "1.5", "1500m"),
        ("cpu", "0", "0"),
        ("memory", "536870912", "512Mi"),
        ("memory", "1073741824", "1Gi"),
        ("memory", "1500000000", "1430Mi"),
        ("memory", "1000", "1000"),
        ("hugepages-2Mi", "4194304", "4Mi"),
        ("pods", "110", "110"),
        ("nvidia.com/gpu", "1E+30", "1000000000000000000000000000000"),
    ],
)
def test_people_read_the_unit_they_are_used_to(resource: str, amount: str, text: str) -> None:
    assert format_resource(resource, Decimal(amount)) == text


# apimachinery, pkg/api/resource/quantity_test.go and what its CanonicalizeBytes does
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("1000m", "1"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("500m", "500m"),
        ("1000", "1k"), ("1000000", "1M"), ("1024", "1024"), ("1024Ki", "1Mi"), ("1.5", "1500m"),
        ("0Mi", "0"), ("0.5Ki", "512"), ("12e6", "12e6"), ("1e4", "10e3"), ("1e0", "1"),
        ("1E3", "1e3"), ("1E", "1E"), ("1Ei", "1Ei"), ("+1", "1"), ("-1000m", "-1"),
        ("0.1n", "1n"), ("1.5Ki", "1536"), ("1.00001Mi", "1048586485760u"), ("1100", "1100"),
        ("9E", "9E"), ("100E", "100E"), ("many", "many"), ("", ""),
    ],
)  # fmt: skip
def test_a_quantity_is_written_as_the_api_server_stores_it(given: str, stored: str) -> None:
    assert canonical(given) == stored
    assert canonical(stored) == stored


@given(AMOUNTS, st.sampled_from(["", "m", "k", "Ki", "Mi", "e3"]))
def test_the_canonical_form_is_the_same_amount(amount: Decimal, suffix: str) -> None:
    written = f"{amount:f}{suffix}"
    assert parse_quantity(canonical(written)) == parse_quantity(written)


def test_an_amount_that_is_there_already_stays_as_it_is_written() -> None:
    assert as_stored("1Gi", "1024Mi") == "1024Mi"
    assert as_stored("2048Mi", "1024Mi") == "2Gi"
    assert as_stored("1000m", None) == "1"
