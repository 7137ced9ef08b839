"""How a caller behaves, people and services that call others: when it gives up, whether and how soon it asks again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from novamodel.scenario.fields import ClientCount, Part, PositiveCount, PositiveSeconds, Seconds, Share, given, wrong

Retries = Annotated[int, Field(ge=0, le=100, strict=True)]
RetryOn = Literal["errors", "timeout", "rejected"]


class Breaker(Part):
    """A circuit breaker: after failures nothing is sent for a while, and the caller fails at once."""

    failures: PositiveCount | None = given(None, "failures in a row that open it", "default: by share")
    failure_share: Share | None = given(None, "share of failures in a window that opens it", "default: by failures")
    window_calls: Annotated[int, Field(ge=1, le=1024, strict=True)] = given(20, "calls of the window", "assumed")
    min_calls: PositiveCount = given(10, "calls in the window before its share counts", "assumed")
    open: PositiveSeconds = given("30 s", "how long it stays open", "assumed")
    probes: PositiveCount = given(1, "calls let through to try when that is over", "assumed")

    @model_validator(mode="after")
    def _one(self) -> Breaker:
        if (self.failures is None) == (self.failure_share is None):
            raise wrong("a breaker opens by failures or by failure_share: say one of them")
        if self.failure_share == 0:
            raise wrong("a share of 0 % opens it without a failure", "failure_share", valid="more than 0 %")
        if self.failure_share is not None and self.min_calls > self.window_calls:
            raise wrong(
                f"min_calls {self.min_calls} never come together in a window of {self.window_calls} calls",
                "min_calls",
                valid=f"at most {self.window_calls}",
            )
        return self


class Caller(Part):
    """Time-out, retries with back-off, a retry budget and a circuit breaker."""

    timeout: Seconds = given("10 s", "a caller gives up after this long; the work goes on without it", "assumed")
    retries: Retries = given(0, "further attempts after the first", "assumed: none")
    backoff: Literal["none", "fixed", "exponential"] = given("none", "wait before a retry", "assumed")
    base: Seconds = given("100 ms", "wait before the first retry", "assumed")
    cap: Seconds = given("20 s", "longest wait of the exponential back-off", "assumed")
    jitter: Literal["none", "full", "equal", "decorrelated"] = given("none", "how the wait is drawn", "assumed")
    retry_on: tuple[RetryOn, ...] = given(
        ("errors", "timeout"), "after which outcomes (errors: 5xx and lost connections; rejected: a limit)", "assumed"
    )
    budget: Share | None = given(None, "retries over first attempts, at most", "default: no budget")
    budget_reserve: ClientCount = given(10, "retries that the budget allows at once", "assumed")
    breaker: Breaker | None = given(None, "circuit breaker", "default: none")

    @model_validator(mode="after")
    def _order(self) -> Caller:
        if self.backoff == "exponential" and self.base > self.cap:
            raise wrong(f"base {self.base:g} s is above cap {self.cap:g} s, the longest wait", "base")
        return self

    @property
    def plain(self) -> bool:
        """Whether it asks once and no more."""
        return self.retries == 0 and self.breaker is None
