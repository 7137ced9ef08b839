"""Commitments in one hour: who is covered, at which rate, and what the hour costs.

Source: AWS Savings Plans user guide, "Understanding how Savings Plans apply to your AWS usage": reserved
instances first, then EC2 instance plans, then compute plans; within a plan the highest saving first, at equal
savings the lowest plan rate; a commitment is paid whether used or not; the rest is on demand. Database plans cover
other services and meet none of these.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

ZERO = Decimal(0)
PlanKind = Literal["instance_sp", "compute_sp", "database_sp"]
ORDER: tuple[PlanKind, ...] = ("instance_sp", "compute_sp", "database_sp")
"""Which kind of savings plan is applied first."""


class Plan(NamedTuple):
    """A savings plan: USD an hour, and its rate for one hour's unit of each product that it covers."""

    kind: PlanKind
    commitment: Decimal
    rates: Mapping[str, Decimal]


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
        return self.committed + sum(self.on_demand.values(), ZERO)


def apply_reserved(usage: Sequence[HourUsage], product: str, count: Decimal) -> list[HourUsage]:
    """Take `count` reserved units off the products whose name starts with `product`."""
    left = []
    for item in usage:
        taken = min(count, item.quantity) if item.product.startswith(product) else ZERO
        count -= taken
        left.append(replace(item, quantity=item.quantity - taken))
    return left


def apply_plans(
    usage: Sequence[HourUsage],
    compute_commitment: Decimal = ZERO,
    instance_commitment: Decimal = ZERO,
    instance_family: str = "",
) -> HourBill:
    """Cover one hour's usage with an EC2 instance plan for one family, then a compute plan (USD an hour)."""
    instance = {i.product: i.instance_rate for i in usage if i.instance_rate and i.family == instance_family}
    compute = {i.product: i.compute_rate for i in usage if i.compute_rate}
    plans = (Plan("instance_sp", instance_commitment, instance), Plan("compute_sp", compute_commitment, compute))
    prices = {item.product: item.on_demand for item in usage}
    left, used = cover({item.product: item.quantity for item in usage}, [(p, priority(p, prices)) for p in plans])
    on_demand = {product: quantity * prices[product] for product, quantity in left.items()}
    return HourBill(instance_commitment + compute_commitment, used, on_demand)


def priority(plan: Plan, on_demand: Mapping[str, Decimal]) -> list[tuple[str, Decimal]]:
    """Products that a plan covers with their rates, in the order that AWS covers them."""
    covered = [(product, rate) for product, rate in plan.rates.items() if product in on_demand and rate > 0]
    return sorted(covered, key=lambda pair: (pair[1] / on_demand[pair[0]], pair[1]))


def cover(
    quantities: Mapping[str, Decimal], plans: Iterable[tuple[Plan, Sequence[tuple[str, Decimal]]]]
) -> tuple[dict[str, Decimal], Decimal]:
    """One hour under plans in their order, each with its `priority`: quantities left uncovered, USD used."""
    left, used = dict(quantities), ZERO
    for plan, covered in plans:
        open_usd = plan.commitment
        for product, rate in covered:
            if open_usd <= 0:
                break
            taken = min(left.get(product, ZERO), open_usd / rate)
            if taken:
                left[product] -= taken
                open_usd -= taken * rate
        used += plan.commitment - open_usd
    return left, used
