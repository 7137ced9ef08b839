"""The cache alone, key by key: what its closed form is checked with, and what it has no closed form for.

Reads, fills, sets and deletes come as Poisson streams in the proportions of the mix, keys by their popularity. The
cache holds real entries with lifetimes and evicts by one of Redis's policies when its memory is full; LRU is exact,
where Redis takes the oldest of five keys.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import pandas as pd

from novamodel import units
from novamodel.analytic import entry_bytes, hit_ratios, key_rates, peak_rate
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.scenario.traffic import zipf_exponent
from novamodel.workload.arrivals import popularity_shares

POLICIES = ("allkeys-lru", "allkeys-random", "volatile-ttl", "noeviction")
READ, SET, DELETE = 0, 1, 2
SAMPLE = 5
"""Redis's ``maxmemory-samples`` (documented default)."""
MOST_COMMANDS = 20_000_000


def replay_cache(
    scenario: Scenario,
    duration_s: float,
    *,
    policy: str = "allkeys-lru",
    rate: float | None = None,
    replications: int = 3,
    step_s: float | None = None,
    full: bool = False,
) -> pd.DataFrame:
    """Fill a cache with the commands of ``duration_s`` seconds at ``rate`` requests/s (default: the peak).

    It is empty at the beginning; ``full``: every key was put there before, the most popular ones last.
    A row a replication, step and keyspace: ``replication, time_s`` (end of the step), ``keyspace, reads, hits,
    entries, evicted``. ``policy``: one of Redis's ``maxmemory-policy``. Same scenario and seed, same result. Raises
    ``UserError`` for an unknown policy and for more commands than a minute replays.
    """
    if policy not in POLICIES:
        raise UserError(f"{policy!r} is no policy that is modelled", valid=list(POLICIES), given=policy)
    rate, step = peak_rate(scenario) if rate is None else rate, step_s or duration_s
    ratios = hit_ratios(scenario, rate)
    streams = {name: _Stream(scenario, name, rate, ratios) for name in ratios}
    commands = sum(stream.rate_per_s for stream in streams.values()) * duration_s * replications
    if commands > MOST_COMMANDS:
        raise UserError(f"{commands:.2g} cache commands are too many to replay", valid=f"at most {MOST_COMMANDS:,}")
    rows = []
    for number in range(replications):
        chance = np.random.default_rng([scenario.run.seed, number])
        cache = _Cache(scenario.cache.memory, policy, chance)
        for stream in streams.values() if full else ():
            for key in range(stream.keys.size - 1, -1, -1):
                cache.put((stream.name, key), stream.ttl_s, stream.bytes)
        for begin in np.arange(0.0, duration_s * (1 - 1e-9), step):
            length = min(step, duration_s - begin)
            counts = _play(cache, streams, begin, length, chance)
            for name, (reads, hits) in counts.items():
                held, evicted = cache.counted(name)
                rows.append((number, begin + length, name, reads, hits, held, evicted))
    return pd.DataFrame(rows, columns=["replication", "time_s", "keyspace", "reads", "hits", "entries", "evicted"])


class _Stream:
    """The commands on one keyspace."""

    def __init__(self, scenario: Scenario, name: str, rate: float, ratios: dict[str, float]) -> None:
        space, rates = scenario.cache.keyspaces[name], key_rates(scenario, name, rate, ratios)
        size = units.parse_bytes(space.value_size) if isinstance(space.value_size, str) else space.value_size
        self.name, self.ttl_s = name, space.ttl or math.inf
        self.bytes = entry_bytes(size, space.ttl > 0)
        self.shares = (rates.reads, rates.sets, rates.deletes)
        self.rate_per_s = sum(self.shares)
        self.fills = rates.fills / rates.reads if rates.reads > 0 else 0.0
        self.keys = popularity_shares(space.keys, zipf_exponent(space.popularity))

    def draw(self, begin: float, length: float, chance: np.random.Generator) -> list[tuple[float, int, int, bool]]:
        """(time, command, key, whether a miss fills) of every command in a stretch of time."""
        count = chance.poisson(self.rate_per_s * length)
        times = begin + length * chance.random(count)
        what = np.searchsorted(np.cumsum(self.shares) / max(self.rate_per_s, 1e-300), chance.random(count))
        keys = np.minimum(np.searchsorted(self.keys, chance.random(count)), self.keys.size - 1)
        fills = chance.random(count) < self.fills
        return list(zip(times.tolist(), what.tolist(), keys.tolist(), fills.tolist(), strict=True))


