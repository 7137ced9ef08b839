"""The month of declared resources alone, where no file deploys a service: nothing is known of traffic, so none is paid.

Every resource is priced by what the files say of it and what a usage file says is done with it; no host, load balancer,
gateway, log or byte is taken for granted. What no file says is named.
"""

from __future__ import annotations

from datetime import date

from novamodel.cost import Metered, MonthUsage, PriceBook
from novamodel.scenario import Scenario
from novamodel.workflows.month.days import HOURS, DayUse, Surge
from novamodel.workflows.month.declared import declared_usage
from novamodel.workflows.month.usage import COUNTED, named_apart, pricing_date, sold_and_not

NOTE = "no file deploys a service: what is declared is priced by itself, of traffic only what a usage file says"
NOTHING = DayUse({"": [0.0] * HOURS}, {"": [0.0] * HOURS}, Surge({}, {}, ()))
"""The day of a deployment that nobody asks anything of."""
VISIBLE = "connectivity_type"
COMPUTE = ("nodes", "fargate")


def declared_month(scenario: Scenario, book: PriceBook) -> MonthUsage:
    """What AWS would meter in a month of the declared resources."""
    pricing = scenario.pricing
    found = declared_usage(scenario, 0.0, 0.0, pricing_date(scenario, book), alone=True)
    things = {name: tuple(named_apart(more)) for name, more in found.things.items()}
    counted = [
        Metered(key=key, quantity=number, name=name)
        for what, key in COUNTED.items()
        for name, number in found.counts.get(what, {}).items()
    ]
    addresses = dict(found.counts.get("addresses", {}))
    gateways = sum(one.count for one in scenario.declared_of("aws_nat_gateway") if one.text(VISIBLE) != "private")
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
