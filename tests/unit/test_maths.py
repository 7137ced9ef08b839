"""Own log, exp and normal quantile: accuracy, edges, and equality of plain and compiled code."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from novamodel.components import maths, rule


@rule.entry
def _log_of(x):
    return maths.log(x)


@rule.entry
def _exp_of(x):
    return maths.exp(x)


@rule.entry
def _quantile_of(u):
    return maths.normal_quantile(u)


def plain(function):
    """The form that CPython would run without numba."""
    return getattr(function, "__wrapped__", function)


def _ulps(value, reference):
    return abs(value - reference) / math.ulp(reference)


def _sample(seed, size=4000):
    generator = np.random.default_rng(seed)
    return [float(v) for v in generator.uniform(size=size)]


def _positive_numbers():
    spread = [math.exp(1400.0 * u - 700.0) for u in _sample(1)]
    near_one = [1.0 + (u - 0.5) * 1e-3 for u in _sample(2)]
    return spread + near_one + list(_sample(3)) + [1.0, 2.0, 0.5, 5e-324, 1e-310, 1.7e308]


def test_log_is_within_two_units_in_the_last_place():
    assert maths.log(1.0) == 0.0
    for x in _positive_numbers():
        if x != 1.0:
            assert _ulps(maths.log(x), math.log(x)) <= 2.0, x


def test_exp_is_within_two_units_in_the_last_place():
    numbers = [1400.0 * u - 700.0 for u in _sample(4)] + [u - 0.5 for u in _sample(5)] + [0.0, 709.7, -744.0]
    for x in numbers:
        assert _ulps(maths.exp(x), math.exp(x)) <= 2.0, x


@pytest.mark.parametrize("log", [plain(maths.log), _log_of])
def test_edges_of_log(log):
    assert log(0.0) == -math.inf
    assert math.isnan(log(-1.0))
    assert math.isnan(log(math.nan))
    assert log(math.inf) == math.inf


@pytest.mark.parametrize("exp", [plain(maths.exp), _exp_of])
def test_edges_of_exp(exp):
    assert exp(710.0) == math.inf
    assert exp(math.inf) == math.inf
    assert exp(-746.0) == 0.0
    assert exp(-math.inf) == 0.0
    assert math.isnan(exp(math.nan))
    assert exp(709.782712893384) < math.inf


def test_quantile_agrees_with_scipy():
    points = _sample(6) + [10.0**-k for k in range(1, 300)] + [1.0 - 2.0**-k for k in range(2, 53)]
    for u in points:
        assert maths.normal_quantile(u) == pytest.approx(norm.ppf(u), rel=1e-13, abs=1e-15), u
    assert maths.normal_quantile(0.5) == 0.0
    assert maths.normal_quantile(0.975) == pytest.approx(1.959963984540054, rel=1e-15)


def test_plain_and_compiled_give_the_same_bits():
    for x in _positive_numbers():
        assert plain(maths.log)(x) == _log_of(x) == maths.log(x)
    for u in _sample(7):
        assert plain(maths.exp)(1500.0 * u - 750.0) == _exp_of(1500.0 * u - 750.0)
        assert plain(maths.normal_quantile)(u) == _quantile_of(u)
        assert plain(maths.normal_quantile)(u * 1e-12) == _quantile_of(u * 1e-12)


def test_rules_stay_plain_functions_and_run_without_reference_counting():
    assert type(maths.log).__name__ == "function"
    assert rule.COMPILED
    assert rule.NO_REFERENCE_COUNTING
