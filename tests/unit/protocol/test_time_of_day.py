"""Times of day in both of Harvest's forms, and nothing else."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_duck.protocol.time_of_day import parse_time

MINUTES = [time(hour, minute) for hour in range(24) for minute in range(60)]


def test_every_minute_of_a_day_reads_alike_on_either_clock() -> None:
    for moment in MINUTES:
        half = "am" if moment.hour < 12 else "pm"
        hour = moment.hour % 12 or 12
        for text in (
            f"{moment:%H:%M}",
            f"{moment.hour}:{moment:%M}",
            f"{hour}:{moment:%M}{half}",
            f"{hour:02}:{moment:%M}{half.upper()}",
            f"{hour}:{moment:%M} {half.title()}",
        ):
            assert parse_time(text) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("12:00am", time(0, 0)),
        ("12:00pm", time(12, 0)),
        ("00:00", time(0, 0)),
        ("2:59:30pm", time(14, 59, 30)),
        ("23:59:59", time(23, 59, 59)),
        ("8am", time(8)),
        ("8 PM", time(20)),
        ("12am", time(0)),
        ("12pm", time(12)),
    ],
)
def test_midnight_noon_seconds_and_hours_alone(text: str, moment: time) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "13:00pm",
        "0:30am",
        "00:30pm",
        "24:00",
        "25:00",
        "12:60",
        "12:5",
        "12",
        "13pm",
        "0am",
        "pm",
        "8:am",
        "",
        " 12:00",
        "12:00 ",
        "12:00\n",
        "12:00xm",
        "12:00 p",
        "-1:00",
        "1:00:60",
        "12:00:00.5",
        "noon",
        "\uff12:30",
        "12.30",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        parse_time(text)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=10), st.text("0123456789:apmAPM ", max_size=9)))
def test_any_text_is_a_time_of_day_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_time(text), time)
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017 - most texts are refused
