"""Which published product is which price of the book: `data/prices/refresh/rules.json`, read and applied.

A rule names its products by usage type and attributes; of each key exactly one product may remain.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from novamodel.cost.published.offer_files import Product
from novamodel.errors import UserError
from novamodel.resources import data_dir

REGION_PREFIX = r"(?:[A-Z]{2,4}\d?-|[a-z]{2}-[a-z]+-\d-)?"
"""What stands before a usage type: `USE1-`, `EU-`, `us-east-1-` or nothing."""


@dataclass(frozen=True)
class Rule:
    """One line of the table (see its `about`); `usagetype` is compiled with the region's prefix."""

    key: str
    offers: tuple[str, ...]
    usagetype: re.Pattern[str] | None
    match: Mapping[str, tuple[str, ...]]
    words: Mapping[str, Mapping[str, str]]
    form: Mapping[str, str]
    prefer: Mapping[str, tuple[str, ...]]
    unit: str
    divide: Decimal
    free: str
    reserved: bool
    keys: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r"\\\{(\w+)\\\}", self._group, re.escape(self.key))
        object.__setattr__(self, "keys", re.compile(f"^{pattern}$"))

    def _group(self, found: re.Match[str]) -> str:
        words = self.words.get(found[1])
        return f"(?:{'|'.join(map(re.escape, words.values()))})" if words else self.form.get(found[1], r"[a-z0-9-]+")

    def key_of(self, product: Product) -> str | None:
        """The book's key of a product, None where the rule does not mean it."""
        attributes = product.attributes
        if attributes.get("locationType", "AWS Region") != "AWS Region":
            return None
        if self.usagetype is not None and not self.usagetype.match(attributes.get("usagetype", "")):
            return None
        if any(attributes.get(name) not in values for name, values in self.match.items()):
            return None
        said = {}
        for name in re.findall(r"\{(\w+)\}", self.key):
            value = attributes.get(name, "")
            value = self.words[name].get(value, "") if name in self.words else value
            if not value:
                return None
            said[name] = value
        key = self.key.format(**said)
        return key if self.keys.match(key) else None


def load_rules(file: Path | None = None) -> tuple[Rule, ...]:
    """The table of rules; `UserError` for a file that is none."""
    file = file or data_dir() / "prices" / "refresh" / "rules.json"
    try:
        return tuple(map(_rule, json.loads(file.read_text(encoding="utf-8"))["rules"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UserError(f"no table of refresh rules: {problem!r}", file=file) from None


def _rule(raw: Mapping[str, Any]) -> Rule:
    usage = _several(raw["usagetype"]) if "usagetype" in raw else ()
    known = set(Rule.__dataclass_fields__) - {"offers", "keys"} | {"offer"}
    if not raw.keys() <= known:
        raise KeyError(f"{raw['key']}: {sorted(raw.keys() - known)}")
    return Rule(
        key=raw["key"],
        offers=_several(raw["offer"]),
        usagetype=re.compile(f"^{REGION_PREFIX}(?:{'|'.join(map(_pattern, usage))})$") if usage else None,
        match={name: _several(value) for name, value in raw.get("match", {}).items()},
        words=raw.get("words", {}),
        form=raw.get("form", {}),
        prefer={name: _several(value) for name, value in raw.get("prefer", {}).items()},
        unit=raw.get("unit", ""),
        divide=Decimal(raw.get("divide", "1")),
        free=raw.get("free", ""),
        reserved=raw.get("reserved", False),
    )


def _several(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _pattern(usage: str) -> str:
    """A usage type as it is written; only `.*` at its end stands for anything."""
    return re.escape(usage.removesuffix(".*")) + (".*" if usage.endswith(".*") else "")


def matched(rules: Iterable[Rule], offer: str, found: Iterable[Product]) -> dict[str, list[Product]]:
    """The products of each key of an offer's rules, in one pass; preferred ones alone where there are any."""
    own = [rule for rule in rules if offer in rule.offers]
    by_key: dict[str, list[Product]] = {rule.key: [] for rule in own if "{" not in rule.key}
    for product in found:
        for rule in own:
            key = rule.key_of(product)
            if key is not None:
                by_key.setdefault(key, []).append(product)
    for rule in own:
        for name, values in rule.prefer.items():
            by_key[rule.key] = _preferred(by_key[rule.key], name, values)
    return by_key


def _preferred(found: list[Product], name: str, values: tuple[str, ...]) -> list[Product]:
    for value in values:
        chosen = [product for product in found if product.attributes.get(name) == value]
        if chosen:
            return chosen
    return found
