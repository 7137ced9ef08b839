"""Laws of random durations as multipliers of mean one.

A duration is mean * multiplier(law, parameter, u): scenarios give means, laws give the shape only.
"""

from __future__ import annotations

from novamodel.components.maths import exp, log, normal_quantile
from novamodel.components.rule import rule

DETERMINISTIC = 0
EXPONENTIAL = 1
LOGNORMAL = 2

LAW_CODES = {"deterministic": DETERMINISTIC, "exponential": EXPONENTIAL, "lognormal": LOGNORMAL}
"""Names used in scenarios and the codes that rules compare."""


@rule
def multiplier(law: int, parameter: float, u: float) -> float:
    """Multiplier with mean 1 for a uniform u in (0, 1); increases with u.

    LOGNORMAL takes sigma, the standard deviation of the logarithm, as parameter (squared coefficient of
    variation exp(sigma**2) - 1); the other laws ignore it. An unknown code counts as deterministic.
    """
    if law == EXPONENTIAL:
        return -log(1.0 - u)
    if law == LOGNORMAL:
        return exp(parameter * normal_quantile(u) - 0.5 * parameter * parameter)
    return 1.0
