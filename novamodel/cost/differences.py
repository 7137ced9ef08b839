"""What differs between two price books, figure by figure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from novamodel.cost.money import plain

Raw = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One figure that differs: `key` (a rate's with its plan before it), what stood there and what would."""

    key: str
    before: str
    after: str


def changes(before: Raw, after: Raw) -> list[Change]:
    """Every figure that differs between two books, prices first, in the order of the newer book."""
    found = []
    for part in ("prices", "rates"):
        old, new = _figures(before, part), _figures(after, part)
        for key in [*new, *(key for key in old if key not in new)]:
            if old.get(key) != new.get(key):
                found.append(Change(key, old.get(key, "none"), new.get(key, "none")))
    return found


def _figures(raw: Raw, part: str) -> dict[str, str]:
    if part == "rates":
        return {
            f"{plan} {key}": _number(rate) for plan, rates in raw.get(part, {}).items() for key, rate in rates.items()
        }
    return {key: " / ".join(map(_number, entry.get("tiers", [entry]))) for key, entry in raw[part].items()}


def _number(tier: Raw) -> str:
    start = tier.get("from", "0")
    price = plain(Decimal(tier["price"]))
    return price if start in ("0", None) else f"{price} from {start}"
