"""How a bill looks: a tree by service, in the form that users of infracost know.

Name, monthly quantity, unit, monthly cost; lines that follow use are starred, prices from memory carry a question
mark; below them baseline + use* = total, how many lines were priced, how far the prices are confirmed, and what is not
priced. No row is wider than the terminal.
"""

from collections.abc import Sequence
from decimal import Decimal

from novamodel.cost.lines import Line
from novamodel.cost.money import plain, total, usd
from novamodel.layout import fold, wrapped

WIDTH = 80
"""Columns of a terminal that says nothing of its width."""
FROM_MEMORY = "from memory"


def quantity_text(quantity: Decimal) -> str:
    """A quantity as the bill shows it: whole above 100, two decimals above 1, else four significant."""
    if quantity >= 100:
        return plain(quantity, 0)
    return plain(quantity, 2) if quantity >= 1 else f"{float(quantity):.4g}"


def by_service(lines: Sequence[Line]) -> dict[str, Decimal]:
    """Amount in USD by AWS service, in the order of the lines."""
    names = dict.fromkeys(line.service for line in lines)
    return {name: total(line.amount for line in lines if line.service == name) for name in names}


def _rows(lines: Sequence[Line]) -> list[tuple[str, str, str, str]]:
    rows = []
    for service, amount in by_service(lines).items():
        rows.append((service, "", "", usd(amount)))
        group = [line for line in lines if line.service == service]
        for line in group:
            branch = "└─" if line is group[-1] else "├─"
            mark = ("*" if line.driver == "use" else "") + ("?" if line.status == FROM_MEMORY else "")
            rows.append((f"{branch} {line.name}{mark}", quantity_text(line.quantity), line.unit, usd(line.amount)))
    return rows


def memory_note(lines: Sequence[Line]) -> list[str]:
    """The sentence that explains the question mark, where a price is from memory."""
    amount = total(line.amount for line in lines if line.status == FROM_MEMORY)
    return [f"? {usd(amount)} of it at prices from memory, confirmed by no source"] if amount else []


def short(unit: str) -> str:
    """A unit as a terminal has room for it: `address-h`, `GB-mo`."""
    return unit.replace("-hour", "-h").replace("-month", "-mo")


def bill_text(lines: Sequence[Line], summary: Sequence[str], currency: str = "USD", width: int = WIDTH) -> str:
    """The bill as text for a terminal of `width` columns; long names and sentences wrap."""
    rows = [(name, many, short(what), amount) for name, many, what, amount in _rows(lines)]
    quantity, unit, cost = (max((len(row[place]) for row in rows), default=0) for place in (1, 2, 3))
    cost, middle = max(cost, len(currency)), max(quantity + 2 + unit, len("Monthly Qty"))
    unit = middle - 2 - quantity
    longest = max((len(row[0]) for row in rows), default=4)
    name = max(min(longest, width - middle - cost - 4), 16)
    table = [f"{'Name':<{name}}  {'Monthly Qty':<{middle}}  {currency:>{cost}}"]
    for label, many, what, amount in rows:
        first, *rest = wrapped(label, name, hanging="   " if not many else "│    " if label[0] == "├" else "     ")
        table.append(f"{first:<{name}}  {many:>{quantity}}  {what:<{unit}}  {amount:>{cost}}")
        table += rest
    notes = [fold(text, width) for text in (*memory_note(lines), *summary)]
    return "\n".join([*(row.rstrip() for row in table), "", *notes])
