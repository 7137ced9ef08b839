"""How a request ends: who counts it, who gets its answer."""

from __future__ import annotations

from typing import Any

from novamodel.components.rule import handler
from novamodel.simulation import codes
from novamodel.simulation.leaving import ask_next, heir, leave_edge, leave_replica, may_ask_next
from novamodel.simulation.queueing import end_work
from novamodel.simulation.recorder import BESIDE, OUTCOMES, PLACES, record_finish
from novamodel.simulation.requests import add_time, add_times, free_request, parent_of, resume
from novamodel.simulation.runtimes import leave_runtime
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE


@handler
def record(m: Model, i: int, route: int, outcome: int, ended: float) -> None:
    """Count the outcome of a request from outside."""
    s = m.requests
    record_finish(
        m.record,
        s.key[i] if s.kind[i] == codes.ROOT else s.number[i],  # of a root the number that it came with
        route,
        s.population[i],
        outcome,
        s.replica[i],
        s.arrived[i],
        ended,
        s.spent,
        i * PLACES,
    )
    s.in_flight[0] -= 1
    if m.record.keeps[0] != 0:
        at = (m.record.rows[0] - 1) * BESIDE
        m.record.beside[at] = s.client[i]
        m.record.beside[at + 1] = s.hit[i]
        m.record.beside[at + 2] = s.tries[i] if s.kind[i] == codes.CALLER else 1
        m.record.beside[at + 3] = s.database[i]


@handler
def record_root(m: Model, i: int, outcome: int, now: float) -> None:
    """A request that stands for its caller has its answer or error, unless the caller has given up before."""
    s = m.requests
    ended = now + s.back[i]
    add_time(m, i, codes.NETWORK, s.back[i])
    patience = m.callers.patience[s.population[i]]
    if ended - s.arrived[i] > patience:
        outcome = codes.ABANDONED
        ended = s.arrived[i] + patience
    record(m, i, m.programs.entry[s.program[i]], outcome, ended)


@handler
def answer(m: Model, i: int) -> None:
    """The answer of a call reaches who called, if that one still waits; the call is over."""
    s = m.requests
    parent = parent_of(m, i)
    if parent != NONE:
        s.outcome[parent] = s.outcome[i]
        s.where[parent] = codes.ANSWERED
        s.child[parent] = NONE
        s.answered_by[parent] = s.answered_by[i]
        if s.kind[parent] == codes.CALLER:
            s.hit[parent] = s.hit[i]
            s.database[parent] = s.database[i]
        add_times(m, parent, i)
        resume(m, parent)
    free_request(m, i)


@handler
def finish(m: Model, q: Any, i: int, outcome: int, now: float) -> None:
    """The request is answered, one way or the other, and holds nothing."""
    s = m.requests
    kind = s.kind[i]
    m.record.ended[s.program[i] * OUTCOMES + outcome] += 1
    b = s.balance[i]
    again = outcome in codes.ANSWERED_5XX and may_ask_next(m, i, outcome, True, now)
    leave_replica(m, i, outcome, now)
    if m.runtime.at[i] != NONE:
        leave_runtime(m, i, now)
    if again:
        ask_next(m, q, heir(m, i, now), b, outcome, now)
        free_request(m, i)
        return
    leave_edge(m, i)
    if kind == codes.ROOT:
        record_root(m, i, outcome, now)
        free_request(m, i)
    elif kind == codes.CHILD:
        s.outcome[i] = outcome
        s.answered_by[i] = s.replica[i]
        s.replica[i] = NONE
        if s.back[i] > 0.0 and outcome != codes.KILLED:
            add_time(m, i, codes.NETWORK, s.back[i])
            s.where[i] = codes.ON_WAY_BACK
            push(q, now + s.back[i], codes.ANSWER, s.number[i], i)
        else:
            answer(m, i)
    elif kind == codes.BRANCH:
        join(m, i, outcome)
        free_request(m, i)
    elif kind == codes.WORK:
        end_work(m, q, i, outcome, now)
        free_request(m, i)
    else:
        free_request(m, i)


@handler
def join(m: Model, i: int, outcome: int) -> None:
    """A branch has ended; the last one lets its parent go on, with the time that it took."""
    s = m.requests
    parent = parent_of(m, i)
    if parent == NONE:
        return
    s.pending[parent] -= 1
    if outcome != codes.SERVED:
        s.outcome[parent] = outcome
    if s.pending[parent] == 0 and s.where[parent] == codes.IN_JOIN:
        s.where[parent] = codes.TIMED
        add_times(m, parent, i)
        resume(m, parent)
