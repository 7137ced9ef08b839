"""The month of declared resources alone, where no file deploys a service: nothing is known of traffic, so none is paid.

Every resource is priced by what the files say of it and what a usage file says is done with it; no host, load balancer,
gateway, log or byte is taken for granted. What no file says is named.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from novamodel.cost import Bill, Metered, MonthUsage, PriceBook, load_book, oldest, price
from novamodel.scenario import Scenario
from novamodel.workflows.month.days import HOURS, DayUse, Surge
from novamodel.workflows.month.declared import declared_usage, elsewhere
from novamodel.workflows.month.usage import COUNTED, named_apart, pricing_date, sold_and_not

NOTE = "no file deploys a service: what is declared is priced by itself, of traffic only what a usage file says"
NOTHING = DayUse({"": [0.0] * HOURS}, {"": [0.0] * HOURS}, Surge({}, {}, ()))
"""The day of a deployment that nobody asks anything of."""
VISIBLE = "connectivity_type"
COMPUTE = ("nodes", "fargate")


def with_other_regions(bill: Bill, scenario: Scenario, *, lenient: bool = False) -> Bill:
    """The bill with what is declared in other regions, at the prices there; the account's allowances count once."""
    for region in elsewhere(scenario):
        book = load_book(region)
        usage = declared_month(scenario, book, region).model_copy(update={"free_tier": False})
        there = price(usage, book, lenient=lenient)
        lines = tuple(replace(line, name=f"{line.name} ({region})", region=region) for line in there.lines)
        bill = replace(
            bill,
            lines=(*bill.lines, *lines),
            prices_as_of=oldest(line.date for line in (*bill.lines, *lines)),
            free=tuple(dict.fromkeys((*bill.free, *there.free))),
            not_priced=tuple(dict.fromkeys((*bill.not_priced, *there.not_priced))),
            sources={**bill.sources, **there.sources},
        )
    return bill


def declared_month(scenario: Scenario, book: PriceBook, region: str = "") -> MonthUsage:
    """What AWS would meter in a month of the declared resources of a region, the scenario's where none is given."""
    pricing = scenario.pricing
    found = declared_usage(scenario, 0.0, 0.0, pricing_date(scenario, book), alone=True, region=region)
    things = {name: tuple(named_apart(more)) for name, more in found.things.items()}
    counted = [
        Metered(key=key, quantity=number, name=name)
        for what, key in COUNTED.items()
        for name, number in found.counts.get(what, {}).items()
    ]
    addresses = dict(found.counts.get("addresses", {}))
    home = pricing.region
    gateways = sum(
        one.count
        for one in scenario.declared_of("aws_nat_gateway")
        if one.text(VISIBLE) != "private" and (one.text("provider_region") or home) == (region or home)
    )
    if gateways > sum(addresses.values()):
        addresses["NAT gateways"] = gateways - sum(addresses.values())
    counted += [
        Metered(key="vpc.public_ipv4", quantity=number * pricing.hours_per_month, name=name)
        for name, number in addresses.items()
    ]
    sold, unsold = sold_and_not(found, book)
    compute = any(things.get(name) for name in COMPUTE) or any(one.key.startswith("lambda.") for one in sold)
    return MonthUsage(
        hours_per_month=pricing.hours_per_month,
        free_tier=pricing.free_allowances,
        on=date.fromisoformat(pricing.date) if pricing.date else None,
        metered=(*counted, *sold),
        not_priced=(*found.not_priced, *unsold),
        free=tuple(found.free),
        missing=() if compute else ("compute",),
        notes=(NOTE,),
        **things,
    )
