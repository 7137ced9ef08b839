"""The runs behind `edge`: a scenario's peak and a flood under one request limit after the other.

Main source and main edge; further sources go on as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from novamodel.analytic import erlang_b
from novamodel.questions.shared import Tell, seconds_text, service_asked
from novamodel.scenario import Scenario
from novamodel.simulation import Result, simulate
from novamodel.sizing import knee, peak_window
from novamodel.units import format_fraction

FLOOD = "flood"
RATE_STEPS = (0.5, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
"""Limits that are tried, over the mean rate of the busiest legitimate client."""
BURSTS = (10, 20, 40, 80)
CONNECTION_LIMITS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
KNEE_MULTIPLES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Loads tried for the knee, over today's peak; those below where the peak alone is too much."""
BELOW_PEAK = (0.03, 0.06, 0.12, 0.25, 0.5, 1.0)
MINUTE_S = 60.0
NOON_S = 43200.0


class Length(NamedTuple):
    """Seconds and replications of the runs."""

    warm_up_s: float
    window_s: float
    flood_s: float
    knee_s: float
    replications: int


FULL, QUICK = Length(20, 40, 30, 30, 3), Length(5, 10, 10, 5, 2)


class Limit(NamedTuple):
    """One `limit_req`: rate as nginx writes it, and burst."""

    rate: str
    burst: int

    @property
    def per_s(self) -> float:
        """Requests a second."""
        number, unit = self.rate.split("r/")
        return float(number) / (60 if unit == "m" else 1)

    @property
    def first_minute(self) -> float:
        """Requests that one client gets through in its first minute."""
        return MINUTE_S * self.per_s + self.burst

    def __str__(self) -> str:
        return f"{self.rate} with burst {self.burst}"


