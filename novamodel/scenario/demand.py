"""Service demands and the steps of a route."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import model_validator

from novamodel.scenario.fields import ClientCount, Count, CpuSeconds, FewCount, Part, Seconds, Share, given, needed

_SHORTHAND = re.compile(
    r"\s*([\d.]+\s*\w+)"  # busy
    r"(?:\s+idle\s+([\d.]+\s*\w+))?"
    r"(?:\s+(deterministic|exponential|lognormal)(?:\s+([\d.]+))?)?\s*"
)


class Demand(Part):
    """CPU time one visit needs on the reference core, or a delay; a mapping or ``"139 us lognormal 0.5"``.

    ``idle`` is the demand of a burst that finds its core idle (wake-up, cold caches), ``busy`` of one that queues.
    """

    busy: CpuSeconds = needed("mean demand of a burst that starts on a busy core")
    idle: CpuSeconds = given(
        "0 s", "mean demand of a burst that starts on an idle core; never below busy", "default: same as busy"
    )
    law: Literal["deterministic", "exponential", "lognormal"] = given(
        "deterministic", "law of the demand around its mean", "assumed"
    )
    sigma: float = given(0.0, "sigma of the lognormal law (of the logarithm)", "assumed")

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _SHORTHAND.fullmatch(value)
        if not match:
            raise ValueError(f"{value!r} is not a demand; write it like '139 us idle 305 us lognormal 0.5'")
        busy, idle, law, sigma = match.groups()
        return (
            {"busy": busy}
            | ({"idle": idle} if idle else {})
            | ({"law": law} if law else {})
            | ({"sigma": float(sigma)} if sigma else {})
        )

    @model_validator(mode="after")
    def _consistent(self) -> Demand:
        if self.law == "lognormal" and not 0 < self.sigma <= 3:
            raise ValueError("a lognormal demand needs sigma between 0 and 3, like 'lognormal 0.5'")
        if self.law != "lognormal" and self.sigma:
            raise ValueError(f"sigma belongs to the lognormal law, not to {self.law}")
        if self.idle < self.busy:
            object.__setattr__(self, "idle", self.busy)
        return self


class CacheStep(Part):
    """One cache command, or as many as ``count`` says, sent together."""

    op: Literal["get", "set", "delete"] = needed("the command")
    keyspace: str = needed("keyspace of the cache that the keys belong to")
    count: FewCount = given(1, "commands sent in one round trip", "assumed")
    on_miss: tuple[Step, ...] = given((), "steps taken only when a get misses", "assumed")


class Step(Part):
    """One step of a route: exactly one of ``cpu``, ``thread``, ``cache``, ``sql``, ``wait``."""

    cpu: Demand | None = given(None, "CPU burst on the main thread (event loop)", "none")
    thread: Demand | None = given(None, "CPU burst on a thread of the runtime's pool (libuv), such as bcrypt", "none")
    cache: CacheStep | None = given(None, "cache command", "none")
    sql: tuple[str | Step, ...] | None = given(
        None, "statements of one transaction on one connection; cpu steps may stand between", "none"
    )
    wait: Demand | None = given(None, "delay that needs no resource of ours (an outside call)", "none")

    @model_validator(mode="after")
    def _one(self) -> Step:
        kinds = [name for name in ("cpu", "thread", "cache", "sql", "wait") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a step is exactly one of cpu, thread, cache, sql, wait; this one has {kinds or 'none'}")
        for inner in self.sql or ():
            if isinstance(inner, Step) and inner.cpu is None:
                raise ValueError("only cpu steps and statement names may stand inside sql")
        if self.sql is not None and not any(isinstance(inner, str) for inner in self.sql):
            raise ValueError("sql needs at least one statement name")
        return self


class Statement(Part):
    """What one SQL statement costs the database."""

    cpu: Demand = needed("CPU of the database server")
    reads: Count = given(0, "storage reads that miss the buffer cache", "assumed: data fits in memory")
    writes: Count = given(0, "storage writes that the statement waits for (a commit waits for one)", "assumed")


class Keyspace(Part):
    """Keys of one kind in the cache."""

    keys: ClientCount = needed("different keys")
    popularity: str = given("zipf 0.9", "how often each key is asked for: 'zipf S' or 'uniform'", "assumed")
    value_size: str | float = given("1 KiB", "bytes of one value", "assumed")
    ttl: Seconds = given("60 s", "lifetime of an entry, counted from its insertion; 0 s = none", "assumed")
    hit_ratio: Share | None = given(
        None, "hit ratio, where it is known; else worked out from the fields above", "derived"
    )


CacheStep.model_rebuild()
Step.model_rebuild()
