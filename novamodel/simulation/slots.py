"""A request's slot: taken when it comes, free when nothing refers to it; what it spends where, how it ends."""

from __future__ import annotations

from novamodel.components.nginx.upstream.least_conn import upstream_release
from novamodel.components.rule import rule
from novamodel.simulation import codes
from novamodel.simulation.recorder import PLACES, record_finish
from novamodel.simulation.state import Model

NONE = codes.NONE


@rule
def take_slot(m: Model, number: int, route: int, now: float) -> int:
    """A free slot for a request that comes now. The plane sees to it that there is one."""
    s = m.slots
    slot = s.free[0]
    s.free[0] = s.next_free[slot]
    s.free_count[0] -= 1
    s.number[slot] = number
    s.route[slot] = route
    s.replica[slot] = NONE
    s.pc[slot] = m.routes.start[route]
    s.where[slot] = codes.TIMED
    s.dead[slot] = 0
    s.token[slot] = 0
    s.server[slot] = 0
    s.connecting[slot] = 0
    s.arrived[slot] = now
    s.since[slot] = now
    spent, at = s.spent, slot * PLACES
    for place in range(PLACES):
        spent[at + place] = 0.0
    return slot


@rule
def free_slot(m: Model, slot: int) -> None:
    """Nothing refers to the slot any more."""
    s = m.slots
    s.replica[slot] = NONE
    s.number[slot] = NONE
    s.next_free[slot] = s.free[0]
    s.free[0] = slot
    s.free_count[0] += 1


@rule
def spend(m: Model, slot: int, place: int, seconds: float) -> None:
    """Book seconds of a request on a place."""
    m.slots.spent[slot * PLACES + place] += seconds


@rule
def let_go_on(m: Model, slot: int) -> None:
    """The request goes on within this instant, after those that are ready already."""
    r = m.ready
    size, count = r.size[0], r.count[0]
    place = r.first[0] + count
    r.ring[place if place < size else place - size] = slot
    r.count[0] = count + 1


@rule
def record(m: Model, slot: int, outcome: int, now: float) -> None:
    """Count the outcome of a request; it leaves its replica."""
    s = m.slots
    ended = now
    r = s.replica[slot]
    if r != NONE:
        m.replicas.in_flight[r] -= 1
        upstream_release(m.upstream, 2 * m.routes.service[s.route[slot]], r, outcome == codes.KILLED, int(now))
        ended += m.config.edge_network
        spend(m, slot, codes.NETWORK, m.config.edge_network)
    if outcome == codes.SERVED and ended - s.arrived[slot] > m.config.patience:
        outcome = codes.ABANDONED
        ended = s.arrived[slot] + m.config.patience
    record_finish(
        m.record,
        s.number[slot],
        s.route[slot],
        s.population[slot],
        outcome,
        r,
        s.arrived[slot],
        ended,
        s.spent,
        slot * PLACES,
    )
    s.in_flight[0] -= 1


@rule
def finish(m: Model, slot: int, outcome: int, now: float) -> None:
    """The request is answered, one way or the other, and holds nothing."""
    record(m, slot, outcome, now)
    free_slot(m, slot)
