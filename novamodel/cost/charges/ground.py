"""What all charges stand on: the month's length, its date, and the facts of machines that the price book knows."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from novamodel.cost.book import PriceBook
from novamodel.cost.meters import full_hours
from novamodel.cost.money import to_decimal
from novamodel.cost.usage import Driver, MonthUsage
from novamodel.errors import UserError


class Quantity(NamedTuple):
    """How much of one price: raw units of `key`. `own_tiers`: the tiers are those of this thing alone."""

    key: str
    amount: Decimal
    name: str = ""
    driver: Driver = "fixed"
    own_tiers: bool = False


def machines(
    ground: "Ground", key: str, hours: Decimal, name: str, driver: Driver, purchase: str
) -> Iterator[Quantity]:
    """Machine-hours as they are bought: on demand, or reserved: the hourly part and what was paid upfront, spread.

    A reservation's price stands in the book as a rate (upfront parts spread over the term), as `KEY.PLAN.hour` (what
    an hour costs beside the upfront part), or as both; the upfront part of which it knows nothing is missing.
    """
    if purchase == "on_demand":
        yield Quantity(key, hours, name, driver)
        return
    shown, own = f"{name}, {purchase.replace('_', ' ').replace('.', ', ')}", f"{key}.{purchase}"
    if f"{own}.hour" in ground.book.prices:
        yield Quantity(f"{own}.hour", hours, shown, driver)
    elif not purchase.endswith("all_upfront"):
        yield Quantity(own, hours, shown, driver)
        return
    if not purchase.endswith(("no_upfront", "heavy_utilization")):
        yield Quantity(f"{own}.upfront", hours, shown, driver)


class Ground(NamedTuple):
    """Hours of the month, the same rounded up, the date, and the book.

    `lenient`: what the book lacks is left out, and what AWS does not sell is named in `refused`.
    """

    month: Decimal
    full_month: Decimal
    on: date
    book: PriceBook
    lenient: bool
    refused: list[str]

    @classmethod
    def of(cls, usage: MonthUsage, book: PriceBook, *, lenient: bool = False) -> "Ground":
        """The ground of one month's usage."""
        on = usage.on or book_date(book)
        return cls(usage.hours_per_month, full_hours(usage.hours_per_month), on, book, lenient, [])

    def sold(self, check: Callable[[], object]) -> bool:
        """Whether AWS sells what `check` looks at; a lenient bill names its `UserError`, others raise it."""
        try:
            check()
        except UserError as problem:
            if not self.lenient:
                raise
            self.refused.append(f"{problem.path or ''}: {problem.message} (valid: {problem.valid})".lstrip(": "))
            return False
        return True

    def vcpu(self, key: str) -> Decimal:
        """vCPUs of the instance class that `key` prices; 0 of one that a lenient bill leaves out and names.

        Errors: `UserError` where the book does not know them.
        """
        if self.lenient and key not in self.book.prices:
            return Decimal(0)
        facts = self.book.price(key).attributes
        if "vcpu" not in facts:
            raise UserError(f"the price book does not say how many vCPUs {key} has", valid="an attribute vcpu")
        return to_decimal(facts["vcpu"])


def book_date(book: PriceBook) -> date:
    """The date that a book's prices are of; the first day of a month or year that is named alone."""
    parts = [int(part) for part in book.as_of.split("-")]
    year, month, day = (*parts, 1, 1)[:3]
    return date(year, month, day)
