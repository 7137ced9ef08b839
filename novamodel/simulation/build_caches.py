"""From a scenario to the state of its caches: keys one by one, by what they are drawn, and what is there at time 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from novamodel.analytic import lives
from novamodel.components.redis.memory import entry_bytes
from novamodel.components.redis.persistence import append_only_state
from novamodel.components.redis.slots import key_shards
from novamodel.components.redis.state import NEVER, Keys, Keyspace, Server, in_lists, keys_state
from novamodel.scenario import Scenario
from novamodel.scenario.popularity import zipf_exponent
from novamodel.simulation.cache_start import begin_with
from novamodel.simulation.layout import Layout
from novamodel.simulation.requests import CACHES
from novamodel.simulation.state import Caches
from novamodel.workload.key_draws import KeyDraws, key_draws


def caches_state(scenario: Scenario, layout: Layout, stream: int, arrays: bool) -> dict[str, Any]:
    """Servers with the keys that they begin with. ``stream``: first of the replication's streams of its own."""
    keys, draws = empty_caches(scenario, layout, scenario.run.seed, stream + CACHES)
    begin_with(scenario, layout, keys, draws)
    stores = scenario.all_caches.values()
    files = [(cache.appendfsync, cache.fsync) for cache in stores for _ in range(cache.shards)]
    return {
        "append_only": append_only_state(files),
        "caches": Caches(
            network=[cache.network / 2 for cache in stores],
            first=[first for first, _ in layout.caches.values()],
            shards=[cache.shards for cache in stores],
            gone=[0] * len(stores),
        ),
        "keys": keys if arrays else in_lists(keys),
        "key_draws": draws if arrays else KeyDraws(*(column.tolist() for column in draws)),
    }


def empty_caches(scenario: Scenario, layout: Layout, seed: int, stream: int) -> tuple[Keys, KeyDraws]:
    """Empty servers, in arrays; keyspaces whose keys are not kept have none, and have taken their share of memory."""
    spaces, tables, shard = [], [], []
    for store, name in layout.keyspaces:
        cache, kept = scenario.all_caches[store], (store, name) in layout.keyed
        space = cache.keyspaces[name]
        size = entry_bytes(space.key_size, round(space.value_bytes), space.ttl > 0, cache.engine == "valkey")
        spaces.append(Keyspace(space.keys if kept else 0, layout.caches[store][0], size, space.ttl or NEVER))
        shard.append(key_shards(name, spaces[-1].keys, cache.shards))
        tables.append((space.keys, zipf_exponent(space.popularity)) if kept else None)
    servers = []
    for store, cache in scenario.all_caches.items():
        memory = max(0, int(cache.memory - _taken(scenario, layout, store) / cache.shards))
        of_valkey = cache.engine == "valkey"
        one = Server(memory, cache.maxmemory_policy, cache.maxmemory_samples, valkey=of_valkey)
        servers += [one] * cache.shards
    keys = keys_state(spaces, servers, seed, stream, np.concatenate(shard) if sum(map(len, shard)) else None)
    return keys, key_draws(tables, keys.first)


def _taken(scenario: Scenario, layout: Layout, store: str) -> float:
    """Bytes of the entries that are not kept one by one, by closed form at the peak."""
    names = [name for place, name in layout.keyspaces if place == store and (place, name) not in layout.keyed]
    if not names or len(names) == len(scenario.all_caches[store].keyspaces):
        return 0.0
    found = lives(scenario, store=store)
    return sum(found[name].bytes_held(found[name].idle_s) for name in names)
