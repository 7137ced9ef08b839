"""The closed forms beside a simulated result, figure by figure, each with whether they hold and where.

Closed forms speak of one steady state: a constant rate, autoscalers at rest, no tier nearly full, no time-outs.
`beside` says no where the window is not so. Where it says yes, both agree within `BOUNDS`, which tests hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import pandas as pd

from novamodel.analytic.covers import bursty, uncovered
from novamodel.analytic.demand import interwoven
from novamodel.analytic.latency import latency_quantile, mean_latency
from novamodel.analytic.replica import NO_LIMIT, quota_cores
from novamodel.analytic.steady import Steady, full, latency_doubts, moving, steady_of
from novamodel.analytic.traffic_equations import route_shares
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.statistics import mean_interval


class Bound(NamedTuple):
    """Agreement that is promised: within ``relative`` of the simulated figure, or ``absolute`` of it."""

    relative: float
    absolute: float


BOUNDS = {
    "mean": Bound(0.3, 0.0005),
    "p99": Bound(0.4, 0.001),
    "utilisation": Bound(0.15, 0.01),
    "connections": Bound(0.25, 0.01),
    "rejected": Bound(0.15, 0.003),
    "hit ratio": Bound(0.02, 0.01),
    "replicas": Bound(0.0, 1.0),
}
"""Beyond the simulation's own interval; ``connections``: utilisation of pools. Times in seconds."""
SELDOM = 0.01
"""Share of time at the CPU gate that changes no event loop's utilisation."""
RANGE = "one steady state: constant rate, replicas at rest, no tier above 85 %, no time-outs"
WHERE = {
    "mean": f"within 30 % in {RANGE}",
    "p99": f"within 40 % in {RANGE}",
    "utilisation": "within 15 % (pools of connections 25 %) at a constant rate, no tier above 85 %",
    "rejected": "each client a Poisson stream of its own: M/D/1 with burst + 1 places, or counted in Kong's windows",
    "hit ratio": "independent references; lifetimes, deletes, and eviction by policy (LRU by Che's approximation)",
    "replicas": "at a constant rate, within one of where the autoscaler rests",
}
COLUMNS = ["metric", "of", "unit", "value", "low", "high", "analytic", "holds", "why"]


class Run(Protocol):
    """What `beside` reads of a simulated result."""

    @property
    def scenario(self) -> Scenario:
        """What was simulated."""

    @property
    def estimates(self) -> pd.DataFrame:
        """A metric a row."""

    @property
    def tiers(self) -> pd.DataFrame:
        """A tier in an interval a row."""

    @property
    def replicas(self) -> pd.DataFrame:
        """A service in an interval a row."""


