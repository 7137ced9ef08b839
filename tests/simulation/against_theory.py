"""Independent runs of a scenario, and whether they agree with a figure of theory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.replication import Replication, replicate

RUNS = 8


def runs_of(scenario: Scenario) -> list[Replication]:
    """Eight replications."""
    return [replicate(scenario, number, "compiled") for number in range(RUNS)]


def agrees(values: Any, theory: float, relative: float) -> bool:
    """Whether the mean of the runs is the theory's figure, within a share of it and 4.5 standard errors."""
    mean, error = np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))
    return bool(abs(mean - theory) <= min(relative * theory, 4.5 * error))


def mean_latency(run: Replication) -> float:
    """Seconds of a served request."""
    return float(run.latency.sum() / run.outcome[:, codes.SERVED].sum())


def mean_spent(run: Replication, place: int) -> float:
    """Seconds of a served request at a place."""
    return float(run.spent[:, place].sum() / run.outcome[:, codes.SERVED].sum())
