"""The compute of a scenario's month on Spot, with interruptions simulated."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from novamodel.cost import FargateService, PriceBook, SpotMonth, load_book, spot_month
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.workflows.month.bill_of_run import Month
from novamodel.workflows.month.days import DayUse

HOURS, MONTHS = 730, 48
"""Hours of a month; months that are simulated, of which the mean is told."""


@dataclass(frozen=True)
class OnSpot:
    """A node group or a service's tasks on Spot for a month."""

    name: str
    key: str
    month: SpotMonth


def on_spot(
    scenario: Scenario,
    interrupted_share: float,
    result: Result | None = None,
    book: PriceBook | None = None,
    *,
    seed: int = 1,
) -> tuple[OnSpot, ...]:
    """Every node group, and every service's tasks on ECS, on Spot; what is interrupted runs on demand for a while.

    ``interrupted_share``: of instances a month (Spot Instance Advisor). Raises ``UserError`` where nothing runs that
    Spot is sold for, ``PriceMissing`` where the book has no Spot price.
    """
    month = Month(scenario, result, book or load_book(scenario.pricing.region), lenient=False)
    usage, use = month.usage({}), month.use()
    found = []
    for number, one in enumerate(usage.nodes):
        price = month.book.price(f"ec2.linux.{one.instance_type}").flat
        spot = month.book.price(f"ec2.linux.{one.instance_type}.spot").flat
        counts = _counts(one.fixed_node_hours, one.use_node_hours, _busy(use, ""))
        ran = spot_month(counts, float(spot), float(price), interrupted_share=interrupted_share, seed=seed + number)
        found.append(OnSpot(one.name, f"ec2.linux.{one.instance_type}", ran.over(MONTHS)))
    for number, task in enumerate(usage.fargate if scenario.platform.kind == "ecs" else ()):
        key = f"fargate.linux.{task.arch}"
        counts = _counts(task.fixed_task_hours, task.use_task_hours, _busy(use, task.name))
        prices = (_task_price(month.book, f"{key}.spot", task), _task_price(month.book, key, task))
        ran = spot_month(counts, *prices, interrupted_share=interrupted_share, seed=seed + 1000 + number)
        found.append(OnSpot(task.name, key, ran.over(MONTHS)))
    if not found:
        raise UserError(
            "nothing here runs on Spot", valid="nodes on EC2, or ECS on Fargate; EKS on Fargate has no Spot"
        )
    return tuple(found)


def _task_price(book: PriceBook, key: str, task: FargateService) -> float:
    return float(book.price(f"{key}.vcpu").flat * task.vcpu + book.price(f"{key}.memory").flat * task.memory_gib)


def _busy(use: DayUse, service: str) -> np.ndarray:
    """Replicas above their least by hour, over their mean; of all services where the one is not known."""
    curves = [use.replicas[service]] if service in use.replicas else list(use.replicas.values())
    above = np.sum([np.array(curve) - min(curve) for curve in curves], axis=0)
    return above / above.mean() if above.any() else np.ones(len(curves[0]))


def _counts(fixed_hours: Decimal, use_hours: Decimal, shape: np.ndarray) -> list[float]:
    """Instances in every hour of the simulated months."""
    return list((float(fixed_hours) + float(use_hours) * np.resize(shape, HOURS)) / HOURS) * MONTHS
