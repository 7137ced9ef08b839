"""Same scenario and seed, same requests: committed, on both engines, whatever the workers; memory stays flat.

`digests.json` holds the digest of every scenario in params/ on a short window at a constant rate. When a rule, a
demand or an imported file is meant to change them, write it anew:

    .venv/bin/python tests/simulation/write_digests.py

and say in the commit why they changed.
"""

from __future__ import annotations

import json
import os
import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from novamodel.simulation import simulate
from novamodel.simulation.build import build
from novamodel.simulation.replication import replicate
from novamodel.workload.arrivals import fill, new_block

DIGESTS = json.loads((Path(__file__).parent / "digests.json").read_text(encoding="utf-8"))


def short(scenario):
    """The window of the digests; at one rate where the source has a rate."""
    return scenario.override(DIGESTS["overrides"] | (DIGESTS["rate"] if scenario.traffic.loop == "open" else {}))


def test_every_scenario_has_a_digest(params):
    assert set(DIGESTS["digests"]) == set(params)


@pytest.mark.parametrize("name", DIGESTS["digests"])
def test_committed_digest(name, params):
    assert simulate(short(params[name]), engine="compiled").digest == DIGESTS["digests"][name]


def test_committed_digest_on_the_reference_engine(params):
    assert simulate(short(params["novabank"]), engine="simpy").digest == DIGESTS["digests"]["novabank"]


def test_another_seed_gives_another_digest(plain):
    scenario = plain({"run": {"duration": "5 s"}})
    one = simulate(scenario, seed=1).digest
    assert simulate(scenario, seed=1).digest == one
    assert simulate(scenario, seed=2).digest != one


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_workers_do_not_matter(plain, engine):
    scenario = plain({"run": {"duration": "10 s", "replications": 3}})
    alone = simulate(scenario, engine=engine, workers=1)
    together = simulate(scenario, engine=engine, workers=2)
    assert alone.digest == together.digest
    assert alone.estimates.equals(together.estimates)


# --- common random numbers: a variant sees the same customers -----------------------------------------------

VARIANTS = {
    "pool": {"services.core-api.pool.max": 3},
    "replicas": {"services.core-api.autoscaler": None, "services.core-api.replicas": 7},
    "limit": {"edge.limits": {}},
    "size": {"services.core-api.resources.cpu_limit": "900m"},
    "database": {"database.cores": 8, "database.pgbouncer.default_pool_size": 5},
}


def arrivals(scenario, count=6000):
    """Who comes, what they ask and what they need: the stream before any component sees it."""
    plan = build(scenario, arrays=True)
    block = new_block(count, plan.feeds[0].source.most_draws)
    assert fill(plan.feeds[0].source, block, scenario.run.seed, 0, 0) == count
    return block


SAME_REPLICAS = {
    "more at most": {"services.core-api.autoscaler.max_replicas": 14},
    "an agenda": {"operations": [{"at": "09:00", "rollout": "core-api"}]},
    "read replicas": {"database.read_replicas.count": 2},
}


@pytest.mark.parametrize("variant", SAME_REPLICAS)
def test_a_variants_replicas_have_the_same_cpu_periods(params, variant):
    """The third replica is throttled at the same instants, however many there may be beside it."""
    one, other = params["novabank"], params["novabank"].override(SAME_REPLICAS[variant])
    for name in one.services:
        mine, theirs = (
            plan.model.gate.phase[slice(*plan.rows[name])] for plan in (build(s, arrays=False) for s in (one, other))
        )
        shared = min(len(mine), len(theirs))
        assert shared > 0
        assert mine[:shared] == theirs[:shared]


@pytest.mark.parametrize("variant", VARIANTS)
def test_variant_sees_the_same_customers(variant, params):
    changed = params["novabank"].override(VARIANTS[variant])
    for one, other in zip(arrivals(params["novabank"]), arrivals(changed), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("variant", ["pool", "size"])
def test_variant_changes_the_answers_but_not_the_arrivals(variant, params):
    window = {"run.duration": "20 s", "run.warm_up": "0 s"}
    tables = []
    for changes in ({}, VARIANTS[variant]):
        run = replicate(params["novabank"].override(window | changes), 0, "compiled", keep_requests=True)
        tables.append(run.requests[np.argsort(run.requests[:, 0])])
    both = np.intersect1d(tables[0][:, 0], tables[1][:, 0]).astype(int)
    assert len(both) > 8000
    now, variant_of_it = (table[np.searchsorted(table[:, 0], both)] for table in tables)
    assert now[:, [0, 1, 4]].tobytes() == variant_of_it[:, [0, 1, 4]].tobytes()  # number, route, arrival
    assert now[:, 5].tobytes() != variant_of_it[:, 5].tobytes()  # end


def test_one_more_route_draw_does_not_move_the_others(plain):
    """A route that needs more draws leaves arrivals, routes, clients and the other draws alone."""
    one = plain({"services": {"api": {"routes": {"read": [{"cpu": "1 ms exponential"}]}}}})
    two = plain(
        {"services": {"api": {"routes": {"read": [{"cpu": "1 ms exponential"}, {"wait": "1 ms exponential"}]}}}}
    )
    first, second = arrivals(one, 1000), arrivals(two, 1000)
    for name in ("time", "route", "population", "client"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert (first.draw.reshape(1000, -1)[:, :2] == second.draw.reshape(1000, -1)[:, :2]).all()


# --- memory --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("engine", "seconds"), [("compiled", 300), ("simpy", 25)])
def test_memory_does_not_grow_with_simulated_time(plain, engine, seconds):
    """Python's and numpy's memory at its highest, for four times the time: only interval rows come on top."""

    def peak(duration):
        scenario = plain({"traffic": {"peak": "180 requests/s"}, "run": {"duration": f"{duration} s"}})
        tracemalloc.start()
        run = replicate(scenario, 0, engine)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert run.arrived.sum() > 150 * duration
        return most

    peak(1)  # what is loaded or cached once
    assert peak(4 * seconds) < peak(seconds) + 1_000_000


@pytest.mark.skipif(os.name != "posix", reason="needs getrusage")
def test_a_million_requests_fit_in_the_memory_of_the_process_as_it_is(plain):
    scenario = plain({"traffic": {"peak": "180 requests/s"}, "run": {"duration": "600 s", "interval": "60 s"}})
    replicate(scenario, 0, "compiled")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = replicate(scenario.override({"run.duration": "6000 s", "run.interval": "600 s"}), 0, "compiled")
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert run.arrived.sum() > 1_000_000
    assert grown_kib < 20_000
