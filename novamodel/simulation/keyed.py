"""Cache commands: the keys that they draw, and whether these are there."""

from __future__ import annotations

from novamodel.components.philox import uniform
from novamodel.components.redis.commands import key_delete, key_get, key_set
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.requests import MORE_KEYS, drawn
from novamodel.simulation.state import Model
from novamodel.workload.key_draws import key_drawn

NONE = codes.NONE
_MASTER = 1 << 31
"""Uniform number of a request, and its operation added: which master has a key that is not known."""
_STEPS = 4503599627370496.0  # 2 ** 52: uniform numbers are that far apart


@rule
def cache_server(m: Model, i: int, pc: int) -> int:
    """The server that a command goes to: in a cluster the master of its first key, or where that is unknown any."""
    table = m.programs
    cache = table.station[pc]
    shards = m.caches.shards[cache]
    if shards == 1:
        return int(m.caches.first[cache])
    u = drawn(m, i, table.draw[pc])
    space = table.space[pc]
    if m.key_draws.parts[space] == 0 or u <= 0.0 or u >= 1.0:
        v = uniform(m.config.seed, m.config.stream + MORE_KEYS, m.requests.number[i], _MASTER + pc)
        return int(m.caches.first[cache]) + int(v * shards)
    return int(m.caches.first[cache] + m.keys.shard[key_drawn(m.key_draws, space, u)])


@rule
def command_hits(m: Model, i: int, pc: int, now: float) -> bool:
    """Carry out a command at the cache; whether it is a get that finds all its keys, which the request remembers."""
    hit = carry_out(m, i, pc, now)
    if m.programs.command[pc] == codes.GET:
        m.requests.hit[i] = 1 if hit else 0
    return hit


@handler
def carry_out(m: Model, i: int, pc: int, now: float) -> bool:
    """Carry out a command at the cache; whether it is a get that finds all its keys.

    Commands come in the order in which they are carried out: the way to a cache is the same for all.
    """
    table = m.programs
    space, command = table.space[pc], table.command[pc]
    u = drawn(m, i, table.draw[pc])
    if m.caches.gone[table.station[pc]] > 0:
        count_blind(m, space, command, 0)
        return False
    if m.key_draws.parts[space] == 0:
        hit = command == codes.GET and table.draw[pc] != NONE and u < table.share[pc]
        count_blind(m, space, command, 1 if hit else 0)
        return hit
    if u <= 0.0 or u >= 1.0:  # the outcome is a recorded one, and the key unknown
        count_blind(m, space, command, 1 if u <= 0.0 else 0)
        return u <= 0.0
    found = command == codes.GET
    v = u
    for n in range(table.many[pc]):
        if n > 0:
            v = uniform(m.config.seed, m.config.stream + MORE_KEYS, int(u * _STEPS), n)
        key = key_drawn(m.key_draws, space, v)
        if command == codes.GET:
            if not key_get(m.keys, space, key, now):
                found = False
        elif command == codes.SET:
            key_set(m.keys, space, key, now)
        else:
            key_delete(m.keys, space, key, now)
    return found


@rule
def count_blind(m: Model, space: int, command: int, hits: int) -> None:
    """Count a command whose key is not known."""
    if command == codes.GET:
        m.keys.gets[space] += 1
        m.keys.hits[space] += hits
    elif command == codes.SET:
        m.keys.sets[space] += 1
    else:
        m.keys.deletes[space] += 1
