"""PromQL's `rate` and `histogram_quantile`: its documented rules, on samples worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.telemetry.promql import histogram_quantile, increase, rate


def test_a_steady_counter_has_its_slope():
    times = np.arange(0, 301, 15.0)
    assert rate(times, 10 * times, 300, 300) == pytest.approx(10)


def test_a_window_off_the_grid_is_stretched_to_its_edges():
    times = np.arange(7, 400, 15.0)
    assert rate(times, 100 + 4 * times, 305, 300) == pytest.approx(4)


def test_a_reset_counts_from_zero():
    assert increase([60, 120, 180, 240, 300], [10, 20, 5, 15, 25], 300, 300) == pytest.approx(35 * (240 + 60) / 240)


def test_a_young_counter_is_not_stretched_below_zero():
    """From 2 at 150 s to 12 at 300 s: 10 more in 150 s, so it was 0 at 120 s, and no sooner."""
    assert increase([150, 225, 300], [2, 7, 12], 300, 300) == pytest.approx(10 * 180 / 150)


def test_far_edges_get_half_a_spacing():
    times, values = [100.0, 110.0, 120.0], [1000.0, 1010.0, 1020.0]
    assert increase(times, values, 200, 200) == pytest.approx(20 * (20 + 5 + 5) / 20)


def test_the_window_is_open_on_the_left():
    """The sample at 0 is out, so the counter seems to have begun where the line through the other two is 0."""
    assert increase([0, 60, 120], [0, 60, 600], 120, 120) == pytest.approx(540 + 540 * (60 / 540))
    assert math.isnan(increase([0, 60], [0, 60], 60, 60))


def test_one_sample_is_no_rate():
    assert math.isnan(rate([100], [5], 100, 300))


EDGES = [0.1, 0.2, 0.5, math.inf]


@pytest.mark.parametrize(
    ("q", "counts", "value"),
    [
        (0.5, [0, 10, 10, 10], 0.15),
        (0.25, [10, 20, 20, 20], 0.05),
        (0.95, [0, 0, 100, 100], 0.2 + 0.3 * 0.95),
        (0.99, [50, 60, 70, 100], 0.5),  # in the last bucket: its lower edge
        (1.0, [0, 10, 10, 10], 0.2),
    ],
)
def test_quantiles_by_hand(q, counts, value):
    assert histogram_quantile(q, EDGES, counts) == pytest.approx(value)


def test_quantiles_at_the_border():
    assert histogram_quantile(-0.1, EDGES, [1, 1, 1, 1]) == -math.inf
    assert histogram_quantile(1.1, EDGES, [1, 1, 1, 1]) == math.inf
    assert math.isnan(histogram_quantile(0.5, EDGES, [0, 0, 0, 0]))
    assert math.isnan(histogram_quantile(0.5, [math.inf], [4]))
    assert histogram_quantile(0.5, [-1, math.inf], [3, 4]) == -1
    with pytest.raises(ValueError, match="Inf"):
        histogram_quantile(0.5, [0.1, 0.2], [1, 2])


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_of_its_rank(added, q):
    counts = np.cumsum(added)
    found = histogram_quantile(q, EDGES, counts)
    if counts[-1] == 0:
        assert math.isnan(found)
        return
    place = int(np.searchsorted(counts, q * counts[-1]))
    low, high = [(0, 0.1), (0.1, 0.2), (0.2, 0.5), (0.5, 0.5)][place]
    assert low - 1e-12 <= found <= high + 1e-12
