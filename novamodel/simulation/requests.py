"""A request's row: taken when it comes, free when nothing refers to it; its draws, and the time it spends where."""

from __future__ import annotations

from novamodel.components.columns import add_span, clear_span, copy_span
from novamodel.components.philox import philox4x32, uniform_pair
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.recorder import PLACES
from novamodel.simulation.state import Model
from novamodel.workload.laws import multiplier

NONE = codes.NONE
_MASK = 0xFFFFFFFF
_HALF = 0x7FFFFFFF
MORE_KEYS, ADDRESSES, CHOICES, KEYS, DEMANDS, JITTER, CACHES = 0, 2, 3, 4, 5, 6, 7
"""Streams of a replication, beside those of its sources: further keys of a cache command, addresses of clients,
choices of a replica, keys of calls, demands of what is called, back-off, what caches decide and begin with."""


@handler
def take_request(m: Model, kind: int, number: int, program: int, now: float) -> int:
    """A free row for a request that comes now. The engine sees to it that there is one."""
    s = m.requests
    i = s.free[0]
    s.free[0] = s.next_free[i]
    s.free_count[0] -= 1
    s.kind[i] = kind
    s.number[i] = number
    s.key[i] = number
    s.program[i] = program
    s.population[i] = 0
    s.client[i] = 0
    s.replica[i] = NONE
    s.balance[i] = NONE
    s.gate[i] = NONE
    s.tries[i] = 0
    s.back[i] = 0.0
    s.pc[i] = m.programs.start[program]
    s.database[i] = NONE
    s.hit[i] = NONE
    s.place[i] = NONE
    s.server[i] = 0
    s.where[i] = codes.TIMED
    s.dead[i] = 0
    s.parent[i] = NONE
    s.child[i] = NONE
    s.pending[i] = 0
    s.outcome[i] = codes.SERVED
    s.attempt[i] = 0
    s.arrived[i] = now
    s.since[i] = now
    clear_time(m, i)
    m.record.entered[program] += 1
    return i


@rule
def next_serial(m: Model) -> int:
    """Number of a request that no source made."""
    s = m.requests
    s.serials[0] += 1
    return codes.SERIALS + s.serials[0]


@rule
def clear_time(m: Model, i: int) -> None:
    """Nothing is spent yet."""
    clear_span(m.requests.spent, i * PLACES, PLACES)


@rule
def free_request(m: Model, i: int) -> None:
    """Nothing refers to the row any more."""
    s = m.requests
    s.replica[i] = NONE
    s.number[i] = NONE
    s.next_free[i] = s.free[0]
    s.free[0] = i
    s.free_count[0] += 1


@handler
def adopt(m: Model, i: int, parent: int) -> None:
    """The request belongs to another one, who waits for it."""
    s = m.requests
    s.parent[i] = parent
    s.parent_number[i] = s.number[parent]
    s.population[i] = s.population[parent]
    s.client[i] = s.client[parent]


@rule
def parent_of(m: Model, i: int) -> int:
    """Who waits for the request, or NONE when nobody does any more."""
    s = m.requests
    parent = s.parent[i]
    if parent == NONE or s.number[parent] != s.parent_number[i]:
        return NONE
    return int(parent)


@handler
def call_key(m: Model, key: int, pc: int, attempt: int) -> int:
    """What the draws of a call are made from: the caller's key, which call it is, and which attempt."""
    seed = m.config.seed
    a, b, _, _ = philox4x32(
        key & _MASK,
        (key >> 32) & _MASK,
        m.config.stream + KEYS,
        (pc << 8) + attempt,
        seed & _MASK,
        (seed >> 32) & _MASK,
    )
    return ((a & _HALF) << 32) | b


@handler
def draw_all(m: Model, i: int) -> None:
    """Draw what the request's program needs, from its key."""
    s, table = m.requests, m.programs
    most, program, key = m.config.most_draws, s.program[i], s.key[i]
    to, row = i * most, program * most
    count = table.draws[program]
    for pair in range((count + 1) >> 1):
        u, v = uniform_pair(m.config.seed, m.config.stream + DEMANDS, key, pair)
        d = 2 * pair
        s.draw[to + d] = multiplier(m.laws, table.law[row + d], u)
        if d + 1 < count:
            s.draw[to + d + 1] = multiplier(m.laws, table.law[row + d + 1], v)


@handler
def copy_draws(m: Model, i: int, other: int) -> None:
    """The request draws what another one has drawn."""
    s, most = m.requests, m.config.most_draws
    copy_span(s.draw, i * most, s.draw, other * most, m.programs.draws[s.program[i]])


@rule
def drawn(m: Model, i: int, draw: int) -> float:
    """One of the request's draws; 1 for a constant."""
    return m.requests.draw[i * m.config.most_draws + draw] if draw != NONE else 1.0


@rule
def add_time(m: Model, i: int, place: int, seconds: float) -> None:
    """Book seconds of a request on a place."""
    m.requests.spent[i * PLACES + place] += seconds


@rule
def add_times(m: Model, i: int, other: int) -> None:
    """What another request has spent counts for this one, too: it waited for it."""
    spent = m.requests.spent
    add_span(spent, i * PLACES, spent, other * PLACES, PLACES)


@rule
def resume(m: Model, i: int) -> None:
    """The request goes on within this instant, after those that are ready already."""
    r = m.ready
    size, count = r.size[0], r.count[0]
    place = r.first[0] + count
    r.ring[place if place < size else place - size] = i
    r.count[0] = count + 1


@rule
def fail(m: Model, i: int, outcome: int) -> None:
    """The request ends within this instant, with an outcome; its program does not go on."""
    s = m.requests
    s.outcome[i] = outcome
    s.where[i] = codes.TIMED
    s.pc[i] = codes.FAIL_PC
    resume(m, i)
