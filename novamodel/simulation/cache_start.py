"""What is in the caches when a run begins: what a long time of that load leaves there, nothing, or what is said.

Steady: every key is there with the probability of its closed form, and so old and so long unused as its life makes
likely; where memory binds, the commands of a while before follow, key by key, until the policy has shaped it.
"""

from __future__ import annotations

import math

import numpy as np

from novamodel.analytic import lives
from novamodel.analytic.keyspace_life import KeyRates, KeyspaceLife
from novamodel.components.philox import uniform_pair
from novamodel.components.redis.lfu import FRESH, LOG_FACTOR, MOST
from novamodel.components.redis.memory import POINTER, table_bytes
from novamodel.components.redis.state import CYCLE_S, EPOCH_S, FREQUENCY, NEVER, Keys
from novamodel.components.rule import entry
from novamodel.scenario import Scenario
from novamodel.scenario.demand import Keyspace
from novamodel.scenario.popularity import zipf_exponent
from novamodel.simulation.cache_play import commands_of, play
from novamodel.simulation.layout import Layout
from novamodel.workload.arrivals import Floats
from novamodel.workload.key_draws import KeyDraws, key_shares

FIRST_PAIR = 2
"""Pairs of uniform numbers of a key; those below are of commands (`cache_play`)."""
PLAYED = 3.0
"""Where memory binds, so many characteristic times are played; for a counter of frequencies, at least ..."""
LFU_S = 1800.0
MOST_PLAYED = 1_000_000
"""Commands that are played at most."""


def begin_with(scenario: Scenario, layout: Layout, keys: Keys, draws: KeyDraws) -> None:
    """Put into empty caches what is there at time 0."""
    run = scenario.run
    if run.start_state == "cold" or not layout.keyed:
        return
    rate = scenario.traffic.rate_at((run.start - run.warm_up_s) % 86400.0)
    for store, servers in layout.caches.items():
        names = [name for place, name in layout.keyspaces if (place, name) in layout.keyed and place == store]
        if not names:
            continue
        spaces = scenario.all_caches[store].keyspaces
        said = {name: spaces[name].start_share if run.start_state == "given" else None for name in names}
        found = lives(scenario, rate, store) if None in said.values() else {}
        for name in names:
            number = layout.keyspaces.index((store, name))
            if (share := said[name]) is not None:
                _fill_with(keys, number, spaces[name], share)
            else:
                _fill_steadily(keys, number, spaces[name], found[name])
        for server in range(*servers):
            _keep_what_fits(keys, server, servers[0])
        binding = [name for name in names if said[name] is None and math.isfinite(found[name].idle_s)]
        if binding:
            rates = {layout.keyspaces.index((store, name)): found[name].rates for name in names if said[name] is None}
            idle_s = found[binding[0]].idle_s
            _play_before(keys, draws, rates, idle_s, scenario.all_caches[store].maxmemory_policy)


def _keys_of(keys: Keys, space: int, count: int) -> slice:
    return slice(int(keys.first[space]), int(keys.first[space]) + count)


