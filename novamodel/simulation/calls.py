"""Calls: an attempt is a request of its own, its caller waits, retries or gives up. People outside call likewise."""

from __future__ import annotations

from typing import Any

from novamodel.components.callers.backoff import backoff_delay
from novamodel.components.callers.breaker import breaker_allows, breaker_forget, breaker_result_of
from novamodel.components.callers.budget import budget_deposit
from novamodel.components.callers.retry import RETRY, retry_decide
from novamodel.components.deadlines import (
    deadline_due,
    deadline_join,
    deadline_leave,
    deadline_take_first,
    deadline_waits,
)
from novamodel.components.philox import uniform
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.requests import (
    JITTER,
    add_time,
    adopt,
    call_key,
    copy_draws,
    fail,
    next_serial,
    resume,
    take_request,
)
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@rule
def arm_site(m: Model, q: Any, site: int) -> None:
    """See to it that the calendar has an event when the first who waits at a call site gives up."""
    due = deadline_due(m.waiting, site)
    if due < m.sites.armed[site]:
        m.sites.armed[site] = due
        push(q, due, codes.CALL_TIMER, site, site)


@handler
def do_call(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """Send an attempt, or conclude one whose answer has come."""
    s = m.requests
    site = m.programs.station[pc]
    if s.where[i] != codes.ANSWERED and send(m, q, i, site, pc, now):
        return
    if deadline_waits(m.waiting, i):
        deadline_leave(m.waiting, site, i)
    conclude(m, q, i, site, s.outcome[i], now)


@rule
def send(m: Model, q: Any, i: int, site: int, pc: int, now: float) -> bool:
    """Send an attempt; false when the circuit breaker is open."""
    s = m.requests
    if s.attempt[i] == 0:
        s.waited[i] = 0.0
        budget_deposit(m.budget, site)
    s.attempt[i] += 1
    s.since[i] = now
    if not breaker_allows(m.breaker, site, now):
        s.generation[i] = NONE
        s.outcome[i] = codes.BREAKER_OPEN
        return False
    s.generation[i] = m.breaker.generation[site]
    m.sites.sent[site] += 1
    child = take_request(m, codes.CHILD, next_serial(m), m.sites.program[site], now)
    adopt(m, child, i)
    s.pc[child] = m.sites.start[site]
    s.key[child] = s.key[i]
    if m.sites.repeats[site] == 0 or s.attempt[i] > 1:  # what it calls in turn is drawn anew in each attempt
        s.key[child] = call_key(m, s.key[i], pc, s.attempt[i] - 1)
    if m.sites.repeats[site] != 0:
        copy_draws(m, child, i)
    s.child[i] = child
    s.where[i] = codes.IN_CALL
    deadline_join(m.waiting, site, i, now)
    arm_site(m, q, site)
    network = m.sites.network[site]
    s.back[child] = network
    if network > 0.0:
        add_time(m, child, codes.NETWORK, network)
        push(q, now + network, codes.STEP_DONE, s.number[child], child)
    else:
        resume(m, child)
    return True


@rule
def conclude(m: Model, q: Any, i: int, site: int, outcome: int, now: float) -> None:
    """An attempt has come to its end: go on, try again, or give up."""
    s = m.requests
    s.where[i] = codes.TIMED
    if s.generation[i] != NONE:
        breaker_result_of(m.breaker, site, s.generation[i], outcome == codes.SERVED, now)
    if outcome != codes.SERVED:
        u = uniform(m.config.seed, m.config.stream + JITTER, s.key[i], (s.pc[i] << 8) + s.attempt[i])
        delay = backoff_delay(m.backoff, site, s.attempt[i] - 1, s.waited[i], u)
        decision = retry_decide(m.retries, m.budget, m.breaker, site, s.attempt[i], outcome, now + delay)
        if decision == RETRY:
            s.waited[i] = delay
            m.sites.retried[site] += 1
            if delay > 0.0:
                add_time(m, i, codes.BACKOFF, delay)
                push(q, now + delay, codes.STEP_DONE, s.number[i], i)
            else:
                resume(m, i)
            return
        m.sites.failed[site] += 1
        if m.sites.optional[site] == 0:
            fail(m, i, codes.CALL_FAILED)
            return
    s.tries[i] = s.attempt[i]
    s.attempt[i] = 0
    s.pc[i] += 1
    resume(m, i)


@handler
def on_call_timer(m: Model, q: Any, site: int, now: float) -> None:
    """The first who waits at a site gives up, unless the answer has come; the attempt goes on without it."""
    if now != m.sites.armed[site]:
        return
    m.sites.armed[site] = NEVER
    if deadline_due(m.waiting, site) <= now:
        s = m.requests
        i = m.waiting.first[site]
        if s.where[i] == codes.ANSWERED:  # in this very instant: the answer counts
            deadline_leave(m.waiting, site, i)
            deadline_join(m.waiting, site, i, now)
        else:
            deadline_take_first(m.waiting, site)
            s.parent[s.child[i]] = NONE
            s.child[i] = NONE
            add_time(m, i, codes.GIVEN_UP, now - s.since[i])
            s.outcome[i] = codes.ABANDONED
            s.where[i] = codes.ANSWERED
            resume(m, i)
    arm_site(m, q, site)


@handler
def drop_call(m: Model, i: int) -> None:
    """Who waits for an answer is gone: the attempt goes on for nobody."""
    s = m.requests
    site = m.programs.station[s.pc[i]]
    deadline_leave(m.waiting, site, i)
    breaker_forget(m.breaker, site)
    if s.child[i] != NONE:
        s.parent[s.child[i]] = NONE
        s.child[i] = NONE


@handler
def do_fork(m: Model, i: int, pc: int, now: float) -> None:
    """Steps from `jump` on go on side by side, in the same replica."""
    s = m.requests
    if s.pending[i] == 0:
        s.outcome[i] = codes.SERVED
    branch = take_request(m, codes.BRANCH, next_serial(m), s.program[i], now)
    adopt(m, branch, i)
    s.key[branch] = call_key(m, s.key[i], pc, 0)
    copy_draws(m, branch, i)
    s.replica[branch] = s.replica[i]
    m.runtime.at[branch] = m.runtime.at[i]
    s.pc[branch] = m.programs.jump[pc]
    s.pending[i] += 1
    s.pc[i] = pc + 1
    resume(m, branch)


@handler
def do_join(m: Model, q: Any, i: int, now: float) -> bool:
    """Wait for the branches; true if the request goes on at once."""
    s = m.requests
    if s.pending[i] > 0:
        s.where[i] = codes.IN_JOIN
        return False
    if s.outcome[i] != codes.SERVED:
        fail(m, i, codes.CALL_FAILED)
        return False
    s.pc[i] += 1
    return True
