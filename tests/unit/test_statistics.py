"""Intervals cover as often as they say, quantiles interpolate, the warm-up cut finds a transient."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.statistics import (
    Estimate,
    batch_means,
    mean_interval,
    mser5,
    paired_difference,
    quantile_of_histogram,
    too_few_for_quantile,
)


def test_mean_interval_of_a_textbook_sample():
    # t(0.975, 3) = 3.182446; sd of 1,2,3,4 = 1.290994
    estimate = mean_interval([1, 2, 3, 4])
    assert estimate.value == 2.5
    assert estimate.high - 2.5 == pytest.approx(3.182446305 * 1.290994449 / 2, rel=1e-8)
    assert 2.5 - estimate.low == pytest.approx(estimate.high - 2.5)


@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_mean_interval_covers_as_often_as_it_says(confidence):
    samples = np.random.default_rng(1).normal(10.0, 3.0, size=(4000, 4))
    inside = np.mean([e.low <= 10.0 <= e.high for e in (mean_interval(s, confidence) for s in samples)])
    assert inside == pytest.approx(confidence, abs=4 * math.sqrt(confidence * (1 - confidence) / 4000))


def test_one_value_has_no_interval_and_none_is_refused():
    estimate = mean_interval([3.0])
    assert estimate.value == 3.0
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])
    with pytest.raises(ValueError, match="between 0 and 1"):
        mean_interval([1, 2], 1.0)


def test_a_replication_without_answer_is_not_left_out():
    estimate = mean_interval([1.0, math.nan, 2.0])
    assert all(math.isnan(part) for part in estimate)


def test_pairs_are_compared_by_their_differences():
    noise = np.random.default_rng(2).normal(size=8)
    estimate = paired_difference(noise, noise + 0.5)
    assert estimate == pytest.approx(Estimate(0.5, 0.5, 0.5))
    with pytest.raises(ValueError, match="line up"):
        paired_difference([1, 2], [1])


def test_batch_means_cover_on_a_correlated_series_where_single_values_do_not():
    rng = np.random.default_rng(3)
    hits = naive = 0
    for _ in range(200):
        noise = rng.normal(size=4000)
        series = np.empty(4000)
        series[0] = noise[0] / math.sqrt(1 - 0.8**2)
        for i in range(1, 4000):
            series[i] = 0.8 * series[i - 1] + noise[i]
        by_batch, by_value = batch_means(series, 20), mean_interval(series)
        hits += by_batch.low <= 0 <= by_batch.high
        naive += by_value.low <= 0 <= by_value.high
    assert hits >= 180
    assert naive <= 150


def test_batch_means_leaves_out_the_remainder_at_the_start():
    assert batch_means([99, 1, 1, 3, 3], 2).value == 2.0
    with pytest.raises(ValueError, match="batches"):
        batch_means([1, 2], 3)


def test_quantile_interpolates_inside_its_bucket():
    assert quantile_of_histogram([1, 2, 4], [10, 10, 20], 0.5) == 2.0
    assert quantile_of_histogram([1, 2, 4], [10, 10, 20], 0.75) == 3.0
    assert quantile_of_histogram([1, 2, 4], [10, 0, 10], 0.75) == 3.0
    assert quantile_of_histogram([2.0, 4.0], [1, 1], 0.25, lower_edges=[1.0, 3.0]) == 1.5
    assert quantile_of_histogram([1, math.inf], [1, 1], 0.9) == 1.0
    assert math.isnan(quantile_of_histogram([1, 2], [0, 0], 0.5))


@pytest.mark.parametrize(
    ("edges", "counts", "q"),
    [([1, 1], [1, 1], 0.5), ([1, 2], [1, -1], 0.5), ([1, 2], [1], 0.5), ([1], [1], 1.1)],
)
def test_quantile_refuses_what_is_no_histogram(edges, counts, q):
    with pytest.raises(ValueError):
        quantile_of_histogram(edges, counts, q)


@given(st.lists(st.floats(2e-4, 50), min_size=1, max_size=200), st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99, 1.0]))
def test_quantile_of_log_buckets_is_within_a_bucket_of_the_order_statistic(values, q):
    edges = 1e-4 * 1.01 ** np.arange(1, 1400)
    counts = np.bincount(np.searchsorted(edges, values), minlength=edges.size)
    exact = np.quantile(values, q, method="inverted_cdf")
    assert exact / 1.0101 <= quantile_of_histogram(edges, counts, q) <= exact * 1.0101


def test_mser5_cuts_a_transient_and_leaves_a_stationary_series():
    rng = np.random.default_rng(4)
    series = rng.normal(size=1000)
    series[:100] += np.linspace(20, 0, 100)
    assert 60 <= mser5(series) <= 130
    assert mser5(rng.normal(size=1000)) <= 250
    assert mser5(np.ones(100)) == 0
    assert mser5([5.0] * 7) == 0
    with pytest.raises(ValueError, match="finite"):
        mser5([1.0, math.nan] * 20)


def test_a_drifting_series_is_cut_at_half():
    assert mser5(np.arange(100.0)) == 50


def test_too_few_for_quantile_says_how_many_it_takes():
    assert too_few_for_quantile(1000, 0.99) is None
    sentence = too_few_for_quantile(400, 0.99)
    assert sentence is not None
    assert "p99" in sentence
    assert "1,000" in sentence
    assert too_few_for_quantile(10_000, 0.999) is None