class _Cache:
    """Entries in the order of their last use, (keyspace, key) -> (end of life, bytes), and their names in a list."""

    def __init__(self, memory: float, policy: str, chance: np.random.Generator) -> None:
        self.memory, self.policy, self.chance = memory, policy, chance
        self.held: OrderedDict[tuple[str, int], tuple[float, float]] = OrderedDict()
        self.names: list[tuple[str, int]] = []
        self.place: dict[tuple[str, int], int] = {}
        self.used = 0.0
        self.count: dict[str, int] = {}
        self.evicted: dict[str, int] = {}

    def counted(self, name: str) -> tuple[int, int]:
        """Entries of a keyspace (those whose life has ended unseen included), and evictions since asked last."""
        return self.count.get(name, 0), self.evicted.pop(name, 0)

    def get(self, key: tuple[str, int], now: float) -> bool:
        found = self.held.get(key)
        if found is None:
            return False
        if found[0] <= now:
            self.drop(key)
            return False
        self.held.move_to_end(key)
        return True

    def put(self, key: tuple[str, int], end: float, size: float) -> None:
        self.drop(key)
        while self.used + size > self.memory and self.held:
            if self.policy == "noeviction":
                return
            victim = self._victim()
            self.evicted[victim[0]] = self.evicted.get(victim[0], 0) + 1
            self.drop(victim)
        if self.used + size > self.memory:
            return
        self.held[key] = (end, size)
        self.place[key] = len(self.names)
        self.names.append(key)
        self.used += size
        self.count[key[0]] = self.count.get(key[0], 0) + 1

    def drop(self, key: tuple[str, int]) -> None:
        found = self.held.pop(key, None)
        if found is not None:
            self.used -= found[1]
            self.count[key[0]] -= 1
            last, place = self.names.pop(), self.place.pop(key)
            if last != key:  # the last name takes the place that is free now
                self.names[place] = last
                self.place[last] = place

    def _victim(self) -> tuple[str, int]:
        if self.policy == "allkeys-lru":
            return next(iter(self.held))
        if self.policy == "allkeys-random":
            return self.names[int(self.chance.integers(len(self.names)))]
        sample = [self.names[int(i)] for i in self.chance.integers(0, len(self.names), SAMPLE)]
        return min(sample, key=lambda name: self.held[name][0])


def _play(
    cache: _Cache, streams: dict[str, _Stream], begin: float, length: float, chance: np.random.Generator
) -> dict[str, tuple[int, int]]:
    """Reads and hits of each keyspace in a stretch of time."""
    commands = [
        (time, name, what, key, fills)
        for name, stream in streams.items()
        for time, what, key, fills in stream.draw(begin, length, chance)
    ]
    commands.sort()
    counts = {name: [0, 0] for name in streams}
    for now, name, what, key, fills in commands:
        entry, stream = (name, key), streams[name]
        if what == DELETE:
            cache.drop(entry)
        elif what == SET:
            cache.put(entry, now + stream.ttl_s, stream.bytes)
        else:
            counts[name][0] += 1
            if cache.get(entry, now):
                counts[name][1] += 1
            elif fills:
                cache.put(entry, now + stream.ttl_s, stream.bytes)
    return {name: (reads, hits) for name, (reads, hits) in counts.items()}
