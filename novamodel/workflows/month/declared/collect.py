"""What the declared resources add to a month's usage: things, quantities, what is not priced, with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from novamodel.cost import Metered
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared

BY_USE = "billed by use that no file says"


@dataclass
class Found:
    """Collects. `things`: fields of `MonthUsage`; `counts`: how many of what `pricing` otherwise assumes, by name."""

    scenario: Scenario
    requests: float
    """Requests a month that come from outside."""
    storage_requests: float
    """Reads and writes a month of the main database's storage."""
    on: date
    """The date that decides on extended support: that of the prices."""
    alone: bool = False
    """Whether no service stands beside the resources: nothing of them is known by traffic."""
    things: dict[str, list[Any]] = field(default_factory=dict)
    metered: list[Metered] = field(default_factory=list)
    counts: dict[str, dict[str, float]] = field(default_factory=dict)
    not_priced: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """Hours of the month."""
        return self.scenario.pricing.hours_per_month

    def add(self, name: str, *things: Any) -> None:
        """Add things of the usage language to one field of the month."""
        self.things.setdefault(name, []).extend(things)

    def meter(self, key: str, quantity: float, one: Declared, driver: str = "fixed") -> None:
        """Add a quantity of one price; none where there is nothing to bill."""
        if not quantity:
            return
        self.metered.append(Metered(key=key, quantity=quantity, name=one.name, driver=driver))

    def count(self, what: str, number: float, one: Declared) -> None:
        """Count things that `pricing.WHAT` would otherwise assume, by the names that they are declared under."""
        named = self.counts.setdefault(what, {})
        named[one.name] = named.get(one.name, 0) + number

    def linked(self, one: Declared, *keys: str) -> Declared | None:
        """The declared resource that a value of another refers to: the first of some keys, with what is below them."""
        return linked(self.scenario, one, *keys)

    def linking(self, one: Declared, key: str, *types: str) -> list[Declared]:
        """The declared resources of some types whose value `key` refers to this one."""
        return [other for other in self.scenario.declared_of(*types) if other.links.get(key) == one.address]

    def leave(self, one: Declared, why: str) -> None:
        """Name what the bill leaves out."""
        self.not_priced.append(f"{title(one)}: {why}")

    def costs_nothing(self, one: Declared, why: str = "") -> None:
        """Name what AWS does not charge for."""
        self.free.append(title(one) + (f" ({why})" if why else ""))


def linked(scenario: Scenario, one: Declared, *keys: str) -> Declared | None:
    """The declared resource that a value of another refers to: the first of some keys, with what is below them."""
    for key in keys:
        for path, address in one.links.items():
            if path == key or path.startswith(f"{key}."):
                return next((other for other in scenario.declared if other.address == address), None)
    return None


def title(one: Declared) -> str:
    """``3 x aws_sqs_queue orders (main.tf:7)``."""
    number = f"{one.count} x " if one.count > 1 else ""
    place = f" ({one.place})" if one.place else ""
    return f"{number}{one.type} {one.name}{place}"


def flag(one: Declared, key: str, default: bool = False) -> bool:
    """A switch as it is written."""
    text = one.text(key)
    return text == "true" if text else default


def blocks(one: Declared, name: str) -> list[str]:
    """Prefixes of the values of a block that may be repeated: ``rule.``, ``rule.1.`` ..."""
    found = []
    for number in range(len(one.values)):
        prefix = f"{name}." if number == 0 else f"{name}.{number}."
        if any(key.startswith(prefix) and not _numbered(key, prefix, number) for key in one.values):
            found.append(prefix)
    return found


def inside(one: Declared, prefix: str) -> list[str]:
    """Names of the values and links of one block, without those of the further blocks of its kind."""
    number = 0 if not prefix.rstrip(".").rpartition(".")[2].isdecimal() else 1
    keys = [key for key in (*one.values, *one.links) if key.startswith(prefix)]
    return [key for key in keys if not _numbered(key, prefix, number)]


def _numbered(key: str, prefix: str, number: int) -> bool:
    return number == 0 and key.removeprefix(prefix).split(".")[0].isdecimal()


def purchase(one: Declared) -> str:
    """How a machine is bought, as its usage says: on demand, or reserved for a term with a way to pay."""
    term = str(one.usage.get("reserved_instance_term", "")).lower().replace("_year", "yr").replace("_", "")
    payment = str(one.usage.get("reserved_instance_payment_option", "")).lower()
    kind = str(one.usage.get("reserved_instance_type", "standard")).lower()
    if not term or not payment:
        return "on_demand"
    return f"{'convertible' if kind == 'convertible' else 'reserved'}.{term}.{payment}"
