"""A monthly bill: lines that add up to the cent, split into a baseline and what follows use.

`price(usage, book)` makes one; `price_range` makes one for each of a low, mid and high month. A bill says how
far its prices are confirmed and lists what it does not price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import pandas as pd

from novamodel.cost.book import STATUSES, PriceBook, load_book, oldest
from novamodel.cost.charges import Ground, charges
from novamodel.cost.lines import Line, Writer
from novamodel.cost.money import plain, total, usd
from novamodel.cost.show import bill_text, by_service
from novamodel.cost.usage import MonthUsage
from novamodel.files import csv_text
from novamodel.showing import Shown, shows_itself

ON_DEMAND = "commitments: all lines are on-demand list prices"
NEVER_PRICED = ("tax, AWS support plan, marketplace software", ON_DEMAND, "VPN that no file declares, Direct Connect")

COLUMNS = (
    "service",
    "name",
    "quantity",
    "unit",
    "unit_price",
    "amount",
    "driver",
    "key",
    "sku",
    "source",
    "status",
    "date",
)


@dataclass(frozen=True)
@shows_itself
class Bill:
    """Lines in USD a month, each rounded to the cent; the totals are sums of the rounded lines.

    `free`: what is used and costs nothing. `not_priced`: what the bill leaves out. `missing`: main parts (compute, the
    database) that it has no price of. `notes`: what its total has to be read with. `sources`: what the names in the
    lines' `source` stand for. `prices_as_of`: date of the oldest price used.
    """

    region: str
    currency: str
    prices_as_of: str
    hours_per_month: float
    lines: tuple[Line, ...]
    free: tuple[str, ...]
    not_priced: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    sources: Mapping[str, str]

    @property
    def baseline(self) -> Decimal:
        """Sum of the lines that do not follow use."""
        return total(line.amount for line in self.lines if line.driver == "fixed")

    @property
    def use(self) -> Decimal:
        """Sum of the lines that follow use."""
        return total(line.amount for line in self.lines if line.driver == "use")

    @property
    def total(self) -> Decimal:
        """baseline + use."""
        return self.baseline + self.use

    @property
    def exact(self) -> Decimal:
        """The total of the lines before each is rounded."""
        return sum((line.exact for line in self.lines), Decimal(0))

    def by_service(self) -> dict[str, Decimal]:
        """Amount by AWS service, in the bill's order."""
        return by_service(self.lines)

    def by_status(self) -> dict[str, Decimal]:
        """Amount by how far its unit prices are confirmed, best confirmed first."""
        return {
            status: total(line.amount for line in self.lines if line.status == status)
            for status in STATUSES
            if any(line.status == status for line in self.lines)
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a line with the columns of `COLUMNS`; quantity, unit price and amount (USD) are floats."""
        frame = pd.DataFrame([[getattr(line, name) for name in COLUMNS] for line in self.lines], columns=list(COLUMNS))
        return frame.astype({"quantity": float, "unit_price": float, "amount": float})

    def to_csv(self) -> str:
        """The lines as CSV text with exact decimals, one header row."""
        rows = [
            [plain(value) if isinstance(value, Decimal) and name != "amount" else str(value) for name, value in cells]
            for cells in ([(name, getattr(line, name)) for name in COLUMNS] for line in self.lines)
        ]
        return csv_text(pd.DataFrame(rows, columns=list(COLUMNS)))

    def summary(self) -> list[str]:
        """The sentences below a bill: totals, dates, how far confirmed, what is free, what is not priced."""
        confirmed = ", ".join(f"{usd(amount)} {status}" for status, amount in self.by_status().items())
        without = f", WITHOUT {' and '.join(self.missing)}" if self.missing else ""
        text = [
            f"baseline {usd(self.baseline)} + use* {usd(self.use)}"
            f" = {usd(self.total)} {self.currency} a month{without}",
            f"{len(self.lines)} lines priced, {self.region}, list prices of {self.prices_as_of} or later,"
            f" {self.hours_per_month:g} hours a month",
        ]
        text += self.notes
        if confirmed:
            text.append(f"unit prices: {confirmed}")
        if self.free:
            text.append("used, costs nothing: " + "; ".join(self.free))
        text.append("not priced: " + "; ".join(self.not_priced))
        return text

    def __str__(self) -> str:
        return bill_text(self.lines, self.summary(), self.currency)

    def _shown(self) -> Shown:
        rows = [(name, usd(amount)) for name, amount in self.by_service().items()]
        return Shown(
            "A month's bill",
            ("service", f"{self.currency} a month"),
            rows,
            [*self.summary()[:2], "print it for its lines"],
        )


@dataclass(frozen=True)
@shows_itself
class BillRange:
    """The bill of a low, a middle and a high month of the same deployment."""

    low: Bill
    mid: Bill
    high: Bill

    def totals(self) -> tuple[Decimal, Decimal, Decimal]:
        """The three totals in USD, lowest first."""
        low, mid, high = sorted((self.low.total, self.mid.total, self.high.total))
        return low, mid, high

    def to_frame(self) -> pd.DataFrame:
        """Amounts in USD by service, one column each for low, mid and high."""
        columns = {name: _floats(bill) for name, bill in (("low", self.low), ("mid", self.mid), ("high", self.high))}
        services = dict.fromkeys(service for amounts in columns.values() for service in amounts)
        return pd.DataFrame(columns, index=pd.Index(list(services), name="service")).fillna(0.0)

    def _shown(self) -> Shown:
        low, mid, high = map(usd, self.totals())
        frame = self.to_frame()
        rows = [
            (str(name), *(f"{amount:,.2f}" for amount in row))
            for name, row in zip(frame.index, frame.to_numpy(), strict=True)
        ]
        title = f"{mid} {self.mid.currency} a month [{low}, {high}]"
        return Shown(title, ("service", *frame.columns), rows, [*self.mid.summary()[:2], "print mid for its lines"])


def _floats(bill: Bill) -> Mapping[str, float]:
    return {service: float(amount) for service, amount in bill.by_service().items()}


def price(usage: MonthUsage, book: PriceBook | None = None, *, lenient: bool = False) -> Bill:
    """Price one month at on-demand list prices of `book` (None: us-east-1).

    The total never falls when a use-driven quantity grows. It may fall when a database's storage passes
    400 GiB, because AWS then includes more IOPS.
    Raises `PriceMissing` for anything the book has no price for, and `UserError` for what AWS does not sell; with
    `lenient` both are left out and named instead.
    """
    book = load_book() if book is None else book
    writer = Writer(book, free_tier=usage.free_tier, lenient=lenient)
    ground = Ground.of(usage, book, lenient=lenient)
    lines = writer.write(charges(usage, ground))
    return Bill(
        region=book.region,
        currency=book.currency,
        prices_as_of=oldest(line.date for line in lines),
        hours_per_month=float(usage.hours_per_month),
        lines=tuple(lines),
        free=_free(usage),
        not_priced=(*writer.unpriced, *ground.refused, *usage.not_priced, *_not_priced(usage)),
        missing=_missing(usage, writer),
        notes=usage.notes,
        sources=_sources(lines, book),
    )


def price_range(
    low: MonthUsage, mid: MonthUsage, high: MonthUsage, book: PriceBook | None = None, *, lenient: bool = False
) -> BillRange:
    """Price three months, a low, a middle and a high one, with the same book."""
    return BillRange(*(price(month, book, lenient=lenient) for month in (low, mid, high)))


def _sources(lines: list[Line], book: PriceBook) -> Mapping[str, str]:
    used = sorted({name for line in lines for name in line.source.split(", ")})
    return MappingProxyType({name: _source(book.sources.get(name, {})) for name in used})


def _source(entry: Mapping[str, str]) -> str:
    place = "/".join(entry[part] for part in ("repo", "path") if part in entry) or entry.get("url", "")
    return "; ".join(text for text in (entry.get("what", ""), place, entry.get("data_date", "")) if text)


MAIN_PARTS = {
    "rds": "the database",
    "aurora": "the database",
    "fargate": "compute",
    "ec2": "compute",
    "lambda": "compute",
}
"""Parts without which a bill is none: by the first word of their price's key."""


def _missing(usage: MonthUsage, writer: Writer) -> tuple[str, ...]:
    lacking = [MAIN_PARTS[key.split(".")[0]] for key in writer.without if key.split(".")[0] in MAIN_PARTS]
    return tuple(dict.fromkeys((*usage.missing, *lacking)))


def _free(usage: MonthUsage) -> tuple[str, ...]:
    items = list(usage.free)
    if any(database.insights == "standard" for database in usage.databases):
        items.append("Performance Insights (Database Insights standard): 7 days kept")
    if any(database.zones != "single_az" for database in usage.databases):
        items.append("replication between the zones of a Multi-AZ database")
    stored = sum((database.backup_stored_gib for database in usage.databases), Decimal(0))
    allowed = min(stored, sum((database.storage_gib for database in usage.databases), Decimal(0)))
    if allowed > 0:
        items.append(f"database backups up to the provisioned storage: {allowed:,.0f} GB")
    if usage.fargate:
        items.append("20 GB of ephemeral storage a task")
    if usage.free_tier:
        items.append("always-free allowances of the account are taken off")
    return tuple(items)


def _not_priced(usage: MonthUsage) -> tuple[str, ...]:
    items = [] if usage.free_tier else ["always-free allowances of the account are not taken off"]
    if usage.fargate and usage.eks_clusters:
        items.append("EKS on Fargate: CoreDNS and other system pods, where the usage does not list them")
    return tuple(items) + NEVER_PRICED
