"""Go's durations."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.durations import format_duration, nanoseconds, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("+0", 0), ("-0", 0), ("0s", 0), ("3s", 3), ("1m", 60), ("5m30s", 330), ("1h0m10s", 3610),
        ("1.5h", 5400), (".5s", 0.5), ("1.s", 1), ("300ms", 0.3), ("20us", 0.00002), ("20µs", 0.00002),
        ("20μs", 0.00002), ("1500ns", 0.000001), ("-1.5s", -1.5), ("1m1m", 120), ("1s1h", 3601),
    ],
)  # fmt: skip
def test_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "3",
        "s",
        ".s",
        "1 s",
        "3 s",
        "3S",
        "1d",
        "1w",
        "0x1s",
        "1e3s",
        "٣s",
        "--1s",
        "1s ",
        "3000000h",
        "1" * 200 + "s",
    ],
)
def test_what_go_refuses_is_refused_with_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0s"), (1, "1µs"), (1500, "1.5ms"), (300_000, "300ms"), (1_500_000, "1.5s"), (60_000_000, "1m0s"),
        (90_000_000, "1m30s"), (3_600_000_000, "1h0m0s"), (86_400_000_000, "24h0m0s"), (-90_000_000, "-1m30s"),
        (1_000_001, "1.000001s"),
    ],
)  # fmt: skip
def test_durations_are_written_as_go_writes_them(microseconds: int, text: str) -> None:
    assert format_duration(timedelta(microseconds=microseconds)) == text


@given(st.integers(-(10**15), 10**15).map(lambda us: timedelta(microseconds=us)))
def test_what_is_written_reads_back_the_same(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(st.text(alphabet="0123456789.-+nuµmsh", max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert abs(nanoseconds(text)) < 2**63
