"""How far the model is from measured stacks: errors of mean, p50, p95, p99 and losses, case by case.

Three ways to predict a case: with its recorded requests (`replayed`); with arrivals of our own of its laws and rate
(`own arrivals`); and from another load (`predicted`): what depends on the machine (offsets of queries, of the event
loop, of HTTP) is what was fitted to the first case of its family, load and replicas are those of the case itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from novamodel.verify import measured_run

Case = Mapping[str, Any]
LATENCIES = ("mean_s", "p50_s", "p95_s", "p99_s")
LOSS = "loss"
FIGURES = (*LATENCIES, LOSS)
SHARES = ("accept_share", "success_share_after_5s", "success_share")
"""Of requests that were answered; losses are the rest, where they have no figure of their own."""
REPLAYED, OWN, PREDICTED = "replayed", "own arrivals", "predicted"
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 8: 2.365}
"""97.5 % points of Student's t by the number of runs."""
FAMILIES = {
    "E1-r1p5exp_rho0.50": ("E1-r1p5exp_rho", "E1-r3p5exp_rho", "E1-r1p20exp50_rho"),
    "E2-pgbtxn_rho0.50": ("E2-pgbtxn_rho",),
    "E3-det4_rho0.70": ("E3-det4_rho",),
    "E3-quota50_det4_rho0.80": ("E3-quota50_det4_rho",),
    "E6-h80_rho0.70": ("E6-h80_rho", "E6-h50_rho"),
}
"""The case that a family's parameters were fitted to (how its name begins), and the cases predicted from it."""


class Error(NamedTuple):
    """One figure of one case: relative error, or for losses the difference in shares; ``half``: in which 95 % of
    single runs fall about the mean of the runs, in the same unit (nan for one run)."""

    case: str
    way: str
    figure: str
    measured: float
    model: float
    error: float
    half: float


def errors(
    cases: Iterable[Case], folder: Path, load: measured_run.Load, runs: int = 8, seed: int = 1
) -> Iterator[Error]:
    """Every error of the cases, whose recorded requests lie in ``folder``; cases without latencies or losses are none.

    ``runs`` (2, 3, 4 or 8) of arrivals of our own, from ``seed`` on, are averaged.
    """
    cases = [case for case in cases if measured(case)]
    for case in cases:
        trace = measured_run.trace_of(case, folder)
        if trace is not None:
            yield from _errors(case, REPLAYED, measured_run.figures(case, trace, load))
        yield from _errors(case, OWN, measured_run.figures(case, None, load, runs=runs, seed=seed))
        base = base_of(case, cases)
        if base is not None:
            yield from _errors(
                case, PREDICTED, measured_run.figures(fitted(case, base), None, load, runs=runs, seed=seed)
            )


def measured(case: Case) -> dict[str, float]:
    """The figures of a case that are compared: latencies and losses."""
    expected = case["expected"]
    found = {name: float(expected[name]) for name in LATENCIES if expected.get(name)}
    if LOSS in expected:
        return found | {LOSS: float(expected[LOSS])}
    share = next((name for name in SHARES if name in expected), None)
    return found if share is None else found | {LOSS: 1.0 - float(expected[share])}


def base_of(case: Case, cases: Sequence[Case]) -> Case | None:
    """The case that this one is predicted from; None where there is none, or where it is that case itself."""
    for first, members in FAMILIES.items():
        if case["id"].startswith(members) and not case["id"].startswith(first):
            return next((one for one in cases if one["id"].startswith(first)), None)
    return None


def fitted(case: Case, base: Case) -> dict[str, Any]:
    """A case with the parameters of the machine as another load showed them."""
    return {**case, "service": base["service"]}


def _errors(case: Case, way: str, found: Sequence[Mapping[str, Any]]) -> Iterator[Error]:
    for name, truth in measured(case).items():
        values = [value for one in found if (value := _value(case, one, name)) is not None]
        if not values:
            continue
        model = float(np.mean(values))
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
        half = STUDENT.get(len(values), 2.0) * spread * math.sqrt(1 + 1 / len(values))
        unit = 1.0 if name == LOSS else truth
        yield Error(case["id"], way, name, truth, model, (model - truth) / unit, half / unit)


def _value(case: Case, found: Mapping[str, Any], name: str) -> float | None:
    if name == LOSS and LOSS not in case["expected"]:
        share = next(one for one in SHARES if one in case["expected"])
        return 1.0 - float(found[share])
    value = found.get(name)
    return None if value is None or math.isnan(float(value)) else float(value)


class Median(NamedTuple):
    """Median of the absolute errors of a figure over cases, and its 95 % interval (from the order of the errors)."""

    value: float
    low: float
    high: float
    cases: int


def median_errors(rows: Iterable[Error]) -> dict[tuple[str, str], Median]:
    """By way and figure."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        found.setdefault((row.way, row.figure), []).append(abs(row.error))
    return {key: _median(sorted(values)) for key, values in found.items()}


def _median(values: list[float]) -> Median:
    """The k-th smallest on either side, so that a binomial variable of one half lies between in 95 % of the cases."""
    count = len(values)
    below, rank = 0.0, 0
    while rank < count and (below := below + math.comb(count, rank) / 2.0**count) <= 0.025:
        rank += 1
    rank = max(0, rank - 1)
    return Median(float(np.median(values)), values[rank], values[count - 1 - rank], count)
