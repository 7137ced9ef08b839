"""Service demands: a time on a busy core and on an idle one, and the law of its scatter."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, model_validator

from novamodel import units
from novamodel.scenario.fields import CpuSeconds, Part, Share, given, needed, wrong

_SHORTHAND = re.compile(
    r"\s*([\d.]+\s*[^\W\d]\w*)"  # busy
    r"(?:\s+idle\s+([\d.]+\s*[^\W\d]\w*))?"
    r"(?:\s+(deterministic|constant|exponential|lognormal|gamma|uniform)(?:\s+([\d.]+))?)?\s*"
)
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


class Burst(Demand):
    """A demand of a step, which may be a ``curve`` of its core's utilisation: its means in place of busy and idle."""

    curve: tuple[tuple[Share, CpuSeconds], ...] = given(
        (),
        "[utilisation, mean demand] from a core that is idle to one that is busy, linear between; the utilisation is"
        " that of the last second: of the machine's cores, or of the event loop where each thread has a core to itself",
        "default: none",
    )

    @model_validator(mode="before")
    @classmethod
    def _ends(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not value.get("curve"):
            return value
        try:
            idle, busy = (float(units.parse_time(value["curve"][end][1])) for end in (0, -1))
        except (ValueError, TypeError, IndexError, KeyError):  # refused as what it is, by its own field
            idle = busy = 0.0
        return {"busy": f"{busy!r} s", "idle": f"{max(idle, busy)!r} s"} | value

    @model_validator(mode="after")
    def _rising(self) -> Burst:
        shares = [share for share, _ in self.curve]
        if len(shares) == 1 or any(after <= before for before, after in pairwise(shares)):
            raise wrong("a curve needs two or more points, in order of utilisation", "curve")
        if self.curve and self.law in ("mixture", "empirical"):
            raise wrong(f"a curve says means, and so does a {self.law} law", "curve", valid="another law")
        return self


Demand.model_rebuild()
Burst.model_rebuild()
DEMANDS = (Demand, Burst)
"""The parts that a demand may be."""
