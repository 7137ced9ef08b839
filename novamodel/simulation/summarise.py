"""From replications to a result: pool what may be pooled, put an interval on the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.recorder import upper_edges
from novamodel.simulation.replication import Replication
from novamodel.simulation.result import Result
from novamodel.statistics import Estimate, mean_interval, quantile_of_histogram, too_few_for_quantile

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
TAIL = (0.985, 0.995)
"""Requests between these quantiles stand for "a request near the p99"."""
GROWTH = 0.2
"""A backlog that grows by more than this share of what arrives is called unstable."""


def summarise(scenario: Scenario, replications: Sequence[Replication], engine: str) -> Result:
    """Put the replications of one scenario together."""
    if not all(replication.conserved for replication in replications):
        raise AssertionError("requests got lost or were counted twice: arrived and finished do not add up")
    edges = np.array(upper_edges())
    histogram = np.sum([r.histogram for r in replications], axis=0)
    digest = hashlib.sha256("".join(r.digest for r in replications).encode()).hexdigest()
    return Result(
        scenario=scenario,
        engine=engine,
        seed=scenario.run.seed,
        replications=len(replications),
        digest=digest,
        conserved=True,
        window_s=scenario.run.duration,
        warnings=tuple(_warnings(scenario, replications, histogram)),
        estimates=_estimates(scenario, replications, edges),
        intervals=_frame(scenario, replications, "intervals"),
        tiers=_frame(scenario, replications, "tiers"),
        replicas=_frame(scenario, replications, "replicas"),
        events=_frame(scenario, replications, "events"),
        breakdown=_breakdown(replications, histogram, edges),
        routes=_routes(scenario, replications, histogram, edges),
        populations=_populations(scenario, replications),
        histogram=_histogram(scenario, histogram, edges),
        requests=_requests(scenario, replications),
    )


def _estimates(scenario: Scenario, replications: Sequence[Replication], edges: np.ndarray) -> pd.DataFrame:
    rows: list[dict[str, object]] = []

    def add(metric: str, of: str, unit: str, value_of: Callable[[Replication], float]) -> None:
        estimate = mean_interval([value_of(replication) for replication in replications])
        rows.append(
            {"metric": metric, "of": of, **_within(estimate, 1.0 if unit == "1" else np.inf)._asdict(), "unit": unit}
        )

    for index, route in enumerate(("", *scenario.traffic.mix)):
        pick = slice(None) if index == 0 else slice(index - 1, index)
        for name, q in QUANTILES.items():
            add(name, route, "s", lambda r, q=q, p=pick: quantile_of_histogram(edges, r.histogram[p].sum(axis=0), q))  # type: ignore[misc]
        add("mean", route, "s", lambda r, p=pick: _ratio(r.latency[p].sum(), r.outcome[p, codes.SERVED].sum()))  # type: ignore[misc]
        add("errors", route, "1", lambda r, p=pick: _error_share(r.outcome[p].sum(axis=0)))  # type: ignore[misc]
    window = scenario.run.duration
    add("rejected", "", "1", lambda r: _rejected_share(r.outcome.sum(axis=0)))
    add("rate", "", "1/s", lambda r: float(r.arrived.sum()) / window)
    add("goodput", "", "1/s", lambda r: float(r.outcome[:, codes.SERVED].sum()) / window)
    for index, population in enumerate(scenario.traffic.populations):
        add("rejected", population, "1", lambda r, i=index: _rejected_share(r.population[i]))  # type: ignore[misc]
    return pd.DataFrame(rows)


def _within(estimate: Estimate, most: float) -> Estimate:
    """The interval as far as the figure itself can reach: a t interval may go below 0 or above 100 %."""
    low, high = (float(np.clip(end, 0.0, most)) for end in (estimate.low, estimate.high))
    return Estimate(estimate.value, low, high)


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def _error_share(outcome: np.ndarray) -> float:
    """Failed or abandoned, among those that the edge let in."""
    failed = outcome[list(codes.FAILED)].sum() + outcome[codes.ABANDONED]
    return _ratio(failed, outcome.sum() - outcome[codes.REJECTED])


def _rejected_share(outcome: np.ndarray) -> float:
    """Rejected by the edge's limits, among all that came."""
    return _ratio(outcome[codes.REJECTED], outcome.sum())


def _frame(scenario: Scenario, replications: Sequence[Replication], name: str) -> pd.DataFrame:
    rows = [{"replication": r.number, **row} for r in replications for row in getattr(r, name)]
    columns = {"events": ["replication", "clock_s", "service", "kind", "message", "before", "after"]}
    if not rows:
        return pd.DataFrame(columns=columns.get(name, ["replication", "clock_s"]))
    frame = pd.DataFrame(rows)
    frame.insert(1, "clock_s", frame.pop("time_s") + (scenario.run.start - scenario.run.warm_up))
    return frame


