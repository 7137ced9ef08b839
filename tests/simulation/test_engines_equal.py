"""The promise: the same scenario and seed give the same requests, to the last bit, on both engines."""

from __future__ import annotations

from heapq import heappush
from typing import Any

import made_up
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.components.pg_pool import rules as pg_pool_rules
from novamodel.simulation import (
    advance,
    codes,
    edge,
    events,
    finish,
    holds,
    queueing,
    replication,
    schedule,
    simulate,
    steps,
)
from novamodel.simulation.replication import replicate

SHORT = {"run.duration": "25 s", "run.warm_up": "10 s"}


@pytest.mark.parametrize("name", ["novabank", "novabank-ecs", "novabank-compose", "novabank-mail", "shop"])
def test_every_scenario_in_params(name, params, both):
    run = both(params[name].override(SHORT))
    assert len(run.requests) > 5_000


def test_params_holds_no_scenario_that_is_not_compared(params):
    assert set(params) == {"novabank", "novabank-ecs", "novabank-compose", "novabank-mail", "shop"}


def test_second_replication_and_other_seed(params, both):
    scenario = params["novabank"].override({"run.duration": "5 s", "run.warm_up": "0 s", "run.seed": 99})
    assert both(scenario, 0).digest != both(scenario, 1).digest


# --- scenarios that hypothesis makes up ------------------------------------------------------------------

OPERATIONS = {*range(codes.CPU, codes.ADMIT + 1), codes.SLOT, codes.BY_USE}
SEEN_FROM = 300
"""Examples after which every kind of operation and of outcome must have occurred."""


# The steady state that a run starts from may be beyond every limit here.
@pytest.mark.filterwarnings("ignore::RuntimeWarning:novamodel.analytic")
def test_scenarios_made_up(plain, both, coarsen, tmp_path):
    """Graphs with everything in them (`made_up`); that all of it occurs is part of the test."""
    seen: set[Any] = set()
    lost = replication.lost

    def look(scenario, plan, model, before):
        """See which operations the programs hold, and how requests, calls and messages ended."""
        seen.update(plan.book.table.op)
        ended = np.asarray(model.record.ended).reshape(-1, len(codes.OUTCOMES)).sum(axis=0)
        seen.update(codes.OUTCOMES[code] for code in np.flatnonzero(ended))
        return lost(scenario, plan, model, before)

    @settings(settings.get_profile("engines"))
    @given(changes=made_up.scenarios(), coarse=st.booleans())
    def compare(changes, coarse):
        with pytest.MonkeyPatch.context() as monkeypatch:
            if coarse:
                coarsen(monkeypatch)
            monkeypatch.setattr(replication, "lost", look)
            scenario = plain(made_up.with_recordings(changes, tmp_path))
            run = both(scenario)
        seen.update(codes.OUTCOMES[code] for code in np.flatnonzero(run.population.sum(axis=0)))
        seen.update(source.loop for source in scenario.traffic.sources.values())

    compare()
    missing = (OPERATIONS | set(codes.OUTCOMES) | {"open", "closed", "periodic", "replay"}) - seen
    assert not missing or made_up.EXAMPLES < SEEN_FROM, missing


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_graph_is_the_same_in_threads_and_processes(params, engine):
    """The compiled engine runs replications in threads (it lets go of Python's lock), the reference in processes."""
    scenario = params["shop"].override({"run.duration": "5 s", "run.warm_up": "5 s", "run.replications": 3})
    alone, together = (simulate(scenario, engine=engine, workers=workers) for workers in (1, 3))
    assert alone.digest == together.digest
    assert alone.estimates.equals(together.estimates)


# --- a rule changed in one engine only is seen ------------------------------------------------------------

BUSY = {
    "traffic": {"peak": "250 requests/s"},
    "services": {
        "api": {
            "replicas": 2,
            "resources": {"cpu_request": "200m", "cpu_limit": "700m"},
            "pool": {"max": 3, "connection_timeout": "60 ms", "idle_timeout": "5 ms"},
            "routes": {"read": [{"cpu": "2 ms"}, {"sql": ["select"]}, {"cpu": "1 ms"}, {"thread": "3 ms"}]},
        }
    },
    "database": {"cores": 4, "connect": "2 ms", "statements": {"select": {"cpu": "15 ms"}}},
    "edge": {"limits": {"api": {"rate": "5r/s", "burst": 3, "delay": "nodelay"}}},
    "run": {"duration": "4 s"},
}


def served_last_first(rule):
    """A pool whose next in line is whoever came last."""

    def leave(pool, p):
        if pool.waiting[p] < 2:
            return rule(pool, p)
        before = pool.first[p]
        while pool.next[before] != pool.last[p]:
            before = pool.next[before]
        last, pool.last[p] = pool.last[p], before
        pool.next[before] = -1
        pool.waiting[p] -= 1
        return last

    return leave


USERS = (advance, edge, events, finish, holds, pg_pool_rules, queueing, steps)
"""Modules of the engine that use components' rules by name."""

MUTATIONS = {
    "an idle connection is not kept": ("pool_release", lambda rule: lambda s, p, i, bad, now: rule(s, p, i, True, now)),
    "a pool's timers never come": ("pool_due", lambda rule: lambda s, p: codes.NEVER),
    "the limit lets all pass": ("limit_decide_all", lambda rule: lambda *a: (0, 0)),
    "the last waiter is served first": ("pool_leave_first", served_last_first),
    "threads cost twice": ("thread_join", lambda rule: lambda s, g, r, j, w, now: rule(s, g, r, j, 2 * w, now)),
    "statements take one part in 1e12 longer": (
        "cores_join",
        lambda rule: lambda s, d, j, n, work, now: rule(s, d, j, n, work * (1 + 1e-12), now),
    ),
    "the edge is slower by one part in 1e12": (
        "fifo_join",
        lambda rule: lambda s, i, work, now: rule(s, i, work, now * (1 + 1e-12)),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_rule_changed_in_one_engine_is_seen(name, plain, both, differ, monkeypatch, coarse_arrivals):
    scenario = plain(BUSY)
    both(scenario)
    fast = replicate(scenario, 0, "compiled", keep_requests=True)
    rule_name, change = MUTATIONS[name]
    users = [module for module in USERS if hasattr(module, rule_name)]
    for module in users:
        monkeypatch.setattr(module, rule_name, change(getattr(module, rule_name)))
    assert users
    assert "digest" in differ(fast, replicate(scenario, 0, "simpy", keep_requests=True))


class ByCreation(int):
    """A key that comes before those made later."""

    made = place = 0

    def __lt__(self, other: Any) -> bool:
        return bool(self.place < other.place)


def test_another_order_of_ties_is_seen(plain, both, differ, monkeypatch, coarse_arrivals):
    """Events of one instant by creation instead of (step, number), as a stock SimPy model has them."""
    scenario = plain(BUSY)
    both(scenario)
    fast = replicate(scenario, 0, "compiled", keep_requests=True)

    def push_by_creation(calendar, event):
        time, key, who = event
        key = ByCreation(key)
        key.place = ByCreation.made = ByCreation.made + 1
        heappush(calendar, (time, key, who))

    monkeypatch.setattr(schedule, "heappush", push_by_creation)
    assert "digest" in differ(fast, replicate(scenario, 0, "simpy", keep_requests=True))
