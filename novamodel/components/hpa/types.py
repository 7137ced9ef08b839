"""What the Horizontal Pod Autoscaler sees, remembers and decides: plain immutable data.

All times are absolute seconds on one clock of the caller's choice; a recorded case that gives ages is
the same thing with `now = 0` and `time = -age`. A moment that never came is `None` or minus infinity.
Amounts (CPU, memory, custom metrics) are integers in any one unit per metric, because the controller
computes with integers: use `as_amount` to round a simulated figure the way a Kubernetes quantity does.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from novamodel.components.hpa.behavior import Behavior
from novamodel.errors import UserError

MAX_INT32 = 2**31 - 1
MAX_INT64 = 2**63 - 1

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]


class NoAnswer(Exception):
    """This metric gives no count in this pass; the text says why, in the controller's words."""


class PodState(NamedTuple):
    """One pod that the workload's selector matches, of whichever ReplicaSet.

    `ready` is the Ready condition, `None` where the pod has none yet; `ready_changed_s` is when it last
    changed; `start_s` is the pod's start time, `None` before the kubelet has acknowledged it.
    """

    name: str
    phase: Phase = "Running"
    ready: bool | None = True
    start_s: float | None = -math.inf
    ready_changed_s: float = -math.inf
    terminating: bool = False


class Sample(NamedTuple):
    """A pod's metric sample: the value, when it was taken, and the span that it averages over."""

    value: int
    time_s: float = -math.inf
    window_s: float = 0.0


class Reading(NamedTuple):
    """What one metric shows in this pass.

    Resource and Pods metrics use `samples` by pod name (a pod without one is missing; samples of pods
    that no longer exist may be there) and, for a utilisation target, `requests` by pod name (`None`: no
    request). Object and External metrics use `values`. `error` says why it could not be had at all.
    """

    samples: Mapping[str, Sample] = {}
    requests: Mapping[str, int | None] = {}
    values: Sequence[int] = ()
    error: str | None = None


@dataclass(frozen=True)
class ResourceMetric:
    """CPU or memory of the pods, or of one named container of theirs (ContainerResource).

    Exactly one of `target_utilization` (percent of the request) and `target_average` (amount a pod).
    """

    resource: str = "cpu"
    target_utilization: int | None = None
    target_average: int | None = None
    container: str | None = None

    def __post_init__(self) -> None:
        if (self.target_utilization is None) == (self.target_average is None):
            raise UserError(
                f"the {self.resource} metric needs one target",
                valid="either target_utilization or target_average",
            )
        _require_positive(self.name, self.target_utilization or self.target_average)

    @property
    def name(self) -> str:
        """Name for figures and messages."""
        return f"{self.resource} of {self.container}" if self.container else self.resource


@dataclass(frozen=True)
class PodsMetric:
    """A custom metric that every pod reports, against an average a pod."""

    name: str
    target_average: int

    def __post_init__(self) -> None:
        _require_positive(self.name, self.target_average)


@dataclass(frozen=True)
class ObjectMetric:
    """A metric of one other object; `per_pod` is target type AverageValue, else Value."""

    name: str
    target: int
    per_pod: bool = False

    def __post_init__(self) -> None:
        _require_positive(self.name, self.target)


@dataclass(frozen=True)
class ExternalMetric:
    """The sum of an external metric's series; `per_pod` is target type AverageValue, else Value."""

    name: str
    target: int
    per_pod: bool = False

    def __post_init__(self) -> None:
        _require_positive(self.name, self.target)


Metric = ResourceMetric | PodsMetric | ObjectMetric | ExternalMetric


@dataclass(frozen=True)
class ControllerSettings:
    """The controller manager's flags, with its defaults, and the minor version of Kubernetes 1.x.

    From 1.33 on the tolerance has two sides, `1 - down <= ratio <= 1 + up`; before it was one figure
    and `|1 - ratio| <= tolerance` in floating point, which differs at exactly 1.1.
    Source: kubernetes/kubernetes pkg/controller/podautoscaler/config/v1alpha1/defaults.go and
    replica_calculator.go.
    """

    kubernetes_minor: int = 33
    tolerance_up: float = 0.1
    tolerance_down: float = 0.1
    cpu_initialization_period_s: float = 300.0
    initial_readiness_delay_s: float = 30.0
    downscale_stabilization_s: float = 300.0
    sync_period_s: float = 15.0

    def __post_init__(self) -> None:
        if not (self.tolerance_up >= 0 and self.tolerance_down >= 0):
            raise UserError("a tolerance of the autoscaler is negative", valid="0 or more")
        if self.kubernetes_minor < 33 and self.tolerance_up != self.tolerance_down:
            raise UserError(
                f"Kubernetes 1.{self.kubernetes_minor} has one tolerance for both directions",
                valid="equal tolerance_up and tolerance_down, or kubernetes_minor 33 or later",
            )


@dataclass(frozen=True)
class HpaSpec:
    """One HorizontalPodAutoscaler. `behavior` None is another code path than an empty `Behavior()`."""

    min_replicas: int
    max_replicas: int
    metrics: tuple[Metric, ...]
    behavior: Behavior | None = None
    settings: ControllerSettings = field(default_factory=ControllerSettings)

    def __post_init__(self) -> None:
        if not 0 <= self.min_replicas <= self.max_replicas or self.max_replicas < 1:
            raise UserError(
                f"autoscaler bounds {self.min_replicas} to {self.max_replicas} are not a range",
                valid="0 <= min_replicas <= max_replicas, and max_replicas at least 1",
            )


class Recommendation(NamedTuple):
    """A raw proposal of an earlier pass, before any limit."""

    replicas: int
    time_s: float


class ScaleEvent(NamedTuple):
    """A change of the count (without sign); `outdated` marks a slot of the log that may be reused."""

    change: int
    time_s: float
    outdated: bool = False


@dataclass(frozen=True)
class HpaState:
    """What the controller remembers between passes; a new one is returned by `decide`.

    `recommendations` is None until the controller first meets the HPA (also after its restart). The
    event logs are kept only for an HPA with a `behavior` block.
    """

    recommendations: tuple[Recommendation, ...] | None = None
    up_events: tuple[ScaleEvent, ...] = ()
    down_events: tuple[ScaleEvent, ...] = ()


def elapsed_s(earlier_s: float, later_s: float) -> float:
    """Seconds from `earlier_s` to `later_s` to the nanosecond, which is what the controller's clock has."""
    return round(later_s - earlier_s, 9)


def as_amount(value: float) -> int:
    """Round a simulated amount up to an integer, as a Kubernetes quantity is read in milli-units."""
    return math.ceil(value)


def _require_positive(name: str, target: int | None) -> None:
    if target is None or target <= 0:
        raise UserError(f"the target of autoscaler metric {name} is {target}", valid="an integer above 0")
