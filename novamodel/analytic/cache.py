"""Hit ratio of each keyspace of a scenario: how often its keys are read, filled, deleted, expired, evicted.

Every key is a small renewal process: absent until something fills it, present until its lifetime ends, a
delete comes, or the cache evicts it. Eviction is that of LRU with a characteristic time common to all keys
(Che), entered as a rate 1 / ((exp(a T) - 1) / a) for a key that is asked a times a second: without a lifetime
this is Che's hit ratio exactly, without eviction the lifetime formula exactly. Poisson references.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from novamodel import units
from novamodel.analytic.popularity import zipf
from novamodel.scenario import Scenario
from novamodel.scenario.demand import Keyspace, Step
from novamodel.scenario.traffic import zipf_exponent

EXACT_KEYS = 20_000
KEY_BYTES = 18
"""Assumed length of a key's name."""


class KeyRates(NamedTuple):
    """Commands a second on a keyspace: reads, reads that fill on a miss, sets elsewhere, deletes."""

    reads: float
    fills: float
    sets: float
    deletes: float


def peak_rate(scenario: Scenario) -> float:
    """Highest arrival rate of the day, requests/s."""
    return scenario.traffic.most_per_s


def hit_ratio(scenario: Scenario, keyspace: str, rate: float | None = None) -> float:
    """Share of reads of ``keyspace`` that hit in steady state at ``rate`` requests/s (default: the peak).

    A hit ratio that the scenario states is returned as it is. Raises ``ValueError`` for an unknown keyspace.
    """
    if keyspace not in scenario.cache.keyspaces:
        raise ValueError(f"{keyspace!r} is no keyspace; there are: {', '.join(scenario.cache.keyspaces) or 'none'}")
    return hit_ratios(scenario, rate)[keyspace]


def hit_ratios(scenario: Scenario, rate: float | None = None) -> dict[str, float]:
    """The hit ratio of every keyspace; they share the cache's memory (allkeys-lru is assumed)."""
    rate = peak_rate(scenario) if rate is None else rate
    spaces = scenario.cache.keyspaces
    ratios = {name: 0.5 if space.hit_ratio is None else space.hit_ratio for name, space in spaces.items()}
    for _ in range(50):  # reads inside on_miss depend on other keyspaces' ratios
        found = {
            name: life.hits(life.idle_s)
            for name, life in _lives(
                scenario, {name: key_rates(scenario, name, rate, ratios) for name in spaces}
            ).items()
        }
        found = {n: found[n] if s.hit_ratio is None else s.hit_ratio for n, s in spaces.items()}
        moved = max((abs(found[name] - ratios[name]) for name in spaces), default=0.0)
        ratios = found
        if moved < 1e-12:
            break
    return ratios


def key_rates(scenario: Scenario, keyspace: str, rate: float, ratios: dict[str, float]) -> KeyRates:
    """How often the routes of the mix touch a keyspace at ``rate`` requests/s, given all hit ratios."""
    reads = fills = sets = deletes = 0.0
    for route, share in scenario.traffic.mix.items():
        steps = scenario.services[scenario.service_of(route)].routes[route]
        for step, weight, filled_by in _cache_steps(steps, share * rate, ratios, None):
            command = step.cache
            assert command is not None
            if command.keyspace != keyspace:
                continue
            many = weight * command.count
            if command.op == "get":
                reads += many
                refilled = any(s.cache and (s.cache.op, s.cache.keyspace) == ("set", keyspace) for s in command.on_miss)
                fills += many if refilled else 0.0
            elif command.op == "set":
                sets += 0.0 if filled_by == keyspace else many
            else:
                deletes += many
    return KeyRates(reads, fills, sets, deletes)


def entry_bytes(value_bytes: float, has_ttl: bool, key_bytes: int = KEY_BYTES) -> float:
    """Memory of one string entry in Redis 7, tables included (full tables).

    Source: MEMORY USAGE of redis 7.0.15: 24 + key + value, each rounded up to its jemalloc size class, plus
    16 bytes of main table and 40 of the expires table.
    """
    value = round(value_bytes)
    body = _size_class(20 + value) if value <= 44 else 16 + _size_class(_header(value) + value + 1)
    key = _size_class(_header(key_bytes) + key_bytes + 1)
    return 24 + key + body + 16 + (40 if has_ttl else 0)


def _header(length: int) -> int:
    return 1 if length < 32 else 3 if length < 256 else 5 if length < 65536 else 9


