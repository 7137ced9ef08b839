"""Hit ratio of each keyspace of a scenario: how often its keys are read, filled, deleted, expired, evicted.

Every key is a small renewal process (`keyspace_life`): absent until something fills it, present until its lifetime
ends, a delete comes, or the cache evicts it. Keys are drawn by popularity, command by command; what a miss leads to on
its own keyspace is about the key that was missed. Runs keep the keys themselves (`simulation.keyed`): this is their
screen and cross-check, and takes their place where there are too many keys.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from novamodel.analytic.keyspace_life import KeyRates, KeyspaceLife
from novamodel.analytic.traffic_equations import Ratios, entry_rates, solve, source_rates, taken_steps
from novamodel.components.redis.memory import table_bytes
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Cache
from novamodel.scenario.demand import MAIN, CacheStep
from novamodel.scenario.graph import RouteOf


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
    """The hit ratio of every keyspace of a cache; they share its memory.

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
                rates[1] += many * _refilled(command, key, ratios)
            elif command.op == "set":
                rates[2] += 0.0 if key in filling else many
            else:
                rates[3] += 0.0 if key in filling else many
    return {store: {name: KeyRates(*four) for name, four in spaces.items()} for store, spaces in found.items()}


def _refilled(get: CacheStep, key: tuple[str, str], ratios: Ratios) -> float:
    """Probability that a miss leads to a set of the same key."""
    chance = 0.0
    for step, weight, _ in taken_steps(get.on_miss, 1.0, ratios, (key,)):
        command = step.cache
        if command is not None and command.op == "set" and key == (command.store, command.keyspace):
            chance = max(chance, weight * min(1.0, command.count / get.count))
    return chance


def _cache(scenario: Scenario, store: str) -> Cache:
    if store not in scenario.all_caches:
        raise ValueError(f"{store!r} is no cache; there are: {', '.join(scenario.all_caches)}")
    return scenario.all_caches[store]


def lives(scenario: Scenario, rate: float | None = None, store: str = MAIN) -> dict[str, KeyspaceLife]:
    """Every keyspace of a cache in steady state at ``rate`` requests/s (default: the peak), with Che's time."""
    ratios = every_hit_ratio(scenario, rate)
    commands = _commands(scenario, entry_rates(scenario, source_rates(scenario, rate)), ratios)
    return _lives(_cache(scenario, store), commands[store])


def _lives(cache: Cache, rates: dict[str, KeyRates]) -> dict[str, KeyspaceLife]:
    parts = {
        name: KeyspaceLife.of(space, rates[name], cache.maxmemory_policy, cache.engine == "valkey")
        for name, space in cache.keyspaces.items()
    }

    memory, shards = cache.memory, cache.shards

    def used(idle_s: float) -> float:
        """Bytes of each master."""
        entries = {name: part.entries(idle_s) for name, part in parts.items()}
        held = sum(entries[name] * part.entry_bytes for name, part in parts.items())
        mortal = sum(entries[name] for name, part in parts.items() if math.isfinite(part.ttl_s))
        tables = (table_bytes(count / shards, held / shards, memory) for count in (sum(entries.values()), mortal))
        return held / shards + sum(tables)

    idle_s = math.inf
    if used(math.inf) > memory:
        low, high = 1e-9, 1e9
        for _ in range(80):
            middle = math.sqrt(low * high)
            low, high = (low, middle) if used(middle) > memory else (middle, high)
        idle_s = low
    return {name: part._replace(idle_s=idle_s) for name, part in parts.items()}
