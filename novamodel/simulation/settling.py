"""The warm-up: whether the stated one was long enough, and how long it has to be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from novamodel.scenario import Scenario
from novamodel.scenario.goals import LONGEST_WARM_UP_S
from novamodel.simulation.control.samples import STEPS
from novamodel.simulation.replication import Replication, replicate
from novamodel.statistics import beginning_differs, mser5
from novamodel.statistics.warmup import BATCH
from novamodel.units import format_time

STEADY_LOAD = 0.03
"""MSER-5 looks as far as the planned rate stays within this share of the first one: a ramp is no warm-up."""
LEAST_BIAS = 0.01
"""A beginning that moves the window's mean by less than this share is not worth a warning."""
LOAD_SHARE = 3.0
"""Nor is one that differs by less than so many times the share by which the load itself has moved."""
PILOT = 1 << 20
"""Number of the pilot replication: none that counts has it."""
PILOT_ROWS = 40
PILOT_TRIES = 3


class Settling(NamedTuple):
    """Up to where a replication is still settling, in seconds from its beginning."""

    until_s: float
    whole: bool  # up to the middle of what was looked at: no end was found


def settling_frame(scenario: Scenario, replications: Sequence[Replication]) -> pd.DataFrame:
    """Samples from the beginning of the warm-up on: how latency and load settle."""
    run = scenario.run
    step = (run.warm_up_s + run.duration) / STEPS
    frames = []
    for replication in replications:
        latency, served, in_flight = replication.settling.T
        end = step * np.arange(1, len(served) + 1)
        mean = np.divide(latency, served, out=np.full(len(served), np.nan), where=served > 0)
        columns = {
            "replication": replication.number,
            "clock_s": run.start - run.warm_up_s + end,
            "warm_up": end <= run.warm_up_s * (1 + 1e-12),
            "served": served.astype(np.int64),
            "mean_s": mean,
            "in_flight": in_flight.astype(np.int64),
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def too_short_warm_up(scenario: Scenario, replications: Sequence[Replication]) -> str | None:
    """A sentence when the window begins before the replications have settled, else None.

    MSER-5 proposes a cut on the mean over the replications; the piece between the warm-up and the cut has to
    differ from the rest by more than chance, than the load's own drift explains, and enough to move the mean; and
    the warm-up itself has to differ as much in the same direction, or it was a burst and no settling.
    """
    run = scenario.run
    step = (run.warm_up_s + run.duration) / STEPS
    steps, begin = _steady_steps(scenario, step), math.ceil(run.warm_up_s / step - 1e-9)
    worst = 0
    for series in _series(replications, steps):
        cut = mser5(series.mean(axis=0))
        if cut > begin and _matters(scenario, series, begin, cut, step):
            worst = max(worst, cut)
    if not worst:
        return None
    warm_up, until = format_time(run.warm_up_s), format_time(worst * step)
    if worst >= steps // BATCH // 2 * BATCH:
        return (
            f"still settling after {until}, as far as can be told (MSER-5): "
            f"run.warm_up of {warm_up} is too short, and so may be run.duration"
        )
    return f"the first {until} are still settling (MSER-5): run.warm_up of {warm_up} is too short"


def with_warm_up(scenario: Scenario, engine: str) -> Scenario:
    """The scenario with its automatic warm-up worked out: by MSER-5 on a pilot, rounded up to whole intervals.

    The pilot begins as every replication does and keeps the rate at which the window begins. It is made twice
    as long, at most twice, while half of it is still settling.
    """
    run = scenario.run
    if run.warm_up != "auto":
        return scenario
    length = min(max(run.duration, PILOT_ROWS * run.interval), LONGEST_WARM_UP_S / 2)
    for _ in range(PILOT_TRIES):
        found = settling_of(replicate(_pilot(scenario, length), PILOT, engine), length)
        if not found.whole:
            break
        length *= 2
    rows = max(1, math.ceil(found.until_s / run.interval - 1e-9))
    warm_up = min(rows * run.interval, LONGEST_WARM_UP_S)
    return scenario.override({"run.warm_up": f"{warm_up!r} s"}, said_by="derived: MSER-5 on a pilot replication")


def settling_of(replication: Replication, length_s: float) -> Settling:
    """What MSER-5 says of one replication without warm-up, the later of latency and requests in flight."""
    series = [part[0] for part in _series([replication], STEPS)]
    cut = max((mser5(part) for part in series), default=0)
    steps = min((part.size for part in series), default=0)
    return Settling(cut * length_s / STEPS, cut > 0 and cut >= steps // BATCH // 2 * BATCH)


def _pilot(scenario: Scenario, length_s: float) -> Scenario:
    rate = scenario.traffic.rate_at(scenario.run.start)
    return scenario.override(
        {
            "traffic.shape": "constant",
            "traffic.peak": f"{rate!r} requests/s",
            "traffic.night": f"{min(rate, scenario.traffic.night)!r} requests/s",
            "run.warm_up": "0 s",
            "run.duration": f"{length_s!r} s",
            "run.replications": 2,  # only this one is run; two, so that it keeps no batches
            "run.precision": None,
            "operations": [],  # what befalls the system is no settling
        },
        said_by="pilot",
    )


def _steady_steps(scenario: Scenario, step: float) -> int:
    """Steps from the beginning over which the planned rate stays near its first value."""
    rates = _rates(scenario, step)
    far = np.flatnonzero(np.abs(rates - rates[0]) > STEADY_LOAD * rates[0])
    return int(far[0]) if far.size else STEPS


def _rates(scenario: Scenario, step: float) -> np.ndarray:
    begin = scenario.run.start - scenario.run.warm_up_s
    clocks = (begin + step * (np.arange(STEPS) + 0.5)) % 86400.0
    return np.array([scenario.traffic.rate_at(float(clock)) for clock in clocks])


def _series(replications: Sequence[Replication], steps: int) -> list[np.ndarray]:
    """Mean latency and requests in flight, each replications x steps; steps without an answer take the mean."""
    steps = min([steps, *(len(r.settling) for r in replications)])
    rows = np.array([r.settling[:steps] for r in replications])
    if steps == 0:
        return []
    latency, served, in_flight = rows[..., 0], rows[..., 1], rows[..., 2]
    found = [in_flight]
    if served.sum() > 0:
        mean = latency.sum() / served.sum()
        found.append(np.divide(latency, served, out=np.full_like(latency, mean), where=served > 0))
    return found


def _matters(scenario: Scenario, series: np.ndarray, begin: int, cut: int, step: float) -> bool:
    late = float(series[:, cut:].mean())
    signed = beginning_differs(series, begin, cut)
    difference = abs(signed)
    if not difference or not late:
        return bool(difference)
    if begin and (series[:, :begin].mean() - late) * np.sign(signed) < difference:
        return False
    rates = _rates(scenario, step)[: series.shape[1]]
    drift = abs(rates[begin:cut].mean() / max(rates[cut:].mean(), 1e-12) - 1.0)
    moved = difference * (cut - begin) / (series.shape[1] - begin)
    return bool(moved > LEAST_BIAS * abs(late) and difference > LOAD_SHARE * drift * abs(late))