@dataclass
class EdgeRuns:
    """Simulates under limits and remembers what it has simulated."""

    scenario: Scenario
    abusers: frozenset[str]
    length: Length
    options: dict[str, Any]
    most_rejected: float
    tell: Tell
    expected: int  # runs, for the progress
    _done: dict[Limit | None, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        traffic = self.scenario.traffic
        self.asked = dict.fromkeys(self.scenario.services, 0.0)  # share of the requests
        for route, share in traffic.mix.items():
            self.asked[self.scenario.service_of(route)] += share
        self.service = service_asked(self.scenario, None)
        limit = self.scenario.edge.limits.get(self.service)
        self.now = Limit(limit.rate, limit.burst) if limit else None

    # --- runs ------------------------------------------------------------------------------------------------

    def under(self, limit: Limit | None) -> Result:
        """The peak, held, under a limit of the busiest service."""
        if limit not in self._done:
            self.tell(min(len(self._done) / self.expected, 1.0), "trying limits")
            traffic, length = self.scenario.traffic, self.length
            peak = {"traffic.shape": "constant", "traffic.peak": f"{traffic.most_per_s!r}/s"}
            run = self._run(NOON_S, length.window_s, length.warm_up_s)
            self._done[limit] = self._simulate({**peak, **run, **self._limits(limit)})
        return self._done[limit]

    def flood(self, limit: Limit | None, clients: int, each_per_s: float) -> Result:
        """The flood's first half minute: at its start the replicas are those of today's peak."""
        peak = self.scenario.traffic.most_per_s
        total = peak + clients * each_per_s
        people = {
            name: {**population.model_dump(mode="json"), "share": population.share * peak / total}
            for name, population in self.scenario.traffic.populations.items()
        }
        people[FLOOD] = {"share": 1 - sum(p["share"] for p in people.values()), "clients": clients}
        begin = NOON_S - MINUTE_S
        steps = [(begin, peak), (NOON_S - 0.001, peak), (NOON_S, total), (NOON_S + 3600, total), (NOON_S + 3601, peak)]
        traffic = {
            "traffic.populations": people,
            "traffic.shape": [[clock, f"{rate!r}/s"] for clock, rate in steps],
            "traffic.peak": f"{total!r}/s",
        }
        run = self._run(NOON_S, self.length.flood_s, MINUTE_S)
        return self._simulate({**traffic, **run, **self._limits(limit)})

    def bears_per_s(self) -> float | None:
        """The knee: load (requests/s, all let in) up to which every objective is kept; None where none was missed.

        0 where the lowest load that is tried is too much already.
        """
        self.tell(0.8, "finding the knee")
        multiple = self._breach(KNEE_MULTIPLES)
        if multiple == KNEE_MULTIPLES[0]:
            multiple = self._breach(BELOW_PEAK)
        if multiple is None:
            return None
        return 0.0 if multiple == BELOW_PEAK[0] else multiple * self.scenario.traffic.most_per_s

    def _breach(self, multiples: tuple[float, ...]) -> float | None:
        """The multiple of the peak at which an objective is first missed: the lowest, where that misses it."""
        variant = self.scenario.override({"edge.limits": {}}, said_by="edge")
        length = f"{self.length.knee_s:g} s"
        window = peak_window(variant, self.length.knee_s) | {"run.warm_up": length}  # the autoscaler rests at each load
        return knee(variant, multiples, quick=True, window=window, **self.options).load_multiple_at_breach

    def _simulate(self, changes: dict[str, Any]) -> Result:
        return simulate(self.scenario.override(changes, said_by="edge"), **self.options)

    def _run(self, start_s: float, window_s: float, warm_up_s: float) -> dict[str, Any]:
        return {
            "run.start": start_s,
            "run.duration": f"{window_s:g} s",
            "run.warm_up": f"{warm_up_s:g} s",
            "run.interval": f"{window_s:g} s",
            "run.replications": self.length.replications,
            "run.precision": None,
        }

    def _limits(self, limit: Limit | None) -> dict[str, Any]:
        """The override that puts the busiest service under a limit, or takes its limit away."""
        limits = {
            name: {**own.model_dump(mode="json"), "zone_size": f"{own.zone_size:.0f} B"}
            for name, own in self.scenario.edge.limits.items()
        }
        if limit is None:
            limits.pop(self.service, None)
        else:
            before = limits.get(self.service, {"delay": "nodelay"})
            limits[self.service] = {**before, "rate": limit.rate, "burst": limit.burst}
        return {"edge.limits": limits}

    # --- what they say ---------------------------------------------------------------------------------------

    def legitimate(self, population: str) -> bool:
        """Whether a population is to be protected."""
        return population != FLOOD and population not in self.abusers

    def fit(self, result: Result) -> bool:
        """Whether legitimate populations can live with it: nobody rejected, or the interval ends below the limit."""
        frame = result.populations
        rows = frame[[self.legitimate(name) for name in frame["population"]]]
        return all(row.rejected == 0 or row.high < self.most_rejected for row in rows.itertuples())

    def busiest_per_s(self, population: str) -> float:
        """Requests a second that the busiest client of a population sends to the limited service at the peak."""
        traffic = self.scenario.traffic
        own = traffic.populations[population]
        return traffic.most_per_s * self.asked[self.service] * own.share * own.busiest_share

    def rates(self) -> list[str]:
        """Rates that are tried, rising: around what the busiest legitimate client sends, and today's."""
        legitimate = [name for name in self.scenario.traffic.populations if self.legitimate(name)]
        need = max(self.busiest_per_s(name) for name in legitimate)
        tried = {nginx_rate(need * step) for step in RATE_STEPS} | ({self.now.rate} if self.now else set())
        by_speed = {Limit(rate, 0).per_s: rate for rate in sorted(tried)}
        return [by_speed[speed] for speed in sorted(by_speed)]

    def today_rows(self, result: Result) -> pd.DataFrame:
        """The populations of a run, with what each client sends on average."""
        frame = result.populations.copy()
        seconds = result.window_s * result.replications
        frame["each_per_s"] = frame["arrived"] / seconds / frame["clients"]
        frame["legitimate"] = [self.legitimate(name) for name in frame["population"]]
        return frame

    def curve_rows(self, limit: Limit) -> pd.DataFrame:
        """The populations under a limit."""
        frame = self.today_rows(self.under(limit))
        return frame.assign(rate=limit.rate, rate_per_s=limit.per_s, burst=limit.burst)

    def flood_row(self, variant: str, limit: Limit | None, result: Result) -> dict[str, Any]:
        """One variant in the flood: what passes, how fast, who is hurt, whether it is held."""
        p99, errors = result.estimate("p99"), result.estimate("errors")
        frame = self.today_rows(result)
        hurt = frame[frame["legitimate"]].sort_values("share").iloc[-1]
        missed = [
            f"{slo.text} ({seconds_text(slo.value) if slo.unit == 's' else format_fraction(slo.value)})"
            for slo in result.slo()
            if not slo.value < slo.limit
        ]
        if not self.fit(result):
            missed.append(f"{format_fraction(float(hurt['share']))} of {hurt['population']} rejected")
        seconds = result.window_s * result.replications
        return {
            "variant": variant,
            "limit": str(limit) if limit else "none",
            "offered_per_s": float(frame["arrived"].sum()) / seconds,
            "passed_per_s": float((frame["arrived"] - frame["rejected"]).sum()) / seconds,
            **dict(zip(("p99_s", "p99_low", "p99_high"), p99, strict=True)),
            **dict(zip(("errors", "errors_low", "errors_high"), errors, strict=True)),
            "hurt": hurt["population"],
            "hurt_share": float(hurt["share"]),
            "held": not missed,
            "excess": max(
                (slo.value / slo.limit if slo.value == slo.value else float("inf") for slo in result.slo()), default=0.0
            ),
            "missed": ", ".join(missed),
        }

    def passing_rows(self, variant: str, result: Result) -> pd.DataFrame:
        """Requests a second that a limit lets through, by population; the flood is one of them."""
        frame = self.today_rows(result)
        passed = (frame["arrived"] - frame["rejected"]) / (result.window_s * result.replications)
        return frame[["population", "legitimate"]].assign(per_s=passed, variant=variant)

    def connections(self, latencies_s: tuple[float, float]) -> pd.DataFrame:
        """Share of its busiest client's requests that a `limit_conn` blocks, by population.

        A client is an M/G/n/n system: requests in progress hold slots from arrival to answer. The latency is the
        slower of today's mean and the flood's.
        """
        slow = max(latencies_s)
        rows = []
        for limit in CONNECTION_LIMITS:
            blocked = {
                name: float(erlang_b(limit, self.busiest_per_s(name) * slow))
                for name in self.scenario.traffic.populations
            }
            worst = max(share for name, share in blocked.items() if self.legitimate(name))
            rows.append({"limit_conn": limit, "latency_s": slow, **blocked, "worst_legitimate": worst})
        return pd.DataFrame(rows)


def nginx_rate(per_s: float) -> str:
    """A rate as nginx writes it, whole: ``12r/s``, or ``90r/m`` below five a second."""
    return f"{round(per_s)}r/s" if per_s >= 5 else f"{max(round(per_s * 60), 1)}r/m"
