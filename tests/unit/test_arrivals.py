"""Arrivals: expected numbers from the shape's integral, dispersion against its formula, streams of their own."""

from __future__ import annotations

import hashlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from novamodel.errors import UserError
from novamodel.workload.arrivals import (
    MOST_REPLICATIONS,
    MOST_SOURCES,
    SOURCE_STRIDE,
    STREAMS,
    fill,
    first_stream,
    new_block,
)
from novamodel.workload.bursts import STEADY, dispersed, dispersion_over, factor_of, on_off
from novamodel.workload.rates import STEP_S, daily_breaks, rate_steps

sys.path.insert(0, str(Path(__file__).parents[1]))
from workload_fixture import a_source, times

PULSE = [(0.0, 187.79), (5.0, 187.79), (6.0, 469.48), (10.0, 469.48), (11.0, 187.79), (1800.0, 187.79)]
"""A pulse of four seconds between ramps of one."""


def linear(points):
    xs, ys = zip(*points, strict=True)
    return lambda t: float(np.interp(t, xs, ys))


def expected_until(steps, t):
    return float(np.interp(t, *steps))


# --- the rate -----------------------------------------------------------------------------------------------


def test_pulse_of_four_seconds_has_its_integral():
    steps = rate_steps(linear(PULSE), 30.0, [t for t, _ in PULSE])
    assert expected_until(steps, 30.0) == pytest.approx(30 * 187.79 + 5 * (469.48 - 187.79), rel=1e-12)
    assert expected_until(steps, 10.0) - expected_until(steps, 6.0) == pytest.approx(4 * 469.48, rel=1e-12)
    source = a_source()._replace(edges=steps[0], cumulative=steps[1])
    counts = [np.count_nonzero(times(source, seed) < 30.0) for seed in range(30)]
    assert np.mean(counts) == pytest.approx(7042.15, abs=4 * math.sqrt(7042.15 / 30))


def test_without_breaks_inside_a_minute_steps_are_minutes():
    edges, cumulative = rate_steps(lambda t: 1.0 + t / 7.0, 3600.0, [0.0, 60.0, 1200.0, 3599.9999999, 1e9])
    assert np.array_equal(edges, np.arange(63) * STEP_S)
    want = 0.0
    for i, value in enumerate(cumulative):
        assert value == want  # to the last bit: committed digests hang on it
        want += (1.0 + (i + 0.5) * STEP_S / 7.0) * STEP_S


points = st.lists(
    st.tuples(st.one_of(st.floats(0.0, 400.0), st.integers(0, 400).map(float)), st.floats(0.0, 1000.0)),
    min_size=2,
    max_size=12,
    unique_by=lambda point: round(point[0], 3),
).map(sorted)


@given(points, st.floats(1.0, 300.0))
def test_expected_arrivals_are_the_shapes_integral_at_every_edge(shape, horizon):
    edges, cumulative = rate_steps(linear(shape), horizon, [t for t, _ in shape])
    xs, ys = (np.array(column) for column in zip(*shape, strict=True))
    fine = np.unique(np.concatenate([edges, xs[(xs > 0) & (xs < edges[-1])]]))
    heights = np.interp(fine, xs, ys)
    integral = np.concatenate([[0.0], np.cumsum(np.diff(fine) * (heights[1:] + heights[:-1]) / 2)])
    assert np.allclose(cumulative, np.interp(edges, fine, integral), rtol=1e-9, atol=2e-3)
    assert edges[-1] >= horizon
    assert np.all(np.diff(edges) > 0)
    inside = xs[(xs > 0) & (xs < edges[-1])]
    assert all(np.abs(edges - x).min() <= 1e-5 for x in inside)


@given(st.lists(st.integers(0, 86399), max_size=5), st.integers(-3600, 86399), st.integers(60, 3 * 86400))
def test_daily_breaks_come_at_their_clock_times(clocks, begin, horizon):
    found = daily_breaks(clocks, begin, horizon)
    want = [t for t in range(0, 4 * 86400, 1) if (begin + t) % 86400 in set(clocks)] if clocks else []
    assert [t for t in found if t < horizon] == [t for t in want if t < horizon]


