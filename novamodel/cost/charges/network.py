"""Load balancers, API Gateway, NAT gateways, endpoints, data transfer, queues."""

from collections.abc import Iterator
from decimal import Decimal

from novamodel.cost.charges.ground import Ground, Quantity
from novamodel.cost.meters import balanced_gib, capacity_unit_hours, cross_az_billed_gib, metered_requests
from novamodel.cost.usage import MonthUsage

HTTP_STEP_KIB, MESSAGE_STEP_KIB = 512, 32


def balancer_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """Load balancers by the full hour, their capacity units (classic ones: their bytes)."""
    for balancer in usage.load_balancers:
        key = f"elb.{balancer.kind}"
        yield Quantity(f"{key}.hour", ground.full_month, balancer.name)
        hours = ground.month
        if balancer.kind == "classic":
            yield Quantity(f"{key}.data", balanced_gib(balancer, hours), balancer.name, "use")
        else:
            yield Quantity(f"{key}.lcu", capacity_unit_hours(balancer, hours), balancer.name, "use")


def api_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """Amazon API Gateway: requests as they are metered, connections, caches."""
    for api in usage.apis:
        if api.kind == "websocket":
            messages = metered_requests(api.requests, api.metered_kib, MESSAGE_STEP_KIB)
            yield Quantity("apigateway.websocket.messages", messages, api.name, "use")
        else:
            step = Decimal(HTTP_STEP_KIB) if api.kind == "http" else max(api.metered_kib, Decimal(1))
            requests = metered_requests(api.requests, api.metered_kib, step)
            yield Quantity(f"apigateway.{api.kind}.requests", requests, api.name, "use")
        if api.cache_gb is not None:
            yield Quantity(f"apigateway.cache.{api.cache_gb.normalize():f}", ground.month, api.name)


def nat_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """NAT gateways by the full hour, every GB through them."""
    for nat in usage.nat:
        yield Quantity("nat.hour", nat.count * ground.full_month, nat.name)
        yield Quantity("nat.data", nat.gib, nat.name, "use")


def endpoint_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """Interface endpoints by zone and full hour, every GB through them."""
    for endpoint in usage.endpoints:
        hours = endpoint.count * endpoint.zones * ground.full_month
        yield Quantity("vpc.endpoint.hour", hours, endpoint.name)
        yield Quantity("vpc.endpoint.data", endpoint.gib, endpoint.name, "use")


def transfer_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """Data out to the internet, between zones (both sides)."""
    del ground
    moved = usage.transfer
    yield Quantity("transfer.internet_out", moved.internet_gib, driver="use")
    yield Quantity("transfer.cross_az", cross_az_billed_gib(moved.cross_az_gib), driver="use")


def queue_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """Requests at SQS queues; tiers and the free million are those of all queues together."""
    del ground
    for queue in usage.queues:
        yield Quantity("sqs.fifo_requests" if queue.fifo else "sqs.requests", queue.requests, queue.name, "use")