def _breakdown(replications: Sequence[Replication], histogram: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    spent = np.sum([r.spent for r in replications], axis=0)
    counts = histogram.sum(axis=0)
    total = counts.sum()
    if total == 0:
        nothing = np.full(len(codes.PLACES), np.nan)
        return pd.DataFrame({"place": codes.PLACES, "mean_s": nothing, "p99_s": nothing})
    low, high = (quantile_of_histogram(edges, counts, q) for q in TAIL)
    tail = (edges >= low) & (np.concatenate([[0.0], edges[:-1]]) <= high) & (counts > 0)
    return pd.DataFrame(
        {
            "place": codes.PLACES,
            "mean_s": spent.sum(axis=0) / total,
            "p99_s": spent[tail].sum(axis=0) / counts[tail].sum(),
        }
    )


def _routes(
    scenario: Scenario, replications: Sequence[Replication], histogram: np.ndarray, edges: np.ndarray
) -> pd.DataFrame:
    outcome = np.sum([r.outcome for r in replications], axis=0)
    latency = np.sum([r.latency for r in replications], axis=0)
    arrived = np.sum([r.arrived for r in replications], axis=0)
    rows = []
    for i, route in enumerate(scenario.traffic.mix):
        rows.append(
            {
                "route": route,
                "service": scenario.service_of(route),
                "arrived": int(arrived[i]),
                "served": int(outcome[i, codes.SERVED]),
                "rejected": int(outcome[i, codes.REJECTED]),
                "failed": int(outcome[i, list(codes.FAILED)].sum()),
                "abandoned": int(outcome[i, codes.ABANDONED]),
                "mean_s": _ratio(latency[i], outcome[i, codes.SERVED]),
                **{f"{n}_s": quantile_of_histogram(edges, histogram[i], QUANTILES[n]) for n in ("p50", "p95", "p99")},
            }
        )
    return pd.DataFrame(rows)


def _populations(scenario: Scenario, replications: Sequence[Replication]) -> pd.DataFrame:
    rows = []
    for i, (name, population) in enumerate(scenario.traffic.populations.items()):
        total = np.sum([r.population[i] for r in replications], axis=0)
        share = _within(mean_interval([_rejected_share(r.population[i]) for r in replications]), 1.0)
        rows.append(
            {
                "population": name,
                "clients": population.clients,
                "arrived": int(total.sum()),
                "rejected": int(total[codes.REJECTED]),
                "share": share.value,
                "low": share.low,
                "high": share.high,
            }
        )
    return pd.DataFrame(rows)


def _histogram(scenario: Scenario, histogram: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    parts = []
    for route, counts in zip(("", *scenario.traffic.mix), (histogram.sum(axis=0), *histogram), strict=True):
        filled = np.flatnonzero(counts)
        parts.append(pd.DataFrame({"route": route, "upper_s": edges[filled], "count": counts[filled]}))
    return pd.concat(parts, ignore_index=True)


def _requests(scenario: Scenario, replications: Sequence[Replication]) -> pd.DataFrame | None:
    if any(r.requests is None for r in replications):
        return None
    names = ["number", "route", "outcome", "replica", "arrived_s", "ended_s", *(f"{p}_s" for p in codes.PLACES)]
    parts = []
    for replication in replications:
        frame = pd.DataFrame(replication.requests, columns=names)
        frame.insert(0, "replication", replication.number)
        parts.append(frame)
    frame = pd.concat(parts, ignore_index=True)
    frame["route"] = np.array(list(scenario.traffic.mix))[frame["route"].astype(int)]
    frame["outcome"] = np.array(codes.OUTCOMES)[frame["outcome"].astype(int)]
    return frame.astype({"number": "int64", "replica": "int64"})


def _warnings(scenario: Scenario, replications: Sequence[Replication], histogram: np.ndarray) -> list[str]:
    warnings = []
    per_run = int(histogram.sum() / len(replications))
    for slo in scenario.slo:
        if slo.metric in QUANTILES:
            text = too_few_for_quantile(per_run, QUANTILES[slo.metric])
            if text:
                warnings.append(text)
    arrived = sum(int(r.arrived.sum()) for r in replications)
    grown = sum(r.in_flight - r.carried_in for r in replications)
    if arrived and grown > GROWTH * arrived:
        warnings.append(f"unstable: {grown:,} of {arrived:,} requests were still waiting at the end of the window")
    return warnings
