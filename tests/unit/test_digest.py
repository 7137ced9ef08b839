"""The word that stands for a finished request in the digest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.rule import COMPILED
from novamodel.simulation.digest import mix_rows
from novamodel.simulation.recorder import ROW_WIDTH

WORD = st.integers(-(2**63), 2**63 - 1)


def word_of(row: Any) -> int:
    mixed = np.zeros(1, dtype=np.int64)
    mix_rows(np.array(row, dtype=np.int64), 1, mixed)
    return int(mixed[0])


@given(st.lists(WORD, min_size=ROW_WIDTH, max_size=ROW_WIDTH), st.integers(0, ROW_WIDTH - 1), WORD)
def test_one_other_figure_is_another_word(row: list[int], place: int, value: int) -> None:
    changed = [*row[:place], value, *row[place + 1 :]]
    assert (word_of(row) == word_of(changed)) == (row == changed)


def test_bits_of_many_figures_all_count() -> None:
    """Small times in few places, last bits flipped in several: as many words as rows."""
    rng = np.random.default_rng(3)
    times = rng.integers(0, 64, size=(20_000, ROW_WIDTH)).astype(float) / 1024.0
    rows = np.unique(times.view(np.int64) ^ rng.integers(0, 2, size=times.shape), axis=0)
    mixed = np.zeros(len(rows), dtype=np.int64)
    mix_rows(rows.ravel(), len(rows), mixed)
    assert len(np.unique(mixed)) == len(rows)


@pytest.mark.skipif(not COMPILED, reason="needs numba")
@given(st.lists(WORD, min_size=ROW_WIDTH, max_size=ROW_WIDTH))
def test_plain_python_gives_the_same_word(row: list[int]) -> None:
    mixed = [0]
    mix_rows.py_func(row, 1, mixed)  # type: ignore[attr-defined]
    assert mixed == [word_of(row)]
