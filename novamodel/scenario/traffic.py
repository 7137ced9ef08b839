"""Who asks, how often, and for what."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from novamodel.scenario.callers import Caller
from novamodel.scenario.demand import Demand
from novamodel.scenario.fields import (
    ClientCount,
    ClockTime,
    Count,
    Factor,
    Part,
    Period,
    PositiveSeconds,
    Rate,
    Seconds,
    Share,
    given,
    needed,
)

Dispersion = Annotated[float, Field(ge=1, le=1000)]

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


class Bursts(Part):
    """Arrivals burstier than Poisson: on-off sources, or an index of dispersion."""

    on: PositiveSeconds | None = given(None, "mean length of a burst", "default: by dispersion")
    off: PositiveSeconds | None = given(None, "mean time between bursts", "default: by dispersion")
    factor: Factor | None = given(
        None, "rate within a burst over the mean rate; left out: nothing comes between bursts", "default: on-off"
    )
    dispersion: Dispersion | None = given(
        None, "variance over mean of the counts in long stretches of time (Poisson: 1)", "default: by on and off"
    )
    scale: PositiveSeconds = given("1 s", "mean length of a burst that makes the dispersion", "assumed")

    @model_validator(mode="after")
    def _one(self) -> Bursts:
        if (self.dispersion is None) == (self.on is None and self.off is None):
            raise ValueError("bursts are said by on and off, or by dispersion: say one of them")
        if self.dispersion is not None and self.factor is not None:
            raise ValueError("factor belongs to on and off")
        if self.dispersion is None and (self.on is None or self.off is None):
            raise ValueError("on and off are needed both")
        if self.on is not None and self.off is not None and self.factor is not None:
            most = (self.on + self.off) / self.on
            if not 1 <= self.factor <= most:
                raise ValueError(f"factor must be between 1 and {most:g}, (on + off) / on, so that the mean rate holds")
        return self


class Session(Part):
    """What a user of a closed source does in one visit: routes in order, with a pause after each."""

    share: Share = given(1.0, "share of the visits", "assumed")
    routes: Annotated[tuple[str, ...], Field(min_length=1)] = needed("routes in order")


class Replay(Part):
    """Recorded traffic: an nginx or JSON access log, CSV or Parquet."""

    files: Annotated[tuple[str, ...], Field(min_length=1)] = needed("files in any order, beside the scenario")
    format: Literal["auto", "nginx", "json", "csv", "parquet"] = given("auto", "form of the files", "assumed")
    log_format: str | None = given(None, "nginx's log_format", "default: combined")
    columns: dict[str, str] = given({}, "names in the files of time, route, client, hit, demand", "default: the same")
    routes: dict[str, str] = given(
        {}, "'GET /accounts/*' to a route; the first that fits", "default: names as they are"
    )
    other: str | None = given(None, "route of what fits none", "default: an error")
    time_zone: str = given("UTC", "of times without one", "assumed")
    time_factor: Factor = given(1.0, "stretch in time: 2 = half as fast", "assumed")
    load_factor: Factor = given(1.0, "stretch in load: 2 = every client twice", "assumed")
    demand: str | None = given(
        None, "step that the recorded demand replaces: a statement, or cpu, thread, wait", "default: nothing"
    )
    folder: str = Field(default="", exclude=True, description="folder of the scenario's file; set when it is read")
    digest: str = given("", "SHA-256 of the files; set when the scenario is read", "derived")
    requests: Count = given(0, "recorded requests; set when the scenario is read", "derived")
    length: Seconds = given("0 s", "time from the first to the last; set when the scenario is read", "derived")


OWN_FIELDS = {
    "open": ("shape", "peak", "night", "bursts"),
    "closed": ("users", "think", "sessions"),
    "replay": ("replay",),
    "periodic": ("every", "first"),
}
"""Fields of one kind of source only."""


class Source(Part):
    """Callers of one kind: what makes them ask, what they ask, who they are, how they behave.

    open: arrivals by a rate, whatever the answers; closed: users who wait for their answer and think before the next
    request; replay: recorded arrivals; periodic: jobs by the clock.
    """

    loop: Literal["open", "closed", "replay", "periodic"] = given("open", "what makes callers ask", "assumed")
    via: str = given("main", "edge that they come through, or 'direct': straight to the services", "assumed")
    shape: Literal["weekday", "constant"] | tuple[tuple[ClockTime, Rate], ...] = given(
        "weekday", "open: course of the rate over the day: a named shape, or a list of [time, rate]", "assumed"
    )
    peak: Rate = given("100 requests/s", "open: highest rate of the day", "assumed")
    night: Rate = given("10 requests/s", "open: lowest rate of the day (the weekday shape)", "assumed")
    bursts: Bursts | None = given(None, "open: burstier than Poisson", "default: Poisson")
    users: ClientCount = given(100, "closed: users", "assumed")
    think: Demand = given("5 s exponential", "closed: pause between an answer and the next request", "assumed")
    sessions: dict[str, Session] = given({}, "closed: visits as sequences of routes", "default: routes by the mix")
    replay: Replay | None = given(None, "replay: where the recorded traffic is", "default: needed for replay")
    every: Period = given("60 s", "periodic: time between two jobs", "assumed")
    first: Seconds = given("0 s", "periodic: time of the first after the start of the day's period", "assumed")
    mix: dict[str, Share] = given({}, "share of each route, together 100 %", "needed, but for sessions and replay")
    populations: Annotated[dict[str, Population], Field(min_length=1)] = given(
        {"customers": {"share": "100 %", "clients": 10000, "popularity": "zipf 0.5"}}, "who asks", "assumed"
    )
    caller: Caller = given({}, "how a caller behaves", "assumed")
    growth: Literal["clients", "busier"] = given(
        "clients", "what a larger load means: more clients, or the same ones asking more", "assumed"
    )

    @model_validator(mode="after")
    def _sums(self) -> Source:
        for kind, fields in OWN_FIELDS.items():
            foreign = [name for name in fields if name in self.model_fields_set]
            if foreign and kind != self.loop and self.loop != "open" and kind != "open":
                raise ValueError(f"{foreign[0]} is for loop: {kind}, not for loop: {self.loop}")
            if foreign and kind != "open" and self.loop == "open":
                raise ValueError(f"{foreign[0]} is for loop: {kind}; this source is open (say loop: {kind})")
        if self.loop == "replay" and self.replay is None:
            raise ValueError("loop: replay needs replay, with the files")
        if not self.mix and not (self.loop == "replay" or self.sessions):
            raise ValueError("mix is empty: it says the share of each route")
        shares = [("populations", sum(p.share for p in self.populations.values()))]
        if self.mix:
            shares.append(("mix", sum(self.mix.values())))
        if self.sessions:
            shares.append(("sessions", sum(one.share for one in self.sessions.values())))
        for name, total in shares:
            if abs(total - 1) > 1e-9:
                raise ValueError(f"the shares of {name} add up to {total * 100:.4g} %, not 100 %")
        if self.loop == "open" and self.shape == "weekday" and self.night > self.peak:
            raise ValueError(
                f"night rate {self.night:g}/s is above the peak rate {self.peak:g}/s; "
                "set both (night at most the peak), or shape: constant"
            )
        return self

    @property
    def routes(self) -> tuple[str, ...]:
        """Routes that it asks for; of a replay those that it may be asked for are named by its ``mix`` or its map."""
        if self.sessions:
            return tuple(dict.fromkeys(route for one in self.sessions.values() for route in one.routes))
        if self.loop == "replay" and self.replay is not None and not self.mix:
            named = [*self.replay.routes.values(), *([self.replay.other] if self.replay.other else [])]
            return tuple(dict.fromkeys(named))
        return tuple(self.mix)

    @property
    def most_per_s(self) -> float:
        """Highest arrival rate of the day (requests/s); of users the rate that answers in no time would bring."""
        if self.loop == "closed":
            return self.users / max(self.think.busy, 0.01)
        if self.loop == "replay" and self.replay is not None:
            return self.replay.requests / max(self.replay.length, 1.0) * self.replay.load_factor
        if self.loop == "periodic":
            return 1.0 / self.every
        return self.peak if isinstance(self.shape, str) else max(rate for _, rate in self.shape)

    def rate_at(self, clock_s: float) -> float:
        """Arrival rate (requests/s) at a time of day, linear between the points of the shape."""
        if self.loop != "open":
            return self.most_per_s
        if self.shape == "constant":
            return self.peak
        points = self.points
        points = [*points, (points[0][0] + 86400.0, points[0][1])]
        clock = (clock_s - points[0][0]) % 86400.0 + points[0][0]
        for (t0, r0), (t1, r1) in pairwise(points):
            if t0 <= clock <= t1:
                return r0 + (r1 - r0) * (clock - t0) / (t1 - t0) if t1 > t0 else r1
        raise AssertionError("the points of a shape cover the day")

    @property
    def points(self) -> list[tuple[float, float]]:
        """(seconds after midnight, requests/s) between which an open source's rate is linear."""
        if self.shape == "constant":
            return [(0.0, self.peak)]
        if self.shape == "weekday":
            return [
                (hour * 3600.0, self.night + (self.peak - self.night) * level) for hour, level in enumerate(WEEKDAY)
            ]
        return sorted((float(t), float(r)) for t, r in self.shape)

    def grown(self, multiple: float) -> dict[str, Any]:
        """Changes (path below the source to value) that make its load ``multiple`` times as large."""
        changes: dict[str, Any] = {}
        if self.loop == "periodic":
            return changes
        if self.loop == "replay" and self.replay is not None:
            return {"replay.load_factor": self.replay.load_factor * multiple}
        if self.loop == "closed":
            changes["users"] = max(1, round(self.users * multiple))
        else:
            changes["peak"] = f"{self.peak * multiple!r} requests/s"
            changes["night"] = f"{self.night * multiple!r} requests/s"
            if not isinstance(self.shape, str):
                changes["shape"] = [[clock, f"{rate * multiple!r} requests/s"] for clock, rate in self.shape]
        if self.growth == "clients":
            for name, population in self.populations.items():
                changes[f"populations.{name}.clients"] = min(max(1, round(population.clients * multiple)), 10**7)
        return changes


class Traffic(Source):
    """The main source, and others beside it."""

    also: dict[str, Source] = given({}, "further sources by name", "default: none")

    @property
    def sources(self) -> dict[str, Source]:
        """Every source by name; the one that stands by itself is 'main'."""
        return {"main": self, **self.also}

    @property
    def everyone(self) -> dict[str, Population]:
        """Populations of all sources by name."""
        return {name: one for source in self.sources.values() for name, one in source.populations.items()}


def zipf_exponent(popularity: str) -> float:
    """``"zipf 0.8"`` -> 0.8, ``"uniform"`` -> 0."""
    match = re.fullmatch(r"zipf\s+(\d*\.?\d+)|uniform", popularity.strip())
    if not match:
        raise ValueError(f"{popularity!r} is not a popularity; write 'zipf 0.8' or 'uniform'")
    exponent = float(match[1]) if match[1] else 0.0
    if exponent > 4:
        raise ValueError(f"a zipf exponent of {exponent:g} is outside 0 to 4")
    return exponent
