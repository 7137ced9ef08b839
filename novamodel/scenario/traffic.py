"""Who asks, how often, and for what."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from novamodel.scenario.fields import ClientCount, ClockTime, Part, Rate, Seconds, Share, given, needed

# fmt: off
WEEKDAY = (
    0.10, 0.04, 0.02, 0.00, 0.02, 0.08, 0.22, 0.42, 0.60, 0.68, 0.70, 0.72,
    0.76, 0.72, 0.66, 0.62, 0.58, 0.64, 1.00, 0.88, 0.70, 0.52, 0.34, 0.20,
)
# fmt: on
"""Share of the way from the night rate to the peak rate at each full hour of a weekday (assumed; peak at 18:00)."""


class Population(Part):
    """Callers of one kind. nginx limits count by client, so who asks decides who is rejected."""

    share: Share = needed("share of all requests")
    clients: ClientCount = needed("different clients (addresses)")
    popularity: str = given("uniform", "how requests spread over the clients: 'zipf S' or 'uniform'", "assumed")

    @field_validator("popularity")
    @classmethod
    def _law(cls, value: str) -> str:
        zipf_exponent(value)
        return value

    @property
    def busiest_share(self) -> float:
        """Share of this population's requests that its busiest client sends."""
        exponent = zipf_exponent(self.popularity)
        return float(1 / (np.arange(1, self.clients + 1, dtype=float) ** -exponent).sum())


class Caller(Part):
    """How a caller behaves."""

    timeout: Seconds = given("10 s", "a caller gives up after this long; the work goes on without it", "assumed")


class Traffic(Part):
    """The load, open loop: callers do not wait for each other."""

    loop: Literal["open"] = given(
        "open", "open: arrivals do not depend on answers (closed loop is not modelled yet)", "assumed"
    )
    shape: Literal["weekday", "constant"] | tuple[tuple[ClockTime, Rate], ...] = given(
        "weekday", "course of the rate over the day: a named shape, or a list of [time, rate]", "assumed"
    )
    peak: Rate = given("100 requests/s", "highest rate of the day", "assumed")
    night: Rate = given("10 requests/s", "lowest rate of the day (the weekday shape)", "assumed")
    mix: Annotated[dict[str, Share], Field(min_length=1)] = needed("share of each route, together 100 %")
    populations: Annotated[dict[str, Population], Field(min_length=1)] = given(
        {"customers": {"share": "100 %", "clients": 10000, "popularity": "zipf 0.5"}}, "who asks", "assumed"
    )
    caller: Caller = given({}, "how a caller behaves", "assumed")

    @model_validator(mode="after")
    def _sums(self) -> Traffic:
        for name, total in (
            ("mix", sum(self.mix.values())),
            ("populations", sum(p.share for p in self.populations.values())),
        ):
            if abs(total - 1) > 1e-9:
                raise ValueError(f"the shares of {name} add up to {total * 100:.4g} %, not 100 %")
        if self.shape == "weekday" and self.night > self.peak:
            raise ValueError(
                f"night rate {self.night:g}/s is above the peak rate {self.peak:g}/s; "
                "set both (night at most the peak), or shape: constant"
            )
        return self

    @property
    def most_per_s(self) -> float:
        """Highest arrival rate of the day (requests/s)."""
        return self.peak if isinstance(self.shape, str) else max(rate for _, rate in self.shape)

    def rate_at(self, clock_s: float) -> float:
        """Arrival rate (requests/s) at a time of day, linear between the points of the shape."""
        if self.shape == "constant":
            return self.peak
        if self.shape == "weekday":
            points = [
                (hour * 3600.0, self.night + (self.peak - self.night) * level) for hour, level in enumerate(WEEKDAY)
            ]
        else:
            points = sorted((float(t), float(r)) for t, r in self.shape)
        points = [*points, (points[0][0] + 86400.0, points[0][1])]
        clock = (clock_s - points[0][0]) % 86400.0 + points[0][0]
        for (t0, r0), (t1, r1) in pairwise(points):
            if t0 <= clock <= t1:
                return r0 + (r1 - r0) * (clock - t0) / (t1 - t0) if t1 > t0 else r1
        raise AssertionError("the points of a shape cover the day")


def zipf_exponent(popularity: str) -> float:
    """``"zipf 0.8"`` -> 0.8, ``"uniform"`` -> 0."""
    match = re.fullmatch(r"zipf\s+(\d*\.?\d+)|uniform", popularity.strip())
    if not match:
        raise ValueError(f"{popularity!r} is not a popularity; write 'zipf 0.8' or 'uniform'")
    exponent = float(match[1]) if match[1] else 0.0
    if exponent > 4:
        raise ValueError(f"a zipf exponent of {exponent:g} is outside 0 to 4")
    return exponent
