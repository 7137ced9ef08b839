"""A new price book from AWS's published files: exactly one product a key, and what would change.

Nothing is guessed: a key whose rule finds no product or several, a unit that changed, a first tier of 0 that is no
known allowance stop the refresh and are named, unless the user keeps their old price.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any

from novamodel.cost.differences import Change, changes
from novamodel.cost.money import plain, to_decimal
from novamodel.cost.published.offer_files import Head, Product, Rung, head, on_demand, plan_rates, products, reserved
from novamodel.cost.published.rules import Rule, matched
from novamodel.errors import UserError

MOST_NAMED = 12
Raw = dict[str, Any]


@dataclass(frozen=True)
class Refresh:
    """A book as its file holds it, what changed, and keys of the read offers that have no rule or were kept."""

    book: Raw
    changes: tuple[Change, ...]
    kept: tuple[str, ...]


def refreshed(
    book: Raw,
    files: Iterable[Path],
    rules: Sequence[Rule],
    keep: Iterable[str] = (),
    others: Mapping[str, Raw] | None = None,
    add: bool = False,
) -> Refresh:
    """Make a new book of `book`, with the prices of the given files in place of those it had.

    `keep`: keys, or patterns such as `opensearch.*`, whose prices stay. `others`: books of other regions by name,
    which know names of keys that this one lacks. `add`: instance classes that the book does not know are added.
    """
    heads = sorted((head(file) for file in files), key=lambda one: one.plans)
    new = deepcopy(book)
    offers = [one for one in heads if not one.plans]
    chosen = _chosen(new, offers, rules, tuple(keep), others or {}, add)
    touched: set[str] = set()
    for one in offers:
        own = {key: pair for key, pair in chosen.items() if pair[1].attributes["offer"] == one.offer}
        if own:
            _take_prices(new, one, own, others or {})
        touched |= own.keys()
    by_sku = _skus(new, chosen)
    for one in heads:
        if one.plans:
            _take_rates(new, one, by_sku, plan_rates(one.file, by_sku))
    read = {one.offer for one in offers}
    kept = sorted(key for key, entry in new["prices"].items() if entry["offer"] in read and key not in touched)
    return Refresh(new, tuple(changes(book, new)), tuple(kept))


def _chosen(
    book: Raw,
    offers: Sequence[Head],
    rules: Sequence[Rule],
    keep: tuple[str, ...],
    others: Mapping[str, Raw],
    add: bool,
) -> dict[str, tuple[Rule, Product]]:
    """The product of each key, with its rule; every key that has not exactly one is named in the error."""
    found: dict[str, list[Product]] = {}
    given = {one.offer for one in offers}
    for one in offers:
        for key, there in matched(rules, one.offer, products(one.file)).items():
            marked = [Product(p.sku, {**p.attributes, "offer": one.offer}) for p in there]
            first = next(offer for rule in rules if rule.keys.match(key) for offer in rule.offers if offer in given)
            if marked and (one.offer == first or not found.get(key)):
                found[key] = marked
            found.setdefault(key, [])
    named = {key for raw in others.values() for key in raw["prices"]} | book["prices"].keys()
    chosen, wrong = {}, []
    for rule in rules:
        if not given & set(rule.offers):
            continue
        own = {key for key in found | book["prices"] if rule.keys.match(key)}
        for key in sorted(own):
            there = found.get(key, [])
            new = key not in book["prices"]
            if any(fnmatchcase(key, pattern) for pattern in keep) or (new and not there):
                continue
            if new and not (add if "{" in rule.key else key in named):
                continue
            if len(there) == 1:
                chosen[key] = (rule, there[0])
            else:
                skus = f" ({', '.join(product.sku for product in there[:3])})" if there else ""
                wrong.append(f"{key} {len(there)}{skus}")
    if wrong:
        more = f"; and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        raise UserError(
            f"{book['region']}: products found for a price: {'; '.join(wrong[:MOST_NAMED])}{more}",
            valid="exactly one each; mend the rules, or keep an old price with --keep KEY",
        )
    return chosen


def _take_prices(book: Raw, source: Head, own: Mapping[str, tuple[Rule, Product]], others: Mapping[str, Raw]) -> None:
    name = _source(book, source)
    keys: dict[str, list[str]] = {}
    for key, (_, product) in own.items():
        keys.setdefault(product.sku, []).append(key)
    seen = set()
    for sku, rungs in on_demand(source.file, keys):
        for key in keys[sku]:
            seen.add(key)
            rule, product = own[key]
            entry = book["prices"].get(key) or _new_entry(key, product, source, others)
            per = to_decimal(entry.get("per", "1"), key)
            facts: Raw = {"sku": sku, "usage_type": product.attributes.get("usagetype", "")}
            facts |= {"status": "published", "sources": [name], "date": source.published}
            tiers = [_tier(rung, per / rule.divide, facts) for rung in _ladder(key, rule, rungs, book)]
            for stale in ("price", "tiers", "sku", "usage_type", "status", "sources", "date"):
                entry.pop(stale, None)
            entry |= {"tiers": tiers} if len(tiers) > 1 else {k: v for k, v in tiers[0].items() if k != "to"}
            entry.pop("from", None)
            book["prices"][key] = entry
    if seen != own.keys():
        missing = ", ".join(sorted(own.keys() - seen)[:MOST_NAMED])
        raise UserError(f"no on-demand term of {missing}", file=source.file, valid="keep the old price with --keep KEY")
    by_sku = {own[key][1].sku: key for key in own if own[key][0].reserved}
    _take_rates(book, source, by_sku, reserved(source.file, by_sku))


def _ladder(key: str, rule: Rule, rungs: list[Rung], book: Raw) -> list[Rung]:
    """The tiers as the book holds them: units checked, the free first tier taken off where it is an allowance."""
    for rung in rungs:
        if rule.unit and rung.unit.lower() != rule.unit.lower():
            raise UserError(f"unit of {key} is {rung.unit!r} in the file", valid=f"{rule.unit}, as the rule has it")
    if rule.free and rungs[0].price == 0 and len(rungs) > 1:
        free = to_decimal(book["allowances"][rule.free]["free"], rule.free)
        if rungs[0].end != free:
            raise UserError(f"the first {rungs[0].end} of {key} are free in the file", valid=f"{free}, the allowance")
        rungs = [
            rung._replace(start=rung.start - free, end=None if rung.end is None else rung.end - free)
            for rung in rungs[1:]
        ]
    if any(rung.price == 0 for rung in rungs):
        raise UserError(f"a price of {key} is 0 in the file", valid="a price above 0, or an allowance in the rule")
    return rungs


def _tier(rung: Rung, factor: Decimal, facts: Raw) -> Raw:
    end = None if rung.end is None else plain(rung.end)
    return {"from": plain(rung.start), "to": end, "price": plain(rung.price * factor), **facts}


def _new_entry(key: str, product: Product, source: Head, others: Mapping[str, Raw]) -> Raw:
    for raw in others.values():
        if key in raw["prices"]:
            known = raw["prices"][key]
            return {part: known[part] for part in ("name", "offer", "unit", "per", "attributes") if part in known}
    said = product.attributes
    attributes: Raw = {}
    if said.get("vcpu", "").isdigit():
        attributes["vcpu"] = int(said["vcpu"])
    memory = said.get("memory", "").removesuffix(" GiB").replace(",", "")
    if memory.replace(".", "", 1).isdigit():
        attributes["memory_gib"] = float(memory)
    return {"name": key, "offer": source.offer, "unit": "hour", "attributes": attributes}


def _take_rates(book: Raw, source: Head, by_sku: Mapping[str, str], rates: Iterable[tuple[str, str, Decimal]]) -> None:
    seen: dict[tuple[str, str], Decimal] = {}
    for sku, plan, price in rates:
        place = (plan, by_sku[sku])
        if seen.setdefault(place, price) != price:
            raise UserError(f"{plan} of {by_sku[sku]} has two rates: {seen[place]}, {price}", file=source.file)
    if seen:
        name = _source(book, source)
    for (plan, key), price in seen.items():
        if price > 0:
            facts = {"status": "published", "sources": [name], "date": source.published}
            book["rates"].setdefault(plan, {})[key] = {"price": plain(price), **facts}


def _skus(book: Raw, chosen: Mapping[str, tuple[Rule, Product]]) -> dict[str, str]:
    """Key by product, of the book's own prices and of the chosen ones: savings plans name products."""
    known = {tier["sku"]: key for key, entry in book["prices"].items() for tier in entry.get("tiers", [entry])[:1]
             if tier.get("sku")}  # fmt: skip
    return known | {product.sku: key for key, (_, product) in chosen.items()}


def _source(book: Raw, source: Head) -> str:
    name = f"AWS-{source.offer.replace(' ', '-')}"
    digest = sha256()
    with source.file.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    book["sources"][name] = {
        "what": f"AWS price list file of {source.offer}",
        "data_date": source.published,
        "version": source.version,
        "sha256": digest.hexdigest(),
        "kind": "official price list",
    }
    return name