def beside(result: Run) -> pd.DataFrame:
    """The closed forms beside each simulated figure.

    Columns: ``metric`` (mean, p99, utilisation, rejected, hit ratio, replicas), ``of`` (tier, population, keyspace or
    service; empty: all), ``unit``, simulated ``value, low, high`` (95 % interval; nan where there is none),
    ``analytic`` (nan where it does not hold), ``holds`` and ``why``: where the closed form holds, or why not here.
    """
    steady = steady_of(result.scenario)
    rows = [
        *_latencies(result, steady),
        *_rejections(result, steady),
        *_tiers(result, steady),
        *_hit_ratios(result, steady),
        *_replicas(result, steady),
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype(dict.fromkeys(("value", "low", "high", "analytic"), float) | {"holds": bool})


def _row(
    metric: str, of: str, unit: str, simulated: tuple[float, float, float], analytic: float, no: str
) -> tuple[Any, ...]:
    """One row; ``no`` is why the closed form does not hold, empty where it does."""
    holds = not no and math.isfinite(analytic)
    why = WHERE[metric] if holds else no or "no steady state"
    return (metric, of, unit, *simulated, analytic if holds else math.nan, holds, why)


def _latency_doubt(result: Run, steady: Steady) -> str:
    ready = {str(name): float(count) for name, count in result.replicas.groupby("service")["ready"].mean().items()}
    return moving(steady) or "; ".join(text for text in latency_doubts(steady, ready) if text)


def _latencies(result: Run, steady: Steady) -> Iterator[tuple[Any, ...]]:
    no = _latency_doubt(result, steady)
    found = {
        "mean": float(mean_latency(steady.scenario, steady.load)),
        "p99": float(latency_quantile(steady.scenario, steady.load, 0.99)),
    }
    for metric, analytic in found.items():
        simulated = _estimate(result, metric, "")
        if metric == "p99" and interwoven(steady.scenario):
            no = no or "a percentile over several stations is only estimated, for screening"
        yield _row(metric, "", "s", simulated, analytic, no if simulated[0] == simulated[0] else "nothing was served")


def _rejections(result: Run, steady: Steady) -> Iterator[tuple[Any, ...]]:
    no, people = moving(steady) or bursty(steady.scenario), steady.scenario.traffic.everyone
    share = dict.fromkeys(steady.scenario.services, 0.0)
    for route, weight in route_shares(steady.scenario.traffic).items():
        share[steady.scenario.service_of(route)] += weight
    yield _row("rejected", "", "1", _estimate(result, "rejected", ""), steady.rejected, no)
    for who in people:
        lost = sum(share[service] * part for service, part in steady.lost.get(who, {}).items())
        yield _row("rejected", who, "1", _estimate(result, "rejected", who), lost, no)


def _tiers(result: Run, steady: Steady) -> Iterator[tuple[Any, ...]]:
    known = {row["tier"]: row for row in steady.tiers}
    over = moving(steady) or full(steady)
    for tier in result.tiers["tier"].unique() if len(result.tiers) else ():
        means = result.tiers[result.tiers["tier"] == tier].groupby("replication")["utilisation"].mean()
        no, analytic = over, math.nan
        if tier.endswith((" connections", " clients")):
            no = "opened and closed as they are needed: no closed form of the mean"
        elif tier.endswith(" event loop") and _stopped(steady, tier) > SELDOM:
            no = no or "the run counts an event loop that stands at the CPU limit as busy"
        elif tier.endswith("edge") and steady.rejected > SELDOM and steady.scenario.edge.reject_cpu.busy > 0:
            no = no or "rejected requests take CPU of the edge too: not in the closed form"
        elif tier not in known:
            no = no or "not among the closed forms"
        else:
            if tier.endswith(("pgbouncer", " pool", " consumers")):  # how long connections are held is a latency
                no = no or _latency_doubt(result, steady)
            analytic = _utilisation(steady, known[tier])
        yield _row("utilisation", tier, "1", mean_interval(means.to_numpy()), analytic, no)


def _utilisation(steady: Steady, row: dict[str, Any]) -> float:
    """Busy over the limit that the run counts with: a service without a CPU limit is measured in cores."""
    if row["tier"].startswith(("external ", "queue ")):
        return float(row["busy"] / row["limit"])
    service = row["tier"].removesuffix(" cpu")
    if service in steady.replicas and quota_cores(steady.scenario, service) >= NO_LIMIT:
        return float(row["busy"] / steady.replicas[service] / steady.scenario.services[service].runtime.lanes)
    return float(row["busy"] / row["limit"])


def _stopped(steady: Steady, tier: str) -> float:
    return float(steady.load.services[tier.removesuffix(" event loop")].replica.stopped)


def _hit_ratios(result: Run, steady: Steady) -> Iterator[tuple[Any, ...]]:
    no = uncovered(steady.scenario) or bursty(steady.scenario)
    if steady.rejected > SELDOM:
        no = no or "rejected requests read nothing: the closed form has keys asked for as often as requests come"
    for store, ratios in steady.hit_ratios.items():
        for name, ratio in ratios.items():
            stated = steady.scenario.all_caches[store].keyspaces[name].hit_ratio is not None
            why = "stated in the scenario, not worked out" if stated else no
            of = name if store == MAIN else f"{store} {name}"
            found = _estimate(result, "hit ratio", of)
            yield _row("hit ratio", of, "1", found, math.nan if stated else ratio, why)


def _replicas(result: Run, steady: Steady) -> Iterator[tuple[Any, ...]]:
    no = moving(steady)
    for name, count in steady.replicas.items():
        rows = result.replicas[result.replicas["service"] == name]
        simulated = mean_interval(rows.groupby("replication")["ready"].mean().to_numpy())
        yield _row("replicas", name, "replicas", simulated, float(count), no)


def _estimate(result: Run, metric: str, of: str) -> tuple[float, float, float]:
    rows = result.estimates[(result.estimates["metric"] == metric) & (result.estimates["of"] == of)]
    return tuple(float(v) for v in rows.iloc[0][["value", "low", "high"]])  # type: ignore[return-value]
