"""Laws of random durations as rows of a table; a law is a multiplier of mean one.

A duration is mean * multiplier(laws, row, u): scenarios give means, laws give the shape only. `LawBook`
(`law_book.py`) writes the table. The same rules run on lists and, compiled, on arrays.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.maths import exp, log, normal_quantile
from novamodel.components.rule import handler, number_rule, rule
from novamodel.workload.gamma import gamma_quantile

DETERMINISTIC = 0
EXPONENTIAL = 1
LOGNORMAL = 2  # parameter: sigma, the standard deviation of the logarithm
UNIT = 3  # no multiplier: the draw stays the uniform number itself
GAMMA = 4  # parameter: shape, the inverse of the squared coefficient of variation
UNIFORM = 5  # parameter: half width relative to the mean, 0 to 1
MIXTURE = 6  # parts: cumulative weight, mean relative to the whole, row of the part's law
EMPIRICAL = 7  # parts: sorted samples divided by their mean

LAW_CODES = {"deterministic": DETERMINISTIC, "exponential": EXPONENTIAL, "lognormal": LOGNORMAL}
"""The laws that a scenario's demands can name today; `LawBook.add` knows all."""

_BELOW_ONE = 0.99999999999999988898  # 1 - 2 ** -53


class Laws(NamedTuple):
    """A table of laws. Columns by law, then columns by part of a law."""

    code: Column
    parameter: Column
    first: Column  # first part
    end: Column  # one past the last
    weight: Column  # MIXTURE: cumulative within the law, the last is 1
    value: Column  # MIXTURE: mean relative to the whole; EMPIRICAL: sample divided by the mean
    row: Column  # MIXTURE: law of the part


@handler
def multiplier(laws: Laws, row: int, u: float) -> float:
    """Multiplier with mean 1 for a uniform u in (0, 1); nondecreasing in u, mixtures aside.

    A mixture splits the uniform: u chooses the part, and its place within the part's weight is the part's own
    uniform. UNIT gives u itself. An unknown code counts as deterministic.
    """
    scale = 1.0
    while laws.code[row] == MIXTURE:
        part = laws.first[row]
        below = 0.0
        while laws.weight[part] < u and part < laws.end[row] - 1:
            below = laws.weight[part]
            part += 1
        u = (u - below) / (laws.weight[part] - below)
        if u > _BELOW_ONE:
            u = _BELOW_ONE
        scale = scale * laws.value[part]
        row = laws.row[part]
    code = laws.code[row]
    if code == EXPONENTIAL:
        return scale * -log(1.0 - u)
    if code == LOGNORMAL:
        return scale * lognormal(laws.parameter[row], u)
    if code == UNIT:
        return u
    if code == GAMMA:
        shape = laws.parameter[row]
        return scale * (gamma_quantile(shape, u) / shape)
    if code == UNIFORM:
        return scale * (1.0 + laws.parameter[row] * (2.0 * u - 1.0))
    if code == EMPIRICAL:
        return scale * laws.value[laws.first[row] + sample_of(u, laws.end[row] - laws.first[row])]
    return scale


@number_rule
def lognormal(sigma: float, u: float) -> float:
    """Multiplier of a lognormal law."""
    return exp(sigma * normal_quantile(u) - 0.5 * sigma * sigma)


@rule
def sample_of(u: float, count: int) -> int:
    """Place in a sorted sample of the inverse of its distribution function: the first i with (i + 1) / count >= u."""
    at = u * count
    place = int(at)
    return place - 1 if place == at and place > 0 else place


def mean_scv(laws: Laws, row: int) -> tuple[float, float]:
    """Mean and squared coefficient of variation of a law's multiplier (of UNIT: of the uniform number)."""
    code, parameter = laws.code[row], laws.parameter[row]
    parts = range(laws.first[row], laws.end[row])
    if code == EXPONENTIAL:
        return 1.0, 1.0
    if code == LOGNORMAL:
        return 1.0, exp(parameter * parameter) - 1.0
    if code == UNIT:
        return 0.5, 1.0 / 3.0
    if code == GAMMA:
        return 1.0, 1.0 / parameter
    if code == UNIFORM:
        return 1.0, parameter * parameter / 3.0
    if code == EMPIRICAL:
        values = [float(laws.value[part]) for part in parts]
        mean = sum(values) / len(values)
        return mean, sum(v * v for v in values) / len(values) / (mean * mean) - 1.0
    if code == MIXTURE:
        mean = square = below = 0.0
        for part in parts:
            weight = laws.weight[part] - below
            below = laws.weight[part]
            inner_mean, inner_scv = mean_scv(laws, laws.row[part])
            part_mean = laws.value[part] * inner_mean
            mean += weight * part_mean
            square += weight * part_mean * part_mean * (1.0 + inner_scv)
        return mean, square / (mean * mean) - 1.0
    return 1.0, 0.0
