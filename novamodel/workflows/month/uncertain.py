"""Which inputs of a bill are assumed, by how much they may be off, and the scenario with some of them off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from novamodel.cost import Bill, Input
from novamodel.cost.money import to_cents, to_decimal
from novamodel.scenario import Scenario
from novamodel.workflows.month.between import zone_share

SAID = ("file", "override")
LOAD, BYTES, LOGS, ZONES, NAT = "traffic", "bytes of answers", "log bytes", "share across zones", "share through NAT"
ONE_SOURCE, MEMORY = "prices of one source", "prices from memory"
UNCONFIRMED = (ONE_SOURCE, MEMORY)
STATUSES = {"one source": ONE_SOURCE, "derived": ONE_SOURCE, "from memory": MEMORY}


def inputs_of(scenario: Scenario, bill: Bill) -> tuple[Input, ...]:
    """The uncertain inputs of a bill, each with its factor; what is said of this scenario counts as known."""
    pricing, spread = scenario.pricing, scenario.pricing.spread
    services = scenario.services
    answers = [f"services.{name}.response_bytes.{route}" for name, s in services.items() for route in s.response_bytes]
    lines = [f"services.{name}.log_bytes" for name in services]
    there = {line.status for line in bill.lines}
    found = [
        Input(LOAD, 1 + pricing.uncertainty, "pricing.uncertainty"),
        Input(BYTES, 1.0 if _known(scenario, answers) else spread.bytes, "services.*.response_bytes"),
        Input(LOGS, 1.0 if _known(scenario, lines) else spread.logs, "services.*.log_bytes"),
        Input(ZONES, 1.0 if _known(scenario, ["pricing.cross_zone_share"]) else spread.zones, "cross_zone_share"),
        Input(NAT, 1.0 if _known(scenario, ["pricing.nat_share"]) else spread.nat, "pricing.nat_share"),
        Input(ONE_SOURCE, spread.one_source if there & {"one source", "derived"} else 1.0, "status of the prices"),
        Input(MEMORY, spread.from_memory if "from memory" in there else 1.0, "status of the prices"),
    ]
    return tuple(one for one in found if one.factor > 1)


def _known(scenario: Scenario, paths: list[str]) -> bool:
    """Whether each value was said for this scenario: by a file, an override, or a measurement written in it."""
    origins = [scenario.origin(path) for path in paths]
    return all(one.kind in SAID or (one.kind == "measured" and one.line is not None) for one in origins)


def with_inputs_off(scenario: Scenario, off: Mapping[str, float]) -> Scenario:
    """The scenario with its inputs times their multiples; traffic and prices are not inputs of the scenario.

    Nothing is validated again: shares stay below one here, all else may grow.
    """
    pricing = scenario.pricing
    changed = pricing.model_copy(
        update={
            "cross_zone_share": min(1.0, zone_share(scenario) * off.get(ZONES, 1.0)),
            "nat_share": min(1.0, pricing.nat_share * off.get(NAT, 1.0)),
        }
    )
    services = {
        name: service.model_copy(
            update={
                "log_bytes": round(service.log_bytes * off.get(LOGS, 1.0)),
                "log_bytes_by_route": _times(service.log_bytes_by_route, off.get(LOGS, 1.0)),
                "response_bytes": _times(service.response_bytes, off.get(BYTES, 1.0)),
            }
        )
        for name, service in scenario.services.items()
    }
    return scenario.model_copy(update={"pricing": changed, "services": services})


def _times(sizes: Mapping[str, int], by: float) -> dict[str, int]:
    return {route: round(size * by) for route, size in sizes.items()}


def with_prices_off(bill: Bill, off: Mapping[str, float]) -> Bill:
    """The bill with its unconfirmed unit prices times their multiples."""
    if not off.keys() & {*UNCONFIRMED}:
        return bill
    lines = []
    for line in bill.lines:
        by = to_decimal(off.get(STATUSES.get(line.status, ""), 1.0))
        price = line.unit_price * by
        lines.append(line if by == 1 else replace(line, unit_price=price, amount=to_cents(line.quantity * price)))
    return replace(bill, lines=tuple(lines))
