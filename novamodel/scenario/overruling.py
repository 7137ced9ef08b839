"""Values that something else overrules: what somebody sets there changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from novamodel.scenario.model import Scenario


def overruled(scenario: Scenario, paths: Iterable[str]) -> Iterator[str]:
    """A line for each of the paths whose value another one overrules, with the path to change instead."""
    for path in paths:
        name = path.removeprefix("services.").removesuffix(".replicas")
        service = scenario.services.get(name) if path == f"services.{name}.replicas" else None
        if service is not None and service.autoscaler is not None and scenario.run.start_state != "given":
            scaler, own = service.autoscaler, f"services.{name}.autoscaler"
            yield (
                f"{path}={service.replicas} changes nothing: the autoscaler ({scaler.min_replicas} to "
                f"{scaler.max_replicas}) sets the count; change {own}.min_replicas, or {own}=null to fix the count"
            )
        if path == "platform.node_type" and scenario.platform.node_groups:
            groups = ", ".join(f"platform.node_groups.{group}.type" for group in scenario.platform.node_groups)
            yield f"{path} changes nothing: the nodes are those of node_groups; change {groups}"
