"""eksctl's ClusterConfig: region, and the groups of nodes that pods stand on."""

from __future__ import annotations

import re

from novamodel.importers.kubernetes.objects import Cluster
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario import node_types

_GROUPS = ("managedNodeGroups", "nodeGroups")
_COUNTS = (("minSize", "min"), ("maxSize", "max"))
_FURTHER = ("desiredCapacity", "volumeSize", "volumeType", "spot", "volumeIOPS")


def say_nodes(cluster: Cluster, draft: Draft) -> None:
    """Write the first cluster's region and its groups of known machines; what else they say is listed."""
    found = next((one for one in cluster.of("ClusterConfig") if one["apiVersion"].text.startswith("eksctl.io/")), None)
    if found is None:
        return
    region = found.at("metadata", "region")
    if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region.text):
        draft.say(Said("pricing.region", region.text, region.file, region.line))
    known = {one.name for one in node_types()}
    groups = [group for key in _GROUPS for group in found[key]]
    for group in groups:
        machine = group["instanceType"] or group["instanceTypes"][0]
        name = re.sub(r"[^a-z0-9-]+", "-", group["name"].text.lower()).strip("-")
        for key in _FURTHER if machine.text in known else (*_FURTHER, "minSize", "maxSize"):
            if group[key].text:
                draft.leave(
                    group.file, group[key].line, f"node group {name} {key}: {group[key].text}", "read, not modelled"
                )
        if machine.text in known and name:
            _say_group(name, group, machine, draft)
        elif machine.text:
            what = f"node group {name}: {machine.text}"
            draft.leave(machine.file, machine.line, what, "this EC2 type is not known: another is assumed")
    if not groups and found["fargateProfiles"]:
        place = found["fargateProfiles"]
        draft.say(Said("platform.compute", "fargate", place.file, place.line, "a Fargate profile is declared"))


def _say_group(name: str, group: Node, machine: Node, draft: Draft) -> None:
    below = f"platform.node_groups.{name}"
    draft.say(Said("platform.compute", "ec2", group.file, group.line, "nodes are declared"))
    draft.say(Said(f"{below}.type", machine.text, machine.file, machine.line))
    desired = group["desiredCapacity"]
    for key, word in _COUNTS:
        place = group[key] or desired
        if isinstance(whole(place.value), int):
            draft.say(Said(f"{below}.{word}", whole(place.value), place.file, place.line))
