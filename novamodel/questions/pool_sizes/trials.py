"""Pools to the main database by rule, by closed form and by simulation: the grounds of `pool_sizes`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from novamodel.analytic import hit_ratios, mmc_wait_quantile, route_demands, steady_replicas, system_load
from novamodel.errors import UserError
from novamodel.questions.shared import at_peak
from novamodel.scenario import Scenario
from novamodel.simulation import Result, simulate
from novamodel.statistics import mean_interval

MOST_WAIT = 0.01
"""A pool is large enough when no more than this share of the transactions waits for a connection at the peak."""
SAFE, WAITS, OVERFLOWS = "safe", "waits", "overflows"
MOST_REPLICAS = 62
SIZES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
COLUMNS = 12
PGBOUNCER = {"pool_mode": "transaction"}
"""PgBouncer with its own defaults, where the scenario has none."""


class Direct(NamedTuple):
    """Who accepts the pools' connections, and how many."""

    by: str
    limit: int


def pooled(scenario: Scenario, service: str | None) -> str:
    """The service in question: the one named, or the one with most transactions. It has a pool that it uses."""
    asked = {name: 0.0 for name, own in scenario.services.items() if own.pool is not None}
    for demand in route_demands(scenario, hit_ratios(scenario)).values():
        if demand.service in asked:
            asked[demand.service] += demand.share * demand.transactions
    used = [name for name, share in asked.items() if share > 0]
    if not used:
        raise UserError(
            "no service has a connection pool that its routes use: there is nothing to size",
            path="services.*.pool",
            valid="a pool and a route with an sql step",
        )
    if service is not None and service not in used:
        raise UserError(f"{service!r} has no connection pool in use", valid=used, given=service)
    return service or max(used, key=lambda name: asked[name])


def accepts(scenario: Scenario, *, bouncer: bool | None = None) -> Direct:
    """What stands behind the pools (``bouncer``: with or without PgBouncer; default as deployed)."""
    database = scenario.database
    if database.pgbouncer is not None and bouncer is not False:
        return Direct("PgBouncer", database.pgbouncer.max_client_conn)
    return Direct("PostgreSQL", database.max_connections - database.reserved_connections)


def least_replicas(scenario: Scenario, service: str) -> int:
    """The autoscaler's lower bound, or the fixed count."""
    own = scenario.services[service]
    return own.autoscaler.min_replicas if own.autoscaler else own.replicas


def most_replicas(scenario: Scenario, service: str) -> int:
    """The autoscaler's upper bound, or the fixed count."""
    own = scenario.services[service]
    return own.autoscaler.max_replicas if own.autoscaler else own.replicas


def budget_frame(scenario: Scenario) -> pd.DataFrame:
    """Who may open how many connections, and what accepts them."""
    rows: list[dict[str, Any]] = []
    for name, service in scenario.services.items():
        if service.pool is None:
            continue
        least, most = least_replicas(scenario, name), most_replicas(scenario, name)
        rows.append(_row("pools", name, service.pool.max, least, most))
    together = {end: sum(row[end] for row in rows) for end in ("at_least", "at_most")}
    taken = accepts(scenario)
    rows.append({"stage": "together", "who": "all pools", **together, "accepted": taken.limit, "by": taken.by})
    database = scenario.database
    usable = accepts(scenario, bouncer=False)
    if database.pgbouncer:
        size = database.pgbouncer.default_pool_size
        ends = {"at_least": size, "at_most": size}
        rows.append(
            {"stage": "bouncer", "who": "PgBouncer", "pool": size, **ends, "accepted": usable.limit, "by": usable.by}
        )
    kept = database.reserved_connections
    rows.append({"stage": "reserved", "who": "kept for superusers", "at_least": kept, "at_most": kept})
    frame = pd.DataFrame(rows)
    whole = ["pool", "least_replicas", "most_replicas", "at_least", "at_most"]
    return frame.astype(dict.fromkeys(whole, "Int64")).fillna({"by": ""})


def _row(stage: str, name: str, pool: int, least: int, most: int) -> dict[str, Any]:
    return {
        "stage": stage,
        "who": name,
        "pool": pool,
        "least_replicas": least,
        "most_replicas": most,
        "at_least": least * pool,
        "at_most": most * pool,
    }


