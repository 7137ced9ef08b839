"""One line of a bill: a quantity, a unit price with its source, and an amount in cents."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from novamodel.cost.book import Price, PriceBook
from novamodel.cost.money import Number, plain, to_cents, to_decimal

Driver = Literal["fixed", "use"]


@dataclass(frozen=True)
class Line:
    """`quantity` x `unit_price` = `amount`, rounded half up to the cent.

    `driver` is `use` where the quantity follows traffic. `source` names the entries of the price book's
    `sources` that the unit price was read from, `status` says how far it is confirmed, `date` is its data's.
    """

    service: str
    name: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    driver: Driver
    key: str
    sku: str
    source: str
    status: str
    date: str


@dataclass(frozen=True)
class Counter:
    """Writes lines from one book for one service of AWS."""

    book: PriceBook
    service: str

    def lines(
        self, key: str, quantity: Number, name: str = "", driver: Driver = "fixed", above: Number = 0
    ) -> list[Line]:
        """Lines for `quantity` raw units of the price `key`: one a tier, none where the quantity is 0.

        `above` is what was counted before on the same tiers. `name` is the user's name of the thing.
        """
        raw = to_decimal(quantity, key)
        if raw == 0:
            return []
        price = self.book.price(key)
        parts = price.split(raw, to_decimal(above, key))
        label = f"{name}: {price.name}" if name else price.name
        written = []
        for tier, part in parts:
            billed = part / price.per
            written.append(
                Line(
                    service=self.service,
                    name=f"{label}, {_range(price, tier.start, tier.end)}" if len(price.tiers) > 1 else label,
                    quantity=billed,
                    unit=price.unit,
                    unit_price=tier.price,
                    amount=to_cents(billed * tier.price),
                    driver=driver,
                    key=key,
                    sku=tier.sku,
                    source=", ".join(tier.sources),
                    status=tier.status,
                    date=tier.date,
                )
            )
        return written


def _range(price: Price, start: Decimal, end: Decimal | None) -> str:
    if end is None:
        return f"above {plain(start, 0)}"
    return f"first {plain(end, 0)}" if start == 0 else f"{plain(start, 0)} to {plain(end, 0)}"
