"""What a finding costs, or its mending, where the price book has a price for it."""

from __future__ import annotations

from decimal import Decimal

from novamodel.audit.seen import Seen
from novamodel.cost import PriceMissing, load_book, regions

_HOURS = 730
"""Hours of a month as AWS's calculator counts them."""


def region_of(seen: Seen) -> str:
    """The region that the AWS provider names; us-east-1 where none is known or it has no price book."""
    named = (one.text("region") for one in seen.sources.terraform.of("provider") if one.name == "aws")
    return next((name for name in named if name in regions()), "us-east-1")


def price_of(key: str, region: str) -> Decimal | None:
    """USD for one unit of a key; None where the book has no price."""
    try:
        return load_book(region).price(key).flat
    except PriceMissing:
        return None


def second_zone(instance_class: str, region: str) -> str:
    """What a standby in a second zone costs a month more, in words."""
    one, both = (price_of(f"rds.postgres.{instance_class}.{zones}", region) for zones in ("single_az", "multi_az"))
    if one is None or both is None:
        return "it doubles the price of the instance"
    return f"{(both - one) * _HOURS:,.2f} USD a month more in {region}"


def kept(key: str, what: str, region: str) -> str:
    """What a GiB that is kept costs, in words: each month adds what that month wrote."""
    price = price_of(key, region)
    return f"{what} at {price.normalize():f} USD a GiB and month in {region}" if price is not None else what
