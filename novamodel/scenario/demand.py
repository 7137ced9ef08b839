"""Service demands and the steps of a route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, model_validator

from novamodel import units
from novamodel.scenario.callers import Caller
from novamodel.scenario.fields import ClientCount, Count, CpuSeconds, FewCount, Part, Seconds, Share, given, needed

_SHORTHAND = re.compile(
    r"\s*([\d.]+\s*\w+)"  # busy
    r"(?:\s+idle\s+([\d.]+\s*\w+))?"
    r"(?:\s+(deterministic|constant|exponential|lognormal|gamma|uniform)(?:\s+([\d.]+))?)?\s*"
)
LAWS = ("deterministic", "exponential", "lognormal", "gamma", "uniform", "mixture", "empirical")
PARAMETER = {"lognormal": "sigma", "gamma": "form", "uniform": "width"}
"""The parameter of a law, by its name."""
EXAMPLE = {"lognormal": "lognormal 0.5", "gamma": "gamma 2", "uniform": "uniform 0.3"}


class Demand(Part):
    """CPU time one visit needs on the reference core, or a delay; a mapping or ``"139 us lognormal 0.5"``.

    ``idle`` is the demand of a burst that finds its core idle (wake-up, cold caches), ``busy`` of one that queues.
    The law gives the scatter around the mean: a mixture is a list of [share, demand], an empirical law a list of
    samples (or ``file``: a text file with one a line, which becomes that list when the scenario is read); both give
    the mean themselves.
    """

    busy: CpuSeconds = needed("mean demand of a burst that starts on a busy core")
    idle: CpuSeconds = given(
        "0 s", "mean demand of a burst that starts on an idle core; never below busy", "default: same as busy"
    )
    law: Literal["deterministic", "exponential", "lognormal", "gamma", "uniform", "mixture", "empirical"] = given(
        "deterministic", "law of the demand around its mean", "assumed"
    )
    sigma: float = given(0.0, "sigma of the lognormal law (of the logarithm)", "assumed")
    form: float = given(0.0, "shape of the gamma law (1 / squared coefficient of variation)", "assumed")
    width: float = given(0.0, "half width of the uniform law over its mean, 0 to 1", "assumed")
    mixture: tuple[tuple[Share, Demand], ...] = given((), "[share, demand] of each part", "default: none")
    samples: tuple[CpuSeconds, ...] = given((), "samples of the empirical law", "default: none")

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return _with_mean(value)
        if not isinstance(value, str):
            return value
        match = _SHORTHAND.fullmatch(value)
        if not match:
            raise ValueError(f"{value!r} is not a demand; write it like '139 us idle 305 us lognormal 0.5'")
        busy, idle, law, number = match.groups()
        found = {"busy": busy} | ({"idle": idle} if idle else {})
        if law in (None, "constant", "deterministic"):
            law = "deterministic" if law else None
        if law:
            found["law"] = law
        if number:
            if law not in PARAMETER:
                raise ValueError(f"{value!r}: {law or 'a constant'} takes no parameter")
            found[PARAMETER[law]] = float(number)
        return found

    @model_validator(mode="after")
    def _consistent(self) -> Demand:
        own = PARAMETER.get(self.law)
        for law, name in PARAMETER.items():
            if name != own and getattr(self, name):
                raise ValueError(f"{name} belongs to the {law} law, not to {self.law}")
        if self.law == "lognormal" and not 0 < self.sigma <= 3:
            raise ValueError("a lognormal demand needs sigma between 0 and 3, like 'lognormal 0.5'")
        if self.law == "gamma" and not 0.05 <= self.form <= 100:
            raise ValueError("a gamma demand needs a form between 0.05 and 100, like 'gamma 2'")
        if self.law == "uniform" and not 0 < self.width <= 1:
            raise ValueError("a uniform demand needs a width between 0 and 1, like 'uniform 0.3'")
        if (self.law == "mixture") != bool(self.mixture):
            raise ValueError("a mixture needs a list of [share, demand], and only a mixture has one")
        if (self.law == "empirical") != bool(self.samples):
            raise ValueError("an empirical demand needs samples (a list, or a file with numbers), and only it has some")
        if self.mixture and abs(sum(share for share, _ in self.mixture) - 1.0) > 1e-9:
            raise ValueError("the shares of a mixture do not add up to 100 %")
        if any(part.idle > part.busy for _, part in self.mixture):
            raise ValueError("the parts of a mixture have no idle of their own: say idle of the whole")
        if self.idle < self.busy:
            object.__setattr__(self, "idle", self.busy)
        return self


def _with_mean(value: dict[str, Any]) -> dict[str, Any]:
    """A mapping with the mean and the law that its mixture or samples say themselves."""
    if isinstance(value.get("samples"), (list, tuple)) and value["samples"]:
        times = [units.parse_time(one) for one in value["samples"]]
        return {"law": "empirical", "busy": f"{sum(times) / len(times)!r} s"} | value
    if isinstance(value.get("mixture"), (list, tuple)) and value["mixture"]:
        parts = [(units.parse_fraction(share), Demand.model_validate(part)) for share, part in value["mixture"]]
        return {"law": "mixture", "busy": f"{sum(share * part.busy for share, part in parts)!r} s"} | value
    return value


def _no_idle(demand: Demand) -> Demand:
    if demand.idle > demand.busy:
        raise ValueError("idle would change nothing here: no core is waited for")
    return demand


Delay = Annotated[Demand, AfterValidator(_no_idle)]
"""A demand that does not ask whether a core is idle."""


MAIN = "main"
"""Name of the database, cache, edge and traffic source that stand by themselves (``database:``, ``cache:``, ...)."""


class CacheStep(Part):
    """One cache command, or as many as ``count`` says, sent together."""

    op: Literal["get", "set", "delete"] = needed("the command")
    keyspace: str = needed("keyspace of the cache that the keys belong to")
    store: str = given(MAIN, "name of the cache", "default: the one that stands by itself")
    count: FewCount = given(1, "commands sent in one round trip", "assumed")
    on_miss: tuple[Step, ...] = given((), "steps taken only when a get misses", "assumed")


class Call(Part):
    """A call of another service's route, or of an external; a mapping, or just the name."""

    to: str = needed("'service.route', a route that only one service has, or the name of an external")
    caller: Caller = given({"timeout": "30 s"}, "time-out and retries of the call", "assumed")
    optional: bool = given(False, "whether the request goes on without the answer when the call has failed", "assumed")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value


