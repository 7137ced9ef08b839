"""A worked example as the users' route takes it: a month's usage, and a price book with the prices that it prints."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from novamodel.cost import Bill, MonthUsage, Price, load_book, price, regions
from novamodel.cost.money import to_decimal
from novamodel.errors import UserError

HOURS = 730
ZERO = Decimal(0)
GLOBAL = ("route53.", "waf.")
"""Keys whose price is the same in every region."""
_COUNTS = {"k": 1_000, "m": 1_000_000, "million": 1_000_000, "b": 1_000_000_000, "": 1}


@dataclass(frozen=True)
class Answer:
    """The total and the amounts it is made of, subtotals among them, by our names."""

    total: Decimal
    lines: Mapping[str, Decimal]


class Words(NamedTuple):
    """By which words an example prints the price of a key; `listed`: several printed prices are its tiers."""

    words: tuple[str, ...]
    listed: bool = False


class Part(NamedTuple):
    """Usage to be priced, and the words of each key's printed price.

    `only`: keys that the example's figure is about; None is all. `label`: what the figure is called.
    """

    usage: MonthUsage
    printed: Mapping[str, Words]
    only: tuple[str, ...] | None = None
    label: str = ""


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

    def text(self, name: str) -> str:
        """The input `name` in small letters, empty where it is not given."""
        return str(self.inputs.get(name, "")).lower()

    def has(self, *names: str) -> bool:
        """Whether any of the inputs is given."""
        return any(name in self.inputs for name in names)

    def bill(self, part: Part) -> Bill:
        """Price a part as users' usage is priced, with the printed prices in the place of the book's.

        Raises `UserError` for a quantity whose price is neither printed nor in a book of the region.
        """
        base = load_book(self.region if self.region in regions() else "us-east-1")
        printed = {key: self._printed(base.price(key), words) for key, words in part.printed.items()}
        found = {key: price for key, price in printed.items() if price is not None}
        book = replace(base, prices=MappingProxyType({**base.prices, **found}))
        bill = price(part.usage, book)
        for line in bill.lines:
            if self.region not in (*regions(), "any") and line.key not in found and not line.key.startswith(GLOBAL):
                raise UserError(f"case {self.id}: no price of {line.key} in {self.region}", valid="a printed price")
        kept = tuple(line for line in bill.lines if part.only is None or line.key in part.only)
        return replace(bill, lines=kept)

    def _printed(self, known: Price, words: Words) -> Price | None:
        values = self._values(words)
        if not values:
            return None
        scaled = [self._scaled(name, value, known) for name, value in values]
        tiers = [
            replace(tier, price=scaled[min(number, len(scaled) - 1)], sources=("PAGE",), sku="")
            for number, tier in enumerate(known.tiers)
        ]
        return replace(known, tiers=tuple(tiers))

    def _values(self, words: Words) -> list[tuple[str, Any]]:
        if words.listed:
            lists = [(name, one) for name, value in self.prices.items() if isinstance(value, list) for one in value]
            if lists:
                return lists
        for word in words.words:
            exact = [(name, value) for name, value in self.prices.items() if name == word]
            found = exact or [(n, v) for n, v in self.prices.items() if word in n and not isinstance(v, list)]
            if found:
                return found if words.listed else found[:1]
        return []

    @staticmethod
    def _scaled(name: str, value: Any, known: Price) -> Decimal:
        """USD a unit of the book: a printed price may be a second's, or of another count of requests."""
        price = to_decimal(value, name)
        if name.endswith("second") and known.unit.endswith("hour"):
            return price * 3600
        count = re.search(r"per_(\d+)_?(k|m|million|b)?\b", name.lower()) if known.per > 1 else None
        return price if count is None else price / (int(count[1]) * _COUNTS[count[2] or ""]) * known.per

    def answer(self, *parts: Part) -> Answer:
        """One part: its lines by tier, and by price where that has several. Several: the total of each, by its label.

        The total is that of the last part.
        """
        if len(parts) > 1:
            totals = {part.label: self._total(self.bill(part)) for part in parts}
            return Answer(totals[parts[-1].label], totals)
        bill = self.bill(parts[0])
        amounts = [line.amount if self.cents else line.exact for line in bill.lines]
        lines = {f"{number}: {line.name}": amounts[number] for number, line in enumerate(bill.lines)}
        for key in {line.key for line in bill.lines}:
            same = [amount for line, amount in zip(bill.lines, amounts, strict=True) if line.key == key]
            if len(same) > 1:
                lines[key] = sum(same, ZERO)
        return Answer(self._total(bill), lines)

    def _total(self, bill: Bill) -> Decimal:
        return bill.total if self.cents else bill.exact
