"""A metric of an HPA beyond the CPU and memory targets: its kind, its target, and what of the run it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from novamodel import units
from novamodel.scenario.demand import MAIN
from novamodel.scenario.fields import ClockTime, Part, Period, PositiveSeconds, Utilisation, given, needed, wrong

Reads = Literal[
    "cpu",
    "memory",
    "requests",
    "in flight",
    "pool waits",
    "event loop queue",
    "queue depth",
    "queue messages",
    "queue age",
    "series",
]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
OF_PODS: tuple[Reads, ...] = ("requests", "in flight", "pool waits", "event loop queue")
"""What each pod shows by itself."""
OF_QUEUES: tuple[Reads, ...] = ("queue depth", "queue messages", "queue age")
PROMETHEUS = "documented: usual for rate() over the default scrape interval"

if TYPE_CHECKING:
    Amount: TypeAlias = float
else:
    _SCHEMA = {"anyOf": [{"type": "string", "examples": ["500m"]}, {"type": "number"}], "x-unit": "of the metric"}
    Amount = Annotated[float, BeforeValidator(units.parse_amount), Field(ge=0, le=1e15), WithJsonSchema(_SCHEMA)]


class ScalingMetric(Part):
    """One entry of an HPA's ``metrics`` (autoscaling/v2); a trigger of KEDA is an External one."""

    type: Literal["Resource", "ContainerResource", "Pods", "Object", "External"] = needed("the API's kind of metric")
    reads: Reads = needed(
        "cpu, memory; of each pod: requests (a second), in flight, pool waits (callers), event loop queue (tasks); of"
        " queues: queue depth (visible messages), queue messages (those in flight too), queue age (s); or series"
    )
    utilization_target: Utilisation | None = given(None, "Utilization: share of the request", "default: not used")
    average_target: Amount | None = given(
        None, "AverageValue: amount a pod, as a Kubernetes quantity (requests/s, count, s, cores, bytes)",
        "default: not used",
    )  # fmt: skip
    value_target: Amount | None = given(None, "Value: amount of the whole", "default: not used")
    container: str | None = given(None, "ContainerResource: name of the container", "default: none")
    database: str = given(MAIN, "pool waits: of the pool to which database", "default: the one that stands by itself")
    queue: str | None = given(None, "queue depth, messages and age: of which queue", "default: those it takes from")
    series: tuple[tuple[ClockTime, Amount | None], ...] = given(
        (), "series: (time of day, value from then on; null: no answer), in order of time", "default: none"
    )
    days: tuple[Weekday, ...] = given((), "series: days on which it holds; it shows 0 on others", "default: every day")
    period: Period = given("15 s", "time between two scrapes of what pods show", "documented: Prometheus Operator")
    window: PositiveSeconds = given("1 min", "span that requests a second are averaged over", PROMETHEUS)
    activation: Amount = given(0, "KEDA: a trigger is active above this", "documented: KEDA")

    @property
    def target(self) -> float:
        """The one target that is said."""
        said = (self.utilization_target, self.average_target, self.value_target)
        return next(one for one in said if one is not None)

    @model_validator(mode="after")
    def _fits(self) -> ScalingMetric:
        of_resource = self.type in ("Resource", "ContainerResource")
        targets = {
            "utilization_target": of_resource,
            "average_target": True,
            "value_target": self.type in ("Object", "External"),
        }
        valid = [name for name, allowed in targets.items() if allowed]
        said = [name for name in targets if getattr(self, name) is not None]
        if len(said) != 1 or said[0] not in valid:
            raise wrong(f"a metric of type {self.type} needs one target", valid=" or ".join(valid))
        if self.target <= 0:
            raise wrong("a target is above 0", said[0])
        if of_resource != (self.reads in ("cpu", "memory")):
            raise wrong(f"a metric of type {self.type} cannot read {self.reads}", "reads",
                        valid="cpu, memory" if of_resource else "anything but cpu and memory")  # fmt: skip
        if self.type == "Pods" and self.reads in OF_QUEUES:
            raise wrong(f"no pod shows {self.reads}", "reads", valid="type: External or Object")
        if (self.type == "ContainerResource") != (self.container is not None):
            raise wrong("container is said for type: ContainerResource, and only there", "container")
        if (self.reads == "series") != bool(self.series):
            raise wrong("series is said for reads: series, and only there", "series")
        if self.days and not self.series:
            raise wrong("days are of a series", "days", valid="reads: series")
        times = [time for time, _ in self.series]
        if times != sorted(times):
            raise wrong("its times are not in order", "series")
        return self
