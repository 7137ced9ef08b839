"""What is deployed, what is asked of it, what counts as good: the one language every room speaks."""

from novamodel.scenario.fargate import FargateSize, fargate_pod_size, fargate_sizes, require_fargate_size
from novamodel.scenario.load import load_scenario, load_tree
from novamodel.scenario.model import Scenario, build
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.service import Service

__all__ = [
    "FargateSize",
    "Origin",
    "Scenario",
    "Service",
    "Tree",
    "build",
    "fargate_pod_size",
    "fargate_sizes",
    "load_scenario",
    "load_tree",
    "require_fargate_size",
]
