"""Which pool sizes are safe: replicas x pool, PgBouncer, max_connections?

A pool that is too small makes requests wait for a connection; one that is too large lets the autoscaler open more
connections than PgBouncer or PostgreSQL accepts. The safe sizes lie between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel.errors import UserError
from novamodel.questions.pool_sizes.trials import (
    MOST_WAIT,
    Direct,
    Trials,
    accepts,
    budget_frame,
    grid_frame,
    growth_frame,
    largest_fitting,
    most_replicas,
    pool_of,
    pooled,
    smallest_waitless,
    try_front,
    try_pools,
)
from novamodel.questions.shared import Tell, Text, change, main_only, readable, seconds_text, shows_headline
from novamodel.scenario import Scenario
from novamodel.units import format_estimate, format_fraction, format_part


@dataclass(frozen=True)
@shows_headline
class ConnectionsAnswer:
    """The answer and its grounds, as tidy tables (times in seconds).

    ``budget``: a row who may open connections, at the least and the most replicas, and what accepts them. ``grid``: a
    row a pool size and most replicas with its ``state`` (safe, waits, overflows). ``growth``: a row a most count of
    replicas. ``waits``: a row a simulated pool size; ``slow`` the same with
    a slow database. ``front``: a row with and without PgBouncer.

    ``smallest`` is the smallest pool in which at most `MOST_WAIT` of the transactions wait at the peak (by closed
    form), ``largest`` the largest whose budget holds at the most replicas; None where there is none.
    """

    scenario: Scenario = field(repr=False)
    service: str
    replicas: int  # at the peak
    most_replicas: int
    accepts: Direct
    smallest: int | None
    largest: int | None
    slow_s: float  # round trip of the slow database
    budget: pd.DataFrame = field(repr=False)
    grid: pd.DataFrame = field(repr=False)
    growth: pd.DataFrame = field(repr=False)
    waits: pd.DataFrame = field(repr=False)
    slow: pd.DataFrame = field(repr=False)
    front: pd.DataFrame = field(repr=False)

    @property
    def pool(self) -> int:
        """Connections of one pool as it is deployed."""
        return pool_of(self.scenario, self.service)

    @property
    def advised(self) -> int | None:
        """Today's if it is safe, else the largest that is (it loses least when the database is slow), or None."""
        if self.smallest is None or self.largest is None or self.smallest > self.largest:
            return None
        return self.pool if self.smallest <= self.pool <= self.largest else self.largest

    @property
    def opened_at_most(self) -> int:
        """Connections that all pools may open together at the autoscalers' bounds."""
        return int(self.budget.loc[self.budget["stage"] == "pools", "at_most"].sum())

    def headline(self) -> dict[str, float]:
        """The figures of the answer by name."""
        now = self.waits[self.waits["pool"] == self.pool].iloc[0]
        return {
            "connections, all replicas": float(self.opened_at_most),
            "connections accepted": float(self.accepts.limit),
            "smallest pool": float("nan") if self.smallest is None else float(self.smallest),
            "largest pool": float("nan") if self.largest is None else float(self.largest),
            "requests that wait, as now": float(now["waited"]),
            "refused, slow database": float(self.slow.set_index("pool").at[self.pool, "refused"]),
        }

    def budget_table(self) -> pd.DataFrame:
        """The budget for a reader."""
        spare = self.budget["accepted"] - self.budget["at_most"].astype(float)
        verdict = ["" if n != n else "overflows" if n < 0 else f"{n:.0f} to spare" for n in spare]
        columns = {
            "who": ("who opens", None),
            "pool": ("size", _count),
            "least_replicas": ("replicas, least", _count),
            "most_replicas": ("replicas, most", _count),
            "at_least": ("connections, least", _count),
            "at_most": ("connections, most", _count),
            "accepted": ("accepted", _count),
            "by": ("by", None),
            "verdict": ("verdict", None),
        }
        return readable(self.budget.assign(verdict=verdict), columns)

    def waits_table(self) -> pd.DataFrame:
        """The simulated pool sizes for a reader."""
        columns = {
            "waited": ("requests that wait", format_fraction),
            "closed_waited": ("closed form", _rounded),
            "wait": ("p99 of the wait", None),
            "p99": ("p99 of the latency", None),
        }
        errors = {
            "timed_out": ("no connection in time", format_fraction),
            "refused": ("refused", format_fraction),
            "slow p99": ("p99 of the latency, slow", None),
        }
        slow = self.slow.assign(**{"slow p99": _spans(self.slow, "p99_s")})[["pool", *errors]]
        frame = self.waits.drop(columns=["timed_out", "refused"]).merge(slow, on="pool")
        frame = frame.assign(wait=_spans(self.waits, "wait_s"), p99=_spans(self.waits, "p99_s"))
        marked = {
            name: (f"slow: {heading}" if name != "slow p99" else heading, how)
            for name, (heading, how) in errors.items()
        }
        return readable(frame, {"pool": ("pool", str), **columns, **marked})

    def front_table(self) -> pd.DataFrame:
        """With and without PgBouncer, for a reader."""
        frame = self.front.assign(
            front=[f"{row.front}{' (as now)' if row.deployed else ''}" for row in self.front.itertuples()],
            p99=_spans(self.front, "p99_s"),
            verdict=["holds" if holds else "overflows" for holds in self.front["holds"]],
        )
        columns = {
            "front": ("", None),
            "opened": ("connections, most", str),
            "accepted": ("accepted", str),
            "verdict": ("budget", None),
            "p99": ("p99 at the peak", None),
            "errors": ("errors", format_fraction),
        }
        return readable(frame, columns)

    def conclusion(self) -> Text:
        """The answer in words, with what it rests on."""
        lines = [*_sentences(self), main_only(self.scenario, "databases")]
        return Text("\n".join(f"* {line}" for line in lines if line))


