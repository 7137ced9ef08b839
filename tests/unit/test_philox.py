"""Philox known answers, statistical quality across keys, and the laws built on it."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from novamodel.components.philox import philox4x32, to_uniform, uniform, uniform_pair
from novamodel.components.rule import entry
from novamodel.workload import laws
from novamodel.workload.law_book import LawBook

ALL = 0xFFFFFFFF

# kat_vectors of Random123 1.14 (philox 4x32, 10 rounds): counter, key, answer
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ALL, ALL, ALL, ALL), (ALL, ALL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@entry
def _block(c0, c1, c2, c3, k0, k1):
    return philox4x32(c0, c1, c2, c3, k0, k1)


@entry
def _fill_pairs(seed, stream, draw_pair, first, second):
    for request in range(len(first)):
        first[request], second[request] = uniform_pair(seed, stream, request, draw_pair)


@entry
def _pair(seed, stream, request, draw_pair):
    return uniform_pair(seed, stream, request, draw_pair)


def _column(seed, stream, draw_pair, count=20_000):
    first, second = np.empty(count), np.empty(count)
    _fill_pairs(seed, stream, draw_pair, first, second)
    return first, second


def plain(function):
    """The form that CPython would run without numba."""
    return getattr(function, "__wrapped__", function)


@pytest.mark.parametrize("block", [plain(philox4x32), philox4x32, _block])
def test_known_answers(block):
    for counter, key, answer in KNOWN:
        assert block(*counter, *key) == answer


def test_plain_and_compiled_pairs_are_equal():
    for seed, stream, request, pair in product((0, 7, 2**63 - 1), (0, 3, ALL), (0, 1, 2**40 + 5), (0, 9)):
        assert plain(uniform_pair)(seed, stream, request, pair) == _pair(seed, stream, request, pair)


def test_uniform_is_an_element_of_its_pair():
    pair = uniform_pair(5, 2, 11, 3)
    assert (uniform(5, 2, 11, 6), uniform(5, 2, 11, 7)) == pair


def test_uniform_never_reaches_the_ends():
    assert to_uniform(0, 0) == 2.0**-53
    assert to_uniform(ALL, ALL) == 1.0 - 2.0**-53


def test_uniformity_over_requests_streams_and_draws():
    for seed, stream, draw_pair in ((1, 0, 0), (1, 1, 0), (1, 0, 1), (2**40, 5, 2)):
        for column in _column(seed, stream, draw_pair):
            assert stats.kstest(column, "uniform").pvalue > 1e-4
    over_streams = [uniform(9, stream, 0, 0) for stream in range(3000)]
    over_draws = [uniform(9, 0, 0, draw) for draw in range(3000)]
    over_seeds = [uniform(seed, 0, 0, 0) for seed in range(3000)]
    for column in (over_streams, over_draws, over_seeds):
        assert stats.kstest(column, "uniform").pvalue > 1e-4


def test_independence_between_neighbours():
    first, second = _column(1, 0, 0)
    others = [second, _column(1, 1, 0)[0], _column(1, 0, 1)[0], _column(2, 0, 0)[0], np.roll(first, 1)]
    for other in others:
        counts, _, _ = np.histogram2d(first, other, bins=10, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4
        assert abs(np.corrcoef(first, other)[0, 1]) < 4.0 / math.sqrt(len(first))


def test_every_number_differs():
    columns = [_column(1, stream, pair)[0] for stream in range(3) for pair in range(3)]
    assert len(np.unique(np.concatenate(columns))) == 9 * 20_000


def test_laws_follow_their_distributions():
    column, _ = _column(3, 0, 0)
    book = LawBook()
    rows = book.add("exponential"), book.add("lognormal", 0.6)
    table = book.table()
    exponential, lognormal = ([laws.multiplier(table, row, float(u)) for u in column] for row in rows)
    assert stats.kstest(exponential, "expon").pvalue > 1e-4
    scale = math.exp(-0.18)
    assert stats.kstest(lognormal, "lognorm", args=(0.6, 0.0, scale)).pvalue > 1e-4
    assert np.mean(exponential) == pytest.approx(1.0, abs=0.03)
    assert np.mean(lognormal) == pytest.approx(1.0, abs=0.03)
