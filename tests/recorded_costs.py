"""One declared resource, priced with nothing else: what the tests of recorded costs ask."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from novamodel.cost import Bill, Metered, MonthUsage, load_book, price
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared import HANDLERS, Found
from novamodel.workflows.month.usage import COUNTED, named_apart

ON = date(2026, 11, 24)


def alone(base: Scenario, resources: Sequence[Declared], region: str = "us-east-1") -> Bill:
    """The bill of the first resource alone; the others are there to be referred to."""
    apart = Declared(type="aws_lb", name="the traffic's own")  # takes the scenario's traffic, so that none else does
    scenario = base.model_copy(update={"declared": (apart, *resources)})
    found = Found(scenario, 0, 0, ON)
    HANDLERS[resources[0].type](resources[0], found)
    counted = {key: found.counts.get(what, {}) for what, key in COUNTED.items()}
    counted["vpc.public_ipv4"] = {name: 730 * n for name, n in found.counts.get("addresses", {}).items()}
    named = [Metered(key=key, quantity=n, name=name) for key, names in counted.items() for name, n in names.items()]
    things: dict[str, Any] = {name: tuple(named_apart(list(values))) for name, values in found.things.items()}
    usage = MonthUsage(metered=(*found.metered, *named), not_priced=tuple(found.not_priced), on=ON, **things)
    return price(usage, load_book(region), lenient=True)
