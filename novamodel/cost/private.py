"""Private rates over a price book: a contract's own prices, and discounts on whole services.

The file is YAML (or JSON):

    region: us-east-1
    source: enterprise agreement of 2026
    date: 2026-07-01
    prices: {nat.hour: 0.04, transfer.internet_out: [{from: 0, to: 10240, price: 0.08}, {from: 10240, price: 0.07}]}
    discounts: {AmazonCloudWatch: 12 %}     # a price list's service (`offer`), off its list price
    rates: {compute_sp.1yr.no_upfront: {fargate.linux.x86.vcpu: 0.031}}
"""

from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

from novamodel.cost.money import plain, to_decimal
from novamodel.errors import UserError
from novamodel.yamlfile import read_mapping

SOURCE = "PRIVATE"
PARTS = ("region", "source", "date", "prices", "discounts", "rates")


def with_private(raw: dict[str, Any], file: Path) -> dict[str, Any]:
    """A book's plain values with the private rates of `file` in the place of list prices; `raw` stays as it is.

    Raises `UserError` for another region's file, a key, service or unit that the book does not have, a price that is
    no number above 0.
    """
    said, lines = read_mapping(file)
    for part in said:
        if part not in PARTS:
            raise UserError(f"unknown part {part!r}", file=file, line=lines.get((part,)), valid=PARTS, given=part)
    for part in ("region", "source", "date"):
        if not said.get(part):
            raise UserError(f"private rates without {part}", file=file, valid="region, source, date")
    if said["region"] != raw["region"]:
        raise UserError(f"private rates are of {said['region']}", file=file, valid=raw["region"])
    book = deepcopy(raw)
    book["sources"][SOURCE] = {"what": str(said["source"]), "data_date": str(said["date"]), "kind": "private rates"}
    facts = {"status": "private", "sources": [SOURCE], "date": str(said["date"])}
    try:
        _discount(book, said.get("discounts") or {}, facts)
        for key, value in (said.get("prices") or {}).items():
            _replace(book, key, value, facts)
        for plan, rates in (said.get("rates") or {}).items():
            for key, value in rates.items():
                _known(book, key)
                book["rates"].setdefault(plan, {})[key] = {"price": _price(value, key), **facts}
    except UserError as error:
        raise UserError(error.message, file=file, valid=error.valid) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"not private rates: {error!r}", file=file, valid="prices, discounts, rates by key") from None
    return book


def _discount(book: dict[str, Any], discounts: dict[str, Any], facts: dict[str, Any]) -> None:
    offers = sorted({entry["offer"] for entry in book["prices"].values()})
    for offer, said in discounts.items():
        if offer not in offers:
            raise UserError(f"discount on unknown service {offer!r}", valid=offers, given=offer)
        share = _share(said, offer)
        for entry in book["prices"].values():
            for tier in entry.get("tiers", [entry]) if entry["offer"] == offer else ():
                tier |= {"price": plain(Decimal(tier["price"]) * (1 - share)), **facts}


def _share(said: Any, offer: str) -> Decimal:
    text = str(said).strip()
    share = to_decimal(text.removesuffix("%").strip(), f"discount on {offer}")
    share = share / 100 if text.endswith("%") else share
    if share >= 1:
        raise UserError(f"discount on {offer} is {said}", valid="a share below 1, such as 12 %")
    return share


def _replace(book: dict[str, Any], key: str, value: Any, facts: dict[str, Any]) -> None:
    entry = _known(book, key)
    for stale in ("price", "tiers", "sku", "usage_type"):
        entry.pop(stale, None)
    if isinstance(value, list):
        entry["tiers"] = [
            {
                "from": str(tier.get("from", "0")),
                "to": None if tier.get("to") is None else str(tier["to"]),
                "price": _price(tier["price"], key),
                **facts,
            }
            for tier in value
        ]
    else:
        entry |= {"price": _price(value, key), **facts}


def _known(book: dict[str, Any], key: str) -> dict[str, Any]:
    if key not in book["prices"]:
        raise UserError(f"private rate of unknown key {key!r}", valid=tuple(book["prices"]), given=key)
    entry: dict[str, Any] = book["prices"][key]
    return entry


def _price(value: Any, key: str) -> str:
    price = to_decimal(str(value), f"price of {key}")
    if price == 0:
        raise UserError(f"price of {key} is 0", valid="a price above 0")
    return plain(price)
