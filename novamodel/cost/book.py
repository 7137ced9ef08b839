"""The price book: one file a region in `data/prices/`, each price with unit, tiers, source, date and status.

`prices` are on demand, and Spot's where a key ends so. `rates` are what the same keys cost under a commitment (USD for
one hour of the unit, upfront parts spread over the term), by kind, term and payment: `compute_sp.1yr.no_upfront`.
A price that is not in the book is an error that names the key, its region and its neighbours, never 0.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from novamodel.cost.book_files import book_file, bundled_books, everywhere_file, read_raw
from novamodel.cost.money import to_decimal
from novamodel.errors import UserError

_PLANNED = re.compile(r"(?P<key>.+)\.(?P<plan>(?:reserved|convertible)\.[13]yr\.\w+)(?P<end>\.upfront)?")
STATUSES = ("private", "published", "verified", "one source", "derived", "from memory")
"""How far a price is confirmed, best first: a contract of one's own, AWS's own file, two readers of AWS data, ..."""


class PriceMissing(UserError):
    """The book has no price of this name; the message names the nearest ones."""

    def __init__(self, key: str, region: str, known: tuple[str, ...]) -> None:
        near = [name for name in get_close_matches(key, known, n=4, cutoff=0.5) if name != key]
        if not near:
            near = [name for name in known if name.split(".")[0] == key.split(".")[0]][:4]
        nearest = f"near it: {', '.join(near)}" if near else "a price of the book, see data/prices"
        super().__init__(f"the price book of {region} has no price {key!r}", valid=nearest)
        self.key, self.region, self.known = key, region, known

    def __reduce__(self) -> tuple[object, ...]:
        return (PriceMissing, (self.key, self.region, self.known))


@dataclass(frozen=True)
class Tier:
    """One price over a range of the month's quantity, in raw units: `start` up to `end` (None: no end)."""

    start: Decimal
    end: Decimal | None
    price: Decimal
    status: str
    sources: tuple[str, ...]
    date: str
    sku: str = ""
    usage_type: str = ""


@dataclass(frozen=True)
class Price:
    """A named price in USD per `unit`; where `unit` counts several (1000 requests), `per` is that count."""

    key: str
    name: str
    offer: str
    unit: str
    per: Decimal
    tiers: tuple[Tier, ...]
    attributes: Mapping[str, Any]
    note: str = ""
    region: str = ""

    @property
    def flat(self) -> Decimal:
        """The price of the first unit, in USD per `unit`."""
        return self.tiers[0].price

    def split(self, quantity: Decimal, above: Decimal = Decimal(0)) -> list[tuple[Tier, Decimal]]:
        """Split `quantity` raw units, which lie on top of `above`, over the tiers: (tier, quantity in it).

        Raises `PriceMissing` where they reach beyond the last tier that the book knows.
        """
        end = self.tiers[-1].end
        if end is not None and above + quantity > end:
            raise PriceMissing(f"{self.key} above {end} {self.unit}", self.region, (self.key,))
        parts = []
        for tier in self.tiers:
            low = max(above, tier.start)
            high = above + quantity if tier.end is None else min(above + quantity, tier.end)
            if high > low:
                parts.append((tier, high - low))
        return parts

    def amount(self, quantity: Decimal, above: Decimal = Decimal(0)) -> Decimal:
        """Cost in USD, not rounded, of `quantity` raw units on top of `above`."""
        return sum((tier.price * part / self.per for tier, part in self.split(quantity, above)), Decimal(0))


