"""Money: exact decimals, rounded half up to the cent on each line and on the total of the rounded lines.

Source of the rounding: AWS's published worked examples (0.0225 USD x 730 h = 16.425, billed 16.43).
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from novamodel.errors import UserError

CENT = Decimal("0.01")

Number = int | float | str | Decimal


def to_decimal(value: Number, what: str = "quantity") -> Decimal:
    """Return `value` as an exact, finite, non-negative Decimal; a float by its shortest text (0.1 is 0.1).

    Raises `UserError`, naming `what`, for text that is no number and for NaN, infinite and negative values.
    """
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise UserError(f"{what} is {value!r}", valid="a number") from None
    if not number.is_finite() or number < 0:
        raise UserError(f"{what} is {value}", valid="a finite number of 0 or more")
    return number


def to_cents(amount: Decimal) -> Decimal:
    """Round an amount half up to the cent."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum amounts, each rounded to the cent first."""
    return sum((to_cents(amount) for amount in amounts), start=Decimal("0.00"))


def usd(amount: Decimal) -> str:
    """Write an amount as dollars and cents with thousands separators, such as `1,234.50`."""
    return f"{to_cents(amount):,}"


def plain(number: Decimal, most_decimals: int | None = None) -> str:
    """Write a number without exponent and without trailing zeros, with at most `most_decimals` decimals."""
    shown = number
    if most_decimals is not None:
        shown = number.quantize(Decimal(1).scaleb(-most_decimals), rounding=ROUND_HALF_UP)
    text = f"{shown:,f}" if most_decimals is not None else f"{shown:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
