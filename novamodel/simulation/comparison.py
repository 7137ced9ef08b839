"""Two variants of a scenario, compared with common random numbers.

Replication i of both sees the same callers at the same times with the same work, so what chance does to one it
does to the other, and the difference is known far better than either figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.showing import Shown, shows_itself
from novamodel.simulation.replication import pick_engine
from novamodel.simulation.result import Result, in_words, span_in_words
from novamodel.simulation.run import Progress, simulate
from novamodel.simulation.settling import with_warm_up
from novamodel.statistics import Estimate, around, paired_difference, pseudo_values, unpaired_difference

SAME = ("start", "duration")
FEWEST = 2


@dataclass(frozen=True)
@shows_itself
class Comparison:
    """Two results and their differences ``b - a``.

    ``differences`` has a row for each metric that both have: ``metric, of, a, b, difference``, its 95 % interval
    ``low, high`` from pairs, ``unpaired_low, unpaired_high`` as independent runs would give it,
    ``variance_reduction`` (variance of the difference unpaired over paired; infinite where the pairs all differ
    by the same), ``unit`` and ``verdict``: lower, higher, equal, or cannot tell.
    """

    a: Result
    b: Result
    differences: pd.DataFrame = field(repr=False)

    def difference(self, metric: str, of: str = "") -> Estimate:
        """``b - a`` with its paired 95 % interval; KeyError where not both have the metric."""
        rows = self.differences[(self.differences["metric"] == metric) & (self.differences["of"] == of)]
        if rows.empty:
            raise KeyError(f"no difference of {metric!r} of {of or 'all requests'!r}")
        row = rows.iloc[0]
        return Estimate(float(row["difference"]), float(row["low"]), float(row["high"]))

    def summary(self) -> pd.DataFrame:
        """A reader's table of the differences over all requests."""
        frame = self.differences[self.differences["of"] == ""]
        columns: dict[str, Any] = {"metric": frame["metric"]}
        for name in ("a", "b", "difference"):
            columns[name] = [in_words(v, unit) for v, unit in zip(frame[name], frame["unit"], strict=True)]
        for name, low, high in (("paired", "low", "high"), ("unpaired", "unpaired_low", "unpaired_high")):
            ends = zip(frame[low], frame[high], frame["unit"], strict=True)
            columns[f"95 % interval, {name}"] = [span_in_words(*row) for row in ends]
        columns["b is"] = frame["verdict"]
        return pd.DataFrame(columns).reset_index(drop=True)

    def to_dict(self) -> dict[str, Any]:
        """Figures for a machine: no time stamp, duration or path."""
        return {
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "seed": self.a.seed,
            "replications": self.a.replications,
            "differences": self.differences.to_dict("records"),
        }

    def _shown(self) -> Shown:
        names = " against ".join(result.scenario.heading for result in (self.a, self.b))
        title = f"{names}: {self.a.replications} pairs of replications, seed {self.a.seed}"
        summary = self.summary().drop(columns="95 % interval, unpaired")
        return Shown(title, list(summary.columns), list(summary.itertuples(index=False, name=None)))


def compare(
    a: Scenario,
    b: Scenario,
    *,
    engine: str = "auto",
    seed: int | None = None,
    replications: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate two variants with the same random numbers and compare every metric, ``b - a``.

    ``seed`` and ``replications`` replace those of ``a``; both are used for both. Of two warm-ups the longer holds,
    and ``run.precision`` does not count. Raises ``UserError`` when the two windows differ or there is but one
    replication: then nothing is paired.
    """
    for scenario in (a, b):
        if not isinstance(scenario, Scenario):
            raise UserError(f"compare needs two scenarios, not {scenario!r}", valid="nm.compare(a, a.override(...))")
    for name in SAME:
        if getattr(a.run, name) != getattr(b.run, name):
            raise UserError(f"run.{name} of the two scenarios differs", valid="the same window for both")
    count = a.run.replications if replications is None else replications
    if count < FEWEST:
        raise UserError("one replication makes no pair to compare", valid=f"run.replications of {FEWEST} or more")
    a, b = _with_same_run(a, b, seed, count, engine)
    tell = progress or (lambda share, text: None)
    first = simulate(a, engine=engine, progress=_half(tell, 0.0))
    second = simulate(b, engine=engine, progress=_half(tell, 0.5))
    return Comparison(first, second, _differences(first, second))


def _with_same_run(a: Scenario, b: Scenario, seed: int | None, count: int, engine: str) -> tuple[Scenario, Scenario]:
    """Both with one seed, one number of replications and one warm-up: arrivals are counted from its beginning."""
    shared = {"run.seed": a.run.seed if seed is None else seed, "run.replications": count, "run.precision": None}
    chosen = pick_engine(engine)
    a, b = (with_warm_up(s.override(shared, said_by="compare"), chosen) for s in (a, b))
    longer = max(a.run.warm_up_s, b.run.warm_up_s)
    changed = {"run.warm_up": f"{longer!r} s"}
    a, b = (s if s.run.warm_up_s == longer else s.override(changed, said_by="compare") for s in (a, b))
    return a, b


def _half(tell: Progress, begin: float) -> Callable[[float, str], None]:
    return lambda share, text: tell(begin + share / 2, text)


def _differences(a: Result, b: Result) -> pd.DataFrame:
    first, second = _by_metric(a), _by_metric(b)
    rows = [_row(key, first[key], second[key]) for key in first if key in second]
    return pd.DataFrame(rows)


class _Figures(NamedTuple):
    """A metric of all replications together, of each alone, and what each adds to the whole."""

    value: float
    unit: str
    alone: np.ndarray
    added: np.ndarray


def _by_metric(result: Result) -> dict[tuple[str, str], _Figures]:
    alone = result.by_replication["value"].to_numpy().reshape(len(result.estimates), -1)
    left = result.by_replication["without"].to_numpy().reshape(alone.shape)
    rows = result.estimates.itertuples(index=False)
    return {
        (str(row.metric), str(row.of)): _Figures(row.value, row.unit, one, pseudo_values(row.value, other))
        for row, one, other in zip(rows, alone, left, strict=True)
    }


def _row(key: tuple[str, str], a: _Figures, b: _Figures) -> dict[str, Any]:
    difference = b.value - a.value
    paired = _wider(paired_difference(a.alone, b.alone), paired_difference(a.added, b.added))
    unpaired = _wider(unpaired_difference(a.alone, b.alone), unpaired_difference(a.added, b.added))
    paired, unpaired = around(difference, paired), around(difference, unpaired)
    return {
        "metric": key[0],
        "of": key[1],
        "a": a.value,
        "b": b.value,
        "difference": difference,
        "low": paired.low,
        "high": paired.high,
        "unpaired_low": unpaired.low,
        "unpaired_high": unpaired.high,
        "variance_reduction": _variance_reduction(a.alone, b.alone),
        "unit": a.unit,
        "verdict": _verdict(paired),
    }


def _wider(one: Estimate, other: Estimate) -> Estimate:
    return other if other.high - other.low > one.high - one.low else one


def _variance_reduction(a: np.ndarray, b: np.ndarray) -> float:
    alone, together = np.var(a, ddof=1) + np.var(b, ddof=1), np.var(b - a, ddof=1)
    if together == 0:
        return float("inf") if alone > 0 else 1.0
    return float(alone / together)


def _verdict(difference: Estimate) -> str:
    if difference.low == difference.high == 0:
        return "equal"
    return "lower" if difference.high < 0 else "higher" if difference.low > 0 else "cannot tell"
