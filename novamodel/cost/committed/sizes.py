"""Sizes of a reservation: one of a family covers others of the family by normalized units.

Sources: EC2 user guide, "How Reserved Instance discounts are applied" (regional Linux: smallest size first); RDS user
guide, "Size-flexible reserved DB instances" (a Multi-AZ instance counts double); ElastiCache user guide, "Size flexible
reserved nodes". OpenSearch reservations and bare metal have no size flexibility.
"""

import re
from decimal import Decimal
from typing import NamedTuple

_SMALL = {"nano": "0.25", "micro": "0.5", "small": "1", "medium": "2", "large": "4", "xlarge": "8"}
_FLEXIBLE = re.compile(
    r"(?P<before>ec2\.linux|rds\.(?:postgres|mysql|mariadb)\.db|aurora\.db|elasticache\.\w+\.cache)"
    r"\.(?P<family>[a-z0-9-]+)\.(?P<size>nano|micro|small|medium|large|\d*xlarge)(?P<after>\.\w+)?"
)


class Size(NamedTuple):
    """What a reservation of a key is good for: anything of the same pool, by units."""

    pool: str
    units: Decimal


def size_of(key: str) -> Size:
    """Pool and normalized units of a price's key; a pool of its own where reservations are not flexible."""
    found = _FLEXIBLE.fullmatch(key)
    if found is None or found["after"] == ".spot":
        return Size(key, Decimal(1))
    text = found["size"]
    units = Decimal(_SMALL[text]) if text in _SMALL else 8 * Decimal(text.removesuffix("xlarge"))
    after = found["after"] or ""
    if after in (".single_az", ".multi_az"):
        return Size(f"{found['before']}.{found['family']}", units * (2 if after == ".multi_az" else 1))
    return Size(f"{found['before']}.{found['family']}{after}", units)
