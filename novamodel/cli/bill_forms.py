"""A monthly bill as text, as JSON, as FOCUS rows and for a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from novamodel.cli.show import table
from novamodel.layout import fold

if TYPE_CHECKING:
    from novamodel.cost import PriceBook
    from novamodel.scenario import Scenario
    from novamodel.workflows.month import Choice, Committed, MonthlyCost, OnSpot
    from novamodel.workflows.platforms import PlatformRow

MOST_MOVED = 4


def text(
    scenario: Scenario,
    cost: MonthlyCost,
    by: str | None,
    year: Committed | None,
    best: Sequence[Choice] | None,
    spot: Sequence[OnSpot] | None,
    rows: Sequence[PlatformRow] | None,
    width: int,
) -> str:
    """The bill for a terminal of `width` columns: total and range, lines or sums, commitments, what is assumed."""
    from novamodel.cost import bill_text
    from novamodel.workflows.plan import bill_window

    month = cost.mid
    low, mid, high = cost.totals()
    without = f", WITHOUT {' and '.join(month.missing)}" if month.missing else ""
    head = f"{scenario.heading}: {mid:,.2f} {month.currency} a month{without}; nine of ten: {low:,.2f} to {high:,.2f}"
    parts = ["\n".join(fold(line, width) for line in [head, *moved(cost)])]
    if by is None:
        parts.append(bill_text(month.lines, month.summary(), month.currency, width))
    else:
        parts += [_sums(scenario, cost, by, width), "\n".join(fold(line, width) for line in month.summary())]
    if not cost.alone:
        parts.append(fold(f"hours of the day: {bill_window(cost)}", width))
        parts.append(fold(f"per million requests: {_per_million(scenario, cost)} {month.currency}", width))
        parts.append("\n".join(fold(line, width) for line in worth(cost)))
    if year is not None:
        parts.append("\n".join(fold(line, width) for line in committed(year, month.currency)))
    if best is not None:
        parts.append(_choices(best, width))
    if spot is not None:
        parts.append("\n".join(fold(line, width) for line in spot_lines(spot, month.currency)))
    if rows is not None:
        parts.append(_platforms(rows, month.currency, width))
    if cost.assumed:
        parts.append(fold(f"assumed, declared by no file: {'; '.join(cost.assumed)}", width))
    return "\n\n".join(parts)


def worth(cost: MonthlyCost) -> list[str]:
    """What is paid beside answers in time: what stands idle at the peak, and what answers in time cost."""
    from novamodel import units

    currency = cost.mid.currency
    idle = ", ".join(
        f"{one.tier} {one.amount:,.2f} ({units.format_fraction(one.share)}; first full: {one.first})"
        for one in cost.headroom
    )
    lines = [f"headroom: {sum(one.amount for one in cost.headroom):,.2f} {currency} idle at the peak: {idle}"]
    for one in cost.in_time:
        each = "none" if one.per_million is None else f"{one.per_million:,}"
        share = units.format_fraction(one.share)
        lines.append(f"in time: {share} of requests keep the limit of {one.text}: {each} {currency} a million of them")
    return lines if idle else lines[1:]


def moved(cost: MonthlyCost) -> list[str]:
    """What moves the total most, each alone over its own nine tenths."""
    found = [f"{one.name} {one.low:,.2f} to {one.high:,.2f}" for one in cost.spread.moved[:MOST_MOVED]]
    return [f"moved most by: {'; '.join(found)}"] if found else []


def _per_million(scenario: Scenario, cost: MonthlyCost) -> str:
    from novamodel.cost import per_million, to_decimal

    found = per_million(cost.mid.total, to_decimal(requests(scenario)))
    return "no requests" if found is None else f"{found:,}"


def requests(scenario: Scenario) -> float:
    """Requests of a month from outside, all days of it like the scenario's."""
    from novamodel.analytic import mean_rates

    return sum(mean_rates(scenario).values()) * scenario.pricing.hours_per_month * 3600


def _sums(scenario: Scenario, cost: MonthlyCost, by: str, width: int) -> str:
    from novamodel.cost import sums
    from novamodel.workflows.month import by_route, per_million_of, route_requests

    currency = cost.mid.currency
    if by == "route":
        amounts = by_route(scenario, cost.mid)
        each = per_million_of(amounts, route_requests(scenario))
        rows = [
            (name, f"{amount:,}", "-" if each[name] is None else f"{each[name]:,}") for name, amount in amounts.items()
        ]
        return table("By route", ("route", f"{currency} a month", "per million requests"), rows, width=width)
    rows_of = sums(cost.mid.lines, cast(Any, by))
    return table(f"By {by}", (by, f"{currency} a month"), [(n, f"{a:,}") for n, a in rows_of.items()], width=width)


def committed(year: Committed, currency: str = "USD") -> list[str]:
    """Sentences on a year under commitments."""
    there = year.year
    lines = [
        f"committed for a year, hour by hour: {'; '.join(year.asked)}",
        f"  what commitments can cover costs {there.listed:,.2f} {currency} a year on demand and {there.total:,.2f}"
        f" with them: {there.saving:,.2f} saved, {there.saving / 12:,.2f} a month; {there.lost:,.2f} of them is unused",
    ]
    if year.without_rate:
        lines.append(f"  no rate known, so on demand: {'; '.join(year.without_rate)}")
    return lines


