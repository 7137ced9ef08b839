"""Commitments as they are written: savings plans and reservations that a deployment pays for whatever runs."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from novamodel.errors import UserError

FORM = "KIND.TERM.PAYMENT[:WHAT]=NUMBER, such as compute_sp.1yr.no_upfront=0.12 or reserved.1yr.no_upfront:KEY=2"
PLANS = ("compute_sp", "instance_sp", "database_sp")
"""Kinds of savings plans."""
RESERVED = ("reserved", "convertible")
_WRITTEN = re.compile(r"\s*(\w+)\.([13]yr\.\w+?_upfront)(?::([\w.-]+))?\s*=\s*(\d+(?:\.\d+)?)\s*")


class Commitment(NamedTuple):
    """A plan's USD an hour, or a number of reserved instances of a price's key.

    ``plan``: kind, term and payment, as price books name it. ``what``: an instance family, or the key.
    """

    kind: str
    plan: str
    what: str
    number: Decimal


def parse_commitment(text: str) -> Commitment:
    """A commitment as it is written (``FORM``). Raises ``UserError`` for a text that is none."""
    found = _WRITTEN.fullmatch(text)
    if found is None or found[1] not in (*PLANS, *RESERVED):
        raise UserError(f"{text!r} is no commitment", valid=FORM)
    kind, term, what, number = found.groups()
    if kind in RESERVED and not what:
        raise UserError(f"{text!r} names nothing that is reserved", valid=FORM)
    if kind == "instance_sp" and not what:
        raise UserError(f"{text!r} names no instance family", valid="instance_sp.3yr.all_upfront:m6i=0.10")
    return Commitment(kind, f"{kind}.{term}", what or "", Decimal(number))
