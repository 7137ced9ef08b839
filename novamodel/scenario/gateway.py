"""An API gateway between the reverse proxy and the services."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from novamodel.scenario.fields import ClientCount, Part, PositiveSeconds, Rate, Seconds, given, needed

AWS = "documented: Amazon API Gateway's account limits (10,000 requests/s, bursts of 5,000)"
WINDOWS_S = (1.0, 60.0, 3600.0, 86400.0)
"""Kong's calendar windows that a run can meet: second, minute, hour, day."""


class Gateway(Part):
    """Kong's fixed windows or AWS's token bucket."""

    simplified = "a limit and a constant latency; no plugins, no authorizer, no CPU of its own"

    kind: Literal["kong", "aws"] = needed("kong: rate-limiting plugin, policy local, one node; aws: API Gateway")
    limit: ClientCount | None = given(None, "kong: requests let in by window", "default: needed for kong")
    window: PositiveSeconds = given("60 s", "kong: calendar window, 1 s, 60 s, 1 h or 24 h", "assumed")
    by: Literal["client", "service"] = given("client", "kong: what a counter is kept for", "assumed")
    rate: Rate = given("10000 requests/s", "aws: refill of the bucket that all callers share", AWS)
    burst: ClientCount = given(5000, "aws: depth of the bucket", AWS)
    api: Literal["http", "rest"] = given("http", "aws: which kind is billed", "assumed")
    latency: Seconds = given("0 s", "what the gateway adds to every request", "assumed: nothing")

    @model_validator(mode="after")
    def _whole(self) -> Gateway:
        own = {"kong": {"limit", "window", "by"}, "aws": {"rate", "burst", "api"}}
        foreign = self.model_fields_set & set().union(*(own[kind] for kind in own if kind != self.kind))
        if foreign:
            raise ValueError(f"{', '.join(sorted(foreign))} is not for kind {self.kind}, which takes: "
                             f"{', '.join(sorted(own[self.kind]))}, latency")  # fmt: skip
        if self.kind == "kong" and self.limit is None:
            raise ValueError("kind kong needs a limit, such as limit: 1000")
        if self.kind == "kong" and self.window not in WINDOWS_S:
            raise ValueError(f"a window of {self.window:g} s is none of Kong's: 1 s, 60 s, 1 h, 24 h")
        if self.kind == "aws" and self.rate <= 0:
            raise ValueError("rate must be above 0, such as 10000 requests/s")
        return self
