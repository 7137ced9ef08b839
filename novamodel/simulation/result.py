"""The result of a simulation: tidy frames, estimates with intervals, the SLO's verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from novamodel.scenario import Scenario
from novamodel.scenario.goals import Slo
from novamodel.showing import Shown, shows_itself
from novamodel.simulation.precision import Reached
from novamodel.simulation.tier_names import cpu_tiers
from novamodel.statistics import Estimate, mean_interval
from novamodel.units import format_estimate, format_fraction, format_time

CPU_ENDS = ("cores", "low", "high")


def meets(value: float, limit: float) -> bool:
    """The rule of every verdict: the estimate is below the limit. A figure that is not there meets nothing."""
    return value < limit


class SloResult(NamedTuple):
    """One objective against what was simulated; ``met`` judges the estimate (`meets`), the interval says how sure."""

    text: str
    metric: str
    of: str
    limit: float
    value: float
    low: float
    high: float
    met: bool
    unit: str

    @property
    def decided(self) -> bool:
        """Whether the whole interval lies on the estimate's side of the limit; not, where there is no interval."""
        return self.high < self.limit if self.met else self.low >= self.limit


@dataclass(frozen=True)
@shows_itself
class Result:
    """What `simulate` returns. Times are seconds, shares fractions, ``clock_s`` seconds since midnight.

    Frames (one row each): ``estimates`` a metric (``method`` says what its interval rests on: replications, batch
    means of a single one, or none), ``by_replication`` a metric of a replication, ``intervals`` an interval of a
    replication, ``buckets`` one of `monitoring.buckets` in an interval (served up to that latency), ``settling`` a
    sample of one from the beginning of its warm-up on, ``tiers`` a tier in an interval, ``replicas`` a service in an
    interval (quota ``periods``, ``throttled_periods``, ``throttled_s`` as cAdvisor has them, ``core_wait_s`` of its
    threads), ``nodes`` a
    node group in an interval (``pressure``: PSI, cpu, some), ``lives`` a replica (``from_s`` created, ``to_s`` gone, as
    ``clock_s``), ``machines`` a node that replicas share (likewise), ``events`` a deed of the control plane,
    ``breakdown`` a place where time goes, ``calls`` a call of somebody outside or of a service (attempts, those
    beyond the first, calls given up), ``queues`` a queue (messages), ``caches`` a keyspace (commands, hit ratio, what
    went and why; ``keys``: kept one by one, or by closed form, or the ratio stated), ``routes`` a route,
    ``populations`` a population, ``histogram`` a latency bucket, ``requests`` (when kept) a request (``hit``: its last
    get found all its keys, 1, did not, 0, or there was none, -1; ``server``: of its last transaction).
    """

    scenario: Scenario = field(repr=False)
    engine: str
    seed: int
    replications: int
    digest: str
    conserved: bool
    window_s: float
    warnings: tuple[str, ...]
    estimates: pd.DataFrame = field(repr=False)
    by_replication: pd.DataFrame = field(repr=False)
    intervals: pd.DataFrame = field(repr=False)
    buckets: pd.DataFrame = field(repr=False)
    settling: pd.DataFrame = field(repr=False)
    tiers: pd.DataFrame = field(repr=False)
    replicas: pd.DataFrame = field(repr=False)
    nodes: pd.DataFrame = field(repr=False)
    machines: pd.DataFrame = field(repr=False)
    lives: pd.DataFrame = field(repr=False)
    events: pd.DataFrame = field(repr=False)
    breakdown: pd.DataFrame = field(repr=False)
    calls: pd.DataFrame = field(repr=False)
    queues: pd.DataFrame = field(repr=False)
    caches: pd.DataFrame = field(repr=False)
    routes: pd.DataFrame = field(repr=False)
    populations: pd.DataFrame = field(repr=False)
    histogram: pd.DataFrame = field(repr=False)
    requests: pd.DataFrame | None = field(repr=False)
    precision: Reached | None = None  # what run.precision asked for and what came of it

    def estimate(self, metric: str, of: str = "") -> Estimate:
        """Value and 95 % interval of a metric; KeyError where there is none of that name."""
        columns = {name: self.estimates[name].to_numpy() for name in ("metric", "of", *Estimate._fields)}
        rows = np.flatnonzero((columns["metric"] == metric) & (columns["of"] == of))
        if not rows.size:
            raise KeyError(f"no estimate of {metric!r} of {of or 'all requests'!r}")
        return Estimate(*(float(columns[name][rows[0]]) for name in Estimate._fields))

    def cpu(self) -> pd.DataFrame:
        """CPU cores in use by part (``tier``), mean over the window, with the 95 % interval over replications."""
        rows = self.tiers[self.tiers["tier"].isin(cpu_tiers(self.scenario))]
        each = rows.groupby(["tier", "replication"], sort=False)["busy"].mean()
        names = list(dict.fromkeys(rows["tier"]))
        found = [mean_interval(each[name].to_numpy()) for name in names]
        return pd.DataFrame({"tier": names} | {end: [one[i] for one in found] for i, end in enumerate(CPU_ENDS)})

    def slo(self) -> list[SloResult]:
        """Every objective of the scenario, judged."""
        return [self._judge(slo) for slo in self.scenario.slo]

    def _judge(self, slo: Slo) -> SloResult:
        value, low, high = self.estimate(slo.metric, slo.of or "")
        unit = "s" if slo.is_latency else "1"
        return SloResult(slo.text, slo.metric, slo.of or "", slo.limit, value, low, high, meets(value, slo.limit), unit)

    def tier_use(self) -> pd.DataFrame:
        """A row a ``tier``: ``mean`` share of its limit in use, and ``max``, the highest of an interval.

        Both are means over the replications.
        """
        rows = self.tiers.groupby(["tier", "clock_s"], sort=False)["utilisation"].mean()
        return rows.groupby("tier", sort=False).agg(["mean", "max"]).reset_index()

    @property
    def met(self) -> bool:
        """Whether every objective is met."""
        return all(slo.met for slo in self.slo())

    def summary(self) -> pd.DataFrame:
        """A reader's table of the estimates over all requests."""
        frame = self.estimates[self.estimates["of"] == ""]
        columns = (frame[name] for name in ("value", "low", "high", "unit"))
        texts = [format_estimate(*row) for row in zip(*columns, strict=True)]
        shown, span = ([text[place] or "-" for text in texts] for place in (0, 1))
        return pd.DataFrame({"metric": frame["metric"], "value": shown, "95 % interval": span}).reset_index(drop=True)

    def to_dict(self) -> dict[str, Any]:
        """Figures for a machine: no time stamp, duration or path."""
        return {
            "scenario": self.scenario.name,
            "scenario_hash": self.scenario.content_hash(),
            "engine": self.engine,
            "seed": self.seed,
            "replications": self.replications,
            "window_s": self.window_s,
            "warm_up_s": self.scenario.run.warm_up_s,
            "precision": self.precision and self.precision._asdict(),
            "digest": self.digest,
            "conserved": self.conserved,
            "slo": [slo._asdict() for slo in self.slo()],
            "estimates": self.estimates.to_dict("records"),
            "routes": self.routes.to_dict("records"),
            "populations": self.populations.to_dict("records"),
            "caches": self.caches.to_dict("records"),
            "cpu": self.cpu().to_dict("records"),
            "tiers": self.tier_use().to_dict("records"),
            "warnings": list(self.warnings),
        }

    def _shown(self) -> Shown:
        title = f"{self.scenario.heading}: {self.replications} x {format_time(self.window_s)}, seed {self.seed}"
        verdict = [f"{'met' if slo.met else 'missed'}: {slo.text}" for slo in self.slo()]
        summary = self.summary()
        rows = summary.itertuples(index=False, name=None)
        return Shown(title, list(summary.columns), list(rows), ["; ".join(verdict), *self.warnings])


def in_words(value: float, unit: str) -> str:
    """A value with its unit (`s`, `1` for a share, `1/s`); ``-`` where there is none."""
    if value != value:
        return "-"
    return format_time(value) if unit == "s" else format_fraction(value) if unit == "1" else f"{value:.4g}/s"


def span_in_words(low: float, high: float, unit: str) -> str:
    """Both ends of an interval; ``-`` where there is none."""
    return f"{in_words(low, unit)} to {in_words(high, unit)}" if low == low else "-"
