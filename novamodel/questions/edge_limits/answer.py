"""Whom does the edge's request limit reject, and which are the smallest limits that hold a flood?

nginx counts by client address. An office behind one address is one client, and so is each machine of a flood: a
limit that many people share is the limit of the flood. The answer lies between the smallest limit that every
legitimate population can live with and the largest that the backend can bear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel.errors import UserError
from novamodel.questions.edge_limits.trials import BURSTS, FLOOD, FULL, QUICK, EdgeRuns, Limit
from novamodel.questions.shared import Tell, Text, main_only, need_open, readable, seconds_text, shows_headline
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.units import format_estimate, format_fraction

ABUSERS = "abusers"
"""The population that counts as abusers where none is named."""
MOST_FLOOD = 20_000
"""Requests a second of a flood at most: more takes minutes to simulate."""
EXPECTED_RUNS = 20
Columns = dict[str, tuple[str, Callable[[Any], str] | None]]
NOTHING = 1e-6
"""A share below this is called next to nothing."""


@dataclass(frozen=True)
@shows_headline
class EdgeAnswer:
    """Frames, one row each: ``today`` a population under today's limit; ``curve`` a limit rate and population (burst of
    today); ``frontier`` a burst with the smallest rate that the legitimate populations can live with;
    ``flood`` a variant of the limit in the flood; ``passing`` a variant and population with the requests a second let
    through;
    ``connections`` a limit_conn with the share that Erlang's loss formula blocks.

    ``advised`` is None where no limit that was tried keeps their rejections below ``most_rejected``. ``bears_per_s`` is
    the knee, the load up to which the backend keeps every objective (None: none was missed; 0: at no load tried).
    """

    scenario: Scenario = field(repr=False)
    service: str
    now: Limit | None
    advised: Limit | None
    most_rejected: float
    flood_clients: int
    flood_each_per_s: float
    bears_per_s: float | None
    today: pd.DataFrame = field(repr=False)
    curve: pd.DataFrame = field(repr=False)
    frontier: pd.DataFrame = field(repr=False)
    flood: pd.DataFrame = field(repr=False)
    passing: pd.DataFrame = field(repr=False)
    connections: pd.DataFrame = field(repr=False)
    conserved: bool

    @property
    def holds(self) -> bool:
        """Whether the advised limit keeps every objective, and who is legitimate, through the flood."""
        return self.advised is not None and bool(self.flood.set_index("variant").at["advised", "held"])

    @property
    def legitimate(self) -> str:
        """The populations to be protected: ``customers and offices``."""
        *names, last = self.today["population"][self.today["legitimate"]]
        return f"{', '.join(names)} and {last}" if names else str(last)

    @property
    def scales(self) -> bool:
        """Whether an autoscaler follows the load."""
        return any(service.autoscaler for service in self.scenario.services.values())

    @property
    def overloaded(self) -> bool:
        """Whether today's peak alone is more than the backend bears."""
        return self.bears_per_s is not None and self.bears_per_s < self.scenario.traffic.most_per_s

    @property
    def flood_held(self) -> float | None:
        """Flooding clients that the backend bears under the advised limit; None where that is not known."""
        if self.advised is None or self.bears_per_s is None or self.overloaded:
            return None
        rows = self.passing[(self.passing["variant"] == "advised") & (self.passing["population"] != FLOOD)]
        room = self.bears_per_s - float(rows["per_s"].sum())
        return max(room, 0.0) / min(self.advised.per_s, self.flood_each_per_s)

    @property
    def connection_limit(self) -> int | None:
        """The smallest `limit_conn` that blocks less of every legitimate client than is allowed."""
        kept = self.connections[self.connections["worst_legitimate"] < self.most_rejected]
        return None if kept.empty else int(kept["limit_conn"].min())

    def headline(self) -> dict[str, float]:
        """Figures by name."""
        hurt = self.today[self.today["legitimate"]].sort_values("share").iloc[-1]
        variant = "advised" if self.advised else "today"
        row = self.flood.set_index("variant").loc[variant]
        return {
            f"rejected today, {hurt['population']} (share)": float(hurt["share"]),
            "advised rate (requests/s)": self.advised.per_s if self.advised else float("nan"),
            "advised burst (requests)": float(self.advised.burst) if self.advised else float("nan"),
            f"flood, {variant} limit: passed (requests/s)": float(row["passed_per_s"]),
            f"flood, {variant} limit: p99 (ms)": float(row["p99_s"]) * 1000,
            "backend bears (requests/s)": float("nan") if self.bears_per_s is None else self.bears_per_s,
        }

    def frontier_table(self) -> pd.DataFrame:
        """The smallest limits that the legitimate populations can live with, for a reader."""
        columns: Columns = {
            "rate": ("rate", None),
            "burst": ("burst", str),
            "first_minute": ("requests of one client in its first minute", lambda count: f"{count:,.0f}"),
            "chosen": ("advised", lambda chosen: "yes" if chosen else ""),
        }
        return readable(self.frontier, columns)

    def connections_table(self) -> pd.DataFrame:
        """What each `limit_conn` blocks, for a reader: up to the first that blocks next to nothing."""
        shown = self.connections[self.connections["worst_legitimate"].shift(fill_value=1.0) > NOTHING]
        people: Columns = {name: (f"blocked: {name}", _blocked) for name in self.scenario.traffic.populations}
        columns: Columns = {
            "limit_conn": ("limit_conn", str),
            **people,
            "in_progress": ("flood in progress, at most", str),
        }
        return readable(shown.assign(in_progress=shown["limit_conn"] * self.flood_clients), columns)

    def conclusion(self) -> Text:
        """The answer in words."""
        rest = main_only(self.scenario, "edges", "sources")
        sentences = [*self._sentences(), *([("Scope", rest)] if rest else [])]
        return Text("\n".join(f"* **{head}.** {text}" for head, text in sentences))

    def _sentences(self) -> list[tuple[str, str]]:
        rows = self.today.sort_values("share", ascending=False)
        shares = ", ".join(f"{_share(r.share, r.low, r.high)} of {r.population}" for r in rows.itertuples())
        flood = f"{self.flood_clients:,} clients with {self.flood_each_per_s:g} requests/s each"
        parts = [("Today", f"{self.service} has {self.now or 'no limit'} a client; it rejects {shares}.")]
        if self.advised is None:
            text = f"no limit tried rejects less than {format_fraction(self.most_rejected)} of every legitimate"
            return [*parts, ("Advice", f"{text} population: count offices by another key than their address.")]
        row = self.flood.set_index("variant").loc["advised"]
        verdict = "holds" if self.holds else "does not hold"
        parts.append(
            (
                "Advice",
                f"{self.advised} is the smallest limit that {self.legitimate} can live with; it {verdict} {flood}.",
            )
        )
        kept = "every objective is kept" if row["held"] else f"missed: {row['missed']}"
        parts.append(
            (
                "In the flood",
                f"{row['passed_per_s']:,.0f} of {row['offered_per_s']:,.0f} requests/s pass, p99 "
                f"{seconds_text(row.p99_s)}; {kept}.",
            )
        )
        follows = "once the autoscaler has followed, " if self.scales else ""
        if self.bears_per_s is not None and self.overloaded:
            knee = f"{self.bears_per_s:,.0f} requests/s" if self.bears_per_s else "none of the loads that were tried"
            text = f"{follows}the backend bears {knee}, and the peak alone brings"
            text += f" {self.scenario.traffic.most_per_s:,.0f}: no limit by address mends that (07_what_breaks_first)."
            parts.append(("Not for the flood alone", text))
        if self.bears_per_s is not None and self.flood_held is not None:
            text = f"{follows}the backend bears {self.bears_per_s:,.0f} requests/s"
            parts.append(("How far", f"{text}: with this limit some {self.flood_held:,.0f} such clients."))
        if self.flood_each_per_s < self.advised.per_s:
            parts.append(("Beware", "each client of this flood stays below the limit: no limit by address stops it."))
        if self.connection_limit is not None:
            most = self.connection_limit * self.flood_clients
            text = f"limit_conn {self.connection_limit} would block {self.legitimate} no more often than"
            text += (
                f" {format_fraction(self.most_rejected)} (Erlang's loss formula) and keeps a flood at {most:,} requests"
            )
            parts.append(("Beside it", f"{text} in progress at most."))
        gaps = "a flood asks the same mix as everybody, keeps its addresses and does not retry"
        return [*parts, ("Known gaps", f"{gaps}; limit_conn is a formula here, not simulated.")]


