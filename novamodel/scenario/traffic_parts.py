"""Parts of a traffic source: bursts of arrivals, users' visits, recordings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from novamodel.scenario.fields import Count, Factor, Part, PositiveSeconds, Seconds, Share, given, needed, wrong

Dispersion = Annotated[float, Field(ge=1, le=1000)]


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
            raise wrong("bursts are said by on and off, or by dispersion: say one of them")
        if self.dispersion is not None and self.factor is not None:
            raise wrong("factor belongs to on and off", "factor")
        if self.dispersion is None and (self.on is None or self.off is None):
            raise wrong("on and off are needed both")
        if self.on is not None and self.off is not None and self.factor is not None:
            most = (self.on + self.off) / self.on
            if not 1 <= self.factor <= most:
                raise wrong(
                    f"factor must be between 1 and {most:g}, (on + off) / on, so that the mean rate holds", "factor"
                )
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
    routes: dict[str, str | None] = given(
        {}, "'GET /accounts/*' to a route, or to null: left out; the first that fits", "default: names as they are"
    )
    other: str | None = given(None, "route of what fits none", "default: an error")
    time_zone: str = given("UTC", "of times without one", "assumed")
    time_factor: Factor = given(1.0, "stretch in time: 2 = half as fast", "assumed")
    load_factor: Factor = given(1.0, "stretch in load: 2 = every client twice", "assumed")
    demand: str | None = given(
        None, "step that the recorded demand replaces: a statement, or cpu, thread, wait", "default: nothing"
    )
    folder: str = Field(
        default="",
        exclude=True,
        description="folder of the scenario's file; set when it is read",
        json_schema_extra={"source": "derived"},
    )
    digest: str = given("", "SHA-256 of the files; set when the scenario is read", "derived")
    requests: Count = given(0, "recorded requests; set when the scenario is read", "derived")
    length: Seconds = given("0 s", "time from the first to the last; set when the scenario is read", "derived")