# --- burstier than Poisson ----------------------------------------------------------------------------------


def measured_dispersion(source, rate, window_s, runs):
    """Variance over mean of counts in windows, and the mean rate."""
    counts = []
    for replication in range(runs):
        found = times(source, 5, replication)
        windows = int(source.edges[-1] / window_s)
        counts.append(np.histogram(found, bins=windows, range=(0.0, windows * window_s))[0])
    everything = np.concatenate(counts)
    return everything.var() / everything.mean(), everything.mean() / window_s


@pytest.mark.parametrize(
    ("burst", "rate", "window_s"),
    [
        (STEADY, 20.0, 10.0),
        (dispersed(3.0, 1.0), 20.0, 40.0),
        (dispersed(20.0, 0.5), 5.0, 25.0),  # V = 3.8: silence and bursts
        (dispersed(5.0, 4.0), 20.0, 4.0),  # a window as long as the scale
        (on_off(2.0, 6.0, 4.0), 10.0, 30.0),  # nothing at all when off
        (on_off(3.0, 3.0, 1.5), 10.0, 30.0),
    ],
)
def test_dispersion_of_counts(burst, rate, window_s):
    source = a_source(rate, 20_000.0, burst=burst)
    dispersion, mean = measured_dispersion(source, rate, window_s, 12)
    want = dispersion_over(burst, rate, window_s)
    assert dispersion == pytest.approx(want, rel=0.12)
    assert mean == pytest.approx(rate, abs=4 * math.sqrt(dispersion_over(burst, rate, 1e9) * rate / (12 * 20_000)))


def test_dispersion_is_the_asked_one_over_long_windows():
    for asked in (1.0, 1.5, 4.0, 100.0):
        assert dispersion_over(dispersed(asked, 2.0), 7.0, 1e9) == pytest.approx(asked)


def test_on_off_against_its_formula():
    """1 + 2 r p (1 - p) (high - low)**2 h, h = on off / (on + off): an interrupted Poisson process."""
    on, off, rate = 2.0, 6.0, 10.0
    share, hold = on / (on + off), on * off / (on + off)
    want = 1 + 2 * rate * share * (1 - share) * (1 / share) ** 2 * hold
    assert dispersion_over(on_off(on, off, 4.0), rate, 1e12) == pytest.approx(want)


def test_on_times_and_off_times():
    """With many requests when on and none when off, gaps show the off times: exponential with their mean."""
    source = a_source(500.0, 4000.0, burst=on_off(1.0, 3.0, 4.0))
    gaps = np.diff(times(source, 2))
    silent = gaps[gaps > 0.05] - 0.05  # exponential still
    assert stats.kstest(silent, "expon", args=(0.0, 3.0)).pvalue > 1e-3
    assert len(silent) == pytest.approx(4000 / 4.0 * math.exp(-0.05 / 3.0), abs=4 * math.sqrt(500))


@given(st.floats(0.01, 1e4), st.floats(1.0, 1e3), st.floats(0.01, 100.0))
def test_factors_have_mean_one_and_the_variance_asked(rate, dispersion, scale):
    burst = dispersed(dispersion, scale)
    if burst == STEADY:
        return
    variance = (dispersion - 1.0) / (2.0 * rate * scale)
    share = 0.5 if variance <= 1.0 else 1.0 / (1.0 + variance)
    high, low = factor_of(burst, rate, share * 0.5), factor_of(burst, rate, 0.5 + share * 0.5)
    assert low >= 0.0
    assert share * high + (1 - share) * low == pytest.approx(1.0)
    assert share * (1 - share) * (high - low) ** 2 == pytest.approx(variance, rel=1e-6, abs=1e-12)


