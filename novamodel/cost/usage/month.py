"""Everything one month of a deployment uses."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from novamodel.cost.usage.base import Metered, Thing
from novamodel.cost.usage.compute import EksCluster, FargateService, NodeGroup, Volume
from novamodel.cost.usage.network import ApiUse, Endpoint, LoadBalancer, NatGateway, QueueUse, Transfer
from novamodel.cost.usage.stores import (
    AuroraCluster,
    Bucket,
    CacheCluster,
    Database,
    LogGroup,
    SearchDomain,
)

NAMED = ("fargate", "nodes", "databases", "aurora", "caches", "load_balancers", "queues")


class MonthUsage(Thing):
    """Everything one month of a deployment uses."""

    hours_per_month: Annotated[Decimal, Field(gt=0, le=8784, allow_inf_nan=False)] = Decimal(730)
    """Hours of the billed time: 730 as AWS's calculator has it; its page examples use 720, a bill its month's hours."""
    free_tier: bool = False
    """Take off the account's always-free allowances (100 GB out, 5 GB of logs, 10 metrics and alarms ...)."""
    on: date | None = None
    """When: decides which versions pay extended support; None is the date of the prices."""

    fargate: tuple[FargateService, ...] = ()
    nodes: tuple[NodeGroup, ...] = ()
    volumes: tuple[Volume, ...] = ()
    """EBS volumes beside those of the nodes."""
    eks_clusters: tuple[EksCluster, ...] = ()
    databases: tuple[Database, ...] = ()
    aurora: tuple[AuroraCluster, ...] = ()
    caches: tuple[CacheCluster, ...] = ()
    search: tuple[SearchDomain, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    nat: tuple[NatGateway, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    transfer: Transfer = Transfer()
    apis: tuple[ApiUse, ...] = ()
    queues: tuple[QueueUse, ...] = ()
    logs: tuple[LogGroup, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    metered: tuple[Metered, ...] = ()
    """Quantities of single prices: whatever has a price and no rule of its own."""

    not_priced: tuple[str, ...] = ()
    """What the deployment has and this usage cannot say: listed on the bill."""
    free: tuple[str, ...] = ()
    """What the deployment has and AWS does not charge for."""
    notes: tuple[str, ...] = ()
    """What the bill's total has to be read with."""
    missing: tuple[str, ...] = ()
    """Main parts (compute, the database) that this usage lacks although the deployment must have them."""

    @model_validator(mode="after")
    def _names_once(self) -> "MonthUsage":
        for kind in NAMED:
            names = [item.name for item in getattr(self, kind)]
            if len(names) != len(set(names)):
                raise ValueError(f"{kind} has one name twice: {names}")
        return self
