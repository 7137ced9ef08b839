"""What makes draws quick must not change them: exponent bits in compiled code, the guide to the clients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.bits import scale_float, split_float
from novamodel.components.rule import entry
from novamodel.simulation.schedule import Heap, heap_close, heap_push
from novamodel.workload.arrivals import guide_table, popularity_shares, share_of


@entry
def split_in_compiled_code(x: float) -> tuple[float, int]:
    return split_float(x)


@entry
def scale_in_compiled_code(x: float, exponent: int) -> float:
    return scale_float(x, exponent)


@given(st.floats(min_value=0.0, allow_infinity=False))
def test_split_is_frexp(x):
    assert split_in_compiled_code(x) == math.frexp(x) == split_float(x)


@given(st.floats(min_value=0.25, max_value=4.0), st.integers(-1100, 1100))
def test_scale_is_ldexp(x, exponent):
    assert scale_in_compiled_code(x, exponent) == scale_float(x, exponent)


@pytest.mark.parametrize("x", [0.0, 5e-324, 2.2250738585072009e-308, 2.2250738585072014e-308, 1.7976931348623157e308])
def test_split_at_the_ends_of_the_range(x):
    assert split_in_compiled_code(x) == math.frexp(x)


@pytest.mark.parametrize(("clients", "exponent"), [(1, 0.0), (2, 0.0), (3, 2.0), (500, 0.8), (513, 0.0), (40_000, 1.1)])
def test_guide_leads_to_the_client_that_a_search_finds(clients, exponent):
    shares = popularity_shares(clients, exponent)
    guide = guide_table(shares, 0)
    assert len(guide) >= clients
    rng = np.random.default_rng(1)
    uniforms = np.concatenate([rng.random(2000), shares[:-1], np.nextafter(shares[:-1], 1.0), [2.0**-53, 1 - 2.0**-53]])
    for u in uniforms:
        assert share_of(shares, guide[int(u * len(guide))], u) == np.searchsorted(shares, u)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.0]), st.booleans()), max_size=60))
def test_heap_gives_entries_in_order(steps):
    """Pushes and takes in any mixture; a push may come into the place of an entry just taken."""
    heap = Heap([0.0] * 64, [0] * 64, [0] * 64, [0], [64], [0])
    inside: list[tuple[float, int]] = []
    for key, (time, takes) in enumerate(steps):
        heap_push(heap, time, key, -key)
        inside.append((time, key))
        if takes:
            heap_close(heap)
            first = min(inside)
            inside.remove(first)
            assert (heap.time[0], heap.key[0], heap.who[0]) == (*first, -first[1])
            heap.taken[0] = 1
    heap_close(heap)
    assert heap.count[0] == len(inside)