def test_bursts_follow_the_shape():
    """Half the time at 5/s, half at 50/s: both keep their means and the dispersion asked."""
    edges, cumulative = rate_steps(lambda t: 5.0 if t < 6000.0 else 50.0, 12_000.0)
    source = a_source(burst=dispersed(6.0, 1.0))._replace(edges=edges, cumulative=cumulative)
    found = [times(source, 3, replication) for replication in range(12)]
    for begin, rate in ((0.0, 5.0), (6000.0, 50.0)):
        counts = np.concatenate([np.histogram(t, bins=120, range=(begin, begin + 6000.0))[0] for t in found])
        assert counts.mean() / 50.0 == pytest.approx(rate, rel=0.05)
        assert counts.var() / counts.mean() == pytest.approx(dispersion_over(source.burst, rate, 50.0), rel=0.15)


@pytest.mark.parametrize("make", [lambda: dispersed(0.5, 1.0), lambda: dispersed(2.0, 0.0), lambda: on_off(1, 3, 4.1)])
def test_impossible_bursts(make):
    with pytest.raises(UserError, match="valid"):
        make()


# --- a pure function of seed, replication, source and number ------------------------------------------------


@pytest.mark.parametrize("burst", [STEADY, dispersed(8.0, 0.3), on_off(0.5, 1.0, 2.0)])
def test_plain_and_compiled_and_any_block_size_agree(burst):
    source = a_source(20.0, 300.0, burst=burst)
    whole = times(source, 9, 1)
    assert np.array_equal(times(source, 9, 1, size=64), whole)
    python = getattr(fill, "py_func", fill)
    one, other = new_block(500, 3), new_block(500, 3)
    assert fill(source, one, 9, 1, 0) == python(source, other, 9, 1, 0) == 500
    for column, again in zip(one, other, strict=True):
        assert np.array_equal(column, again)
    assert np.all(np.diff(whole) >= 0.0)


def test_sources_have_streams_of_their_own():
    found = [times(a_source(number=k), 1) for k in range(4)]
    for k in range(1, 4):
        count = min(len(found[0]), len(found[k]))
        pair = np.diff(found[0][:count]), np.diff(found[k][:count])
        assert abs(np.corrcoef(*pair)[0, 1]) < 4 / math.sqrt(count)
    bases = {first_stream(r, k) for r in (0, 1, MOST_REPLICATIONS - 1) for k in (0, 1, MOST_SOURCES - 1)}
    assert len(bases) == 9
    assert max(bases) + STREAMS <= 2**32
    assert first_stream(0, 1) == SOURCE_STRIDE
    assert first_stream(5, 0) == 5 * STREAMS


def test_second_source_numbers_populations_from_its_first():
    block, other = new_block(100, 3), new_block(100, 3)
    fill(a_source(), block, 1, 0, 0)
    fill(a_source(first_population=3), other, 1, 0, 0)
    assert np.array_equal(block.population + 3, other.population)


def test_plain_arrivals_stay_as_they_were():
    """Digest of time, route, population, client and draws of the first 3,000 requests."""
    block = new_block(3000, 3)
    fill(a_source()._replace(draws=np.array([2, 0])), block, 11, 2, 0)
    block.draw[2::3] = 0.0
    digest = hashlib.sha256(b"".join(column.tobytes() for column in block[:5])).hexdigest()
    assert digest == "080527bd6918611d939086b23818b50c8591c6fe04870531818be4ac0cb692db"


@pytest.mark.parametrize("burst", [STEADY, dispersed(8.0, 0.3), on_off(0.5, 1.0, 3.0)])
def test_nobody_comes_while_the_rate_is_zero(burst):
    edges, cumulative = rate_steps(lambda t: 20.0 if 120.0 < t < 180.0 else 0.0, 300.0)
    source = a_source(burst=burst)._replace(edges=edges, cumulative=cumulative)
    found = np.concatenate([times(source, 1, replication) for replication in range(20)])
    assert found.min() >= 120.0
    assert found.max() <= 180.0
    spread = math.sqrt(dispersion_over(burst, 20.0, 60.0) * 1200 / 20)
    assert len(found) / 20 == pytest.approx(1200, abs=4 * spread)
