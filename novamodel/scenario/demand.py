"""The steps of a route, and what statements and keys cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from novamodel import units
from novamodel.scenario.callers import Caller
from novamodel.scenario.fields import (
    ClientCount,
    Count,
    FewCount,
    Part,
    Seconds,
    Share,
    given,
    needed,
    wrong,
)
from novamodel.scenario.laws import Burst, Delay, Demand
from novamodel.scenario.naming import MAIN
from novamodel.scenario.popularity import zipf_exponent

__all__ = ["MAIN", "Burst", "CacheStep", "Call", "Delay", "Demand", "Keyspace", "Statement", "Step", "walk_steps"]


class CacheStep(Part):
    """One cache command, or as many as ``count`` says, sent together."""

    op: Literal["get", "set", "delete"] = needed("the command")
    keyspace: str = needed("keyspace of the cache that the keys belong to")
    store: str = given(MAIN, "name of the cache", "default: the one that stands by itself")
    count: FewCount = given(1, "commands sent in one round trip", "assumed")
    on_miss: tuple[Step, ...] = given((), "steps taken only when a get misses", "assumed")

    @model_validator(mode="after")
    def _may_miss(self) -> CacheStep:
        if self.on_miss and self.op != "get":
            raise wrong(f"only a get misses, not a {self.op}", "on_miss", valid="op: get")
        return self


class Call(Part):
    """A call of another service's route, or of an external; a mapping, or just the name."""

    to: str = needed("'service.route', a route that only one service has, or the name of an external")
    caller: Caller = given({"timeout": "30 s"}, "time-out and retries of the call", "assumed")
    optional: bool = given(False, "whether the request goes on without the answer when the call has failed", "assumed")

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        """The name alone."""
        return {"to": text}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return cls.from_text(value) if isinstance(value, str) else value


STEPS = ("cpu", "thread", "cache", "sql", "wait", "call", "parallel", "publish", "then")


class Step(Part):
    """One step of a route: exactly one of cpu, thread, cache, sql, wait, call, parallel, publish, then."""

    cpu: Burst | None = given(None, "CPU burst on the main thread (event loop)", "none")
    thread: Burst | None = given(None, "CPU burst on a thread of the runtime's pool (libuv), such as bcrypt", "none")
    cache: CacheStep | None = given(None, "cache command", "none")
    sql: tuple[str | Step, ...] | None = given(
        None, "statements of one transaction on one connection; cpu steps may stand between", "none"
    )
    database: str | None = given(None, "name of the database of an sql step", "default: the one that stands by itself")
    wait: Delay | None = given(None, "delay that needs no resource of ours", "none")
    call: Call | None = given(None, "call of another service or an external; the request waits for the answer", "none")
    parallel: tuple[tuple[Step, ...], ...] | None = given(
        None, "lists of steps that go on side by side; the request goes on when all have ended", "none"
    )
    publish: str | None = given(None, "name of the queue that a message is put into", "none")
    then: tuple[Step, ...] | None = given(None, "steps in order; of use together with chance", "none")
    chance: Share | None = given(None, "the step is taken with this probability", "default: always")

    @model_validator(mode="after")
    def _one(self) -> Step:
        kinds = [name for name in STEPS if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a step is exactly one of {', '.join(STEPS)}; this one has {kinds or 'none'}")
        for inner in self.sql or ():
            if isinstance(inner, Step) and (inner.cpu is None or inner.chance is not None):
                raise wrong("only cpu steps and statement names may stand inside sql", "sql")
        if self.sql is not None and not any(isinstance(inner, str) for inner in self.sql):
            raise wrong("sql needs at least one statement name", "sql")
        if self.database is not None and self.sql is None:
            raise wrong("database belongs to an sql step", "database")
        if self.parallel is not None and (len(self.parallel) < 2 or not all(self.parallel)):
            raise wrong("parallel needs at least two lists of steps, none of them empty", "parallel")
        return self

    @property
    def inner_lists(self) -> list[tuple[tuple[str, ...], tuple[Step, ...]]]:
        """The lists of steps inside this one with their path below it, those of a miss and of all branches included."""
        found: list[tuple[tuple[str, ...], tuple[Step, ...]]] = [(("then",), self.then or ())]
        found += [(("parallel", str(number)), branch) for number, branch in enumerate(self.parallel or ())]
        return [*found, (("cache", "on_miss"), self.cache.on_miss if self.cache else ())]

    @property
    def inner(self) -> tuple[Step, ...]:
        """Steps inside this one, in order."""
        return tuple(step for _, steps in self.inner_lists for step in steps)

    @property
    def database_name(self) -> str:
        """Database of an sql step."""
        return self.database or MAIN


def walk_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step of a route, outer before inner."""
    for step in steps:
        yield step
        yield from walk_steps(step.inner)


def steps_with_paths(steps: tuple[Step, ...], *above: str) -> Iterator[tuple[tuple[str, ...], Step]]:
    """Every step of a route with its path, outer before inner."""
    for number, step in enumerate(steps):
        here = (*above, str(number))
        yield here, step
        for below, inner in step.inner_lists:
            yield from steps_with_paths(inner, *here, *below)


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
    key_size: Annotated[int, Field(ge=1, le=65_535, strict=True)] = given(18, "bytes of a key's name", "assumed")
    ttl: Seconds = given("60 s", "lifetime of an entry, counted from its insertion; 0 s = none", "assumed")
    start: Share | Literal["full", "empty"] | None = given(
        None,
        "share of the keys that are there when the run begins, each with a whole lifetime; "
        "read with run.start_state: given",
        "default: as in steady state",
    )
    hit_ratio: Share | None = given(
        None, "hit ratio, where it is known; else worked out from the fields above", "derived"
    )

    @field_validator("popularity")
    @classmethod
    def _law(cls, value: str) -> str:
        zipf_exponent(value)
        return value

    @property
    def value_bytes(self) -> float:
        """Bytes of one value."""
        return units.parse_bytes(self.value_size) if isinstance(self.value_size, str) else self.value_size

    @property
    def start_share(self) -> float | None:
        """Share of the keys that are there at the beginning; None: as in steady state."""
        return {"full": 1.0, "empty": 0.0}.get(self.start) if isinstance(self.start, str) else self.start

    @field_validator("value_size")
    @classmethod
    def _size(cls, value: str | float) -> str | float:
        if (units.parse_bytes(value) if isinstance(value, str) else value) <= 0:
            raise wrong("a value has more than 0 bytes", valid="such as 1 KiB")
        return value


CacheStep.model_rebuild()
Step.model_rebuild()
