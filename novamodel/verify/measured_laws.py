"""Laws of the measured stacks' times: from percentiles, and from what a load generator drew."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from novamodel.components.maths import normal_quantile

SAMPLES = 1000


def by_percentiles(times_ms: Mapping[str, float]) -> dict[str, list[str]]:
    """An empirical law through recorded percentiles (``p50``, ``max``, ...; ms), its mean as recorded.

    Between the percentiles the quantile function is exponential in shape; the part above the last is stretched
    until the mean is the recorded one.
    """
    points = sorted((float(name[1:]) / 100.0, value) for name, value in times_ms.items() if name.startswith("p"))
    lowest = points[0][1] * 0.9 if points[0][0] <= 0.1 else points[0][1] * 0.5
    points = [(0.0, lowest), *points]
    ranks = [(i + 0.5) / SAMPLES for i in range(SAMPLES)]
    below = [_between(points, u) for u in ranks if u <= points[-1][0]]
    above = [u for u in ranks if u > points[-1][0]]
    top, last = points[-1][1], points[-1][0]
    wanted = (times_ms["mean"] * SAMPLES - sum(below)) / len(above) - top  # mean excess above the last percentile
    excess = [-math.log((1.0 - u) / (1.0 - last)) for u in above]
    scale = max(0.0, wanted) * len(above) / sum(excess)
    limit = times_ms.get("max", math.inf)
    return {"samples": [f"{t!r} ms" for t in [*below, *(min(limit, top + scale * x) for x in excess)]]}


def _between(points: list[tuple[float, float]], u: float) -> float:
    for (u0, t0), (u1, t1) in pairwise(points):
        if u <= u1:
            return float(t0 * (t1 / t0) ** ((u - u0) / (u1 - u0)))
    return points[-1][1]


def drawn_demand(case: Mapping[str, Any], served_s: Callable[[float], float]) -> dict[str, list[str]]:
    """The law of what a demand takes (s): equally likely values of the requested demand (ms), each as it is served."""
    demand = case["load"]["demand"]
    ranks = [(i + 0.5) / SAMPLES for i in range(SAMPLES)]
    if demand["law"] == "exponential":
        drawn = [-math.log(1.0 - u) * demand["mean_ms"] for u in ranks]
    elif demand["law"] == "lognormal, cv 2":
        sigma = math.sqrt(math.log(5.0))
        drawn = [demand["mean_ms"] * math.exp(sigma * normal_quantile(u) - sigma * sigma / 2.0) for u in ranks]
    else:
        drawn = [demand["mean_ms"]] * SAMPLES
    return {"samples": [f"{served_s(s_ms)!r} s" for s_ms in drawn]}
