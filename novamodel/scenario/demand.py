"""Service demands and the steps of a route."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, model_validator

from novamodel import units
from novamodel.scenario.callers import Caller
from novamodel.scenario.fields import (
    ClientCount,
    Count,
    CpuSeconds,
    FewCount,
    Part,
    Seconds,
    Share,
    given,
    needed,
    wrong,
)
from novamodel.scenario.naming import MAIN

_SHORTHAND = re.compile(
    r"\s*([\d.]+\s*\w+)"  # busy
    r"(?:\s+idle\s+([\d.]+\s*\w+))?"
    r"(?:\s+(deterministic|constant|exponential|lognormal|gamma|uniform)(?:\s+([\d.]+))?)?\s*"
)
__all__ = ["MAIN", "CacheStep", "Call", "Delay", "Demand", "Keyspace", "Statement", "Step", "walk_steps"]
PARAMETER = {"lognormal": "sigma", "gamma": "form", "uniform": "width"}
"""The parameter of a law, by its name."""
EXAMPLE = {"lognormal": "lognormal 0.5", "gamma": "gamma 2", "uniform": "uniform 0.3"}
BOUNDS = {"sigma": (1e-6, 3.0), "form": (0.05, 100.0), "width": (1e-6, 1.0)}


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

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        """``"139 us idle 305 us lognormal 0.5"`` as a mapping."""
        match = _SHORTHAND.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is not a demand; write it like '139 us idle 305 us lognormal 0.5'")
        busy, idle, law, number = match.groups()
        found: dict[str, Any] = {"busy": busy} | ({"idle": idle} if idle else {})
        if law:
            found["law"] = "deterministic" if law == "constant" else law
        if number:
            if law not in PARAMETER:
                raise ValueError(f"{text!r}: {law or 'a constant'} takes no parameter")
            found[PARAMETER[law]] = float(number)
        return found

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return _with_mean(value)
        return cls.from_text(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Demand:
        own = PARAMETER.get(self.law)
        for law, name in PARAMETER.items():
            if name != own and getattr(self, name):
                raise wrong(f"{name} belongs to the {law} law, not to {self.law}", name)
        if own is not None:
            low, high = BOUNDS[own]
            if not low <= getattr(self, own) <= high:
                raise wrong(f"a {self.law} demand needs {own} between {low:g} and {high:g}, like '{EXAMPLE[self.law]}'")
        _check_parts(self)
        if self.idle < self.busy:
            object.__setattr__(self, "idle", self.busy)
        return self


def _with_mean(value: dict[str, Any]) -> dict[str, Any]:
    """A mapping with the law and the mean that its mixture or samples say themselves."""
    if "file" in value:
        raise ValueError("a file of samples is read beside a scenario file only; say samples, a list")
    try:
        if value.get("samples"):
            return {"law": "empirical", "busy": f"{_mean_of_samples(value['samples'])!r} s"} | value
        if value.get("mixture"):
            return {"law": "mixture", "busy": f"{_mean_of_mixture(value['mixture'])!r} s"} | value
    except (ValueError, TypeError):  # a wrong part is refused as what it is, by its own field
        kind = "samples" if value.get("samples") else "mixture"
        return {"law": "empirical" if kind == "samples" else kind, "busy": "0 s"} | value
    return value


def _mean_of_samples(samples: Sequence[Any]) -> float:
    times = [units.parse_time(one) for one in samples]
    return math.fsum(times) / len(times)


def _mean_of_mixture(mixture: Sequence[Any]) -> float:
    return math.fsum(units.parse_fraction(share) * Demand.model_validate(part).busy for share, part in mixture)


def _check_parts(demand: Demand) -> None:
    """A mixture's shares and an empirical law's samples; both give the mean."""
    if (demand.law == "mixture") != bool(demand.mixture):
        raise wrong("a mixture needs a list of [share, demand], and only a mixture has one", "mixture")
    if (demand.law == "empirical") != bool(demand.samples):
        raise wrong(
            "an empirical demand needs samples (a list, or a file with numbers), and only it has some", "samples"
        )
    if demand.mixture:
        total = math.fsum(share for share, _ in demand.mixture)
        if abs(total - 1.0) > 1e-9:
            raise wrong(f"the shares of the mixture add up to {total * 100:.4g} %, not 100 %", "mixture")
        for number, (_, part) in enumerate(demand.mixture):
            if part.idle > part.busy:
                raise wrong("a part of a mixture has no idle of its own; say idle of the whole", "mixture", str(number))
            if part.mixture:
                raise wrong("a mixture within a mixture; write its parts side by side", "mixture", str(number))
        mean = math.fsum(share * part.busy for share, part in demand.mixture)
    elif demand.samples:
        mean = math.fsum(demand.samples) / len(demand.samples)
    else:
        return
    if abs(demand.busy - mean) > 1e-9 * max(mean, 1e-12):
        kind = "mixture" if demand.mixture else "samples"
        raise wrong(f"busy is {demand.busy:g} s, the mean of the {kind} is {mean:g} s; leave busy out", "busy")


def _no_idle(demand: Demand) -> Demand:
    if demand.idle > demand.busy:
        raise wrong("idle would change nothing here: no core is found idle", "idle", valid="the demand without idle")
    return demand


Delay = Annotated[Demand, AfterValidator(_no_idle)]
"""A demand that is the same on an idle core, or asks for none."""


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

    cpu: Demand | None = given(None, "CPU burst on the main thread (event loop)", "none")
    thread: Delay | None = given(None, "CPU burst on a thread of the runtime's pool (libuv), such as bcrypt", "none")
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
    ttl: Seconds = given("60 s", "lifetime of an entry, counted from its insertion; 0 s = none", "assumed")
    hit_ratio: Share | None = given(
        None, "hit ratio, where it is known; else worked out from the fields above", "derived"
    )


Demand.model_rebuild()
CacheStep.model_rebuild()
Step.model_rebuild()
