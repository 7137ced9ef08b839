"""What moves the number of replicas: a HorizontalPodAutoscaler, one that KEDA makes, or ECS target tracking."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from novamodel.scenario.fields import (
    Count,
    Part,
    Period,
    PositiveCount,
    PositiveSeconds,
    Rate,
    ReplicaCount,
    Seconds,
    Share,
    Utilisation,
    given,
    needed,
    wrong,
)
from novamodel.scenario.scaling_metric import ScalingMetric

K8S = "documented: Kubernetes defaults"
KEDA = "documented: KEDA"
ECS = "documented: Application Auto Scaling, target tracking of an ECS service"
TOLERANCE_BY_DIRECTION = 33
"""Minor version of Kubernetes 1.x from which each direction may have a tolerance of its own."""


class Behavior(Part):
    """Optional rates of an HPA; left out, the controller's built-in path applies."""

    stabilization_window: Seconds | None = given(
        None, "window over which proposals are held; left out: 0 s up, the controller's 300 s down", K8S
    )
    select_policy: Literal["Max", "Min", "Disabled"] = given("Max", "which policy wins", K8S)
    policies: tuple[tuple[Literal["Pods", "Percent"], PositiveCount, PositiveSeconds], ...] = given(
        (),
        "(type, value, period) of each policy; left out: 100 % in 15 s, up 4 pods in 15 s too",
        K8S,
    )
    tolerance: Share | None = given(
        None, "ratios this near to 1 change nothing in this direction (from 1.33 on)", "default: the controller's"
    )


class Fallback(Part):
    """What KEDA tells the HPA while a trigger has no answer."""

    failure_threshold: Count = needed("answers in a row that may be missing before")
    replicas: Count = needed("replicas that it then makes the HPA ask for")


class Keda(Part):
    """KEDA beside the HPA that it makes: it alone takes the last replicas away, and brings the first one back."""

    to_zero: bool = given(
        True, "no replica while no trigger is active (minReplicaCount 0, its default, or idleReplicaCount 0)", KEDA
    )
    polling_interval: Period = given("30 s", "time between its looks at the triggers", KEDA)
    cooldown: Seconds = given("300 s", "time without an active trigger after which the last replicas go", KEDA)
    fallback: Fallback | None = given(
        None, "replicas while a trigger with an average_target has no answer", "default: the HPA holds its count"
    )


class Autoscaler(Part):
    """A HorizontalPodAutoscaler, or ECS target tracking with a policy for each target that is set."""

    kind: Literal["hpa", "ecs target tracking"] = given("hpa", "the controller", "assumed")
    kubernetes: str = given("1.33", "version of Kubernetes that the controller is of", "assumed")
    min_replicas: ReplicaCount = given(1, "lower bound", K8S)
    max_replicas: ReplicaCount = given(10, "upper bound", "assumed")
    cpu_target: Utilisation | None = given(None, "mean CPU use over request to aim at", "default: not used")
    memory_target: Utilisation | None = given(None, "mean memory use over request to aim at", "default: not used")
    metrics: dict[str, ScalingMetric] = given(
        {}, "further metrics, by any name; the one that asks for most replicas decides", "default: none"
    )
    keda: Keda | None = given(None, "KEDA, which makes this HPA and can scale to 0", "default: none")
    scale_up: Behavior | None = given(None, "behavior.scaleUp", "default: none")
    scale_down: Behavior | None = given(None, "behavior.scaleDown", "default: none")
    tolerance: Share = given("10 %", "ratios this near to 1 change nothing", K8S)
    sync_period: Period = given("15 s", "time between passes", K8S)
    downscale_stabilization: Seconds = given("300 s", "window of scale_down where it says none", K8S)
    cpu_initialization_period: Seconds = given("300 s", "CPU of a younger pod counts once it is ready", K8S)
    initial_readiness_delay: Seconds = given(
        "30 s", "a pod that became unready within this of its start was never ready", K8S
    )
    metrics_period: Period = given("15 s", "metrics-server resolution", "documented: metrics-server release manifest")

    requests_target: Rate | None = given(
        None,
        "ECS: requests a second and replica to aim at (ALBRequestCountPerTarget counts a minute)",
        "default: not used",
    )
    scale_out_cooldown: Seconds = given("300 s", "ECS: nothing more is added meanwhile, beyond a larger step", ECS)
    scale_in_cooldown: Seconds = given("300 s", "ECS: nothing more is removed meanwhile", ECS)
    scale_in: bool = given(True, "ECS: whether replicas are removed at all (disable_scale_in is the opposite)", ECS)
    metric_delay: Seconds = given("30 s", "ECS: until a minute's point is in CloudWatch", "assumed")

    @property
    def kubernetes_minor(self) -> int:
        """27 for Kubernetes 1.27."""
        return int(self.kubernetes.split(".")[1])

    @model_validator(mode="after")
    def _bounds(self) -> Autoscaler:
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas {self.min_replicas} is above max_replicas {self.max_replicas}")
        tracks = self.kind != "hpa"
        further = (self.requests_target or None) if tracks else (self.metrics or None)
        if all(target is None for target in (self.cpu_target, self.memory_target, further)):
            more = "requests_target" if tracks else "metrics"
            raise ValueError(f"an autoscaler needs cpu_target or memory_target, or {more}")
        if not tracks and self.requests_target is not None:
            raise ValueError(
                "requests_target is for kind: ecs target tracking; an HPA has cpu_target, memory_target and metrics"
            )
        if tracks and (self.scale_up is not None or self.scale_down is not None):
            raise ValueError("scale_up and scale_down are an HPA's behavior; target tracking has two cooldowns")
        if tracks and (self.metrics or self.keda is not None):
            raise ValueError("metrics and keda are an HPA's; target tracking has cpu_, memory_ and requests_target")
        return self

    @model_validator(mode="after")
    def _version(self) -> Autoscaler:
        words = self.kubernetes.split(".")
        if len(words) < 2 or words[0] != "1" or not words[1].isdecimal() or not 18 <= int(words[1]) <= 99:
            raise wrong(f"{self.kubernetes!r} is no version of Kubernetes", "kubernetes", valid="'1.33'")
        sides = {"scale_up": self.scale_up, "scale_down": self.scale_down}
        for name, rules in sides.items():
            if rules is not None and rules.tolerance is not None and self.kubernetes_minor < TOLERANCE_BY_DIRECTION:
                raise wrong(f"Kubernetes {self.kubernetes} has one tolerance for both directions", name, "tolerance",
                            valid="tolerance of the autoscaler, or kubernetes: '1.33'")  # fmt: skip
        return self
