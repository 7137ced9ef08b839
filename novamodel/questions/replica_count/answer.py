"""How many replicas, which bounds and which target of the autoscaler, for this traffic?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from novamodel import units
from novamodel.analytic import day, system_load
from novamodel.questions.replica_count.tables import ReplicaTables
from novamodel.questions.replica_count.trials import low_rate, settings_of, target_curve, try_bounds
from novamodel.questions.replica_count.words import advice, cap_of, sentences
from novamodel.questions.shared import (
    MOST_REPLICAS,
    Tell,
    Text,
    at_peak,
    best,
    count_at_peak,
    dollars,
    in_turn,
    latency_text,
    need_objectives,
    readable,
    service_asked,
    shows_headline,
    trial,
    verdict_text,
)
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.workflows.month import monthly_total
from novamodel.workflows.plan import find_size

MOST_COUNTS = 7
IDLE = 0.3
"""A count at which the CPU is less busy than this needs no trial."""


@dataclass(frozen=True)
@shows_headline
class ReplicasAnswer(ReplicaTables):
    """The answer and its grounds: figures, a table for a reader, words."""

    def headline(self) -> dict[str, float]:
        """The figures of the answer by name."""
        fixed, bound = self.fixed, self.bound
        figures = {
            "replicas, fixed": float(fixed["replicas"]),
            "latency, fixed (ms)": fixed["latency_s"] * 1000,
            "cost, fixed (USD/month)": fixed["cost_month"],
        }
        if bound is not None:
            figures["latency on the ramp (ms)"] = bound["latency_s"] * 1000
            figures["cost, autoscaled (USD/month)"] = bound["cost_month"]
        return figures

    def counts_table(self) -> pd.DataFrame:
        """The fixed counts for a reader."""
        return readable(
            self.counts.assign(shown=[latency_text(r) for r in self.counts.itertuples()]).assign(
                says=[verdict_text(r) for r in self.counts.itertuples()]
            ),
            {
                "replicas": ("replicas", str),
                "shown": (str(self.counts["metric"].iloc[0]), None),
                "errors": ("errors", units.format_fraction),
                "cpu_busy": ("CPU limit used", units.format_part),
                "cost_month": ("USD/month", dollars),
                "says": ("verdict", None),
            },
        )

    def conclusion(self) -> Text:
        """The answer in words, with its certainty and its price."""
        return Text("\n".join(f"* {line}" for line in sentences(self)))


def replicas(
    scenario: Scenario,
    *,
    service: str | None = None,
    ramp: str | float = "60 s",
    replications: int = 4,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> ReplicasAnswer:
    """Try fixed counts at the peak, then the autoscaler's bounds and targets on a ramp from the low rate to the peak.

    ``service``: default the one with most traffic. ``ramp``: time in which the load climbs. All trials see the same
    customers (common random numbers). Only the HPA of Kubernetes is tried (``platform.kind`` eks).
    """
    need_objectives(scenario)
    name, tell = service_asked(scenario, service), progress or (lambda share, text: None)
    ramp_s = min(units.parse_time(ramp), 1800.0)
    counts = _marked(_counts(scenario, name, replications, engine, quick, tell))
    cap = cap_of(counts)
    sizing = find_size(scenario, engine=engine, quick=quick, progress=lambda share: tell(0.3 + 0.1 * share, "sizing"))
    bounds, ramps = pd.DataFrame(), {}
    if scenario.platform.kind == "eks":
        planned = sizing.chosen.scenario.services[name].autoscaler
        bounds, results = try_bounds(scenario, name, ramp_s, replications, engine, quick, tell, cap, planned)
        bounds = _marked(bounds)
        ramps = _ramps(bounds, results)
    targets = target_curve(scenario, name)
    fastest = best(bounds) if len(bounds) else None
    tell(0.95, "the day and its price")
    return ReplicasAnswer(
        scenario=scenario,
        service=name,
        ramp_s=ramp_s,
        low_per_s=low_rate(scenario),
        peak_per_s=scenario.traffic.most_per_s,
        counts=counts,
        bounds=bounds,
        ramps=ramps,
        day=_day(scenario, name, int(best(counts)["replicas"]), fastest),
        targets=targets,
        advice=advice(sizing, name, counts, bounds),
        sizing=sizing,
    )


def _marked(frame: pd.DataFrame) -> pd.DataFrame:
    """The trials with the best one marked: every sentence and figure names the same."""
    return frame.assign(best=frame.index == best(frame).name)


def _ramps(bounds: pd.DataFrame, results: list[Result]) -> dict[str, Result]:
    """The runs to draw, by what they are: today's autoscaler, then the best of those tried."""
    found = {}
    for row, result in sorted(zip(bounds.itertuples(), results, strict=True), key=lambda pair: not pair[0].now):
        who = ("today's HPA, the best tried" if row.best else "today's HPA") if row.now else "the best HPA tried"
        if row.now or row.best:
            found[f"{who} (CPU target {units.format_part(row.cpu_target)})"] = result
    return found


