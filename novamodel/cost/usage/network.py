"""Load balancers, gateways, endpoints, transfer, APIs and queues."""

from decimal import Decimal
from typing import Literal

from pydantic import model_validator

from novamodel.cost.usage.base import ZERO, Amount, Count, Name, Profile, Thing

NONE: Profile = (ZERO,)


class LoadBalancer(Thing):
    """One load balancer with its load as profiles (`base.Profile`), all *use*.

    `new_connections_per_s`: new connections (NLB: flows) a second. `active_connections`: open at a time, per
    minute. `processed_gib_per_hour`: both directions. `rule_evaluations_per_s`: see
    `meters.rule_evaluations_per_s`; ALB only. `capacity_units`: the units themselves where they are known. A classic
    one has no units: it bills its bytes. Lists may differ in length only where one has a single figure.
    `hours`: None is the whole month; the profiles stand for them. Its public addresses are `vpc.public_ipv4`, metered.
    """

    name: Name
    kind: Literal["alb", "nlb", "gwlb", "classic"] = "alb"
    new_connections_per_s: Profile = NONE
    active_connections: Profile = NONE
    processed_gib_per_hour: Profile = NONE
    rule_evaluations_per_s: Profile = NONE
    capacity_units: Profile = NONE
    hours: Amount | None = None

    @model_validator(mode="after")
    def _same_length(self) -> "LoadBalancer":
        lengths = {len(profile) for profile in self.profiles()}
        if 0 in lengths or len(lengths - {1}) > 1:
            raise ValueError(f"profiles of load balancer {self.name} have lengths {sorted(lengths)}")
        return self

    def profiles(self) -> tuple[Profile, ...]:
        """The four dimensions of the capacity unit in its order, and the units that are stated outright."""
        return (
            self.new_connections_per_s,
            self.active_connections,
            self.processed_gib_per_hour,
            self.rule_evaluations_per_s,
            self.capacity_units,
        )


class NatGateway(Thing):
    """NAT gateways, usually one a zone; `gib` through all in either direction, *use*. `hours`: None is the whole month.

    The public address of each is `vpc.public_ipv4`, metered.
    """

    name: str = ""
    count: Count = 1
    gib: Amount = ZERO
    hours: Amount | None = None


class Endpoint(Thing):
    """Interface endpoints of VPCs, billed a zone and hour, and `gib` through all, *use*.

    Gateway endpoints of S3 and DynamoDB cost nothing: they are no thing here.
    """

    name: Name
    count: Count = 1
    zones: Count = 1
    gib: Amount = ZERO
    hours: Amount | None = None


class Transfer(Thing):
    """Data that AWS bills for moving; *use*. Data in from the internet costs nothing.

    `internet_gib`: out to the internet, all services of the account together. `cross_az_gib`: moved between zones,
    counted once (AWS bills both sides). `regions_gib`: out to other regions; `near_region_gib`: to the other
    region of the same metropolitan pair (us-east-1 and us-east-2), which is cheaper.
    """

    internet_gib: Amount = ZERO
    cross_az_gib: Amount = ZERO
    regions_gib: Amount = ZERO
    near_region_gib: Amount = ZERO


class ApiUse(Thing):
    """Requests through an Amazon API Gateway, *use*.

    `metered_kib`: KiB of the larger of request and answer; HTTP APIs count one for each 512 KiB, WebSocket messages
    one for each 32 KiB. `connection_minutes`: of WebSockets. `cache_gb`: size of a REST API's cache (0.5, 1.6, 6.1),
    there all month.
    """

    name: str = ""
    kind: Literal["http", "rest", "websocket"] = "http"
    requests: Amount = ZERO
    metered_kib: Amount = ZERO
    connection_minutes: Amount = ZERO
    cache_gb: Decimal | None = None


class QueueUse(Thing):
    """One SQS queue: `requests` of all kinds (send, receive, delete, empty receives), *use*.

    `message_kib`: KiB of a payload; each 64 KiB count as one request.
    """

    name: Name
    requests: Amount = ZERO
    fifo: bool = False
    message_kib: Amount = ZERO
