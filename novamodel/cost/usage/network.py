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
    `meters.rule_evaluations_per_s`; ALB only. A classic one has no capacity units: it bills its bytes. Lists may
    differ in length only where one has a single figure. Its public addresses are `vpc.public_ipv4`, metered, and
    capacity units that are known outright `elb.alb.lcu`.
    """

    name: Name
    kind: Literal["alb", "nlb", "gwlb", "classic"] = "alb"
    new_connections_per_s: Profile = NONE
    active_connections: Profile = NONE
    processed_gib_per_hour: Profile = NONE
    rule_evaluations_per_s: Profile = NONE

    @model_validator(mode="after")
    def _same_length(self) -> "LoadBalancer":
        lengths = {len(profile) for profile in self.profiles()}
        if 0 in lengths or len(lengths - {1}) > 1:
            raise ValueError(f"profiles of load balancer {self.name} have lengths {sorted(lengths)}")
        return self

    def profiles(self) -> tuple[Profile, ...]:
        """The dimensions of the capacity unit in its order."""
        return (
            self.new_connections_per_s,
            self.active_connections,
            self.processed_gib_per_hour,
            self.rule_evaluations_per_s,
        )


class NatGateway(Thing):
    """NAT gateways, usually one a zone; `gib` through all in either direction, *use*.

    The public address of each is `vpc.public_ipv4`, metered.
    """

    name: str = ""
    count: Count = 1
    gib: Amount = ZERO


class Endpoint(Thing):
    """Interface endpoints of VPCs, billed a zone and hour, and `gib` through all, *use*.

    Gateway endpoints of S3 and DynamoDB cost nothing: they are no thing here.
    """

    name: Name
    count: Count = 1
    zones: Count = 1
    gib: Amount = ZERO


class Transfer(Thing):
    """Data that AWS bills for moving; *use*. Data in from the internet costs nothing.

    `internet_gib`: out to the internet, all services of the account together. `cross_az_gib`: moved between zones,
    counted once (AWS bills both sides). To other regions it is `transfer.inter_region`, metered.
    """

    internet_gib: Amount = ZERO
    cross_az_gib: Amount = ZERO


class ApiUse(Thing):
    """Requests through an Amazon API Gateway, *use*.

    `metered_kib`: KiB of the larger of request and answer; HTTP APIs count one for each 512 KiB, WebSocket messages
    one for each 32 KiB (their connections are `apigateway.websocket.minutes`, metered). `cache_gb`: size of a REST
    API's cache (0.5, 1.6, 6.1), there all month.
    """

    name: str = ""
    kind: Literal["http", "rest", "websocket"] = "http"
    requests: Amount = ZERO
    metered_kib: Amount = ZERO
    cache_gb: Decimal | None = None


class QueueUse(Thing):
    """One SQS queue: `requests` of all kinds (send, receive, delete, empty receives), *use*.

    A payload counts once for each 64 KiB (`meters.metered_requests`).
    """

    name: Name
    requests: Amount = ZERO
    fifo: bool = False
