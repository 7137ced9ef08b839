"""What a finding costs, or its mending, where the price book has a price for it; only an audit asks for prices."""

from __future__ import annotations

from decimal import Decimal

from novamodel.audit.seen import Seen

_HOURS = 730
"""Hours of a month as AWS's calculator counts them."""


def region_of(seen: Seen) -> str:
    """The region that the AWS provider names; us-east-1 where none is known or it has no price book."""
    from novamodel.cost import regions

    named = (one.text("region") for one in seen.sources.terraform.of("provider") if one.name == "aws")
    return next((name for name in named if name in regions()), "us-east-1")


def price_of(key: str, seen: Seen) -> Decimal | None:
    """USD for one unit of a key; None where the book has no price, or nobody asks."""
    if not seen.priced:
        return None
    from novamodel.cost import PriceMissing, load_book

    try:
        return load_book(region_of(seen)).price(key).flat
    except PriceMissing:
        return None


def second_zone(instance_class: str, seen: Seen) -> str:
    """What a standby in a second zone costs a month more, in words."""
    one, both = (price_of(f"rds.postgres.{instance_class}.{zones}", seen) for zones in ("single_az", "multi_az"))
    if one is None or both is None:
        return "it doubles the price of the instance"
    return f"{(both - one) * _HOURS:,.2f} USD a month more in {region_of(seen)}"


def kept(key: str, seen: Seen) -> str:
    """What a GiB that is kept costs, in words: each month adds what that month wrote."""
    price = price_of(key, seen)
    return (
        f"paid at {price.normalize():f} USD a GiB and month in {region_of(seen)}" if price is not None else "and paid"
    )


def dearer(key: str, other: str, size_gib: int, seen: Seen) -> str:
    """What a volume costs a month more than one of another type, in words."""
    one, cheaper = price_of(key, seen), price_of(other, seen)
    if one is None or cheaper is None:
        return "cheaper"
    return f"{(one - cheaper) * size_gib:,.2f} USD a month cheaper in {region_of(seen)}"
