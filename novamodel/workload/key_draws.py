"""Which key of a keyspace a command is about: by popularity, from one uniform number."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from novamodel.components.columns import Column
from novamodel.components.rule import rule
from novamodel.workload.arrivals import Floats, Ints, guide_table, popularity_shares, share_of


class KeyDraws(NamedTuple):
    """Tables of cumulative shares, one behind the other, and columns by keyspace."""

    share: Column  # cumulative within a table
    guide: Column  # by part of (0, 1): entry of `share` to look from
    first_part: Column  # by keyspace: its first entry in the guide
    parts: Column  # how many; 0 = its keys are not drawn
    offset: Column  # from an entry of `share` to the number of the key


def key_draws(tables: list[tuple[int, float] | None], first_keys: Any) -> KeyDraws:
    """Tables in arrays, by keyspace: (keys, Zipf exponent), or None where keys are not drawn; equal ones share one."""
    distinct = list(dict.fromkeys(table for table in tables if table is not None))
    shares = [_shares(*table) for table in distinct]
    guides = [_guide(*table) for table in distinct]
    first_share = np.cumsum([0, *map(len, shares)])
    first_part = np.cumsum([0, *map(len, guides)])
    rows = [(0, 0, 0)] * max(1, len(tables))
    for space, table in enumerate(tables):
        if table is not None:
            at = distinct.index(table)
            rows[space] = (int(first_part[at]), len(guides[at]), int(first_keys[space] - first_share[at]))
    moved = [guide + first for guide, first in zip(guides, first_share, strict=False)]
    return KeyDraws(
        np.concatenate(shares) if shares else np.ones(1),
        np.concatenate(moved) if moved else np.zeros(1, dtype=np.int64),
        *(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)),
    )


@lru_cache(maxsize=8)
def _shares(keys: int, exponent: float) -> Floats:
    found = popularity_shares(keys, exponent)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=8)
def _guide(keys: int, exponent: float) -> Ints:
    found = guide_table(_shares(keys, exponent), 0)
    found.flags.writeable = False
    return found


def key_shares(keys: int, exponent: float) -> Floats:
    """Share of each key; the same numbers that keys are drawn by."""
    return np.diff(_shares(keys, exponent), prepend=0.0)


@rule
def key_drawn(d: KeyDraws, space: int, u: float) -> int:
    """Key of a uniform number in (0, 1)."""
    part = d.first_part[space] + int(u * d.parts[space])
    return share_of(d.share, d.guide[part], u) + d.offset[space]
