"""Savings plans in one hour: who is covered, at which rate, and what the hour costs.

Source: AWS Savings Plans user guide, "Understanding how Savings Plans apply to your AWS usage": reserved
instances first, then EC2 instance plans, then compute plans; within a plan the highest saving first, at equal
savings the lowest plan rate; a commitment is paid whether used or not; the rest is on demand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True)
class HourUsage:
    """Use of one product in one hour: `quantity`, and USD a unit on demand and under each kind of plan.

    A rate of None: that kind of plan does not cover the product.
    """

    product: str
    quantity: Decimal
    on_demand: Decimal
    compute_rate: Decimal | None = None
    instance_rate: Decimal | None = None

    @property
    def family(self) -> str:
        """Instance family, such as `r5` of `r5.4xlarge Linux`."""
        return self.product.split(".")[0]


@dataclass(frozen=True)
class HourBill:
    """USD of one hour, not rounded: the commitments, and what stays on demand by product.

    `used` is the part of the commitments that usage took up; the rest of them is lost.
    """

    committed: Decimal
    used: Decimal
    on_demand: dict[str, Decimal]

    @property
    def total(self) -> Decimal:
        """What the hour costs, reserved instances' own price aside."""
        return self.committed + sum(self.on_demand.values(), Decimal(0))


def apply_reserved(usage: Sequence[HourUsage], product: str, count: Decimal) -> list[HourUsage]:
    """Take `count` reserved units off the products whose name starts with `product`."""
    left = []
    for item in usage:
        taken = min(count, item.quantity) if item.product.startswith(product) else Decimal(0)
        count -= taken
        left.append(replace(item, quantity=item.quantity - taken))
    return left


def apply_plans(
    usage: Sequence[HourUsage],
    compute_commitment: Decimal = Decimal(0),
    instance_commitment: Decimal = Decimal(0),
    instance_family: str = "",
) -> HourBill:
    """Cover one hour's usage with an EC2 instance plan for one family, then a compute plan (USD an hour)."""
    instance_rates = [item.instance_rate if item.family == instance_family else None for item in usage]
    left, from_instance = _cover([item.quantity for item in usage], usage, instance_rates, instance_commitment)
    compute_rates = [item.compute_rate for item in usage]
    left, from_compute = _cover(left, usage, compute_rates, compute_commitment)
    on_demand = {item.product: quantity * item.on_demand for item, quantity in zip(usage, left, strict=True)}
    return HourBill(instance_commitment + compute_commitment, from_instance + from_compute, on_demand)


def _cover(
    quantities: Sequence[Decimal],
    usage: Sequence[HourUsage],
    rates: Sequence[Decimal | None],
    commitment: Decimal,
) -> tuple[list[Decimal], Decimal]:
    """Quantities left uncovered, and USD of the commitment used."""
    left, used = list(quantities), Decimal(0)
    covered = [(index, rate) for index, rate in enumerate(rates) if rate is not None and rate > 0]
    for index, rate in sorted(covered, key=lambda pair: (pair[1] / usage[pair[0]].on_demand, pair[1])):
        taken = min(left[index], (commitment - used) / rate)
        left[index] -= taken
        used += taken * rate
    return left, used
