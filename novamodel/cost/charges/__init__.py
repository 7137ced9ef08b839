"""From a month's usage to priced quantities: which price each thing takes, under AWS's rules, service by service.

Each function gives `Quantity`s: a key of the price book and how much of it. `lines.write` makes the bill's lines of
them; nothing else prices anything.
"""

from collections.abc import Callable, Iterator

from novamodel.cost.charges.compute import (
    cluster_charges,
    fargate_charges,
    node_charges,
    volume_charges,
)
from novamodel.cost.charges.database import aurora_charges, database_charges
from novamodel.cost.charges.ground import Ground, Quantity
from novamodel.cost.charges.network import (
    api_charges,
    balancer_charges,
    endpoint_charges,
    nat_charges,
    queue_charges,
    transfer_charges,
)
from novamodel.cost.charges.stores import bucket_charges, cache_charges, log_charges, search_charges
from novamodel.cost.usage import MonthUsage


def _metered(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    del ground
    for item in usage.metered:
        yield Quantity(item.key, item.quantity, item.name, item.driver)


CHARGES: tuple[Callable[[MonthUsage, Ground], Iterator[Quantity]], ...] = (
    fargate_charges,
    cluster_charges,
    node_charges,
    volume_charges,
    database_charges,
    aurora_charges,
    cache_charges,
    balancer_charges,
    api_charges,
    nat_charges,
    endpoint_charges,
    transfer_charges,
    queue_charges,
    log_charges,
    search_charges,
    bucket_charges,
    _metered,
)
"""Every rule, in the order of the bill."""


def charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """All priced quantities of a month. Errors: `UserError` for what AWS does not sell."""
    for rule in CHARGES:
        yield from rule(usage, ground)


__all__ = ["CHARGES", "Ground", "Quantity", "charges"]
