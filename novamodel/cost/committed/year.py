"""A year, or any number of hours, under commitments: reservations, then savings plans, hour by hour, in decimals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from novamodel.cost.commitments import ORDER, ZERO, Plan, cover, priority
from novamodel.cost.committed.sizes import size_of
from novamodel.errors import UserError


class Curve(NamedTuple):
    """Units of one price's key that run in each hour, and USD of one on demand."""

    key: str
    on_demand: Decimal
    hours: tuple[Decimal, ...]


class Reservation(NamedTuple):
    """`number` reserved instances or nodes of a key, each `rate` USD an hour, upfront parts spread over the term."""

    key: str
    number: Decimal
    rate: Decimal


@dataclass(frozen=True)
class CommittedYear:
    """USD of all hours, not rounded. `committed` is paid whatever runs; `used` is what usage took up of it.

    `on_demand`: the rest by key; `listed`: all of it on demand, without any commitment.
    """

    hours: int
    committed: Decimal
    used: Decimal
    on_demand: Mapping[str, Decimal]
    listed: Decimal

    @property
    def total(self) -> Decimal:
        """What is paid."""
        return self.committed + sum(self.on_demand.values(), ZERO)

    @property
    def saving(self) -> Decimal:
        """What the commitments save; negative where they cost more than they cover."""
        return self.listed - self.total

    @property
    def lost(self) -> Decimal:
        """Commitment that nothing used."""
        return self.committed - self.used


def committed_year(
    curves: Sequence[Curve], reservations: Sequence[Reservation] = (), plans: Sequence[Plan] = ()
) -> CommittedYear:
    """Price every hour under the commitments.

    A reservation covers its pool from the smallest size up. Raises `UserError` for curves of different lengths.
    """
    lengths = {len(curve.hours) for curve in curves}
    if len(lengths) > 1:
        raise UserError(f"curves have {sorted(lengths)} hours", valid="one length")
    hours = lengths.pop() if lengths else 0
    prices = {curve.key: curve.on_demand for curve in curves}
    ordered = sorted(plans, key=lambda plan: ORDER.index(plan.kind))
    ready = [(plan, priority(plan, prices)) for plan in ordered]
    pools = _pools(curves, reservations)
    left_over = dict.fromkeys(prices, ZERO)
    used_usd = ZERO
    alike = Counter(zip(*(curve.hours for curve in curves), strict=True))  # an hour has no memory of others
    for there, times in alike.items():
        running = dict(zip(prices, there, strict=True))
        for pool in pools:
            used_usd += _reserve(running, pool) * times
        running, used = cover(running, ready)
        used_usd += used * times
        for key, quantity in running.items():
            left_over[key] += quantity * times
    per_hour = sum((r.number * r.rate for r in reservations), ZERO) + sum((p.commitment for p in plans), ZERO)
    return CommittedYear(
        hours=hours,
        committed=per_hour * hours,
        used=used_usd,
        on_demand={key: quantity * prices[key] for key, quantity in left_over.items()},
        listed=sum((sum(curve.hours, ZERO) * curve.on_demand for curve in curves), ZERO),
    )


class _Pool(NamedTuple):
    units: Decimal
    usd_per_unit: Decimal
    members: tuple[tuple[str, Decimal], ...]


def _pools(curves: Sequence[Curve], reservations: Sequence[Reservation]) -> list[_Pool]:
    """Reserved units by pool, with the running keys that they cover, smallest size first."""
    units: dict[str, Decimal] = {}
    usd: dict[str, Decimal] = {}
    for one in reservations:
        size = size_of(one.key)
        units[size.pool] = units.get(size.pool, ZERO) + one.number * size.units
        usd[size.pool] = usd.get(size.pool, ZERO) + one.number * one.rate
    sizes = {curve.key: size_of(curve.key) for curve in curves}
    pools = []
    for pool, there in units.items():
        own = sorted((size.units, key) for key, size in sizes.items() if size.pool == pool)
        each = usd[pool] / there if there else ZERO
        pools.append(_Pool(there, each, tuple((key, size) for size, key in own)))
    return pools


def _reserve(running: dict[str, Decimal], pool: _Pool) -> Decimal:
    """Take reserved units off what runs in an hour; USD of the reservations that were used."""
    left = pool.units
    for key, size in pool.members:
        if left <= 0:
            break
        taken = min(running[key], left / size)
        running[key] -= taken
        left -= taken * size
    return (pool.units - left) * pool.usd_per_unit
