"""What all things of the usage language have in common, and a plain quantity of one price."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
"""An exact quantity; a float is taken by its shortest text (0.1 is 0.1)."""
Count = Annotated[int, Field(ge=0)]
Profile = tuple[Amount, ...]
"""A curve over the month in equal slices: 730 figures are hours, 24 a day that repeats, one a month without change."""
Name = Annotated[str, Field(min_length=1)]
Purchase = Annotated[
    str, Field(pattern=r"on_demand|(reserved|convertible)\.[13]yr\.((no|partial|all)_upfront|heavy_utilization)")
]
"""How a machine is bought: on demand, or reserved for one or three years, paid so: `reserved.1yr.no_upfront`."""
Driver = Literal["fixed", "use"]
"""`use` where a quantity follows traffic."""
ZERO = Decimal(0)


class Thing(BaseModel):
    """A part of a month's usage; it cannot be changed, and knows no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Metered(Thing):
    """A quantity of one price of the book, in raw units (single requests, not thousands).

    For what has a price and no rule: `secrets.secret`, `waf.requests`, `dynamodb.wru`, `s3.glacier.retrieval`.
    Tiers and allowances of the price are those of the account, over all usage of the month.
    `name`: the user's name of the thing that it belongs to.
    """

    key: Name
    quantity: Amount
    name: str = ""
    driver: Driver = "fixed"
