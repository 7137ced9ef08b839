"""What a request may meet beside services, databases and caches: externals and queues."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from novamodel.scenario.demand import Delay
from novamodel.scenario.fields import (
    ClientCount,
    FewCount,
    Part,
    PositiveCount,
    PositiveSeconds,
    Rate,
    Seconds,
    Share,
    given,
    needed,
    wrong,
)

SQS = "documented: Amazon SQS"


class External(Part):
    """A dependency that is somebody else's: how long it takes, how much it takes at once, how often it fails."""

    latency: Delay = needed("time from the call to the answer, such as '80 ms lognormal 0.5'")
    concurrency: ClientCount | None = given(None, "calls it works on at once", "default: any number")
    rate: Rate | None = given(None, "calls a second that it admits", "default: any number")
    burst: PositiveCount = given(1, "calls over the rate that it admits at once", "assumed")
    over_limit: Literal["reject", "wait"] = given(
        "reject", "what it does with calls over its concurrency: refuse them, or let them wait in line", "assumed"
    )
    failures: Share = given(0.0, "share of calls that fail after their latency", "assumed: none")

    @model_validator(mode="after")
    def _some(self) -> External:
        if self.rate == 0:
            raise wrong("rate must be above 0, such as 100 requests/s", "rate")
        if self.rate is None and "burst" in self.model_fields_set:
            raise wrong("burst changes nothing without a rate", "burst", valid="rate, such as 100 requests/s")
        if self.concurrency is None and "over_limit" in self.model_fields_set:
            raise wrong("over_limit changes nothing without a concurrency", "over_limit", valid="concurrency")
        return self


class Queue(Part):
    """A message queue: each message is delivered at least once."""

    latency: Seconds = given("10 ms", "time of one publish, for who publishes", "assumed")
    delay: Seconds = given("0 s", "until a message can be received", SQS + ": none")
    visibility_timeout: PositiveSeconds = given(
        "30 s", "a message that is not acknowledged within this is delivered again", SQS
    )
    most_receives: Annotated[int, Field(ge=1, le=1000, strict=True)] = given(
        5, "deliveries after which a message goes to the dead letters", "assumed"
    )


class Consumer(Part):
    """How a service takes messages from a queue."""

    queue: str = needed("name of the queue")
    route: str = needed("route of this service that a message takes")
    concurrency: FewCount = given(1, "messages, or batches, that a replica works on at once", "assumed")
    batch: Annotated[int, Field(ge=1, le=10, strict=True)] = given(
        1, "messages taken at once; a replica works through them one after the other", "assumed"
    )