def _uniforms(keys: Keys, space: int, count: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Four uniform numbers for each key of a keyspace."""
    columns = np.zeros(4 * count)
    _fill_uniforms(columns, count, int(keys.seed[0]), int(keys.stream[0]), int(keys.first[space]))
    return tuple(columns.reshape(4, count))  # type: ignore[return-value]


@entry
def _fill_uniforms(columns: Floats, count: int, seed: int, stream: int, first: int) -> None:
    for pair in range(2):
        for i in range(count):
            u, v = uniform_pair(seed, stream, first + i, FIRST_PAIR + pair)
            columns[2 * pair * count + i] = u
            columns[(2 * pair + 1) * count + i] = v


def _fill_with(keys: Keys, space: int, said: Keyspace, share: float) -> None:
    """A share of the keys, as if set at time 0."""
    here = _uniforms(keys, space, said.keys)[0] < share
    of = _keys_of(keys, space, said.keys)
    by_frequency = keys.decides[keys.server[space]] == FREQUENCY
    clock = int(EPOCH_S / 60.0) << 8 | FRESH if by_frequency else int(EPOCH_S)
    keys.place[of] = np.where(here, 0, -1)
    keys.expires[of] = keys.ttl[space] if keys.ttl[space] < NEVER else NEVER
    keys.clock[of] = clock


def _fill_steadily(keys: Keys, space: int, said: Keyspace, life: KeyspaceLife) -> None:
    """Each key as likely there as in steady state, as old and as long unused as it may then be."""
    shares = key_shares(said.keys, zipf_exponent(said.popularity))
    life = life._replace(share=shares, many=np.ones(said.keys))
    present, age, used, _ = _uniforms(keys, space, said.keys)
    of = _keys_of(keys, space, said.keys)
    keys.place[of] = np.where(present < life.held(life.idle_s), 0, -1)
    ends = life.deleted() + life.evicted(life.idle_s) + life.renewed()
    ttl_s = life.lifetime(life.idle_s)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ages = np.where(ends > 0, _below(ends, ttl_s, age), age * ttl_s)
        keys.expires[of] = keys.ttl[space] - ages if keys.ttl[space] < NEVER else NEVER
        asked = life.asked()
        unused = np.minimum(np.where(asked > 0, _below(asked, life.idle_s, used), np.inf), ages)
        unused = np.minimum(unused, EPOCH_S / 2)
    by_frequency = keys.decides[keys.server[space]] == FREQUENCY
    if by_frequency:
        rise = (60.0 * asked - 1.0) / LOG_FACTOR
        counter = np.clip(FRESH + rise, FRESH, MOST).astype(np.int64)
        keys.clock[of] = ((EPOCH_S - unused) / 60.0).astype(np.int64) << 8 | counter
    else:
        keys.clock[of] = (EPOCH_S - unused).astype(np.int64)


def _below(rate: Floats, most: float, u: Floats) -> Floats:
    """Exponential times that are below ``most``."""
    return -np.log1p(u * np.expm1(-rate * most)) / rate


def _keep_what_fits(keys: Keys, server: int, first: int) -> None:
    """Give places to the keys of a server that are there, the most asked for first, while there is memory.

    ``first``: server of its cache.
    """
    spaces = [space for space in range(int(keys.spaces[0])) if keys.server[space] == first]
    numbers, order, sizes, owners = [], [], [], []
    for space in spaces:
        end = keys.first[space + 1] if space + 1 < len(keys.first) else len(keys.place)
        of = slice(keys.first[space], end)
        there = np.flatnonzero((keys.place[of] >= 0) & (keys.shard[of] == server - first))
        numbers.append(there + keys.first[space])
        order.append(there / max(1, end - keys.first[space]))
        sizes.append(np.full(len(there), keys.bytes[space]))
        owners.append(np.full(len(there), space))
    number, owner = np.concatenate(numbers), np.concatenate(owners)
    ranked = np.argsort(np.concatenate(order), kind="stable")
    held = np.cumsum(np.concatenate(sizes)[ranked])
    count = int(np.searchsorted(held, keys.memory[server], side="right"))
    keys.place[number] = -1
    number, owner = number[ranked[:count]], owner[ranked[:count]]
    mortal = keys.ttl[owner] < NEVER
    for here, places in (
        (number[mortal], keys.first_place[server] + np.arange(mortal.sum())),
        (number[~mortal], keys.end_place[server] - 1 - np.arange((~mortal).sum())),
    ):
        keys.place[here], keys.key[places] = places, here
    keys.entries[spaces] += np.bincount(owner, minlength=len(keys.first))[spaces]
    keys.mortal[server], keys.lasting[server] = mortal.sum(), (~mortal).sum()
    used = int(held[count - 1]) if count else 0
    for column, entries in ((keys.buckets, count), (keys.mortal_buckets, int(mortal.sum()))):
        size = table_bytes(entries, used, int(keys.memory[server]))
        column[server] = size // POINTER
        used += size
    keys.used[server] = used


def _play_before(keys: Keys, draws: KeyDraws, rates: dict[int, KeyRates], idle_s: float, policy: str) -> None:
    """The commands of a while before time 0, where the policy decides what is there."""
    commands = commands_of(rates, len(keys.first))
    length = max(PLAYED * idle_s, LFU_S if policy.endswith("lfu") else 0.0)
    length = 60.0 * math.ceil(min(length, MOST_PLAYED / max(commands.per_s, 1e-9), EPOCH_S / 4) / 60.0)
    keys.expires[keys.expires < NEVER] -= length  # what is there is there at the beginning of that while
    earlier = np.where(keys.decides == FREQUENCY, int(length / 60.0) << 8, int(length))
    for space in range(int(keys.spaces[0])):
        end = keys.first[space + 1] if space + 1 < len(keys.first) else len(keys.clock)
        keys.clock[keys.first[space] : end] -= earlier[keys.server[space]]
    keys.next_cycle[:] = -length + CYCLE_S
    play(keys, draws, commands, int(keys.stream[0]), -length, 0.0, 0)
    keys.next_cycle[:] = CYCLE_S
    for column in (keys.gets, keys.hits, keys.sets, keys.deletes, keys.evicted, keys.expired, keys.refused):
        column[:] = 0
