"""What is deployed, what is asked of it, what counts as good: the one language every room speaks."""

from novamodel.scenario.changes import Change, setting_changes
from novamodel.scenario.fargate import FargateSize, fargate_pod_size, fargate_sizes, require_fargate_size
from novamodel.scenario.finding import LEVELS, Finding, Level, finding, in_order, place_of
from novamodel.scenario.load import load_scenario, load_tree
from novamodel.scenario.machines import (
    CacheNode,
    DatabaseClass,
    NodeType,
    cache_nodes,
    database_classes,
    gp3_striped_from,
    node_types,
)
from novamodel.scenario.model import Scenario, build
from novamodel.scenario.moving import Assumption
from novamodel.scenario.nodes import (
    SYSTEM_PODS,
    Allocatable,
    NodeGroup,
    group_room,
    machine,
    node_allocatable,
    room_for_pods,
)
from novamodel.scenario.not_modelled import NOT_MODELLED
from novamodel.scenario.operations import Operation
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.overruling import overruled
from novamodel.scenario.read_replicas import may_read_elsewhere
from novamodel.scenario.recordings import Inspect, Recorded
from novamodel.scenario.resting import NO_SERVICE, RestsOn, is_assumed, is_read, only_declared, rests_on, written_values
from novamodel.scenario.service import Service
from novamodel.scenario.simplified import SimplifiedPart, simplified_parts
from novamodel.scenario.tenants import standing

__all__ = [
    "LEVELS",
    "NOT_MODELLED",
    "NO_SERVICE",
    "SYSTEM_PODS",
    "Allocatable",
    "Assumption",
    "CacheNode",
    "Change",
    "DatabaseClass",
    "FargateSize",
    "Finding",
    "Inspect",
    "Level",
    "NodeGroup",
    "NodeType",
    "Operation",
    "Origin",
    "Recorded",
    "RestsOn",
    "Scenario",
    "Service",
    "SimplifiedPart",
    "Tree",
    "build",
    "cache_nodes",
    "database_classes",
    "fargate_pod_size",
    "fargate_sizes",
    "finding",
    "gp3_striped_from",
    "group_room",
    "in_order",
    "is_assumed",
    "is_read",
    "load_scenario",
    "load_tree",
    "machine",
    "may_read_elsewhere",
    "node_allocatable",
    "node_types",
    "only_declared",
    "overruled",
    "place_of",
    "require_fargate_size",
    "rests_on",
    "room_for_pods",
    "setting_changes",
    "simplified_parts",
    "standing",
    "written_values",
]