@dataclass(frozen=True)
class PriceBook:
    """All prices of one region: on demand, and `rates` by plan and key. `as_of`: when the book was put together."""

    region: str
    currency: str
    as_of: str
    prices: Mapping[str, Price]
    rates: Mapping[str, Mapping[str, Tier]]
    allowances: Mapping[str, Decimal]
    sources: Mapping[str, Mapping[str, str]]

    def price(self, key: str) -> Price:
        """Return the price named `key`; `PriceMissing` where there is none.

        `KEY.PLAN` is the rate of a key under a plan (`reserved.1yr.no_upfront`); `KEY.PLAN.upfront` what of it was paid
        upfront: the rate less the hourly part, where the book has both.
        """
        if key in self.prices:
            return self.prices[key]
        found = _PLANNED.fullmatch(key)
        if found is not None and found["key"] in self.rates.get(found["plan"], {}):
            hourly = self.prices.get(f"{found['key']}.{found['plan']}.hour")
            if found["end"] and (hourly is not None or found["plan"].endswith("all_upfront")):
                return self._reserved(
                    found["key"], found["plan"], hourly.flat if hourly else Decimal(0), ", upfront part"
                )
            if not found["end"]:
                return self._reserved(found["key"], found["plan"], Decimal(0), "")
        raise PriceMissing(key, self.region, tuple(self.prices))

    def _reserved(self, key: str, plan: str, less: Decimal, what: str) -> Price:
        rate, listed = self.rates[plan][key], self.prices.get(key)
        tier = replace(rate, start=Decimal(0), end=None, price=rate.price - less)
        name = f"{listed.name if listed else key}, reserved{what}"
        unit = listed.unit if listed else "hour"
        offer = listed.offer if listed else key
        return Price(f"{key}.{plan}", name, offer, unit, Decimal(1), (tier,), {}, "", self.region)

    def rate(self, plan: str, key: str) -> Tier:
        """Return what one hour of `key` costs under `plan`; `PriceMissing` where the book does not know it."""
        known = self.rates.get(plan, {})
        if key not in known:
            others = tuple(f"{name} {key}" for name, rates in self.rates.items() if key in rates)
            raise PriceMissing(f"{plan} {key}", self.region, others or tuple(f"{plan} {name}" for name in known))
        return known[key]

    def allowance(self, key: str) -> Decimal:
        """Return the free allowance named `key`, in raw units a month."""
        if key not in self.allowances:
            raise PriceMissing(f"allowance {key}", self.region, tuple(self.allowances))
        return self.allowances[key]


def oldest(dates: Iterable[str]) -> str:
    """The oldest of the dates of prices, `undated` where all are; a year is older than a month of it."""
    return min((date for date in dates if date != "undated"), default="undated")


def regions() -> tuple[str, ...]:
    """The regions that have a price book."""
    return tuple(bundled_books())


@lru_cache(maxsize=8)
def load_book(region: str = "us-east-1", file: Path | None = None) -> PriceBook:
    """Load the price book of `region`, or the one in `file`, with the prices that are the same everywhere.

    Raises `UserError` for a region without a book and for a file that is no price book.
    """
    file = book_file(region) if file is None else file
    raw = read_raw(file)
    try:
        for part, entries in read_raw(everywhere_file()).items():
            if isinstance(entries, dict):
                raw[part] = entries | raw[part]
        return read_book(raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"not a price book: {error!r}", file=file, valid="see data/prices") from error
    except UserError as error:
        raise UserError(error.message, file=file, valid=error.valid) from error


def read_book(raw: Mapping[str, Any]) -> PriceBook:
    """Make a book of what its file holds; `UserError`, `KeyError` or `TypeError` where it is none."""
    rates = {
        plan: MappingProxyType({key: _tier(key, entry) for key, entry in entries.items()})
        for plan, entries in raw.get("rates", {}).items()
    }
    return PriceBook(
        region=raw["region"],
        currency=raw["currency"],
        as_of=raw["as_of"],
        prices=MappingProxyType({key: _price(key, entry, raw["region"]) for key, entry in raw["prices"].items()}),
        rates=MappingProxyType(rates),
        allowances=MappingProxyType({key: to_decimal(entry["free"], key) for key, entry in raw["allowances"].items()}),
        sources=MappingProxyType(dict(raw["sources"])),
    )


def _price(key: str, entry: Mapping[str, Any], region: str) -> Price:
    tiers = tuple(_tier(key, tier) for tier in entry.get("tiers", [entry]))
    starts = [tier.start for tier in tiers]
    ends = [tier.end for tier in tiers]
    if starts[0] != 0 or starts[1:] != ends[:-1] or ("tiers" not in entry and ends != [None]):
        raise UserError(f"tiers of {key} leave a gap", valid="tiers from 0, each starting where the last ends")
    return Price(
        key=key,
        name=entry["name"],
        offer=entry["offer"],
        unit=entry["unit"],
        per=to_decimal(entry.get("per", "1"), key),
        tiers=tiers,
        attributes=MappingProxyType(dict(entry.get("attributes", {}))),
        note=entry.get("note", ""),
        region=region,
    )


def _tier(key: str, entry: Mapping[str, Any]) -> Tier:
    if not isinstance(entry["price"], str):
        raise UserError(f"price of {key} is {entry['price']!r}", valid="a decimal string")
    if entry["status"] not in STATUSES:
        raise UserError(f"status of {key} is {entry['status']!r}", valid=STATUSES, given=entry["status"])
    end = entry.get("to")
    return Tier(
        start=to_decimal(entry.get("from", "0"), key),
        end=None if end is None else to_decimal(end, key),
        price=to_decimal(entry["price"], key),
        status=entry["status"],
        sources=tuple(entry["sources"]),
        date=entry["date"],
        sku=entry.get("sku", ""),
        usage_type=entry.get("usage_type", ""),
    )
