"""The form of a worked example and of its answer (see `cases`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from novamodel.cost.book import Price, load_book
from novamodel.cost.money import to_cents, to_decimal

HOURS = 730
ZERO = Decimal(0)


@dataclass(frozen=True)
class Answer:
    """The total and the amounts it is made of, subtotals among them, by our names."""

    total: Decimal
    lines: Mapping[str, Decimal]


@dataclass(frozen=True)
class Case:
    """The parts of an example that a rule reads."""

    id: str
    region: str
    inputs: Mapping[str, Any]
    prices: Mapping[str, Any]
    cents: bool

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Case":
        """Take an element of `examples`. Lines are rounded where the source rounds them and it is money."""
        cents = raw.get("rounding") == "cent per line" and "not money" not in raw.get("total_period", "")
        return cls(raw["id"], raw.get("region", ""), raw["inputs"], raw["unit_prices_used"], cents)

    def get(self, name: str, default: float = 0) -> Decimal:
        """The input `name` as a Decimal."""
        return to_decimal(self.inputs.get(name, default), f"{self.id}: {name}")

    def has(self, *names: str) -> bool:
        """Whether any of the inputs is given."""
        return any(name in self.inputs for name in names)

    def price(self, key: str, *names: str) -> Decimal:
        """The printed price that has one of `names` (or whose name contains one), else the book's `key`."""
        for name in names:
            if name in self.prices:
                return to_decimal(self.prices[name], name)
        for name in names:
            for printed, value in self.prices.items():
                if name in printed and not isinstance(value, list):
                    return to_decimal(value, printed)
        return self.book_price(key).flat

    def book_price(self, key: str) -> Price:
        """The price `key` of the book of the case's region."""
        return load_book(self.region).price(key)

    def tiered(self, key: str, quantity: Decimal, above: Decimal = ZERO) -> list[Decimal]:
        """Amounts a tier: the book's tiers, with the printed prices in their order where some are printed.

        A single printed price, and tiers beyond the printed ones, take the last printed price.
        """
        printed = [to_decimal(value, key) for value in self._printed_tiers()]
        amounts = []
        book = load_book("us-east-1").price(key)
        for tier, part in book.split(quantity, above):
            index = book.tiers.index(tier)
            rate = printed[min(index, len(printed) - 1)] if printed else tier.price
            amounts.append(rate * part / book.per)
        return amounts

    def _printed_tiers(self) -> list[Any]:
        lists = [value for value in self.prices.values() if isinstance(value, list)]
        if lists:
            return list(lists[0])
        return [value for name, value in self.prices.items() if not any(w in name for w in ("az", "archive", "alarm"))]

    def answer(self, lines: Mapping[str, Decimal], *, total: Decimal | None = None) -> Answer:
        """Round as the source does; the total is the sum of the lines unless given."""
        rounded = {name: to_cents(amount) if self.cents else amount for name, amount in lines.items()}
        if total is None:
            return Answer(sum(rounded.values(), ZERO), rounded)
        return Answer(to_cents(total) if self.cents else total, rounded)
