"""From a scenario to the state of its call sites, externals, queues and consumers."""

from __future__ import annotations

from typing import Any

from novamodel.components.callers.backoff import BackoffPolicy, backoff_state
from novamodel.components.callers.breaker import BreakerPolicy, breaker_state
from novamodel.components.callers.budget import BudgetPolicy, budget_state
from novamodel.components.callers.retry import RetryPolicy, retries_state
from novamodel.components.deadlines import deadlines_state
from novamodel.components.external.external import ExternalPolicy, external_state
from novamodel.components.queue.consumers import consumers_state
from novamodel.components.queue.messages import QueuePolicy, messages_state
from novamodel.components.tokens import tokens_state
from novamodel.scenario import Scenario
from novamodel.scenario.callers import Breaker
from novamodel.simulation import codes
from novamodel.simulation.layout import Layout, Site
from novamodel.simulation.programs import ProgramBook
from novamodel.simulation.state import Queues, Sites


def sites_state(layout: Layout, book: ProgramBook, requests: int) -> dict[str, Any]:
    """Call sites and the policies of their callers, row by row; a row nobody uses where nobody calls."""
    sites = layout.sites
    callers = [site.caller for site in sites]
    retries = [
        RetryPolicy(one.retries, tuple(code for word in one.retry_on for code in codes.RETRIED[word]))
        for one in callers
    ]
    budgets = [
        BudgetPolicy() if one.budget is None else BudgetPolicy(one.budget, one.budget_reserve, one.budget_reserve)
        for one in callers
    ]
    return {
        "sites": Sites(
            program=[site.program for site in sites] or [0],
            start=[book.table.start[s.program] if s.start == codes.NONE else s.start for s in sites] or [0],
            network=[float(site.network) for site in sites] or [0.0],
            optional=[int(site.optional) for site in sites] or [0],
            repeats=[int(site.repeats) for site in sites] or [0],
            sent=[0] * max(1, len(sites)),
            retried=[0] * max(1, len(sites)),
            failed=[0] * max(1, len(sites)),
            armed=[codes.NEVER] * max(1, len(sites)),
        ),
        "retries": retries_state(retries or [RetryPolicy()]),
        "backoff": backoff_state(
            [BackoffPolicy(one.backoff, one.jitter, one.base, one.cap) for one in callers] or [BackoffPolicy()]
        ),
        "budget": budget_state(budgets or [BudgetPolicy()]),
        "breaker": breaker_state([_breaker(one.breaker) for one in callers] or [BreakerPolicy()]),
        "waiting": deadlines_state([_timeout(site) for site in sites] or [codes.NEVER], requests),
    }


def _timeout(site: Site) -> float:
    return float(site.caller.timeout) if site.caller.timeout > 0 else codes.NEVER


def _breaker(breaker: Breaker | None) -> BreakerPolicy:
    if breaker is None:
        return BreakerPolicy()
    if breaker.failures is not None:
        return BreakerPolicy("consecutive", breaker.open, breaker.probes, failure_threshold=breaker.failures)
    assert breaker.failure_share is not None
    return BreakerPolicy(
        "window",
        breaker.open,
        breaker.probes,
        window_calls=breaker.window_calls,
        failure_share=breaker.failure_share,
        min_calls=breaker.min_calls,
    )


def externals_state(scenario: Scenario, requests: int) -> dict[str, Any]:
    """Rates and rooms of the externals."""
    externals = list(scenario.externals.values())
    policies = [ExternalPolicy(one.rate or 0.0, one.burst, one.over_limit == "wait") for one in externals]
    room = tokens_state(max(1, len(externals)), 1, requests)
    room.size[:] = [one.concurrency or 1 << 40 for one in externals] or [1]
    return {"external": external_state(policies or [ExternalPolicy()]), "room": room}


def queues_state(scenario: Scenario, layout: Layout, book: ProgramBook, requests: int) -> dict[str, Any]:
    """Queues, the groups that take from them, and their members: a replica row each."""
    names, queues = layout.queues, list(scenario.queues.values())
    groups = list(layout.groups)
    consumers = [scenario.services[service].consumers[which] for service, which in groups]
    owner = [names.index(consumer.queue) for consumer in consumers]
    rows = [layout.rows[service] for service, _ in groups]
    policies = [QueuePolicy(one.visibility_timeout, one.delay, one.most_receives) for one in queues]
    starts = [sum(end - first for first, end in rows[:g]) for g in range(len(rows))]
    by_replica = [
        [starts[g] + r - first for g, (first, end) in enumerate(rows) if first <= r < end]
        for r in range(layout.replica_count)
    ]
    count = max(1, len(queues))
    return {
        "queues": Queues(
            group=[owner.index(q) if q in owner else 0 for q in range(count)],
            groups=[owner.count(q) for q in range(count)],
            turn=[0] * count,
            message=[book.messages.get(name, 0) for name in names] or [0],
            program=[book.work[one] for one in groups] or [0],
            batch=[consumer.batch for consumer in consumers] or [1],
            queue=owner or [0],
            first_replica=[first for first, _ in rows] or [0],
            member=[member for members in by_replica for member in members] or [0],
        ),
        "messages": messages_state(policies or [QueuePolicy()], requests),
        "consumers": consumers_state(
            [end - first for first, end in rows] or [1], [c.concurrency for c in consumers] or [1]
        ),
        "delays": deadlines_state([float(one.delay) for one in queues] or [codes.NEVER], requests),
        "visibility": deadlines_state([float(one.visibility_timeout) for one in queues] or [codes.NEVER], requests),
        "members": by_replica,
    }
