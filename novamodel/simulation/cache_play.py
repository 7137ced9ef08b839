"""Commands of caches as Poisson streams, without the requests around them: the same keys, rules and columns as in runs.

A get fills on a miss by chance, as often as the routes do, and at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from novamodel.analytic.keyspace_life import KeyRates
from novamodel.components.maths import log
from novamodel.components.philox import uniform_pair
from novamodel.components.redis.commands import key_delete, key_get, key_set
from novamodel.components.redis.state import Keys, in_lists
from novamodel.components.rule import COMPILED, entry
from novamodel.workload.arrivals import Floats, share_of
from novamodel.workload.key_draws import KeyDraws, key_drawn

KINDS = 3  # of commands: get, set, delete
AT, WHICH = 0, 1  # pairs of uniform numbers of a command


class Commands(NamedTuple):
    """What comes, of all keyspaces together; arrays."""

    per_s: float
    shares: Floats  # by keyspace * KINDS + kind, cumulative
    fills: Floats  # by keyspace: gets that fill when they miss


def commands_of(rates: Mapping[int, KeyRates], keyspaces: int) -> Commands:
    """Streams of commands, given the rates by number of the keyspace; others are silent."""
    per_s, fills = np.zeros(keyspaces * KINDS), np.zeros(keyspaces)
    for space, rate in rates.items():
        per_s[space * KINDS : (space + 1) * KINDS] = rate.reads, rate.sets, rate.deletes
        fills[space] = rate.fills / rate.reads if rate.reads > 0 else 0.0
    total = float(per_s.sum())
    shares = np.cumsum(per_s) / max(total, 1e-300)
    shares[-1:] = 1.0
    return Commands(total, shares, fills)


def play(keys: Keys, draws: KeyDraws, commands: Commands, stream: int, begin: float, end: float, first: int) -> int:
    """Carry out the commands from ``begin`` to ``end``, numbered from ``first`` on; the next number.

    ``stream``: of random numbers, with the seed of ``keys``, which are changed.
    """
    if commands.per_s <= 0.0:
        return first
    seed, args = int(keys.seed[0]), (commands.per_s, commands.shares, commands.fills, stream, begin, end, first)
    if COMPILED:
        return int(_play(keys, draws, seed, *args))
    lists = in_lists(keys)  # whole numbers of any size, as plain Python has them
    following = int(_play(lists, KeyDraws(*(column.tolist() for column in draws)), seed, *args))
    for column, values in zip(keys, lists, strict=True):
        column[:] = values
    return following


@entry
def _play(
    s: Keys,
    d: KeyDraws,
    seed: int,
    per_s: float,
    shares: Any,
    fills: Any,
    stream: int,
    begin: float,
    end: float,
    n: int,
) -> int:
    now = begin
    while True:
        gap, what = uniform_pair(seed, stream, n, AT)
        now -= log(gap) / per_s
        n += 1
        if now >= end:
            return n
        which, fill = uniform_pair(seed, stream, n - 1, WHICH)
        place = share_of(shares, 0, what)
        space = place // KINDS
        key = key_drawn(d, space, which)
        kind = place - KINDS * space
        if kind == 1:
            key_set(s, space, key, now)
        elif kind == 2:
            key_delete(s, space, key, now)
        elif not key_get(s, space, key, now) and fill < fills[space]:
            key_set(s, space, key, now)
