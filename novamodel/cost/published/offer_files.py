"""Stream AWS's bulk price list files: offers and savings plans, in JSON, plain or gzipped, of any size.

A file of several GB is read in one pass a section and never held: the parser's state is what is kept.
Source of the form: AWS Billing user guide, "Reading the service price list files"; files of AWSComputeSavingsPlan
and AWSDatabaseSavingsPlans as in "Reading the service price list file for a Savings Plan".
"""

import gzip
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, NamedTuple

import ijson

from novamodel.cost.money import to_decimal
from novamodel.errors import UserError

HOURS_A_YEAR = 8760


@dataclass(frozen=True)
class Head:
    """What a file says of itself; `plans` where it is a savings plan's file."""

    file: Path
    offer: str
    version: str
    published: str
    plans: bool


class Product(NamedTuple):
    """A product of an offer file; `attributes` has `productFamily` beside AWS's own."""

    sku: str
    attributes: dict[str, str]


class Rung(NamedTuple):
    """One tier of a price in USD per AWS's `unit`; `end` None: no end."""

    start: Decimal
    end: Decimal | None
    price: Decimal
    unit: str


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield file  # type: ignore[misc]
    except (OSError, EOFError) as problem:
        raise UserError(f"price list file cannot be read: {problem}", file=path) from None
    except ijson.JSONError as problem:
        raise UserError(f"price list file is no JSON: {problem}", file=path) from None


def head(path: Path) -> Head:
    """Offer code, version and date of a file, read from its beginning."""
    said: dict[str, str] = {}
    with _opened(path) as file:
        for prefix, event, value in ijson.parse(file):
            if prefix == "products" and event in ("start_map", "start_array"):
                plans = event == "start_array"
                offer = said.get("offerCode") or ("savings plans" if plans else "")
                if offer:
                    return Head(path, offer, said.get("version", ""), said.get("publicationDate", "")[:10], plans)
                break
            if event in ("string", "number"):
                said[prefix] = str(value)
    raise UserError("this is no price list file of AWS", file=path, valid="an offer's index.json with its products")


def products(path: Path) -> Iterator[Product]:
    """The products of an offer file."""
    with _opened(path) as file:
        for sku, product in ijson.kvitems(file, "products"):
            family = product.get("productFamily", "")
            yield Product(sku, {"productFamily": family, **product.get("attributes", {})})


def on_demand(path: Path, skus: Container[str]) -> Iterator[tuple[str, list[Rung]]]:
    """The on-demand tiers of the wanted products, lowest first; `UserError` for a product with two such terms."""
    with _opened(path) as file:
        for sku, terms in ijson.kvitems(file, "terms.OnDemand"):
            if sku not in skus:
                continue
            if len(terms) != 1:
                raise UserError(f"product {sku} has {len(terms)} on-demand terms", file=path, valid="one")
            (term,) = terms.values()
            yield sku, sorted(map(_rung, term["priceDimensions"].values()), key=lambda rung: rung.start)


def _rung(dimension: dict[str, Any]) -> Rung:
    rate = str(dimension.get("rateCode", "a price"))
    if "USD" not in dimension["pricePerUnit"]:
        raise UserError(f"{rate} is not in USD", valid="price list files in USD")
    end = dimension.get("endRange", "Inf")
    return Rung(
        start=to_decimal(dimension.get("beginRange", "0"), rate),
        end=None if end == "Inf" else to_decimal(end, rate),
        price=to_decimal(dimension["pricePerUnit"]["USD"], rate),
        unit=dimension["unit"],
    )


def reserved(path: Path, skus: Container[str]) -> Iterator[tuple[str, str, Decimal]]:
    """(product, plan, USD an hour) of the reserved terms of the wanted products, upfront parts spread over the term.

    `plan` is such as `reserved.1yr.no_upfront`, or `convertible.…` for EC2's convertible class.
    """
    with _opened(path) as file:
        for sku, terms in ijson.kvitems(file, "terms.Reserved"):
            for term in terms.values() if sku in skus else ():
                said = term["termAttributes"]
                years = int(said["LeaseContractLength"].removesuffix("yr"))
                kind = "convertible" if said.get("OfferingClass") == "convertible" else "reserved"
                hourly = Decimal(0)
                for rung in map(_rung, term["priceDimensions"].values()):
                    once = rung.unit == "Quantity"
                    hourly += rung.price / (years * HOURS_A_YEAR) if once else rung.price
                yield sku, f"{kind}.{years}yr.{_words(said['PurchaseOption'])}", hourly


PLAN_KINDS = {
    "ComputeSavingsPlans": "compute_sp",
    "EC2InstanceSavingsPlans": "instance_sp",
    "DatabaseSavingsPlans": "database_sp",
}


def plan_rates(path: Path, skus: Container[str]) -> Iterator[tuple[str, str, Decimal]]:
    """(discounted product, plan, USD an hour) of a savings plans' file for the wanted products.

    `plan` is such as `compute_sp.1yr.no_upfront`. Plans of kinds that are not known here are passed over.
    """
    payments: dict[str, str] = {}
    with _opened(path) as file:
        for product in ijson.items(file, "products.item"):
            kind = PLAN_KINDS.get(product.get("productFamily", ""))
            if kind is not None:
                payments[product["sku"]] = f"{kind}.{{}}.{_words(product['attributes']['purchaseOption'])}"
    with _opened(path) as file:
        plan = ""
        lease = {"duration": "", "unit": ""}
        rate: dict[str, str] = {}
        base = "terms.savingsPlan.item"
        for prefix, event, value in ijson.parse(file):
            if prefix == f"{base}.sku":
                plan = payments.get(value, "")
            elif prefix.startswith(f"{base}.leaseContractLength."):
                lease[prefix.rpartition(".")[2]] = str(value)
            elif prefix == f"{base}.rates.item" and event == "start_map":
                rate = {}
            elif prefix.startswith(f"{base}.rates.item.") and event == "string":
                rate[prefix.removeprefix(f"{base}.rates.item.")] = value
            elif prefix == f"{base}.rates.item" and event == "end_map" and plan and rate.get("discountedSku") in skus:
                if not lease["duration"]:
                    raise UserError("a plan names its rates before its term", file=path)
                length = f"{lease['duration']}yr"
                price = to_decimal(rate["discountedRate.price"], rate["discountedSku"])
                yield rate["discountedSku"], plan.format(length), price


def _words(text: str) -> str:
    return text.strip().lower().replace(" ", "_")
