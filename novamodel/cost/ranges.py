"""The range of a cost from uncertain inputs: a distribution, and which input moves it most.

Every input is a multiple of its value, log-normal with 90 % of it within a factor; the inputs are independent. They are
drawn by a Latin hypercube: each of them once from each of the equally likely slices of its distribution.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from novamodel.showing import Shown, shows_itself

INSIDE = 0.9
"""Share of the distribution that a range covers."""
DRAWS = 120


class Input(NamedTuple):
    """An uncertain input: 90 % of its multiples lie between 1 / factor and factor; `about` says what it is."""

    name: str
    factor: float
    about: str


class Moved(NamedTuple):
    """What one input does alone: the cost at the lower and upper end of its own 90 %, in USD."""

    name: str
    about: str
    low: float
    high: float

    @property
    def swing(self) -> float:
        """USD between the two."""
        return abs(self.high - self.low)


@dataclass(frozen=True)
@shows_itself
class CostRange:
    """USD: the 5 % and 95 % quantiles and `mid`, with every input at its value; `moved`: inputs, the largest first.

    `totals`: the cost of every draw, ascending.
    """

    low: float
    mid: float
    high: float
    moved: tuple[Moved, ...]
    totals: tuple[float, ...]

    def _shown(self) -> Shown:
        rows = [(one.about, f"{one.low:,.2f}", f"{one.high:,.2f}") for one in self.moved]
        title = f"{self.mid:,.2f} USD a month, nine of ten times {self.low:,.2f} to {self.high:,.2f}"
        return Shown(title, ("input alone at its ends", "low", "high"), rows)

    def quantile(self, share: float) -> float:
        """The cost that a share of the draws stays below."""
        return float(np.quantile(self.totals, share))


def multiples(inputs: Sequence[Input], draws: int = DRAWS, seed: int = 1) -> np.ndarray:
    """Multiples of the inputs: one row a draw, one column an input."""
    rng = np.random.default_rng(seed)
    columns = []
    for one in inputs:
        slices = (rng.permutation(draws) + rng.random(draws)) / draws
        columns.append(np.exp(norm.ppf(slices) * sigma(one.factor)))
    return np.column_stack(columns) if columns else np.ones((draws, 0))


def sigma(factor: float) -> float:
    """Standard deviation of the logarithm of an input whose 90 % lie within a factor."""
    return log(factor) / float(norm.ppf((1 + INSIDE) / 2))


def cost_range(
    inputs: Sequence[Input], cost: Callable[[Mapping[str, float]], float], draws: int = DRAWS, seed: int = 1
) -> CostRange:
    """The range of `cost`, which takes the multiples by the inputs' names; inputs of factor 1 are left out."""
    open_inputs = [one for one in inputs if one.factor > 1]
    mid = cost({})
    moved = [
        Moved(one.name, one.about, cost({one.name: 1 / one.factor}), cost({one.name: one.factor}))
        for one in open_inputs
    ]
    names = [one.name for one in open_inputs]
    rows = multiples(open_inputs, draws if names else 0, seed)
    totals = sorted(cost(dict(zip(names, map(float, row), strict=True))) for row in rows) or [mid]
    low, high = np.quantile(totals, [(1 - INSIDE) / 2, (1 + INSIDE) / 2])
    ranked = sorted(moved, key=lambda one: -one.swing)
    return CostRange(float(low), mid, float(high), tuple(ranked), tuple(totals))