def _size_class(size: int) -> int:
    """jemalloc: 8, then steps of 16 up to 128, then four classes a doubling."""
    if size <= 8:
        return 8
    if size <= 128:
        return -(-size // 16) * 16
    step = 2 ** ((size - 1).bit_length() - 3)
    return -(-size // step) * step


def _cache_steps(
    steps: tuple[Step, ...], weight: float, ratios: dict[str, float], filled_by: str | None
) -> Iterator[tuple[Step, float, str | None]]:
    """Each cache step, how often it is taken, and the keyspace whose miss led there."""
    for step in steps:
        if step.cache is None:
            continue
        yield step, weight, filled_by
        if step.cache.op == "get" and step.cache.on_miss:
            missed = weight * (1 - ratios[step.cache.keyspace])
            yield from _cache_steps(step.cache.on_miss, missed, ratios, step.cache.keyspace)


class KeyspaceLife(NamedTuple):
    """What happens to the keys of a keyspace: ``share`` of references of one key, ``many`` keys have it.

    ``idle_s`` is Che's characteristic time: an entry unasked for so long is evicted (infinite: memory is no limit).
    """

    share: np.ndarray
    many: np.ndarray
    entry_bytes: float
    ttl_s: float
    rates: KeyRates
    idle_s: float = math.inf

    @classmethod
    def of(cls, space: Keyspace, rates: KeyRates) -> KeyspaceLife:
        """A keyspace at these rates, without a limit of memory."""
        size = units.parse_bytes(space.value_size) if isinstance(space.value_size, str) else space.value_size
        share, many = zipf(space.keys, zipf_exponent(space.popularity), EXACT_KEYS)
        return cls(share, many, entry_bytes(size, space.ttl > 0), space.ttl or math.inf, rates)

    def filled(self) -> np.ndarray:
        """Rate at which one key is filled while it is absent."""
        return self.share * (self.rates.fills + self.rates.sets)

    def renewed(self) -> np.ndarray:
        """Rate at which a set gives one key a new lifetime."""
        return self.share * self.rates.sets

    def deleted(self) -> np.ndarray:
        """Rate at which one key is deleted."""
        return self.share * self.rates.deletes

    def evicted(self, idle_s: float) -> np.ndarray:
        """Rate at which one key is evicted when unasked entries go after ``idle_s``."""
        asked = self.share * (self.rates.reads + self.rates.sets)
        if math.isinf(idle_s):
            return np.zeros_like(asked)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return np.where(asked > 0, asked / np.expm1(asked * idle_s), 0.0)

    def held(self, idle_s: float) -> np.ndarray:
        """Probability that each key is present when unasked entries are evicted after ``idle_s``."""
        renewed, filled = self.renewed(), self.filled()
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            change = self.deleted() + self.evicted(idle_s) + renewed
            decided = -np.expm1(-change * self.ttl_s) if math.isfinite(self.ttl_s) else np.ones_like(change)
            stay = np.where(change > 0, decided / change, self.ttl_s)
            again = np.where(change > 0, renewed / change * decided, 0.0)
            life = stay / (1 - again)
            present = np.where(np.isinf(life), 1.0, life * filled / (1 + life * filled))
        return np.where(filled > 0, present, 0.0)

    def hits(self, idle_s: float) -> float:
        """Hit ratio when unasked entries are evicted after ``idle_s``."""
        return float(((self.many * self.share) * self.held(idle_s)).sum())

    def bytes_held(self, idle_s: float) -> float:
        """Memory of the entries when unasked ones are evicted after ``idle_s``."""
        return float((self.many * self.held(idle_s)).sum()) * self.entry_bytes


def lives(scenario: Scenario, rate: float | None = None) -> dict[str, KeyspaceLife]:
    """Every keyspace in steady state at ``rate`` requests/s (default: the peak), with Che's characteristic time."""
    rate = peak_rate(scenario) if rate is None else rate
    ratios = hit_ratios(scenario, rate)
    return _lives(scenario, {name: key_rates(scenario, name, rate, ratios) for name in ratios})


def _lives(scenario: Scenario, rates: dict[str, KeyRates]) -> dict[str, KeyspaceLife]:
    parts = {name: KeyspaceLife.of(space, rates[name]) for name, space in scenario.cache.keyspaces.items()}

    def used(idle_s: float) -> float:
        return sum(part.bytes_held(idle_s) for part in parts.values())

    memory = scenario.cache.memory
    idle_s = math.inf
    if used(math.inf) > memory:
        low, high = 1e-9, 1e9
        for _ in range(80):
            middle = math.sqrt(low * high)
            low, high = (low, middle) if used(middle) > memory else (middle, high)
        idle_s = low
    return {name: part._replace(idle_s=idle_s) for name, part in parts.items()}
