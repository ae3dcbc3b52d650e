"""The values that JSON values mean: decimals to the last digit, rounded half to even, and instants."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.catalog.model import TIMESTAMP
from harvest_duck.decoder.exact_values import rounded, scalar_value

LARGEST = Decimal("99999999999999.9999")


def nearest(text: str) -> Fraction:
    """The nearest number of four digits, the even one of two: worked out in fractions, which lose nothing."""
    return Fraction(round(Fraction(text) * 10_000), 10_000)


numbers = st.builds(
    "{}{}{}".format,
    st.integers(-(10**15), 10**15).map(str),
    st.one_of(
        st.just(""),
        st.text("0123456789", min_size=1, max_size=30).map(".{}".format),
        st.sampled_from([".00005", ".99995"]),
    ),
    st.sampled_from(["", "", "", "e0", "E-3", "e+2", "e-12"]),
)


@settings(deadline=None, max_examples=share(500))
@given(numbers)
def test_a_number_is_rounded_to_the_nearest_of_four_digits(text: str) -> None:
    if abs(nearest(text)) > LARGEST:
        with pytest.raises(ValueError, match="too large"):
            rounded(text)
    else:
        assert Fraction(rounded(text)) == nearest(text)
        assert rounded(text).as_tuple().exponent == -4


@settings(deadline=None)
@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_what_has_four_digits_is_kept(scaled: int) -> None:
    value = Decimal(scaled).scaleb(-4)
    assert rounded(f"{value:f}") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.00005", "0.0000"),
        ("0.00015", "0.0002"),
        ("-0.00005", "0.0000"),
        ("-0.00015", "-0.0002"),
        ("0.00005000000000000000000000000000000000000000000000000001", "0.0001"),
        ("99999999999999.99994999999999999999999999999999999999999999", "99999999999999.9999"),
        ("1e-99999", "0.0000"),
        ("1e-999999999", "0.0000"),
        ("-12.5E-" + "9" * 5000, "0.0000"),
        ("0e" + "9" * 5000, "0.0000"),
        ("5" + "0" * 5000 + "e-5005", "0.0000"),
        ("15e-00000000005", "0.0002"),
        ("0e99999", "0.0000"),
        ("0", "0.0000"),
    ],
)
def test_a_tie_goes_to_the_even_digit_and_nothing_else_is_a_tie(text: str, value: str) -> None:
    assert rounded(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["100000000000000", "-1e14", "99999999999999.99995", "1e99999", "1e999999", "1e" + "9" * 5000, "9" * 100]
)
def test_more_than_eighteen_digits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^too large$"):
        rounded(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "+1",
        "01",
        ".5",
        "1.",
        "1e",
        "0x10",
        "1_000",
        "NaN",
        "Infinity",
        "-inf",
        " 1",
        "1 ",
        "1\n",
        "\uff11",
    ],
)
def test_what_json_does_not_call_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^no number$"):
        rounded(text)


@settings(deadline=None)
@given(st.text("0123456789.eE+- ", max_size=12))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        value = rounded(text)
    except ValueError:
        return
    assert Fraction(value) == nearest(text)


@pytest.mark.parametrize("digits", ["123456", "1234567", "123456999999"])
def test_an_instant_has_microseconds(digits: str) -> None:
    expected = datetime(2026, 1, 31, 10, 0, 0, 123456, tzinfo=UTC)
    assert scalar_value(f"2026-01-31T10:00:00.{digits}Z", TIMESTAMP) == expected