def others_open(scenario: Scenario, service: str) -> int:
    """Connections that the other services' pools may open at their most replicas."""
    return sum(
        most_replicas(scenario, name) * own.pool.max
        for name, own in scenario.services.items()
        if own.pool is not None and name != service
    )


def largest_fitting(scenario: Scenario, service: str, replicas: int) -> int | None:
    """The largest pool whose budget holds at so many replicas; None where not even 1 fits."""
    size = (accepts(scenario).limit - others_open(scenario, service)) // replicas
    return size if size >= 1 else None


def grid_frame(scenario: Scenario, service: str) -> tuple[pd.DataFrame, int]:
    """Pool sizes x most replicas by rule and closed form, and the replicas at rest at the peak as deployed.

    Overflows: the pools may open more than is accepted. Waits: more than `MOST_WAIT` of the transactions wait at the
    peak, with the replicas that the autoscaler comes to rest at under that bound.
    """
    own, most = scenario.services[service], most_replicas(scenario, service)
    peak = scenario.traffic.most_per_s
    counts = sorted(
        {*np.unique(np.linspace(1, min(max(2 * most, 6), MOST_REPLICAS), COLUMNS).round().astype(int)), most}
    )
    sizes = np.array(sorted({*SIZES, pool_of(scenario, service)}))
    free = scenario
    if own.autoscaler:
        bounds = {"max_replicas": int(counts[-1]), "min_replicas": min(own.autoscaler.min_replicas, int(counts[-1]))}
        free = scenario.override({f"services.{service}.autoscaler.{name}": value for name, value in bounds.items()})
    rest = steady_replicas(free, peak)
    running = np.minimum(counts, rest[service]) if own.autoscaler else np.array(counts)
    shape = {**{name: np.asarray(float(n)) for name, n in rest.items()}, service: running[None, :]}
    load = system_load(scenario, peak, shape, pool_max={service: sizes[:, None]}).services[service]
    waiting = np.broadcast_to(
        np.where(np.isfinite(load.hold_s), load.pool.wait_probability, 1.0), (sizes.size, len(counts))
    )
    opened = sizes[:, None] * np.array(counts)[None, :] + others_open(scenario, service)
    state = np.where(opened > accepts(scenario).limit, OVERFLOWS, np.where(waiting > MOST_WAIT, WAITS, SAFE))
    pool, count = np.meshgrid(sizes, counts, indexing="ij")
    frame = pd.DataFrame(
        {
            "pool": pool.ravel(),
            "replicas": count.ravel(),
            "running": np.broadcast_to(running, state.shape).ravel(),
            "opened": opened.ravel(),
            "waiting": waiting.ravel(),
            "state": state.ravel(),
            "now": ((pool == (pool_of(scenario, service))) & (count == most)).ravel(),
        }
    )
    return frame, int(steady_replicas(scenario, peak)[service])


def smallest_waitless(grid: pd.DataFrame, running: int) -> int | None:
    """The smallest pool that waits little with so many replicas at the peak."""
    here = grid[(grid["running"] == running) & (grid["waiting"] <= MOST_WAIT)]
    return int(here["pool"].min()) if len(here) else None


def growth_frame(scenario: Scenario, service: str, sizes: Iterable[int]) -> pd.DataFrame:
    """Connections that all pools may open together, by pool size and most replicas of the service."""
    most, others = most_replicas(scenario, service), others_open(scenario, service)
    counts = range(1, min(2 * most + 2, MOST_REPLICAS) + 1)
    rows = [(size, count, count * size + others) for size in sizes for count in counts]
    return pd.DataFrame(rows, columns=["pool", "replicas", "opened"])


# --- simulated -------------------------------------------------------------------------------------------------


class Trials(NamedTuple):
    """How the variants are simulated: the service in question with a fixed count of replicas."""

    service: str
    running: int
    replications: int
    engine: str
    quick: bool

    def base(self, scenario: Scenario) -> Scenario:
        """The scenario at its peak with a fixed count of replicas."""
        changes = {f"services.{self.service}.autoscaler": None, f"services.{self.service}.replicas": self.running}
        return at_peak(scenario, replications=self.replications, quick=self.quick).override(changes, said_by="trial")