def connections(
    scenario: Scenario,
    *,
    service: str | None = None,
    sizes: Sequence[int] | None = None,
    slow: str | float = "40 ms",
    replications: int = 4,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> ConnectionsAnswer:
    """Draw up the budget, map pool sizes by rules and closed forms, and simulate a few sizes at the peak.

    ``service``: default the one with most transactions. ``sizes``: pools to simulate; default 1, the smallest that
    waits little, the largest that fits, and today's. ``slow``: round trip of each statement when the database is slow
    (locks, a far zone, a failover), in which every size is tried again. All see the same customers. Raises
    ``UserError`` where no service has a pool that its routes use.
    """
    name, tell = pooled(scenario, service), progress or (lambda share, text: None)
    if sizes is not None and (not sizes or min(sizes) < 1):
        raise UserError(f"pools of {list(sizes)} connections", valid="whole numbers of 1 or more")
    tell(0.0, "pool sizes by closed form")
    most, taken = most_replicas(scenario, name), accepts(scenario)
    grid, count = grid_frame(scenario, name)
    smallest, largest, now = (
        smallest_waitless(grid, count),
        largest_fitting(scenario, name, most),
        pool_of(scenario, name),
    )
    tried = sorted({*(sizes or [1, smallest or now, largest or now]), now})
    trials = Trials(name, count, replications, engine, quick)
    slowed = scenario.override({"database.network": slow}, said_by="slow database")
    waits = try_pools(scenario, trials, tried, lambda share: tell(0.1 + 0.4 * share, "pool sizes at the peak"))
    failing = try_pools(slowed, trials, tried, lambda share: tell(0.5 + 0.3 * share, "the same with a slow database"))
    front = try_front(scenario, trials, lambda share: tell(0.8 + 0.2 * share, "with and without PgBouncer"))
    return ConnectionsAnswer(
        scenario=scenario,
        service=name,
        replicas=count,
        most_replicas=most,
        accepts=taken,
        smallest=smallest,
        largest=largest,
        slow_s=slowed.database.network,
        budget=budget_frame(scenario),
        grid=grid,
        growth=growth_frame(scenario, name, sorted({now, *([largest] if largest else [])})),
        waits=waits,
        slow=failing,
        front=front,
    )


def _count(value: Any) -> str:
    return "" if pd.isna(value) else f"{value:.0f}"


def _rounded(share: float) -> str:
    return format_fraction(float(f"{share:.2g}") if share > 1e-6 else 0.0)


def _spans(frame: pd.DataFrame, name: str) -> list[str]:
    low, high = (
        (f"{name}_low", f"{name}_high") if f"{name}_low" in frame else (f"{name[:-2]}_low_s", f"{name[:-2]}_high_s")
    )
    return [_span(*row) for row in frame[[name, low, high]].to_numpy()]


def _span(value: float, low: float, high: float) -> str:
    return " ".join(format_estimate(value, low, high, "s")).rstrip()


def _sentences(answer: ConnectionsAnswer) -> list[str]:
    found, taken = answer, answer.accepts
    most, opened = found.most_replicas, found.opened_at_most
    over = opened - taken.limit
    does = f"{over} too many: in a burst they are refused" if over > 0 else f"{-over} to spare"
    lines = [f"With every service at its most replicas the pools may open **{opened} connections**; {taken.by} accepts "
             f"{taken.limit}: {does}."]  # fmt: skip
    if found.smallest is None:
        lines.append(f"No pool size keeps {found.service} from waiting at the peak: another tier is full.")
    elif found.largest is None:
        lines.append(f"No pool of {found.service} fits {most} replicas: the other pools take all that is accepted.")
    elif found.smallest > found.largest:
        lines.append(f"No pool of {found.service} is safe: it needs {found.smallest} and {found.largest} fit.")
    else:
        lines.append(f"Pools of **{found.smallest} to {found.largest}** are safe for {found.service}: from "
                     f"{found.smallest} on at most {format_part(MOST_WAIT)} of the transactions wait, up to "
                     f"{found.largest} the budget holds at {most} replicas.")  # fmt: skip
        lines.append(f"Pool size: **{change(str(found.pool), str(found.advised))}**; of the safe ones the largest "
                     "loses least when the database is slow.")  # fmt: skip
    now, failing = (frame[frame["pool"] == found.pool].iloc[0] for frame in (found.waits, found.slow))
    shares = now["waited"], failing["refused"], failing["timed_out"]
    waited, refused, late = (format_fraction(float(f"{share:.2g}")) for share in shares)
    lines += [
        f"Simulated at the peak (replicas: {found.replicas}): {waited} of the requests wait with a pool of"
        f" {found.pool}; at most {now['open']:.0f} connections were open: pools open them only when they need them.",
        f"With a slow database ({seconds_text(found.slow_s)} a round trip) connections are held longer: a pool of"
        f" {found.pool} opens {failing['open']:.0f} in all, {refused} of the requests are refused and {late} get"
        " none in time.",
    ]
    fits = found.growth[(found.growth["opened"] <= taken.limit) & (found.growth["pool"] == found.pool)]["replicas"]
    room = f"up to {int(fits.max())} replicas" if len(fits) else "at no number of replicas"
    lines.append(f"With a pool of {found.pool} the budget holds {room} of {found.service} (bound: {most}).")
    return lines
