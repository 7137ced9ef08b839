"""`novamodel bill`: what a month costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from novamodel.cli.options import Engine, EngineChoice, Json, Replications, Seed, Sets, Target

if TYPE_CHECKING:
    from novamodel.scenario import Scenario
    from novamodel.workflows.month import MonthlyCost


def bill(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    engine: EngineChoice = Engine.auto,
    steady: Annotated[
        bool, typer.Option("--steady", help="Take every hour from the steady state; simulate nothing.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out and name what has no price, instead of an error.")
    ] = False,
    json: Json = False,
) -> None:
    """Price a month on AWS at on-demand list prices, line by line, with what is not priced.

    The replicas of the peak hours are simulated, those of the other hours are the autoscaler's steady state.

    \b
    Examples:
      novamodel bill novabank
      novamodel bill novabank-ecs --steady
      novamodel bill mine.yaml --set pricing.nat_gateways=2 --json > bill.json
    """
    from novamodel.cli.output import say, say_json
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.workflows.month import bill as price_month

    scenario = load(target, sets, seed, replications)
    with progress("pricing") as tell:
        result = None
        if not steady:
            from novamodel.simulation import simulate

            price_month(scenario, lenient=partial)  # what cannot be priced shows before the simulation
            result = simulate(scenario, engine=engine.value, progress=tell)
        cost = price_month(scenario, result, lenient=partial)
    if json:
        say_json(cost_dict(scenario, cost))
    else:
        low, mid, high = cost.totals()
        spread = f"{low:,.2f} to {high:,.2f} for traffic within {scenario.pricing.uncertainty * 100:g} %"
        guessed = f"\nassumed, declared by no file: {'; '.join(cost.assumed)}" if cost.assumed else ""
        say(f"{scenario.heading}: {mid:,.2f} {cost.mid.currency} a month ({spread})\n\n{cost.mid}{guessed}")


def cost_dict(scenario: Scenario, cost: MonthlyCost) -> dict[str, Any]:
    """The bill for a machine; amounts are USD a month."""
    low, mid, high = (float(total) for total in cost.totals())
    month = cost.mid
    return {
        "scenario": scenario.name,
        "scenario_hash": scenario.content_hash(),
        "region": month.region,
        "currency": month.currency,
        "prices_date": cost.prices_date,
        "low": low,
        "mid": mid,
        "high": high,
        "baseline": float(month.baseline),
        "use": float(month.use),
        "services": {name: float(amount) for name, amount in month.by_service().items()},
        "lines": month.to_frame().to_dict("records"),
        "free": list(month.free),
        "not_priced": list(month.not_priced),
        "missing": list(month.missing),
        "notes": list(month.notes),
        "assumed": list(cost.assumed),
        "day": cost.day.to_dict("records"),
    }