def _choices(best: Sequence[Choice], width: int) -> str:
    rows = [
        (
            f"{one.plan}{f':{one.what}' if one.what else ''}={one.amount:f}",
            f"{one.saving:,.2f}",
            f"{one.regret:,.2f}",
            f"{one.lost:,.2f}",
        )
        for one in best
    ]
    title = "Best commitment of each kind that rates are known of, each alone; USD a year, mean of likely loads"
    return table(title, ("commitment", "saved", "regret", "unused"), rows, width=width)


def spot_lines(spot: Sequence[OnSpot], currency: str = "USD") -> list[str]:
    """Sentences on compute on Spot: its price, interruptions, what ran on demand in their place."""
    lines = ["on Spot at the book's indicative prices, interruptions simulated, a mean month:"]
    for one in spot:
        ran = one.month
        lines.append(
            f"  {one.name} ({one.key}): {ran.cost:,.2f} {currency} instead of {ran.listed:,.2f} on demand;"
            f" {ran.interruptions:.2g} interruptions, {ran.on_demand_hours:,.1f} instance-hours on demand in their"
            f" place, {ran.missing_hours * 60:,.1f} instance-minutes without either"
        )
    return lines


def _platforms(rows: Sequence[PlatformRow], currency: str, width: int) -> str:
    from novamodel.workflows.platforms import ARM_SPEED

    shown = []
    for row in rows:
        low, _, high = row.cost.totals() if row.cost else (None, None, None)
        span = f"{low:,.0f} to {high:,.0f}" if row.cost else ""
        amount = f"{row.usd:,.2f}" if row.cost else "-"
        more = f"{row.slo:+,.2f}" if row.cost else ""
        shown.append(
            (
                f"{row.platform}, {row.arch}",
                amount,
                span,
                more,
                "kept" if row.met else "missed" if row.cost else "cannot be",
            )
        )
    lines = [
        table(
            "Platforms, each sized for the SLO first",
            ("platform", f"{currency} a month", "nine of ten", "by sizing", "SLO"),
            shown,
            width=width,
        )
    ]
    lines += [f"  {row.platform}, {row.arch}: {row.why}" for row in rows if row.why]
    lines += [f"  {row.platform}: {row.changes or 'as given'}" for row in rows if row.arch == "x86" and row.cost]
    return "\n".join(fold(line, width) if number else line for number, line in enumerate([*lines, f"  {ARM_SPEED}"]))


def focus(cost: MonthlyCost, book: PriceBook | None) -> str:
    """FOCUS 1.2 rows of the month in which the price book was put together."""
    from novamodel.cost import focus_csv, load_book

    year, month = (int(part) for part in (book or load_book()).as_of.split("-")[:2])
    return focus_csv(cost.mid, date(year, month, 1))


def pull_request(cost: MonthlyCost, by: str | None) -> str:
    """A Markdown table with the range above it."""
    from novamodel.cost import markdown

    low, mid, high = cost.totals()
    head = f"**{mid:,.2f} {cost.mid.currency} a month**, nine of ten: {low:,.2f} to {high:,.2f}"
    return "\n\n".join([head, markdown(cost.mid, by=cast(Any, by or "service"))])


def cost_dict(
    scenario: Scenario,
    cost: MonthlyCost,
    year: Committed | None = None,
    best: Sequence[Choice] | None = None,
    spot: Sequence[OnSpot] | None = None,
    rows: Sequence[PlatformRow] | None = None,
) -> dict[str, Any]:
    """The bill for a machine; amounts are USD a month, those of commitments USD a year."""
    low, mid, high = (float(total) for total in cost.totals())
    month = cost.mid
    found = {
        "scenario": scenario.name,
        "scenario_hash": scenario.content_hash(),
        "region": month.region,
        "currency": month.currency,
        "prices_date": cost.prices_date,
        "low": low,
        "mid": mid,
        "high": high,
        "moved": [one._asdict() for one in cost.spread.moved],
        "baseline": float(month.baseline),
        "use": float(month.use),
        "requests": 0.0 if cost.alone else requests(scenario),
        "services": {name: float(amount) for name, amount in month.by_service().items()},
        "lines": month.to_frame().to_dict("records"),
        "free": list(month.free),
        "not_priced": list(month.not_priced),
        "missing": list(month.missing),
        "notes": list(month.notes),
        "assumed": list(cost.assumed),
        "headroom": [one._asdict() | {"amount": float(one.amount)} for one in cost.headroom],
        "in_time": [
            one._asdict() | {"per_million": None if one.per_million is None else float(one.per_million)}
            for one in cost.in_time
        ],
        "day": cost.day.to_dict("records"),
    }
    if year is not None:
        there = year.year
        found["committed"] = {
            "asked": list(year.asked),
            "on_demand": float(there.listed),
            "total": float(there.total),
            "saved": float(there.saving),
            "unused": float(there.lost),
            "without_rate": list(year.without_rate),
        }
    if best is not None:
        found["best_commitments"] = [
            {"plan": one.plan, "what": one.what, "amount": float(one.amount), "saved": float(one.saving),
             "regret": float(one.regret), "unused": float(one.lost)}
            for one in best
        ]  # fmt: skip
    if spot is not None:
        found["spot"] = [{"name": one.name, "key": one.key, **asdict(one.month)} for one in spot]
    if rows is not None:
        found["platforms"] = [
            {"platform": row.platform, "architecture": row.arch, "met": row.met, "why": row.why, "changes": row.changes,
             "cost": row.usd if row.cost else None, "slo": row.slo}
            for row in rows
        ]  # fmt: skip
    return found
