"""The sizer against enumeration, on a space small enough to enumerate, with noise and with closed forms that err."""

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from novamodel.scenario import Scenario
from novamodel.simulation import SloResult
from novamodel.sizing import Variable, variables
from novamodel.sizing.bench import Bench, contenders, key_of
from novamodel.sizing.joint import Space, space
from novamodel.sizing.price import compute_cost
from novamodel.sizing.search import search
from novamodel.statistics import Estimate, mean_interval

sys.path.insert(0, str(Path(__file__).parents[1]))
from sizing_fixture import shop

SEEDS, FIRST, NOISE, LIMIT = 100, 3, 0.03, 0.2
SHARE = 0.1


class Noisy:
    """A result whose p99 is a known truth with lognormal noise of each replication."""

    def __init__(self, truth: float, seed: int, replications: int) -> None:
        draws = np.random.default_rng([seed, replications]).normal(0.0, NOISE, 64)
        self.values = truth * np.exp(draws[:replications])
        self.replicas, self.tiers = pd.DataFrame(), pd.DataFrame()
        self.breakdown = pd.DataFrame({"place": ["work"], "mean_s": [0.1], "p99_s": [0.1]})

    def estimate(self, metric: str, of: str = "") -> Estimate:
        return mean_interval(self.values) if metric == "p99" else Estimate(0.0, 0.0, 1e-5)

    def slo(self) -> list[SloResult]:
        value, low, high = self.estimate("p99")
        return [SloResult("p99 < 200 ms", "p99", "", LIMIT, value, low, high, value < LIMIT, "s")]


@pytest.fixture(scope="module")
def small() -> tuple[Scenario, Space, list[float], list[float]]:
    """(scenario, space, p99 of each candidate as the closed forms have it, its bill)."""
    scenario = shop({"slo": ["p99 < 200 ms"]})
    scenario = scenario.with_load(4.0).override(
        {"services.api.autoscaler.max_replicas": 50, "database.max_connections": 1000}
    )
    chosen = [_some(v) for v in variables(scenario) if v.name in CHOICES]
    spot = space(scenario, chosen)
    return scenario, spot, [float(r) * LIMIT for r in spot.ratio], [round(float(usd), 2) for usd in spot.cost]


ROOMY = {"services.api.autoscaler.max_replicas": 50, "database.max_connections": 1000}
CHOICES = {
    "api cpu request": ("200m", "250m", "300m", "400m", "500m", "750m", "1000m", "1500m"),
    "api cpu limit": ("250m", "400m", "500m", "750m", "1000m", "1500m"),
    "api cpu target": ("40 %", "50 %", "60 %", "70 %", "80 %"),
    "api min replicas": ("2", "4"),
}


def _some(variable: Variable) -> Variable:
    """A variable with a few of its values."""
    places = [i for i in range(len(variable.values)) if variable.text(i) in CHOICES[variable.name]]
    now = [i for i in places if i == variable.now] or [places[0]]
    values = tuple(variable.values[i] for i in places)
    return Variable(variable.name, variable.paths, values, places.index(now[0]), variable.costs, variable.said)


def test_the_enumerated_optimum_is_found_with_a_tenth_of_the_effort(small):
    scenario, spot, p99, bills = small
    count = len(bills)
    assert 50 <= count <= 200
    places = {key_of(spot.overrides(place)): place for place in range(count)}
    right, spent, moved = 0, 0, set()
    for seed in range(SEEDS):
        truth = _truth(spot, p99, seed)
        best = min(bill for bill, value in zip(bills, truth, strict=True) if value < LIMIT)

        def simulate(variant: Scenario, *, truth: list[float] = truth, **given: Any) -> Noisy:
            return Noisy(truth[PLACE[0]], given["seed"], given["replications"])

        bench = _Placed(
            scenario, simulate, compute_cost, seed, "auto", {}, FIRST, math.floor(count * FIRST * SHARE), None
        )
        bench.places, bench.bills = places, bills
        search(bench, spot)
        choice = contenders(bench)[0]
        place = places[key_of(choice.overrides)]
        right += bool(truth[place] < LIMIT and bills[place] <= best * 1.001)
        spent = max(spent, bench.spent)
        moved.add(best)
    assert right >= 95
    assert spent <= SHARE * count * FIRST
    assert len(moved) >= 3  # the optimum differs with how the closed forms err


PLACE = [0]


class _Placed(Bench):
    """A bench that tells the stand-in which candidate it runs."""

    places: dict[Any, int]
    bills: list[float]

    def cost(self, overrides: dict[str, Any]) -> float:
        return self.bills[self.places[key_of(overrides)]]

    def run(self, overrides: dict[str, Any], replications: int | None = None) -> Any:
        PLACE[0] = self.places[key_of(overrides)]
        return super().run(overrides, replications)


def _truth(spot: Space, p99: list[float], seed: int) -> list[float]:
    """The closed forms off by a bias, a tilt along the settings, and a little of each candidate's own."""
    rng = np.random.default_rng(seed)
    bias, tilt = rng.normal(0.0, 0.25), rng.normal(0.0, 0.1, spot.position.shape[1])
    own = rng.normal(0.0, 0.03, len(p99))
    off = bias + (spot.position - spot.position.mean(axis=0)) @ tilt + own
    return [float(value * math.exp(error)) for value, error in zip(p99, off, strict=True)]
