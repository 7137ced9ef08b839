"""Intervals cover as often as they say, quantiles interpolate, the warm-up cut finds a transient."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.statistics import (
    Estimate,
    around,
    batch_means,
    batch_quantile,
    batch_ratio,
    beginning_differs,
    clustered_share,
    look_alike,
    mean_interval,
    mser5,
    paired_difference,
    pseudo_values,
    quantile_of_histogram,
    ratio_interval,
    skewed_error,
    skewed_interval,
    too_few_for_quantile,
    unpaired_difference,
    unseen_share,
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


def ar1(rng, size, phi):
    noise = rng.normal(size=size)
    series = np.empty(size)
    series[0] = noise[0] / math.sqrt(1 - phi**2)
    for i in range(1, size):
        series[i] = phi * series[i - 1] + noise[i]
    return series


def test_unpaired_difference_is_welchs():
    # by hand: means 2 and 5, variances 1 and 4, three values each: error sqrt(5/3), freedom 25/17 x 2
    estimate = unpaired_difference([1, 2, 3], [3, 5, 7])
    assert estimate.value == 3.0
    assert estimate.high - 3.0 == pytest.approx(3.2158 * math.sqrt(5 / 3), rel=1e-3)
    assert math.isnan(unpaired_difference([1], [2, 3]).low)
    assert unpaired_difference([1, 1], [3, 3]) == Estimate(2, 2, 2)


def test_pairs_that_share_their_noise_have_the_narrower_interval():
    noise = np.random.default_rng(5).normal(size=(2, 10))
    a, b = noise[0], noise[0] + 0.1 * noise[1] + 1.0
    paired, unpaired = paired_difference(a, b), unpaired_difference(a, b)
    assert paired.value == pytest.approx(unpaired.value)
    assert paired.high - paired.low < 0.2 * (unpaired.high - unpaired.low)


def test_ratio_interval_weighs_batches_and_covers():
    assert ratio_interval([1, 9], [10, 30]).value == pytest.approx(0.25)
    assert math.isnan(ratio_interval([0, 0], [0, 0]).value)
    with pytest.raises(ValueError, match="line up"):
        ratio_interval([1, 2], [1])
    rng, inside = np.random.default_rng(6), 0
    for _ in range(1000):
        whole = rng.poisson(200, size=10)
        estimate = ratio_interval(rng.binomial(whole, 0.3), whole)
        inside += estimate.low <= 0.3 <= estimate.high
    assert 0.93 <= inside / 1000 <= 0.97


def test_a_share_never_seen_has_the_binomial_bound():
    assert unseen_share(1000) == pytest.approx(3.689 / 1000, rel=5e-3)
    assert (1 - unseen_share(50)) ** 50 == pytest.approx(0.025)
    with pytest.raises(ValueError, match="trial"):
        unseen_share(0)


def test_a_share_that_comes_in_clusters_is_bounded_by_replications():
    """None of four shows any: 60.2 % of replications may, each with a cluster. With all showing, their spread tells."""
    assert clustered_share([0.0] * 4, 0.01) == pytest.approx(0.602 * 0.01, rel=1e-3)
    assert clustered_share([0.0, 0.0, 0.0, 0.05], 0.01) == pytest.approx(0.806 * 0.05, rel=1e-3)
    assert clustered_share([0.1, 0.2], 0.01) == np.inf
    with pytest.raises(ValueError, match="at least one"):
        clustered_share([], 0.1)
    rng, inside = np.random.default_rng(9), 0
    for _ in range(2000):  # a burst of 24 in one of four replications of 48,000 requests
        shares = 24 * rng.poisson(0.25, size=4) / 48000
        high = max(mean_interval(shares).high, min(clustered_share(shares, 24 / 48000), 1.0))
        inside += high >= 24 * 0.25 / 48000
    assert inside / 2000 >= 0.95


def waits_of_mm1(rng, load, seconds, warm_up_s=20.0, rate=200.0):
    """Times in an M/M/1 system of those who come after a warm-up, sorted, by Lindley's recursion."""
    count = int(load * rate * (seconds + warm_up_s) * 1.1 + 200)
    came, work = np.cumsum(rng.exponential(1 / (load * rate), count)), rng.exponential(1 / rate, count)
    steps = np.concatenate([[0.0], np.cumsum(work[:-1] - np.diff(came))])
    times = steps - np.minimum.accumulate(steps) + work
    return np.sort(times[(came >= warm_up_s) & (came < warm_up_s + seconds)])


