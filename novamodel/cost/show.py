"""How a bill looks: a tree by service, in the form that users of infracost know.

Name, monthly quantity, unit, monthly cost; lines that follow use are starred; below them baseline + use* =
total, how many lines were priced, how far the prices are confirmed, and what is not priced.
"""

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from novamodel.cost.lines import Line
from novamodel.cost.money import plain, total, usd

_STYLE = "text-align:{side};padding:1px 12px 1px 0;white-space:nowrap"


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
            star = "*" if line.driver == "use" else ""
            rows.append((f"{branch} {line.name}{star}", quantity_text(line.quantity), line.unit, usd(line.amount)))
    return rows


def bill_text(lines: Sequence[Line], summary: Sequence[str], currency: str = "USD") -> str:
    """The bill as text for a terminal."""
    header = ("Name", "Monthly Qty", "Unit", f"Monthly Cost ({currency})")
    rows = [header, *_rows(lines)]
    width = [max(len(row[column]) for row in rows) for column in range(4)]
    table = [
        f"{name:<{width[0]}}  {quantity:>{width[1]}}  {unit:<{width[2]}}  {cost:>{width[3]}}".rstrip()
        for name, quantity, unit, cost in rows
    ]
    return "\n".join([*table, "", *summary])


def bill_html(lines: Sequence[Line], summary: Sequence[str], currency: str = "USD") -> str:
    """The bill as an HTML table, without scripts or outside files."""
    head = "".join(
        f'<th style="{_STYLE.format(side=side)}">{escape(text)}</th>'
        for text, side in (
            ("Name", "left"),
            ("Monthly Qty", "right"),
            ("Unit", "left"),
            (f"Monthly Cost ({currency})", "right"),
        )
    )
    body = []
    for name, quantity, unit, cost in _rows(lines):
        weight = "" if unit else ";font-weight:bold"
        cells = ((name, "left"), (quantity, "right"), (unit, "left"), (cost, "right"))
        body.append(
            "<tr>"
            + "".join(f'<td style="{_STYLE.format(side=side)}{weight}">{escape(text)}</td>' for text, side in cells)
            + "</tr>"
        )
    notes = "<br>".join(escape(text) for text in summary)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table><p>{notes}</p>"