# --- fixed counts ----------------------------------------------------------------------------------------------


def _counts(scenario: Scenario, name: str, replications: int, engine: str, quick: bool, tell: Tell) -> pd.DataFrame:
    now = count_at_peak(scenario, name)
    base = at_peak(scenario, replications=replications, quick=quick)
    busy = _cpu_busy(scenario, name)
    tried = _worth_trying(busy, now, 4 if quick else MOST_COUNTS)
    variants = {count: base.override(_fixed(name, count), said_by="trial") for count in tried}
    rows = []
    for count, result in in_turn(variants, engine=engine, tell=tell, begin=0.0, end=0.3, text="fixed count"):
        row = {"replicas": count, "now": count == now, "cpu_busy": float(busy[count - 1]), **trial(result)._asdict()}
        rows.append(row | {"cost_month": monthly_total(scenario.override(_fixed(name, count), said_by="trial"))})
    return pd.DataFrame(rows)


def _fixed(name: str, count: int) -> dict[str, object]:
    return {f"services.{name}.autoscaler": None, f"services.{name}.replicas": count}


def _cpu_busy(scenario: Scenario, name: str) -> np.ndarray:
    """Share of the CPU limit in use at the peak with 1, 2, ... replicas, by closed form (may exceed 1)."""
    others = {other: float(s.replicas) for other, s in scenario.services.items()}
    counts = np.arange(1, MOST_REPLICAS + 1)
    load = system_load(scenario, scenario.traffic.most_per_s, {**others, name: counts})
    return np.broadcast_to(load.services[name].replica.utilisation, counts.shape)


def _worth_trying(busy: np.ndarray, now: int, most: int) -> list[int]:
    """Counts from one too few by CPU to a CPU that idles, today's among them."""
    enough = int(np.argmax(busy < 1)) + 1 if (busy < 1).any() else MOST_REPLICAS
    idle = int(np.argmax(busy < IDLE)) + 1 if (busy < IDLE).any() else MOST_REPLICAS
    first, last = max(1, enough - 1), min(max(idle, enough + 3), MOST_REPLICAS)
    spread = {round(x) for x in np.geomspace(first, last, most - 1)}
    return sorted({*spread, min(now, MOST_REPLICAS)})


# --- the day -------------------------------------------------------------------------------------------


def _day(scenario: Scenario, name: str, count: int, fastest: pd.Series | None) -> pd.DataFrame:
    plans = {"as now": scenario, f"fixed at {count}": scenario.override(_fixed(name, count), said_by="plan")}
    if fastest is not None and not fastest["now"]:
        least, most = int(fastest["min_replicas"]), int(fastest["max_replicas"])
        settings = settings_of(scenario, name, least, float(fastest["cpu_target"]), most=most)
        plans["best autoscaler on the ramp"] = scenario.override(settings, said_by="plan")
    frames = [
        day(plan)[["hour", "rate_per_s", name]].rename(columns={name: "replicas"}).assign(plan=text)
        for text, plan in plans.items()
    ]
    return pd.concat(frames, ignore_index=True)
