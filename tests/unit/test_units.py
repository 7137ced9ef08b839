"""Quantities with units: what people write, to SI base units and back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel import units


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (units.parse_time, "300 ms", 0.3),
        (units.parse_time, "5ms", 0.005),
        (units.parse_time, "2 min", 120.0),
        (units.parse_time, "40.25 ms", 0.04025),
        (units.parse_time, "139 us", 139 / 1_000_000),
        (units.parse_bytes, "512Mi", 536870912.0),
        (units.parse_bytes, "512 MiB", 536870912.0),
        (units.parse_bytes, "1 GB", 1e9),
        (units.parse_cores, "250m", 0.25),
        (units.parse_cores, 0.5, 0.5),
        (units.parse_cores, "2 vCPU", 2.0),
        (units.parse_rate, "450 requests/s", 450.0),
        (units.parse_rate, "10r/s", 10.0),
        (units.parse_rate, "6 requests/min", 0.1),
        (units.parse_fraction, "0.1 %", 0.001),
        (units.parse_fraction, 0.7, 0.7),
        (units.parse_clock, "17:45", 63900.0),
    ],
)
def test_what_people_write(parse, text, value):
    assert parse(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (units.parse_time, 5),  # a number without a unit would be a guess
        (units.parse_time, "5 parsecs"),
        (units.parse_bytes, "512"),
        (units.parse_rate, "450"),
        (units.parse_rate, "450 requests"),
        (units.parse_rate, "nan/s"),
        (units.parse_rate, float("inf")),
        (units.parse_cores, "250n"),
        (units.parse_fraction, "7 percent"),
        (units.parse_fraction, True),
        (units.parse_clock, "25:00"),
        (units.parse_clock, "17:60"),
    ],
)
def test_what_is_refused_says_what_would_be_valid(parse, text):
    with pytest.raises(ValueError, match="write it like"):
        parse(text)


@given(st.integers(1, 10**6))
def test_milliseconds_are_the_float_of_the_division(number):
    assert units.parse_time(f"{number} ms") == number / 1000


@given(st.floats(1e-6, 1e6))
def test_a_formatted_time_reads_back_within_its_four_digits(seconds):
    assert units.parse_time(units.format_time(seconds).replace(",", "")) == pytest.approx(seconds, rel=2e-3)


@given(st.floats(1, 1e15))
def test_a_formatted_size_reads_back_within_its_four_digits(size):
    assert units.parse_bytes(units.format_bytes(size).replace(",", "")) == pytest.approx(size, rel=2e-3)


def test_formats():
    assert units.format_cores(0.25) == "250m"
    assert units.format_fraction(0.001) == "0.1 %"
    assert units.format_rate(450) == "450 requests/s"
    assert units.format_clock(64800) == "18:00"
    assert units.format_time(0) == "0 s"
    assert not math.isnan(units.parse_time("1 s"))


@pytest.mark.parametrize(
    ("figure", "texts"),
    [
        ((0.12421, 0.12389, 0.12462, "s"), ("124.2 ms", "[123.9 ms, 124.6 ms]")),
        ((0.12421, 0.12420, 0.12423, "s"), ("124.21 ms", "[124.2 ms, 124.23 ms]")),
        ((0.412, 0.371, 0.455, "s"), ("412 ms", "[371 ms, 455 ms]")),
        ((0.0, 0.0, 6.92e-5, "1"), ("0 %", "[0 %, 0.00692 %]")),
        ((0.4980001, 0.498, 0.4980002, "1"), ("49.8 %", "[49.8 %, 49.8 %]")),  # six digits at most
        ((2.0, 2.0, 2.0, "s"), ("2 s", "[2 s, 2 s]")),
        ((0.3, math.nan, math.nan, "s"), ("300 ms", "")),
        ((math.nan, math.nan, math.nan, "1"), ("-", "")),
        ((449.96, 447.2, 452.7, "1/s"), ("450 requests/s", "[447 requests/s, 453 requests/s]")),
    ],
)
def test_an_interval_is_written_so_that_its_width_is_seen(figure, texts):
    assert units.format_estimate(*figure) == texts