@pytest.mark.parametrize("load", [0.5, 0.95])
def test_percentiles_near_saturation_are_covered(load):
    """Four runs of 60 s; at 95 % of the capacity that is eight times what the queue takes to forget."""
    rng = np.random.default_rng(5)
    inside, plain = {0.5: [], 0.99: []}, []
    for _ in range(200):
        runs = [waits_of_mm1(rng, load, 60.0) for _ in range(4)]
        every = np.concatenate(runs)
        alone = {q: [np.quantile(run, q) for run in runs] for q in inside}
        for q, found in inside.items():
            truth = -math.log(1 - q) / (200.0 * (1 - load))
            estimate = skewed_interval(float(np.quantile(every, q)), alone[q], least_error=skewed_error(alone[0.5]))
            found.append(estimate.low <= truth <= estimate.high)
        interval = mean_interval(alone[0.99])
        plain.append(interval.low <= truth <= interval.high)
    assert all(0.92 <= np.mean(found) <= 0.99 for found in inside.values())
    assert load == 0.5 or np.mean(plain) < 0.8  # t alone would not


def test_a_high_percentile_is_known_no_better_than_most_requests():
    each = [1.9, 2.1, 2.0, 2.0]
    alone, more = skewed_interval(2.0, each), skewed_interval(2.0, each, least_error=0.5)
    assert alone == skewed_interval(2.0, each, least_error=skewed_error(each))
    assert more.low == alone.low < alone.high < more.high


def test_a_skewed_interval_of_equal_figures_has_no_width_and_needs_all_of_them():
    assert skewed_interval(2.0, [2.0, 2.0]) == pytest.approx((2.0, 2.0, 2.0))
    for alone in ([2.0], [2.0, math.nan], [2.0, 0.0]):
        assert math.isnan(skewed_interval(2.0, alone).high)
    with pytest.raises(ValueError, match="at least one"):
        skewed_interval(2.0, [])
    assert pseudo_values(2.0, [1.5, 2.5]).tolist() == [2.5, 1.5]
    assert around(5.0, Estimate(1.0, 0.0, 3.0)) == Estimate(5.0, 4.0, 7.0)


def test_batches_that_resemble_each_other_are_merged_and_widen_the_interval():
    rng = np.random.default_rng(7)
    plain = merged = 0
    for _ in range(300):
        series = ar1(rng, 20, 0.7)
        whole = np.ones(20)
        plain += abs(mean_interval(series).value) <= mean_interval(series).high - mean_interval(series).value
        estimate = batch_ratio(series + 50, whole)
        merged += estimate.low <= 50 <= estimate.high
    assert plain / 300 < 0.7 < merged / 300
    assert look_alike(np.arange(20))
    assert not look_alike([1.0, -1.0] * 10)
    assert not look_alike([3.0] * 20)


def test_few_batches_have_a_value_and_no_interval():
    estimate = batch_ratio([1, 2, 3, 4], [10, 10, 10, 10])
    assert estimate.value == 0.25
    assert math.isnan(estimate.low)
    assert all(math.isnan(part) for part in batch_ratio([0, 0], [0, 0]))


def test_batch_quantiles_need_enough_in_each_batch():
    edges = np.arange(1.0, 101.0)
    rng = np.random.default_rng(8)

    def batches(count):
        return np.array([np.histogram(rng.uniform(0, 100, count), bins=[0, *edges])[0] for _ in range(20)])

    enough, merged, few = (batch_quantile(edges, batches(n), 0.9) for n in (200, 30, 5))
    assert enough.low <= 90 <= enough.high
    assert merged.low <= 90 <= merged.high
    assert merged.high - merged.low > enough.high - enough.low
    assert few.value == pytest.approx(90, abs=10)
    assert math.isnan(few.low)


def test_a_transient_differs_and_a_burst_of_noise_does_not():
    rng = np.random.default_rng(9)
    false = 0
    for _ in range(200):
        series = np.array([ar1(rng, 200, 0.8) for _ in range(2)]) + 10
        false += beginning_differs(series, 0, 40) != 0
    assert false <= 4
    series[:, :40] += 5 * np.exp(-np.arange(40) / 20)
    assert beginning_differs(series, 0, 40) == pytest.approx(2.2, abs=1.5)
    assert beginning_differs(series, 40, 40) == 0.0
    assert beginning_differs(series, 0, 190) == 0.0