def edge(
    scenario: Scenario,
    *,
    flood_clients: int = 10,
    flood_each_per_s: float = 100.0,
    most_rejected: float = 0.001,
    abusers: Sequence[str] | None = None,
    seed: int | None = None,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> EdgeAnswer:
    """Simulate the peak under limits of rising rate and burst, and a flood under today's, the advised and no limit.

    The flood is ``flood_clients`` addresses more that send ``flood_each_per_s`` requests a second each; its first
    half minute is counted, the autoscaler starts from today's replicas. A limit is fit when no population but the
    ``abusers`` has more than ``most_rejected`` of its requests rejected (upper end of the interval; or when
    none was rejected at all). Raises ``UserError`` for a flood, share or population that cannot be.
    """
    _check(scenario, flood_clients, flood_each_per_s, most_rejected, abusers)
    bad = frozenset([ABUSERS] if abusers is None else abusers)
    tell = progress or (lambda share, text: None)
    options = {"seed": seed, "engine": engine}
    work = EdgeRuns(scenario, bad, QUICK if quick else FULL, options, most_rejected, tell, EXPECTED_RUNS)
    now, rates = work.now, work.rates()
    burst = now.burst if now else BURSTS[1]
    today = work.under(now)
    curve = [work.curve_rows(Limit(rate, burst)) for rate in rates]
    frontier = _frontier(work, rates, sorted({*BURSTS, burst}))
    runs: list[tuple[str, Limit | None, Result]] = []
    rows: list[dict[str, Any]] = []
    for variant, limit in [("no limit", None), ("today", now), *((str(limit), limit) for limit in frontier)]:
        runs.append((variant, limit, work.flood(limit, flood_clients, flood_each_per_s)))
        rows.append(work.flood_row(*runs[-1]))
        if limit in frontier and rows[-1]["held"]:
            break
    tried = range(2, len(rows))
    chosen = min(tried, key=lambda n: (not rows[n]["held"], rows[n]["excess"]), default=None)
    if chosen is not None:
        runs[chosen] = ("advised", *runs[chosen][1:])
        rows[chosen]["variant"] = "advised"
    best = None if chosen is None else runs[chosen][1]
    calmest = runs[1 if chosen is None else chosen][2]
    latencies = (today.estimate("mean").value, calmest.estimate("mean").value)
    return EdgeAnswer(
        scenario=scenario,
        service=work.service,
        now=now,
        advised=best,
        most_rejected=most_rejected,
        flood_clients=flood_clients,
        flood_each_per_s=flood_each_per_s,
        bears_per_s=work.bears_per_s(),
        today=work.today_rows(today),
        curve=pd.concat(curve, ignore_index=True),
        frontier=_frontier_table(frontier, best),
        flood=pd.DataFrame(rows),
        passing=pd.concat([work.passing_rows(name, result) for name, _, result in runs], ignore_index=True),
        connections=work.connections(latencies),
        conserved=all(result.conserved for result in [today, *(result for _, _, result in runs)]),
    )


def _check(scenario: Scenario, clients: int, each: float, most: float, abusers: Sequence[str] | None) -> None:
    populations = scenario.traffic.populations
    need_open(scenario)
    if (via := scenario.traffic.via) != "main":
        raise UserError(f"the main source comes by {via!r}, not by edge", path="traffic.via", valid="main", given=via)
    if not (clients >= 1 and each > 0 and clients * each <= MOST_FLOOD):
        raise UserError(
            f"a flood of {clients:g} clients with {each:g} requests/s each",
            valid=f"at least one client, and up to {MOST_FLOOD:,} requests/s together",
        )
    if not 0 < most < 1:
        raise UserError(f"most_rejected {most:g} is no share", valid="between 0 and 1, such as 0.001")
    if FLOOD in scenario.traffic.everyone:
        raise UserError(f"traffic.populations names {FLOOD!r}, the name of the simulated flood", valid="another name")
    unknown = [name for name in abusers or () if name not in populations]
    if unknown:
        raise UserError(f"abusers names {unknown[0]!r}, which is no population", valid=list(populations))
    if not set(populations) - set([ABUSERS] if abusers is None else abusers):
        raise UserError("every population counts as abusers, so nobody is left to protect", valid="fewer abusers")


def _frontier(work: EdgeRuns, rates: list[str], bursts: list[int]) -> list[Limit]:
    """For each burst the smallest rate that is fit: more burst never needs more rate."""
    found, place = [], len(rates) - 1
    for burst in bursts:
        while place >= 0 and work.fit(work.under(Limit(rates[place], burst))):
            found.append(Limit(rates[place], burst))
            place -= 1
    smallest = {limit.burst: limit for limit in found}  # the last of a burst has its smallest rate
    return sorted(smallest.values(), key=lambda limit: limit.first_minute)


def _frontier_table(frontier: list[Limit], best: Limit | None) -> pd.DataFrame:
    rows = [
        {
            "burst": limit.burst,
            "rate": limit.rate,
            "rate_per_s": limit.per_s,
            "first_minute": limit.first_minute,
            "chosen": limit == best,
        }
        for limit in frontier
    ]
    return pd.DataFrame(rows, columns=["burst", "rate", "rate_per_s", "first_minute", "chosen"])


def _share(value: float, low: float, high: float) -> str:
    return " ".join(format_estimate(value, low, high, "1")).rstrip()


def _blocked(share: float) -> str:
    return format_fraction(share) if share >= NOTHING else "next to none"