STEPS = ("cpu", "thread", "cache", "sql", "wait", "call", "parallel", "publish", "then")


class Step(Part):
    """One step of a route: exactly one of cpu, thread, cache, sql, wait, call, parallel, publish, then."""

    cpu: Demand | None = given(None, "CPU burst on the main thread (event loop)", "none")
    thread: Demand | None = given(None, "CPU burst on a thread of the runtime's pool (libuv), such as bcrypt", "none")
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
                raise ValueError("only cpu steps and statement names may stand inside sql")
        if self.sql is not None and not any(isinstance(inner, str) for inner in self.sql):
            raise ValueError("sql needs at least one statement name")
        if self.database is not None and self.sql is None:
            raise ValueError("database belongs to an sql step")
        if self.parallel is not None and (len(self.parallel) < 2 or not all(self.parallel)):
            raise ValueError("parallel needs at least two lists of steps, none of them empty")
        return self

    @property
    def inner(self) -> tuple[Step, ...]:
        """Steps inside this one, in order, those of a miss and of all branches included."""
        found = [*(self.then or ()), *(step for branch in self.parallel or () for step in branch)]
        return (*found, *(self.cache.on_miss if self.cache else ()))

    @property
    def database_name(self) -> str:
        """Database of an sql step."""
        return self.database or MAIN


def walk_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step of a route, outer before inner."""
    for step in steps:
        yield step
        yield from walk_steps(step.inner)


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


Demand.model_rebuild()
CacheStep.model_rebuild()
Step.model_rebuild()
