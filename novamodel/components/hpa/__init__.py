"""The Kubernetes Horizontal Pod Autoscaler's decision, exactly, as pure functions without a clock.

Front door: `decide` runs one pass. The parts stand beside it: `metric` (one metric to a count), `pods`
(which pods count, requests), `stabilise` (earlier proposals), `rates` (limits, event log), `behavior`
(scaling rules and defaults). `novamodel.verify.hpa` replays recorded decisions of the controller.
"""

from novamodel.components.hpa.behavior import Behavior, ScalingPolicy, ScalingRules
from novamodel.components.hpa.metric import Proposal
from novamodel.components.hpa.reconcile import Decision, decide
from novamodel.components.hpa.types import (
    ControllerSettings,
    ExternalMetric,
    HpaSpec,
    HpaState,
    Metric,
    ObjectMetric,
    PodsMetric,
    PodState,
    Reading,
    Recommendation,
    ResourceMetric,
    Sample,
    ScaleEvent,
    as_amount,
)

__all__ = [
    "Behavior",
    "ControllerSettings",
    "Decision",
    "ExternalMetric",
    "HpaSpec",
    "HpaState",
    "Metric",
    "ObjectMetric",
    "PodState",
    "PodsMetric",
    "Proposal",
    "Reading",
    "Recommendation",
    "ResourceMetric",
    "Sample",
    "ScaleEvent",
    "ScalingPolicy",
    "ScalingRules",
    "as_amount",
    "decide",
]
