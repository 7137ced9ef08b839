"""The usage language: what a month uses, in plain numbers: the one thing a bill is made from.

`MonthUsage` knows no scenario and no simulation. Whoever has a run, files or an invoice fills it in; every field
defaults to "none of it". What AWS bills under a rule of its own (sizes, minimums, what is included, the largest of
several dimensions, rounding up) is a thing here: a service of tasks, a database, a load balancer. Everything else is a
quantity of one price of the price book: `Metered(key="s3.put", quantity=3000)`.

Quantities are exact decimals in AWS's own units: hours, GB of 1024^3 bytes, single requests. Quantities that follow
traffic are *use* and starred on the bill; all others are there whether customers come or not.
"""

from novamodel.cost.usage.base import Driver, Metered, Profile
from novamodel.cost.usage.compute import EksCluster, FargateService, NodeGroup, Volume
from novamodel.cost.usage.month import MonthUsage
from novamodel.cost.usage.network import ApiUse, Endpoint, LoadBalancer, NatGateway, QueueUse, Transfer
from novamodel.cost.usage.stores import (
    AuroraCluster,
    AuroraInstance,
    Bucket,
    CacheCluster,
    Database,
    LogGroup,
    SearchDomain,
)

__all__ = [
    "ApiUse",
    "AuroraCluster",
    "AuroraInstance",
    "Bucket",
    "CacheCluster",
    "Database",
    "Driver",
    "EksCluster",
    "Endpoint",
    "FargateService",
    "LoadBalancer",
    "LogGroup",
    "Metered",
    "MonthUsage",
    "NatGateway",
    "NodeGroup",
    "Profile",
    "QueueUse",
    "SearchDomain",
    "Transfer",
    "Volume",
]