def try_pools(scenario: Scenario, trials: Trials, sizes: Iterable[int], tell: Callable[[float], None]) -> pd.DataFrame:
    """Each pool size at the peak: the waits for a connection, and what came of them."""
    base, rows, tried = trials.base(scenario), [], list(sizes)
    for number, size in enumerate(tried):
        tell(number / len(tried))
        variant = base.override({f"services.{trials.service}.pool.max": size}, said_by="trial")
        result = simulate(variant, engine=trials.engine, keep_requests=True)
        rows.append({"pool": size, **_waits(result, trials.service), **_closed(variant, trials)})
    return pd.DataFrame(rows)


def try_front(scenario: Scenario, trials: Trials, tell: Callable[[float], None]) -> pd.DataFrame:
    """With and without PgBouncer: what is accepted, what may be opened, and the latency at the peak."""
    base, service, rows = trials.base(scenario), trials.service, []
    opened = others_open(scenario, service) + most_replicas(scenario, service) * pool_of(scenario, service)
    for number, present in enumerate((True, False)):
        tell(number / 2)
        deployed = present == (scenario.database.pgbouncer is not None)
        other = {"database.pgbouncer": PGBOUNCER if present else None}
        variant = base if deployed else base.override(other, said_by="trial")
        result = simulate(variant, engine=trials.engine)
        p99, errors = result.estimate("p99"), result.estimate("errors")
        rows.append(
            {
                "front": "with PgBouncer" if present else "without PgBouncer",
                "deployed": deployed,
                "accepted": accepts(variant).limit,
                "opened": opened,
                "holds": opened <= accepts(variant).limit,
                "p99_s": p99.value,
                "p99_low_s": p99.low,
                "p99_high_s": p99.high,
                "errors": errors.value,
            }
        )
    return pd.DataFrame(rows)


def pool_of(scenario: Scenario, service: str) -> int:
    """Connections of one replica's pool; 0 without a pool."""
    pool = scenario.services[service].pool
    return pool.max if pool else 0


def _waits(result: Result, service: str) -> dict[str, float]:
    requests, scenario = result.requests, result.scenario
    assert requests is not None
    routes = [route for route in scenario.entry_routes if scenario.service_of(route) == service]
    own = requests[requests["route"].isin(routes) & (requests["outcome"] != "rejected")]
    by_run = own.groupby("replication")
    p99, tiers = result.estimate("p99"), result.tiers
    level = tiers[tiers["tier"] == ("pgbouncer clients" if scenario.database.pgbouncer else "postgres connections")]
    return {
        **_spans("waited", by_run["pool wait_s"].apply(lambda wait: float((wait > 0).mean()))),
        **_spans("wait_s", by_run["pool wait_s"].quantile(0.99)),
        "p99_s": p99.value,
        "p99_low_s": p99.low,
        "p99_high_s": p99.high,
        **_spans("timed_out", by_run["outcome"].apply(lambda outcome: float((outcome == "pool timeout").mean()))),
        **_spans("refused", by_run["outcome"].apply(lambda outcome: float((outcome == "refused").mean()))),
        "open": float(level["busy"].max()),
    }


def _spans(name: str, by_run: pd.Series) -> dict[str, float]:
    """A figure with the ends of its 95 % interval over replications; none of it is below 0."""
    value, low, high = mean_interval(by_run.to_numpy(dtype=float))
    return {name: value, f"{name}_low": max(low, 0.0) if low == low else low, f"{name}_high": high}


def _closed(scenario: Scenario, trials: Trials) -> dict[str, float]:
    """By closed form: share of requests that wait, and the p99 of the wait, at most the pool's patience (s)."""
    peak, service = scenario.traffic.most_per_s, trials.service
    counts = {name: float(n) for name, n in steady_replicas(scenario, peak).items()}
    load = system_load(scenario, peak, counts).services[service]
    pool = scenario.services[service].pool
    patience = pool.connection_timeout or np.inf if pool else np.inf
    asked = float(load.rate_per_s) * load.demand.transactions
    spare = pool_of(scenario, service) / float(load.hold_s) - asked
    chance = float(load.pool.wait_probability) * min(load.demand.transactions, 1.0)
    if not spare > 0:
        return {"closed_waited": min(load.demand.transactions, 1.0), "closed_wait_s": float(patience)}
    wait = min(float(mmc_wait_quantile(chance, spare, 0.99)), patience) if chance > 0 else 0.0
    return {"closed_waited": chance, "closed_wait_s": wait}
