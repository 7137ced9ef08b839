"""Hit ratio of each keyspace of a scenario: how often its keys are read, filled, deleted, expired, evicted.

Every key is a small renewal process: absent until something fills it, present until its lifetime ends, a
delete comes, or the cache evicts it. Eviction is that of LRU with a characteristic time common to all keys
(Che), entered as a rate 1 / ((exp(a T) - 1) / a) for a key that is asked a times a second: without a lifetime
this is Che's hit ratio exactly, without eviction the lifetime formula exactly. Poisson references.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from novamodel import units
from novamodel.analytic.popularity import zipf
from novamodel.analytic.traffic_equations import Ratios, entry_rates, solve, source_rates, taken_steps
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Cache
from novamodel.scenario.demand import MAIN, Keyspace, Step
from novamodel.scenario.graph import RouteOf
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


def hit_ratio(scenario: Scenario, keyspace: str, store: str = MAIN, rate: float | None = None) -> float:
    """Share of reads of ``keyspace`` of a cache that hit in steady state at ``rate`` requests/s (default: the peak).

    A hit ratio that the scenario states is returned as it is. Raises ``ValueError`` for an unknown cache or keyspace.
    """
    keyspaces = _cache(scenario, store).keyspaces
    if keyspace not in keyspaces:
        raise ValueError(f"{keyspace!r} is no keyspace; there are: {', '.join(keyspaces) or 'none'}")
    return hit_ratios(scenario, rate, store)[keyspace]


def hit_ratios(scenario: Scenario, rate: float | None = None, store: str = MAIN) -> dict[str, float]:
    """The hit ratio of every keyspace of a cache; they share its memory (allkeys-lru is assumed).

    ``rate``: requests/s of the main source (default: its most); further sources are at their most.
    """
    _cache(scenario, store)
    return every_hit_ratio(scenario, rate)[store]


def every_hit_ratio(scenario: Scenario, rate: float | None = None) -> dict[str, dict[str, float]]:
    """The hit ratio of every keyspace, by cache: one fixed point, for a miss may lead to any other cache."""
    entries = entry_rates(scenario, source_rates(scenario, rate))
    stores = scenario.all_caches
    ratios = {
        store: {name: 0.5 if space.hit_ratio is None else space.hit_ratio for name, space in cache.keyspaces.items()}
        for store, cache in stores.items()
    }
    for _ in range(50):  # what a miss leads to, and how often, depends on other keyspaces' ratios
        commands = _commands(scenario, entries, ratios)
        moved, found = 0.0, {}
        for store, cache in stores.items():
            lives = _lives(cache, commands[store])
            found[store] = {
                name: lives[name].hits(lives[name].idle_s) if space.hit_ratio is None else space.hit_ratio
                for name, space in cache.keyspaces.items()
            }
            moved = max([moved, *(abs(found[store][name] - ratios[store][name]) for name in cache.keyspaces)])
        ratios = found
        if moved < 1e-12:
            break
    return ratios


def key_rates(
    scenario: Scenario, keyspace: str, rate: float, ratios: Mapping[str, float], store: str = MAIN
) -> KeyRates:
    """How often all routes touch a keyspace with the main source at ``rate`` requests/s.

    ``ratios``: hit ratios of the keyspaces of this cache; those of other caches are worked out.
    """
    known = every_hit_ratio(scenario, rate) if scenario.caches else {}
    entries = entry_rates(scenario, source_rates(scenario, rate))
    return _commands(scenario, entries, {**known, store: ratios})[store][keyspace]


def _commands(scenario: Scenario, entries: Mapping[RouteOf, float], ratios: Ratios) -> dict[str, dict[str, KeyRates]]:
    """Commands a second by cache and keyspace."""
    found = {
        store: {name: [0.0, 0.0, 0.0, 0.0] for name in cache.keyspaces} for store, cache in scenario.all_caches.items()
    }
    for at, per_s in solve(scenario, entries, ratios).items():
        for step, weight, filling in taken_steps(scenario.services[at.service].routes[at.route], per_s, ratios):
            command = step.cache
            if command is None:
                continue
            key, many = (command.store, command.keyspace), weight * command.count
            rates = found[command.store][command.keyspace]
            if command.op == "get":
                rates[0] += many
                rates[1] += many * _refilled(command.on_miss, key, ratios)
            elif command.op == "set":
                rates[2] += 0.0 if filling == key else many
            else:
                rates[3] += many
    return {store: {name: KeyRates(*four) for name, four in spaces.items()} for store, spaces in found.items()}


def _refilled(on_miss: tuple[Step, ...], key: tuple[str, str], ratios: Ratios) -> float:
    """Probability that a miss leads to a set of the same keyspace."""
    chance = 0.0
    for step, weight, filling in taken_steps(on_miss, 1.0, ratios, key):
        command = step.cache
        if command is not None and command.op == "set" and filling == key == (command.store, command.keyspace):
            chance = max(chance, weight)
    return chance


def _cache(scenario: Scenario, store: str) -> Cache:
    if store not in scenario.all_caches:
        raise ValueError(f"{store!r} is no cache; there are: {', '.join(scenario.all_caches)}")
    return scenario.all_caches[store]


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


def lives(scenario: Scenario, rate: float | None = None, store: str = MAIN) -> dict[str, KeyspaceLife]:
    """Every keyspace of a cache in steady state at ``rate`` requests/s (default: the peak), with Che's time."""
    ratios = every_hit_ratio(scenario, rate)
    commands = _commands(scenario, entry_rates(scenario, source_rates(scenario, rate)), ratios)
    return _lives(_cache(scenario, store), commands[store])


def _lives(cache: Cache, rates: dict[str, KeyRates]) -> dict[str, KeyspaceLife]:
    parts = {name: KeyspaceLife.of(space, rates[name]) for name, space in cache.keyspaces.items()}

    def used(idle_s: float) -> float:
        return sum(part.bytes_held(idle_s) for part in parts.values())

    memory = cache.memory
    idle_s = math.inf
    if used(math.inf) > memory:
        low, high = 1e-9, 1e9
        for _ in range(80):
            middle = math.sqrt(low * high)
            low, high = (low, middle) if used(middle) > memory else (middle, high)
        idle_s = low
    return {name: part._replace(idle_s=idle_s) for name, part in parts.items()}
