"""Who asks, how often, and for what."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from novamodel.scenario.callers import Caller
from novamodel.scenario.demand import Delay
from novamodel.scenario.fields import (
    ClientCount,
    ClockTime,
    Part,
    Period,
    Rate,
    Seconds,
    Share,
    given,
    needed,
    wrong,
)
from novamodel.scenario.naming import MAIN
from novamodel.scenario.popularity import zipf_exponent
from novamodel.scenario.traffic_parts import Bursts, Replay, Session

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


__all__ = ["OWN_FIELDS", "WEEKDAY", "Bursts", "Population", "Replay", "Session", "Source", "Traffic", "zipf_exponent"]

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
    think: Delay = given("5 s exponential", "closed: pause between an answer and the next request", "assumed")
    sessions: dict[str, Session] = given({}, "closed: visits as sequences of routes", "default: routes by the mix")
    replay: Replay | None = given(None, "replay: where the recorded traffic is", "default: needed for replay")
    every: Period = given("60 s", "periodic: time between two jobs", "assumed")
    first: Seconds = given("0 s", "periodic: time of the first after the start of the day's period", "assumed")
    mix: dict[str, Share] = given(
        {},
        "share of each route, together 100 %",
        "needed; left out beside sessions, and for replay, whose files say it",
    )
    populations: Annotated[dict[str, Population], Field(min_length=1)] = given(
        {"customers": {"share": "100 %", "clients": 10000, "popularity": "zipf 0.5"}}, "who asks", "assumed"
    )
    caller: Caller = given({}, "how a caller behaves", "assumed")
    growth: Literal["clients", "busier"] = given(
        "clients", "what a larger load means: more clients, or the same ones asking more", "assumed"
    )

    @model_validator(mode="after")
    def _whole(self) -> Source:
        for kind, fields in OWN_FIELDS.items():
            foreign = [name for name in fields if name in self.model_fields_set]
            if foreign and kind != self.loop:
                raise wrong(f"{foreign[0]} is for loop: {kind}; this source is {self.loop}", foreign[0],
                            valid=f"loop: {kind}, or a source with {', '.join(OWN_FIELDS[self.loop])}")  # fmt: skip
        if self.shape == ():
            raise wrong("'shape' is empty", "shape", valid="weekday, constant, or at least one [time, rate]")
        if self.loop == "replay" and self.replay is None:
            raise wrong("loop: replay needs replay, with the files", valid="replay: {files: [access.log]}")
        if self.sessions and self.mix:
            raise wrong("sessions say which routes are asked for; a mix beside them says it again", "mix",
                        valid="one of the two")  # fmt: skip
        if not self.mix and self.loop != "replay" and not self.sessions:
            raise wrong("'mix' is empty" if "mix" in self.model_fields_set else "'mix' is needed and nothing says it",
                        "mix", valid="at least one entry: share of each route")  # fmt: skip
        for name in ("populations", "mix", "sessions"):
            shares = [getattr(one, "share", one) for one in getattr(self, name).values()]
            if shares and abs(sum(shares) - 1) > 1e-9:
                raise wrong(f"the shares of {name} add up to {sum(shares) * 100:.4g} %, not 100 %", name)
        if self.loop == "open" and self.shape == "weekday" and self.night > self.peak:
            raise wrong(
                f"night rate {self.night:g}/s is above the peak rate {self.peak:g}/s",
                "night" if "night" in self.model_fields_set else "peak",
                valid="both set (night at most the peak), or shape: constant",
            )
        return self

    @property
    def routes(self) -> tuple[str, ...]:
        """Routes that it asks for; of a replay those that its files hold."""
        if self.sessions:
            return tuple(dict.fromkeys(route for one in self.sessions.values() for route in one.routes))
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

    also: dict[str, Source] = given(
        {}, "further sources by name; one without populations is one population of its own name", "default: none"
    )

    @model_validator(mode="before")
    @classmethod
    def _own_populations(cls, value: Any) -> Any:
        further = value.get("also") if isinstance(value, dict) else None
        if not isinstance(further, dict):
            return value
        return value | {"also": {name: _named(name, source) for name, source in further.items()}}

    @model_validator(mode="after")
    def _told_apart(self) -> Traffic:
        if MAIN in self.also:
            raise wrong(
                f"{MAIN!r} is the source that stands by itself, under traffic", "also", MAIN, valid="another name"
            )
        owner: dict[str, str] = {}
        for source, one in self.sources.items():
            for name in one.populations:
                if name in owner:
                    raise wrong(
                        f"population {name!r} belongs to source {owner[name]} too; results tell populations by name",
                        *("also", source, "populations", name),
                        valid="a name of its own",
                    )
                owner[name] = source
        return self

    @property
    def sources(self) -> dict[str, Source]:
        """Every source by name; the one that stands by itself is 'main'."""
        return {MAIN: self, **self.also}

    @property
    def everyone(self) -> dict[str, Population]:
        """Populations of all sources by name."""
        return {name: one for source in self.sources.values() for name, one in source.populations.items()}


def _named(name: str, source: Any) -> Any:
    """A further source; where it says no populations it is one of its own name."""
    if not isinstance(source, dict) or "populations" in source:
        return source
    return source | {"populations": own_population(name)}


def own_population(name: str) -> dict[str, Any]:
    """The population of a further source that says none: one of the source's own name, like the default one."""
    (default,) = Source.model_fields["populations"].default.values()
    return {name: dict(default)}
